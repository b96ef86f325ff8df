import type { SearchMatch } from '../core/ports.ts';
import { forEachAtOnce } from './atOnce.ts';
import { matchedLine } from './plainSearch.ts';

const AT_ONCE = 16;

/**
 * Leaves out matches that are not in the files as we open them: another program opens by name, and follows a link that
 * was put there, or in the place of a folder on the way, after we have looked.
 * @param bytesOf undefined where the file is gone or not to be searched
 */
export async function confirmMatches(
  matches: readonly SearchMatch[],
  bytesOf: (path: string) => Promise<Buffer | undefined>,
): Promise<SearchMatch[]> {
  const paths = [...new Set(matches.map(({ path }) => path))];
  const holds = new Map<string, (match: SearchMatch) => boolean>();
  await forEachAtOnce(AT_ONCE, paths, async (path) => {
    holds.set(path, lineHolder(await bytesOf(path)));
  });
  return matches.filter((match) => holds.get(match.path)?.(match) === true);
}

/** Bytes that a line as a match shows it can have, and some more. */
const LONGEST_SHOWN = 2100;
/** A number is found in bytes some times as quickly as a text. */
const LINE_END = 0x0a;

/** Whether a file has the line of a match; quick where it is asked in the file's order. @param bytes undefined where it is gone or not to be searched */
export function lineHolder(bytes: Buffer | undefined): (match: SearchMatch) => boolean {
  let line = 1;
  let start = 0;
  return (match) => {
    if (bytes === undefined) return false;
    if (match.line < line) [line, start] = [1, 0];
    for (; line < match.line; line += 1) {
      const end = bytes.indexOf(LINE_END, start);
      if (end < 0) return false;
      start = end + 1;
    }
    const end = bytes.indexOf(LINE_END, start);
    const shown = bytes.subarray(start, Math.min(end < 0 ? bytes.length : end, start + LONGEST_SHOWN));
    return matchedLine(shown.toString('utf8')) === match.text;
  };
}
