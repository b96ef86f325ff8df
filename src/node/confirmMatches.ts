import type { SearchMatch } from '../core/ports.ts';
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
  const lines = new Map<string, string[]>();
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE).map(async (path) => {
      lines.set(path, (await bytesOf(path))?.toString('utf8').split('\n') ?? []);
    });
    await Promise.all(some);
  }
  return matches.filter(({ path, line, text }) => {
    const now = lines.get(path)?.[line - 1];
    return now !== undefined && matchedLine(now) === text;
  });
}
