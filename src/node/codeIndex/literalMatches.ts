import { searchPattern } from '../../core/changes/searchPattern.ts';
import type { SearchMatch, SearchQuery } from '../../core/ports.ts';
import { matchedLine } from '../plainSearch.ts';

/**
 * Finds the lines of one file after another, where the pattern is a text and no expression.
 * @returns a function from a file's bytes, in which there is no NUL, to its matches
 */
export function literalMatcher(query: SearchQuery): (path: string, bytes: Buffer) => SearchMatch[] {
  const expression = searchPattern({ ...query, regex: false });
  const pattern = new RegExp(expression.source, `${expression.flags}g`);
  const literal = Buffer.from(query.pattern);
  return (path, bytes) => {
    if (query.caseSensitive && !bytes.includes(literal)) return [];
    const text = bytes.toString('utf8');
    const matches: SearchMatch[] = [];
    let line = 1;
    let counted = 0;
    pattern.lastIndex = 0;
    for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
      const start = text.lastIndexOf('\n', found.index - 1) + 1;
      const end = text.indexOf('\n', found.index);
      for (let at = text.indexOf('\n', counted); at >= 0 && at < start; at = text.indexOf('\n', at + 1)) line += 1;
      counted = start;
      matches.push({ path, line, text: matchedLine(text.slice(start, end < 0 ? undefined : end)) });
      if (end < 0) break;
      pattern.lastIndex = end + 1;
    }
    return matches;
  };
}

/** Whether `literalMatcher` finds what ripgrep does: not all that a pattern may hold means the same to both. */
export function isPlain({ regex, pattern }: SearchQuery): boolean {
  return !regex && !/[\r\ud800-\udfff\ufffd]/u.test(pattern);
}
