import * as vscode from 'vscode';
import { assertTrusted } from './folders.ts';

/**
 * The commands that work in an integrated terminal: the same command line as outside the editor, on the open folder.
 * @param cli absolute path of the headless bundle
 */
export function terminalCommands(cli: string): Record<string, () => Promise<void>> {
  return {
    'conclave.runTask': async () => {
      const task = await vscode.window.showInputBox({
        title: 'Conclave',
        prompt: 'What shall be changed?',
        ignoreFocusOut: true,
      });
      if (task?.trim()) await inTerminal(cli, ['run', '--', task]);
    },
    'conclave.showRuns': () => inTerminal(cli, ['runs']),
  };
}

/** Runs the command line as the terminal's own process: an argument vector, never a line for a shell. */
async function inTerminal(cli: string, args: readonly string[]): Promise<void> {
  assertTrusted();
  const folder = await chooseFolder();
  if (!folder) return;
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

async function chooseFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    void vscode.window.showErrorMessage('Conclave works in a folder: open one first (File > Open Folder…).');
    return undefined;
  }
  return folders.length === 1
    ? folders[0]
    : vscode.window.showWorkspaceFolderPick({ placeHolder: 'Work in which folder?' });
}
