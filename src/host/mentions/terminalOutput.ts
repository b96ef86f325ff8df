import { stripVTControlCharacters } from 'node:util';
import * as vscode from 'vscode';

/** A command that ran in a terminal of the editor, and the end of what it said. */
export interface TerminalCommand {
  command: string;
  output: string;
  /** Undefined while it runs, and where the shell does not tell. */
  exitCode: number | undefined;
}

/** Characters of a command's output that are kept. */
const KEPT = 32 * 1024;

/**
 * Remembers the last command of the user's terminals, where the editor has shell integration and the shell takes part.
 * Nothing is kept of what ran before.
 */
export function watchTerminals(): vscode.Disposable & { last(): TerminalCommand | undefined } {
  // Forks of the editor may be older than these events.
  const { onDidStartTerminalShellExecution: onStart, onDidEndTerminalShellExecution: onEnd } = vscode.window as Partial<
    typeof vscode.window
  >;
  let last: { execution: vscode.TerminalShellExecution; kept: TerminalCommand } | undefined;
  if (onStart === undefined || onEnd === undefined) return { last: () => undefined, dispose: () => {} };

  async function listen(execution: vscode.TerminalShellExecution, kept: TerminalCommand): Promise<void> {
    for await (const data of execution.read()) kept.output = (kept.output + plain(data)).slice(-KEPT);
  }
  const listeners = [
    onStart(({ execution }) => {
      const kept: TerminalCommand = { command: execution.commandLine.value, output: '', exitCode: undefined };
      last = { execution, kept };
      // A terminal that is closed in between ends its output; what came is kept.
      void listen(execution, kept).catch(() => {});
    }),
    onEnd(({ execution, exitCode }) => {
      if (last?.execution !== execution) return;
      last.kept.command = execution.commandLine.value;
      last.kept.exitCode = exitCode;
    }),
  ];
  return {
    last: () => last?.kept,
    dispose: () => {
      for (const listener of listeners) listener.dispose();
    },
  };
}

/** Without colours, cursor movements and the marks of shell integration. */
function plain(data: string): string {
  return stripVTControlCharacters(data).replaceAll('\r\n', '\n');
}
