import { type FSWatcher, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What is to be looked at again, by path; `renamed`: it came, went, or was put in another's place. */
export type Told = ReadonlyMap<string, 'changed' | 'renamed'>;

/** What the system told about the folders that are watched. */
export interface FolderEvents {
  /** @throws the system's error where there are no watches left */
  watch(folder: string): void;
  unwatch(folder: string): void;
  isWatched(folder: string): boolean;
  watched(): Iterable<string>;
  /**
   * Everything that happened before the call is in `take` when it resolves.
   * @returns false where that cannot be said: then everything has to be looked at
   */
  caughtUp(): Promise<boolean>;
  /** Since the last call. */
  take(): Told;
  close(): void;
}

/** Milliseconds: after that, what was to be told has got lost. */
const PATIENCE = 2000;

/**
 * Watches single folders with inotify. All watches of a thread share one queue, whose events come in the order in which
 * things happened: so a file of ours, made in a folder of ours, is told of after everything that was done before.
 * @param root absolute; folders are relative to it, "" is itself
 * @param own absolute path of a folder that is nobody else's; made, and removed at the end
 */
export function openFolderEvents(root: string, own: string, onEvent: () => void): FolderEvents {
  const watchers = new Map<string, FSWatcher>();
  const dirty = new Map<string, 'changed' | 'renamed'>();
  const waiting = new Map<string, (inTime: boolean) => void>();
  const most = queueLength() / 2;
  let isComplete = true;
  let inBatch = 0;
  let count = 0;

  // More at once than the queue holds: the system drops what does not fit, and Node does not say so.
  const counted = (): void => {
    if (inBatch === 0) setImmediate(() => (inBatch = 0));
    inBatch += 1;
    if (inBatch > most) isComplete = false;
  };
  const heard = (folder: string, kind: string, name: string | null): void => {
    counted();
    if (name === null) {
      isComplete = false;
    } else {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (kind === 'rename' || !dirty.has(path)) dirty.set(path, kind === 'rename' ? 'renamed' : 'changed');
      // What happens to the root itself is told under its own name.
      if (folder === '' && kind === 'rename' && name === basename(root)) isComplete = false;
    }
    onEvent();
  };

  mkdirSync(own, { recursive: true, mode: 0o700 });
  const bell = watch(own, { persistent: false }, (_, name) => {
    counted();
    if (name !== null) waiting.get(name)?.(true);
  });
  bell.on('error', () => (isComplete = false));

  return {
    watch(folder) {
      if (watchers.has(folder)) return;
      const watcher = watch(join(root, folder), { persistent: false }, (kind, name) => heard(folder, kind, name));
      watcher.on('error', () => {
        isComplete = false;
        onEvent();
      });
      watchers.set(folder, watcher);
    },
    unwatch(folder) {
      watchers.get(folder)?.close();
      watchers.delete(folder);
    },
    isWatched: (folder) => watchers.has(folder),
    watched: () => watchers.keys(),
    async caughtUp() {
      count += 1;
      const name = String(count);
      const file = join(own, name);
      const heardIt = new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), PATIENCE);
        waiting.set(name, (inTime) => {
          clearTimeout(timer);
          resolve(inTime);
        });
      });
      try {
        writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
      } catch {
        waiting.get(name)?.(false);
      }
      const inTime = await heardIt;
      waiting.delete(name);
      rmSync(file, { force: true });
      const complete = inTime && isComplete;
      isComplete = true;
      return complete;
    },
    take() {
      const taken = new Map(dirty);
      dirty.clear();
      return taken;
    },
    close() {
      bell.close();
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
      for (const settle of waiting.values()) settle(false);
      rmSync(own, { recursive: true, force: true });
    },
  };
}

function queueLength(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || 16_384;
  } catch {
    return 16_384;
  }
}
