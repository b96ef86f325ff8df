import * as vscode from 'vscode';
import type { Diagnostic, LanguageServers } from '../core/ports.ts';
import type { Folder } from './folders.ts';
import { problemsIn } from './mentions/completions.ts';

/** Files that are opened for a look; the others are as they are known. */
const MOST_OPENED = 20;
/** Milliseconds that servers get to say something of files that were not open. */
const PATIENCE = 2000;

const SEVERITIES: Record<vscode.DiagnosticSeverity, Diagnostic['severity']> = {
  [vscode.DiagnosticSeverity.Error]: 'error',
  [vscode.DiagnosticSeverity.Warning]: 'warning',
  [vscode.DiagnosticSeverity.Information]: 'information',
  [vscode.DiagnosticSeverity.Hint]: 'hint',
};

/** What the editor's language servers report of a folder's files. Our own findings are left out. */
export function editorDiagnostics(folder: Pick<Folder, 'uri'>): LanguageServers['diagnostics'] {
  return async (paths, signal) => {
    if (paths !== 'all') await openUnseen(folder, paths, signal);
    const wanted = paths === 'all' ? undefined : new Set(paths);
    return problemsIn(folder).flatMap(({ path, diagnostic: { range, severity, message, source } }) => {
      if (source === 'Conclave' || (wanted && !wanted.has(path))) return [];
      const { line, character } = range.start;
      const place = { path, line: line + 1, column: character + 1 };
      return [{ ...place, severity: SEVERITIES[severity], message, ...(source !== undefined && { source }) }];
    });
  };
}

/** Most servers look at a file when it is open; whether one has anything to say of it, none tells. */
async function openUnseen(folder: Pick<Folder, 'uri'>, paths: readonly string[], signal: AbortSignal): Promise<void> {
  const open = new Set(vscode.workspace.textDocuments.map(({ uri }) => uri.toString()));
  const unseen = paths
    .map((path) => vscode.Uri.joinPath(folder.uri, ...path.split('/')))
    .filter((uri) => !open.has(uri.toString()))
    .slice(0, MOST_OPENED);
  if (unseen.length === 0) return;
  const waiting = new Set(unseen.map((uri) => uri.toString()));
  await new Promise<void>((done, failed) => {
    const end = (finish: () => void) => () => {
      clearTimeout(timer);
      listener.dispose();
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const onAbort = end(() => failed(signal.reason));
    const timer = setTimeout(end(done), PATIENCE);
    const listener = vscode.languages.onDidChangeDiagnostics(({ uris }) => {
      for (const uri of uris) waiting.delete(uri.toString());
      if (waiting.size === 0) end(done)();
    });
    signal.addEventListener('abort', onAbort);
    // One that cannot be opened as a text has no diagnostics.
    for (const uri of unseen) {
      vscode.workspace.openTextDocument(uri).then(undefined, () => waiting.delete(uri.toString()));
    }
  });
}
