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
  for (const path of [...paths].sort(ripgrepsOrder)) {
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

/**
 * A line as a match shows it: without its line end, and cut where it is too long. It is a string of its own, as V8 keeps the whole text
 * in memory for as long as there is a part of it, and hundreds of matches may be in as many files.
 */
export function matchedLine(line: string): string {
  return Buffer.from(line.replace(/\r?\n?$/, '').slice(0, LONGEST_LINE)).toString();
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

/** For sorting paths: folder by folder, names compared by their bytes in UTF-8; so a limit cuts off the same matches. */
export function ripgrepsOrder(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at += 1) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (one !== other) return rankOf(one) - rankOf(other);
  }
  return a.length - b.length;
}

const SLASH = 0x2f;

/** Of a unit of UTF-16: those of a pair come after all others. */
function rankOf(unit: number): number {
  if (unit === SLASH) return 0;
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
