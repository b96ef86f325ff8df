import { stretches } from '../textLines.ts';
import { parts, plainOf } from './lineKeys.ts';

/** Words and signs of a line, and the white space before each. */
interface Tokens {
  words: string[];
  gaps: string[];
}

function tokensOf(line: string): Tokens {
  const words: string[] = [];
  const gaps: string[] = [];
  for (const [, gap = '', word = ''] of line.matchAll(/([\s\u200b\ufeff]*)([\p{L}\p{M}\p{N}_]+|[^\s\u200b\ufeff])/gu)) {
    gaps.push(gap);
    words.push(word);
  }
  return { words, gaps };
}

/**
 * A changed line: of what SEARCH and REPLACE share, the file's own characters and spaces stay.
 * @param lines without their indentation
 */
export function mergedLine(lines: { file: string; search: string; replace: string }): string {
  const { file, search, replace } = lines;
  if (file === search) return replace;
  const [there, wanted, now] = [tokensOf(file), tokensOf(search), tokensOf(replace)];
  if (there.words.length !== wanted.words.length) return replace;
  const pieces: string[] = [];
  let last: string | undefined;
  for (const part of stretches(wanted.words, now.words)) {
    const [count, isOneForOne] =
      part.kind === 'shared' ? [part.count, true] : [part.added, part.added === part.replaced];
    for (let i = 0; i < count; i++) {
      const [from, to] = [part.from + i, part.to + i];
      const word = (part.kind === 'shared' ? there.words[from] : now.words[to]) ?? '';
      const gap = now.gaps[to] ?? '';
      const own = there.gaps[from] ?? '';
      // What the model has not changed stays as the file has it; but no two words become one.
      const isKept = isOneForOne && gap === wanted.gaps[from] && !(own === '' && parts(last, word[0]));
      pieces.push(isKept ? own : gap, word);
      last = word.at(-1);
    }
  }
  return pieces.join('') + replace.slice(replace.trimEnd().length);
}

/** What is written by the same hand: whoever has curly single quotes has curly double ones. */
const HANDS: readonly (readonly string[])[] = [
  ["'", '"'],
  ['-', '...'],
];

/**
 * Takes characters from new text of a kind that SEARCH has where the file has plain ones: the model has them everywhere, the
 * file has not. What the file has somewhere stays.
 */
export function withoutForeign(
  search: readonly string[],
  place: readonly string[],
  file: readonly string[],
): (text: string) => string {
  const there = new Set(place.join('\n'));
  const seen = Array.from(search.join('\n')).flatMap((character) => {
    const plain = plainOf(character);
    return plain === undefined || there.has(character) ? [] : [plain];
  });
  if (seen.length === 0) return (text) => text;
  const foreign = new Set([' ', '', ...seen.flatMap((plain) => HANDS.find((hand) => hand.includes(plain)) ?? [plain])]);
  const whole = file.join('\n');
  return (text) =>
    Array.from(text, (character) => {
      const plain = plainOf(character);
      return plain !== undefined && foreign.has(plain) && !whole.includes(character) ? plain : character;
    }).join('');
}
