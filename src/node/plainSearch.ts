import { searchPattern } from '../core/changes/searchPattern.ts';
import type { SearchMatch, SearchQuery } from '../core/ports.ts';
import { SearchError } from '../core/tools/searchError.ts';

/** The longest line of a match, in characters. */
const LONGEST_LINE = 500;

/**
 * Searches without ripgrep, with the same results for patterns that mean the same in both syntaxes.
 * @param paths the files to search, in any order
 * @param bytesOf undefined where the file is gone or not to be searched
 */
export async function searchPlainly(
  paths: readonly string[],
  bytesOf: (path: string) => Promise<Buffer | undefined>,
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<SearchMatch[]> {
  const matches: SearchMatch[] = [];
  const pattern = searchPattern(query);
  for (const path of inRipgrepsOrder(paths)) {
    signal?.throwIfAborted();
    const bytes = await bytesOf(path);
    if (!bytes || bytes.includes(0)) continue;
    for (const match of matchesIn(path, bytes.toString('utf8'), pattern)) {
      matches.push(match);
      if (matches.length >= query.limit) return matches;
    }
  }
  return matches;
}

/** A line as a match shows it: without its line end, and cut where it is too long. */
export function matchedLine(line: string): string {
  return line.replace(/\r?\n?$/, '').slice(0, LONGEST_LINE);
}

/** @throws SearchError where no search can be made of the query, whichever way */
export function assertSearchable(query: SearchQuery): void {
  if (query.pattern === '') throw new SearchError('The pattern is empty.');
  if (/[\n\0]/.test(query.pattern)) throw new SearchError('A pattern is one line of text; it has no line breaks.');
}

function* matchesIn(path: string, text: string, pattern: RegExp): Generator<SearchMatch> {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [index, line] of lines.entries()) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (pattern.test(text)) yield { path, line: index + 1, text: matchedLine(text) };
  }
}

/** Folder by folder, names compared by their bytes; so a limit cuts off the same matches. */
export function inRipgrepsOrder(paths: readonly string[]): string[] {
  return paths
    .map((path) => ({ path, key: Buffer.from(path.replaceAll('/', '\0')) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ path }) => path);
}
