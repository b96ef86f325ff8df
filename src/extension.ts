import * as vscode from 'vscode';
import { terminalCommands } from './host/terminalCommands.ts';

/** The extension, as a parts list. The chat and the review of proposals come with the next release; see CHANGELOG.md. */
export function activate(context: vscode.ExtensionContext): void {
  for (const [command, run] of Object.entries(terminalCommands(context.asAbsolutePath('dist/cli.js')))) {
    context.subscriptions.push(vscode.commands.registerCommand(command, run));
  }
}
