import { searchPattern } from '../../core/changes/searchPattern.ts';
import type { SearchMatch, SearchQuery } from '../../core/ports.ts';
import { matchedLine } from '../plainSearch.ts';

const LINE_END = 10;

/**
 * Finds the lines of one file after another, where the pattern is a text and no expression.
 * @returns a function from a file's bytes, in which there is no NUL, to its matches
 */
export function literalMatcher(query: SearchQuery): (path: string, bytes: Buffer) => SearchMatch[] {
  return query.caseSensitive ? bytesMatcher(query) : textMatcher(query);
}

/** Only lines that have the very bytes are looked at as text. */
function bytesMatcher(query: SearchQuery): (path: string, bytes: Buffer) => SearchMatch[] {
  const pattern = searchPattern({ ...query, regex: false });
  const literal = Buffer.from(query.pattern);
  return (path, bytes) => {
    const matches: SearchMatch[] = [];
    let line = 1;
    let counted = 0;
    for (let found = bytes.indexOf(literal); found >= 0; ) {
      const end = bytes.indexOf(LINE_END, found);
      const start = found === 0 ? 0 : bytes.lastIndexOf(LINE_END, found - 1) + 1;
      const text = bytes.toString('utf8', start, end < 0 ? undefined : end);
      if (pattern.test(text)) {
        for (; counted < found; counted += 1) if (bytes[counted] === LINE_END) line += 1;
        matches.push({ path, line, text: matchedLine(text) });
      }
      found = end < 0 ? -1 : bytes.indexOf(literal, end + 1);
    }
    return matches;
  };
}

function textMatcher(query: SearchQuery): (path: string, bytes: Buffer) => SearchMatch[] {
  const expression = searchPattern({ ...query, regex: false });
  const pattern = new RegExp(expression.source, `${expression.flags}g`);
  return (path, bytes) => {
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
