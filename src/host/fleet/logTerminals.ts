import * as vscode from 'vscode';
import type { Fleet } from '../../core/fleet/fleet.ts';
import { logLine, styled } from './logText.ts';

/** Lines of a log that are shown from before it was opened. */
const LINES = 1000;

/** Logs of servers, each in a terminal of its own that goes on with it. */
export interface LogTerminals extends vscode.Disposable {
  /** @param title what the server is for */
  show(fleet: Fleet, service: { name: string; title: string }): void;
}

export function openLogTerminals(): LogTerminals {
  const open = new Map<string, vscode.Terminal>();

  function create(fleet: Fleet, { name, title }: { name: string; title: string }): vscode.Terminal {
    const written = new vscode.EventEmitter<string>();
    const following = new AbortController();
    const write = (line: string): void => written.fire(`${line}\r\n`);
    const terminal = vscode.window.createTerminal({
      name: vscode.l10n.t('{0} log', title),
      iconPath: new vscode.ThemeIcon('output'),
      // What it shows is read anew when it is wanted again.
      isTransient: true,
      pty: {
        onDidWrite: written.event,
        open() {
          void (async () => {
            try {
              for await (const line of fleet.logs(name, { lines: LINES, follow: true }, following.signal)) {
                write(logLine(line));
              }
              write(styled(vscode.l10n.t('The log ends here.'), 2));
            } catch (error) {
              if (following.signal.aborted) return;
              write(styled(error instanceof Error ? error.message : String(error), 31));
            }
          })();
        },
        close() {
          following.abort();
          written.dispose();
          if (open.get(name) === terminal) open.delete(name);
        },
      },
    });
    return terminal;
  }

  return {
    show(fleet, service) {
      const terminal = open.get(service.name) ?? create(fleet, service);
      open.set(service.name, terminal);
      terminal.show(true);
    },
    dispose() {
      for (const terminal of open.values()) terminal.dispose();
    },
  };
}
