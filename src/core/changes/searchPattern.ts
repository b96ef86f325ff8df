import type { SearchQuery } from '../ports.ts';
import { SearchError } from '../tools/searchError.ts';

/** What Rust's regular expressions, and so ripgrep, take for a letter of a word. */
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]';

/**
 * The query as a JavaScript expression that tests one line.
 * @throws SearchError where JavaScript cannot read the pattern
 */
export function searchPattern(query: SearchQuery): RegExp {
  const source = query.regex ? strictEscapes(query.pattern) : query.pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const whole = query.wholeWord ? `(?<!${WORD})(?:${source})(?!${WORD})` : source;
  try {
    return new RegExp(whole, query.caseSensitive ? 'u' : 'iu');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SearchError(`The pattern is no regular expression: ${why}`, { cause });
  }
}

/** Escapes that ripgrep takes and JavaScript's Unicode mode does not, such as `\-` or `\"`. */
function strictEscapes(pattern: string): string {
  return pattern.replace(/\\(.)/gsu, (written, character: string) =>
    /[\p{L}\p{N}\s^$\\.*+?()[\]{}|/]/u.test(character) ? written : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
