import * as vscode from 'vscode';
import { type Folder, folderForTask, openFolders } from './folders.ts';

/**
 * The commands that work in an integrated terminal: the same command line as outside the editor, on the open folder.
 * @param cli absolute path of the headless bundle
 */
export function terminalCommands(cli: string): Record<string, () => Promise<void>> {
  return {
    'conclave.runTask': async () => {
      const folder = await chooseFolder();
      if (!folder) return;
      const task = await vscode.window.showInputBox({
        title: 'Conclave',
        prompt: vscode.l10n.t('What shall be changed?'),
        ignoreFocusOut: true,
      });
      if (task?.trim()) inTerminal(folder, cli, ['run', '--', task]);
    },
    'conclave.showRuns': async () => {
      const folder = await chooseFolder();
      if (folder) inTerminal(folder, cli, ['runs']);
    },
  };
}

/** Runs the command line as the terminal's own process: an argument vector, never a line for a shell. */
function inTerminal(folder: Folder, cli: string, args: readonly string[]): void {
  vscode.window
    .createTerminal({
      name: 'Conclave',
      cwd: folder.uri,
      shellPath: process.execPath,
      shellArgs: [cli, ...args],
      // The editor's own Node, as a plain Node.
      env: { ELECTRON_RUN_AS_NODE: '1' },
      iconPath: new vscode.ThemeIcon('organization'),
    })
    .show();
}

/** The folder to work in; asks where several are open. @throws Error in words for the user, where there is none */
async function chooseFolder(): Promise<Folder | undefined> {
  const only = folderForTask(undefined);
  const folders = openFolders();
  if (folders.length === 1) return only;
  const picked = await vscode.window.showQuickPick(
    folders.map((folder) => ({ label: folder.name, description: folder.uri.fsPath, folder })),
    { placeHolder: vscode.l10n.t('Work in which folder?') },
  );
  return picked?.folder;
}
