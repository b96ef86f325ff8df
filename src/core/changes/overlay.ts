import type { FileContent, SearchMatch, SearchQuery, Workspace } from '../ports.ts';
import type { ChangedFile, ChangeSet } from './changeSet.ts';
import { hashText } from './hash.ts';
import { searchPattern } from './searchPattern.ts';
import { linesOf, rawLines } from './textLines.ts';
import { workspacePath } from './workspacePath.ts';

/** The longest line of a match, in characters. */
const LONGEST_LINE = 500;

/**
 * The workspace as it would be with the changes.
 * `search` throws SearchError for a pattern that cannot be searched in the changed texts.
 */
export function overlay(base: Workspace, changes: ChangeSet | (() => ChangeSet)): Workspace {
  const now = (): ReadonlyMap<string, ChangedFile> => (typeof changes === 'function' ? changes() : changes).files;
  return {
    root: base.root,
    read: (path) => readFile(base, now(), path),
    // Whoever asks was told that the file is too large, which one with changes never is.
    ...(base.readLines && { readLines: base.readLines }),
    list: async (signal) => {
      const files = now();
      const untouched = (await base.list(signal)).filter(({ path }) => !files.has(path));
      const changed = [...files.values()].flatMap(({ path, text }) => {
        return text === null ? [] : [{ path, bytes: new TextEncoder().encode(text).length }];
      });
      return [...untouched, ...changed].sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    search: (query, signal) => search(base, now(), query, signal),
    // What is changed is for whoever has the changes; below them, the base is as it is.
    unsaved: async () => {
      const files = now();
      return ((await base.unsaved?.()) ?? []).filter(({ path }) => !files.has(path));
    },
  };
}

async function readFile(
  base: Workspace,
  files: ReadonlyMap<string, ChangedFile>,
  written: string,
): Promise<FileContent> {
  const named = workspacePath(written);
  if (named.kind === 'refused') return base.read(written);
  const { path } = named;
  const changed = files.get(path);
  if (changed && changed.text !== null) return { kind: 'text', text: changed.text, hash: hashText(changed.text) };
  const isFolder = [...files.values()].some((file) => file.text !== null && file.path.startsWith(`${path}/`));
  if (isFolder) return { kind: 'directory' };
  return changed ? { kind: 'missing' } : base.read(path);
}

async function search(
  base: Workspace,
  files: ReadonlyMap<string, ChangedFile>,
  query: SearchQuery,
  signal: AbortSignal | undefined,
): Promise<SearchMatch[]> {
  const texts = [...files.values()].flatMap(({ path, text }) => (text === null ? [] : [{ path, text }]));
  const pattern = texts.length > 0 ? searchPattern(query) : undefined;
  // As many more as the base could find in files that do not count any more.
  const stale = [...files.values()].reduce((sum, file) => sum + rawLines(file.base.text ?? '').length, 0);
  const found = await base.search({ ...query, limit: query.limit + stale }, signal);
  const untouched = found.filter(({ path }) => !files.has(path));
  const changed = texts
    .filter(({ path }) => isUnder(path, query.under ?? []) && (query.only?.(path) ?? true))
    .flatMap(({ path, text }) => (pattern ? matchesIn(path, text, pattern) : []));
  return [...untouched, ...changed]
    .sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
    .slice(0, query.limit);
}

function matchesIn(path: string, text: string, pattern: RegExp): SearchMatch[] {
  return linesOf(text).flatMap((line, i) => {
    return pattern.test(line) ? [{ path, line: i + 1, text: line.slice(0, LONGEST_LINE) }] : [];
  });
}

function isUnder(path: string, under: readonly string[]): boolean {
  if (under.length === 0) return true;
  return under.some((folder) => {
    const named = workspacePath(folder.replace(/\/+$/, '') || '.');
    // Only the workspace itself is refused here and yet may be searched; anything else the base refused.
    return named.kind === 'refused' || path === named.path || path.startsWith(`${named.path}/`);
  });
}
