import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';

/** Ours, activated. */
export async function conclave(): Promise<vscode.Extension<unknown>> {
  const extension = vscode.extensions.getExtension('conclave.conclave') ?? assert.fail('it is not installed');
  await extension.activate();
  return extension;
}

/** What the extension says in messages, from now on: heard on the way to the editor, which shows them all the same. */
export interface Heard {
  readonly texts: readonly string[];
  stop(): void;
}

export function hearMessages(): Heard {
  const texts: string[] = [];
  const names = ['showErrorMessage', 'showWarningMessage', 'showInformationMessage'] as const;
  // One extension host, one API for each extension: what lies below the extension's folder shares its own.
  const shown: Record<string, unknown> = vscode.window as never;
  const before = names.map((name) => [name, shown[name]] as const);
  for (const [name, show] of before) {
    shown[name] = (text: string, ...more: unknown[]) => {
      texts.push(text);
      return (show as (...args: unknown[]) => unknown)(text, ...more);
    };
  }
  return {
    texts,
    stop() {
      for (const [name, show] of before) shown[name] = show;
    },
  };
}

/**
 * Runs a command to its end. Pickers and input boxes that it opens are closed without a choice.
 * @returns the messages it showed
 */
export async function run(command: string, ...args: unknown[]): Promise<string[]> {
  const heard = hearMessages();
  try {
    await settled(vscode.commands.executeCommand(command, ...args), command, 'workbench.action.closeQuickOpen');
    return [...heard.texts];
  } finally {
    heard.stop();
  }
}

/** Runs a command to its end; in pickers that it opens, what is offered first is taken. @returns the messages it showed */
export async function runWithFirstChoice(command: string, ...args: unknown[]): Promise<string[]> {
  const heard = hearMessages();
  try {
    const accept = 'workbench.action.acceptSelectedQuickOpenItem';
    await settled(vscode.commands.executeCommand(command, ...args), command, accept);
    return [...heard.texts];
  } finally {
    heard.stop();
  }
}

/** Waits for the work, and does something about what it may have opened until it ends. */
async function settled(work: Thenable<unknown>, name: string, meanwhile: string): Promise<void> {
  let state: 'running' | 'done' | Error = 'running';
  work.then(
    () => {
      state = 'done';
    },
    (error) => {
      state = error instanceof Error ? error : new Error(String(error));
    },
  );
  const end = Date.now() + 20_000;
  for (;;) {
    await sleep(50);
    const now = state as 'running' | 'done' | Error;
    if (now instanceof Error) throw now;
    if (now === 'done') return;
    assert.ok(Date.now() < end, `${name} does not end`);
    await vscode.commands.executeCommand(meanwhile);
  }
}

/** Looks until something is there. @throws with what it was, where it never is */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + 25_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    assert.ok(Date.now() < end, `${what} never came about`);
    await sleep(40);
  }
}

export async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Sets a setting, and waits until the extension can see it. `undefined` removes it. */
export async function set(
  key: string,
  value: unknown,
  target = vscode.ConfigurationTarget.Global,
  scope?: vscode.Uri,
): Promise<void> {
  await vscode.workspace.getConfiguration('conclave', scope).update(key, value, target);
}
