import * as vscode from 'vscode';
import type { Attachment, Completion } from '../../shared/protocol.ts';
import type { Folder } from '../folders.ts';
import { rank } from './rank.ts';
import type { TerminalCommand } from './terminalOutput.ts';

/** Entries of the list at most. */
const MOST = 50;
/** A symbol of fewer letters would be every second one. */
const SHORTEST_SYMBOL = 2;

interface Around {
  folder: Folder;
  paths: { files: readonly string[]; folders: readonly string[] };
  terminal: TerminalCommand | undefined;
}

/**
 * What can be mentioned. "file:", "folder:" and "symbol:" in front narrow it down; without a query, what is at hand
 * comes first: the selection, the problems, the diff, the terminal, and the files that are open.
 */
export async function completionsFor(query: string, around: Around): Promise<Completion[]> {
  const { kind, text } = narrowed(query);
  const { folder, paths } = around;
  const file = (path: string): Completion => entry({ kind: 'file', label: path, path }, 'file', folder);
  const dir = (path: string): Completion => entry({ kind: 'folder', label: `${path}/`, path }, 'folder', folder);
  if (kind === 'file') return rank(text, paths.files, MOST).map(({ path }) => file(path));
  if (kind === 'folder') return rank(text, paths.folders, MOST).map(({ path }) => dir(path));
  if (kind === 'symbol') return symbols(text, folder);

  const special = specials(around).filter(
    ({ attachment }) => text === '' || attachment.kind.startsWith(text.toLowerCase()),
  );
  if (text === '') {
    const open = openFiles(folder);
    const rest = rank('', paths.files, MOST).map(({ path }) => path);
    return [...special, ...[...new Set([...open, ...rest])].slice(0, MOST - special.length).map(file)];
  }
  const found = [
    ...rank(text, paths.files, MOST).map(({ path, score }) => ({ completion: file(path), score })),
    ...rank(text, paths.folders, MOST).map(({ path, score }) => ({ completion: dir(path), score: score - 1 })),
  ].sort((a, b) => b.score - a.score);
  const named = text.length < SHORTEST_SYMBOL ? [] : (await symbols(text, folder)).slice(0, 15);
  const room = MOST - special.length - named.length;
  return [...special, ...found.slice(0, room).map(({ completion }) => completion), ...named];
}

function narrowed(query: string): { kind: 'all' | 'file' | 'folder' | 'symbol'; text: string } {
  const [, kind, text = ''] = /^(file|folder|symbol)[:\s](.*)$/s.exec(query.trimStart()) ?? [];
  if (kind !== undefined) return { kind: kind as 'file' | 'folder' | 'symbol', text: text.trim() };
  return query.startsWith('#') ? { kind: 'symbol', text: query.slice(1) } : { kind: 'all', text: query.trim() };
}

function entry(attachment: Omit<Attachment, 'folder'>, icon: string, { uri, name }: Folder): Completion {
  const isOneOfSeveral = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  return { attachment: { ...attachment, folder: uri.toString() }, icon, detail: isOneOfSeveral ? name : '' };
}

/** What is not a file but can be attached now. */
function specials({ folder, terminal }: Around): Completion[] {
  const { t } = vscode.l10n;
  const found: Completion[] = [];
  const editor = vscode.window.activeTextEditor;
  const path = editor && pathIn(folder, editor.document.uri);
  if (editor && path !== undefined && !editor.selection.isEmpty) {
    const { start, end } = editor.selection;
    // A selection of whole lines ends at the beginning of the next one.
    const to = end.character === 0 && end.line > start.line ? end.line : end.line + 1;
    const lines = { from: start.line + 1, to };
    const label = `${path}:${lines.from}-${lines.to}`;
    found.push({
      ...entry({ kind: 'selection', label, path, lines }, 'selection', folder),
      detail: t('the selection'),
    });
  }
  const count = problemsIn(folder).length;
  if (count > 0) {
    const label = t('Problems ({0})', count);
    found.push({ ...entry({ kind: 'problems', label }, 'warning', folder), detail: t('what the editor reports') });
  }
  const diff = entry({ kind: 'diff', label: t('Uncommitted changes') }, 'diff', folder);
  found.push({ ...diff, detail: t('as git sees them') });
  if (terminal) {
    const label = t('Terminal: {0}', terminal.command.split('\n')[0]?.slice(0, 40) ?? '');
    found.push({ ...entry({ kind: 'terminal', label }, 'terminal', folder), detail: t('the last command’s output') });
  }
  return found;
}

/** The diagnostics of a folder's files, ours aside only in their source. */
export function problemsIn(folder: Pick<Folder, 'uri'>): { path: string; diagnostic: vscode.Diagnostic }[] {
  return vscode.languages.getDiagnostics().flatMap(([uri, diagnostics]) => {
    const path = pathIn(folder, uri);
    return path === undefined ? [] : diagnostics.map((diagnostic) => ({ path, diagnostic }));
  });
}

function openFiles(folder: Folder): string[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const active = vscode.window.activeTextEditor?.document.uri;
  const uris = tabs.flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri] : []));
  return [...(active ? [active] : []), ...uris].flatMap((uri) => pathIn(folder, uri) ?? []);
}

async function symbols(query: string, folder: Folder): Promise<Completion[]> {
  const found = await vscode.commands.executeCommand<vscode.SymbolInformation[] | undefined>(
    'vscode.executeWorkspaceSymbolProvider',
    query,
  );
  return (found ?? [])
    .flatMap(({ name, kind, containerName, location }) => {
      const path = pathIn(folder, location.uri);
      if (path === undefined) return [];
      const lines = { from: location.range.start.line + 1, to: location.range.end.line + 1 };
      const icon = `symbol-${vscode.SymbolKind[kind]?.toLowerCase() ?? 'misc'}`;
      const completion = entry({ kind: 'symbol', label: name, path, lines }, icon, folder);
      return [{ ...completion, detail: `${containerName ? `${containerName}, ` : ''}${path}:${lines.from}` }];
    })
    .slice(0, MOST);
}

function pathIn({ uri: folder }: Pick<Folder, 'uri'>, uri: vscode.Uri): string | undefined {
  const root = `${folder.path.replace(/\/$/, '')}/`;
  return uri.scheme === folder.scheme && uri.path.startsWith(root) ? uri.path.slice(root.length) : undefined;
}
