import * as vscode from 'vscode';
import type { Workspace } from '../../core/ports.ts';

/** Paths of a folder that completion knows; more are left out, so that a huge folder stays quick. */
const MOST_PATHS = 100_000;

/** Files and folders of one workspace folder, for completion. */
export interface KnownPaths extends vscode.Disposable {
  get(): Promise<{ files: readonly string[]; folders: readonly string[] }>;
}

/** Listed once, and again after files came or went. */
export function openKnownPaths(folder: vscode.Uri, workspace: Workspace): KnownPaths {
  let listed: ReturnType<KnownPaths['get']> | undefined;
  const forget = (): void => {
    listed = undefined;
  };
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(folder, '**/*'),
    false,
    true,
    false,
  );
  const listeners = vscode.Disposable.from(watcher, watcher.onDidCreate(forget), watcher.onDidDelete(forget));
  const list = async (): ReturnType<KnownPaths['get']> => {
    const files = (await workspace.list()).slice(0, MOST_PATHS).map(({ path }) => path);
    return { files, folders: foldersOf(files) };
  };
  return {
    get() {
      const listing = listed ?? list();
      listed = listing;
      // One that failed is tried again the next time.
      listing.catch(forget);
      return listing;
    },
    dispose: () => listeners.dispose(),
  };
}

function foldersOf(files: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let at = file.lastIndexOf('/'); at > 0; at = file.lastIndexOf('/', at - 1)) {
      const folder = file.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return [...folders].sort();
}
