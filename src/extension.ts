import * as vscode from 'vscode';
import { openParts } from './host/parts.ts';
import { inWords } from './host/runs.ts';

/** The extension, as a parts list: see host/parts.ts. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  try {
    stop = (await openParts(context)).stop;
  } catch (error) {
    // The editor would only say that our commands are not found.
    const { message, remedy } = inWords(error);
    void vscode.window.showErrorMessage([`Conclave: ${message}`, remedy].filter(Boolean).join(' '));
    throw error;
  }
}

let stop: (() => Promise<void>) | undefined;

/** The editor waits a moment for this: what is at work is stopped, and its state saved. */
export async function deactivate(): Promise<void> {
  await stop?.();
}
