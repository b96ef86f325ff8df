import { realpathSync } from 'node:fs';
import * as vscode from 'vscode';

/** A folder that a run can work in. */
export interface Folder {
  uri: vscode.Uri;
  name: string;
}

/** What is open: the editor's own, where nothing else is said. */
type Around = Pick<typeof vscode.workspace, 'isTrusted' | 'workspaceFolders'>;

/** The open folders that lie on a disk. */
export function openFolders({ workspaceFolders }: Pick<Around, 'workspaceFolders'> = vscode.workspace): Folder[] {
  return (workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
}

/** Whether the path is that of an open folder, links resolved. */
export function isOpenFolder(path: string): boolean {
  return folderAt(path) !== undefined;
}

/** The open folder with this absolute, real path. */
export function folderAt(path: string): Folder | undefined {
  return openFolders().find(({ uri }) => uri.fsPath === path || realPath(uri.fsPath) === path);
}

/**
 * The folder for a new task.
 * @param chosen the one the user has picked before, as a URI
 * @throws Error that says why there is none: no folder open, a virtual one, not trusted
 */
export function folderForTask(chosen: string | undefined, around: Around = vscode.workspace): Folder {
  assertTrusted(around);
  const folders = openFolders(around);
  const folder = folders.find(({ uri }) => uri.toString() === chosen) ?? folders[0];
  if (folder) return folder;
  const [virtual] = around.workspaceFolders ?? [];
  if (virtual) assertOnDisk(virtual);
  throw new Error(vscode.l10n.t('The crew works in a folder: open one first (File > Open Folder…).'));
}

/** @throws Error in words for the user: the crew runs the tests of the workspace, and writes to it */
export function assertTrusted({ isTrusted }: Pick<Around, 'isTrusted'> = vscode.workspace): void {
  if (isTrusted) return;
  throw new Error(
    vscode.l10n.t(
      'This workspace is not trusted: the crew would run its tests. Trust it first (Workspaces: Manage Workspace Trust).',
    ),
  );
}

/** @throws Error in words for the user, where the folder is a virtual one */
export function assertOnDisk({ uri, name }: Folder): void {
  if (uri.scheme === 'file') return;
  throw new Error(
    vscode.l10n.t(
      '"{0}" is not on a disk ({1}): the crew needs real files to run tests on. Clone it and open the clone.',
      name,
      uri.scheme,
    ),
  );
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    // A folder that is gone is no folder to work in; whoever uses it gets the system's own words.
    return path;
  }
}
