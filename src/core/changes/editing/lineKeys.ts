/**
 * How lines are compared, from as they are to ever more loosely: each way overlooks what those before it do, and more.
 * Of code none overlooks more than its layout.
 */
export const LINE_KEYS = ['exact', 'trailing', 'characters', 'indentation', 'spacing'] as const;
export type LineKey = (typeof LINE_KEYS)[number];

/** A line as it is compared. */
export function keyOf(line: string, by: LineKey): string {
  switch (by) {
    case 'exact':
      return line;
    case 'trailing':
      return withoutTrailingSpace(line);
    case 'characters':
      return withoutTrailingSpace(plainCharacters(line));
    case 'indentation':
      return bare(plainCharacters(line));
    case 'spacing':
      return closelySpaced(bare(plainCharacters(line)));
    default:
      return by satisfies never;
  }
}

export function isBlank(line: string): boolean {
  return withoutTrailingSpace(line) === '';
}

/** An expression for it would take the square of the time where spaces stand within a line. */
export function withoutTrailingSpace(line: string): string {
  const trimmed = line.trimEnd();
  return trimmed.endsWith('\u200b') ? withoutTrailingSpace(trimmed.slice(0, -1)) : trimmed;
}

/** The white space that a line begins with. */
export function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

export function withoutIndent(line: string): string {
  return line.slice(indentOf(line).length);
}

function bare(line: string): string {
  return withoutTrailingSpace(line).replace(/^\s+/, '');
}

/** Characters that programs for prose put in place of others, by what they stand for. */
export const LOOKALIKES: Readonly<Record<string, string>> = {
  "'": '\u2018\u2019\u201a\u201b\u2032',
  '"': '\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb',
  '-': '\u2010\u2011\u2012\u2013\u2014\u2015\u2212',
  ' ': '\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000',
  '...': '\u2026',
  '': '\u200b\u200c\u200d\u2060\ufeff\u00ad',
};

const PLAIN = new Map(
  Object.entries(LOOKALIKES).flatMap(([plain, alike]) => [...alike].map((character) => [character, plain] as const)),
);

export function plainOf(character: string): string | undefined {
  return PLAIN.get(character);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all that is ASCII
const ASCII_ONLY = /^[\x00-\x7f]*$/;

export function isAscii(line: string): boolean {
  return ASCII_ONLY.test(line);
}

function plainCharacters(line: string): string {
  if (isAscii(line)) return line;
  return Array.from(line.normalize('NFC'), (character) => PLAIN.get(character) ?? character).join('');
}

/** Texts in quotes that end on their line. What is no such text, like the apostrophe of a comment, is none. */
const QUOTED = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g;

/** A line without its texts in quotes. */
export function withoutQuoted(line: string): string {
  return line.replace(QUOTED, '');
}

/** One space between two words, and none elsewhere; what is in quotes stays as it is. */
export function closelySpaced(line: string): string {
  if (!/\s/.test(line)) return line;
  let close = '';
  let from = 0;
  for (const { 0: quoted, index } of line.matchAll(QUOTED)) {
    close += spacedCode(line.slice(from, index)) + quoted;
    from = index + quoted.length;
  }
  return close + spacedCode(line.slice(from));
}

/** Two words that nothing parts would be one; and so would two signs, such as `- -` or `+ +`. */
const WORD = /[\p{L}\p{N}_$]/u;

function spacedCode(code: string): string {
  return code.replace(/\s+/gu, (space: string, at: number, whole: string) =>
    parts(whole[at - 1], whole[at + space.length]) ? ' ' : '',
  );
}

/** Whether what stands on both sides of white space needs it. */
export function parts(before: string | undefined, after: string | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  return (WORD.test(before) && WORD.test(after)) || (before === after && /[+\-&|<>=*/.:?]/.test(before));
}
