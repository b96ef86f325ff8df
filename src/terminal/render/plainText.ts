import { stripVTControlCharacters } from 'node:util';

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
const ONE_COLUMN_EACH = /^[\x20-\x7e]*$/;
const TWO_COLUMNS =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}|\uFE0F/u;
const NO_COLUMN = /^[\p{Mark}\p{Format}]+$/u;

/**
 * Text from a model, a file name or a test, made safe for a terminal: no escape sequences, no control characters but
 * line feed and tab, and none that turn the direction of writing (they can make code read differently from what it is).
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{Bidi_Control}/gu, '')
    .replace(/\p{Cc}/gu, (character) => (character === '\n' || character === '\t' ? character : ''));
}

/** The same on one line, with every run of white space as one space. */
export function oneLine(text: string): string {
  return clean(text.replace(/\s+/g, ' ')).trim();
}

/** Columns that clean text without line ends takes on a terminal. */
export function columnsOf(text: string): number {
  if (ONE_COLUMN_EACH.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of GRAPHEMES.segment(text)) columns += graphemeColumns(segment);
  return columns;
}

/** The start of a line that fits into `width` columns, with an ellipsis where something is left out. */
export function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  return width < 1
    ? ''
    : `${takeColumns(graphemes(text), width - 1)
        .join('')
        .trimEnd()}…`;
}

/** The end of a line that fits into `width` columns, with an ellipsis where something is left out. */
export function cutStart(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  if (width < 1) return '';
  const taken = takeColumns(graphemes(text).reverse(), width - 1).reverse();
  return `…${taken.join('').trimStart()}`;
}

/** Filled up with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)));
}

/** Breaks a line between words; the lines after the first are indented by `indent` spaces. */
export function wrap(line: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let rest = line;
  const hanging = ' '.repeat(indent);
  while (columnsOf(rest) > width && width > indent + 10) {
    const head = takeColumns(graphemes(rest), width).join('');
    const space = head.lastIndexOf(' ');
    const end = space > indent ? space : head.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = hanging + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

function graphemes(text: string): string[] {
  return Array.from(GRAPHEMES.segment(text), ({ segment }) => segment);
}

function takeColumns(segments: readonly string[], width: number): string[] {
  let columns = 0;
  const end = segments.findIndex((segment) => {
    columns += graphemeColumns(segment);
    return columns > width;
  });
  return end < 0 ? [...segments] : segments.slice(0, end);
}

function graphemeColumns(grapheme: string): number {
  if (NO_COLUMN.test(grapheme)) return 0;
  return TWO_COLUMNS.test(grapheme) ? 2 : 1;
}
