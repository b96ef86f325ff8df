import type * as vscode from 'vscode';
import { openParts } from './host/parts.ts';

/** The extension, as a parts list: see host/parts.ts. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  stop = (await openParts(context)).stop;
}

let stop: (() => Promise<void>) | undefined;

/** The editor waits a moment for this: what is at work is stopped, and its state saved. */
export async function deactivate(): Promise<void> {
  await stop?.();
}
