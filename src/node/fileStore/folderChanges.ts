import { type FSWatcher, watch } from 'node:fs';

/** Milliseconds. Some file systems (network folders, containers' mounts) report no changes. */
const POLL = 500;

export interface FolderChanges {
  /** Resolves when something may have changed since the last call, at the latest after half a second or on abort. */
  next(): Promise<void>;
  close(): void;
}

/** Watches the files of one folder. A folder that cannot be watched is polled. */
export function watchFolder(folder: string, signal: AbortSignal): FolderChanges {
  let changed = false;
  let wake: (() => void) | undefined;
  const tell = () => {
    changed = true;
    wake?.();
  };
  const watcher = startWatcher(folder, tell);
  signal.addEventListener('abort', tell);

  return {
    async next() {
      if (!changed && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, POLL);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      changed = false;
    },
    close() {
      signal.removeEventListener('abort', tell);
      watcher?.close();
    },
  };
}

function startWatcher(folder: string, tell: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, tell);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // No watches left, or none on this file system. The poll finds every change too, a little later; a folder that is
    // really gone is told by the next read.
    return undefined;
  }
}
