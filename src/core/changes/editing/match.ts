import { isElision } from './elision.ts';
import type { FileLines, Stream } from './fileLines.ts';
import { linesThat, streamOf } from './fileLines.ts';
import { indentOf, isAscii, isBlank, keyOf, LINE_KEYS, type LineKey } from './lineKeys.ts';

/**
 * Lines of SEARCH, and the file's lines that they stand for; from, and up to but not with. One of both may be empty: blank
 * lines that only one side has.
 */
export interface Pair {
  search: readonly [number, number];
  file: readonly [number, number];
}

/** A place that SEARCH stands for. */
export interface Match {
  /** Index of the first line. */
  at: number;
  count: number;
  /** In order; together all lines of SEARCH and all of the place. */
  pairs: readonly Pair[];
}

/** What is overlooked, from nothing to more and more; each step overlooks what those before it do. */
export const STEPS = [...LINE_KEYS, 'blankLines', 'lineBreaks', 'comments'] as const;
export type Step = (typeof STEPS)[number];

/** How single lines are compared at a step. */
export function lineKeyOf(step: Step): LineKey {
  return LINE_KEYS.find((key) => key === step) ?? 'spacing';
}

/** Whether lines are found where they begin otherwise than in SEARCH. */
export function overlooksIndentation(step: Step): boolean {
  return STEPS.indexOf(step) >= STEPS.indexOf('indentation');
}

/** All places that SEARCH stands for, by one step. */
export function matchesBy(step: Step, file: FileLines, search: readonly string[]): Match[] {
  switch (step) {
    case 'blankLines':
      return butForBlankLines(file, search);
    case 'lineBreaks':
      return butForLineBreaks(file, search);
    case 'comments':
      return butForComments(file, search);
    default:
      return lineByLine(file, search, step);
  }
}

function lineByLine(file: FileLines, search: readonly string[], by: LineKey): Match[] {
  const keys = search.map((line) => keyOf(line, by));
  // Layout is all that they have.
  if (keys.every((key) => key.trim() === '')) return [];
  const anchor = anchorOf(search);
  const starts: number[] = [];
  for (let at = 0; at + search.length <= file.texts.length; at++) {
    if (!mayStand(anchor, file.texts[at + anchor.line])) continue;
    if (keys.every((key, i) => key === file.key(by, at + i))) starts.push(at);
  }
  return starts
    .map((at) => {
      const pairs = search.map((_, i): Pair => ({ search: [i, i + 1], file: [at + i, at + i + 1] }));
      return { at, count: search.length, pairs };
    })
    .filter((match) => by === 'exact' || hasSameShape(file, search, match));
}

/** A word that a place must have, and in which line: most places are told from it by that alone. */
interface Anchor {
  line: number;
  /** Empty where no line has one. */
  word: string;
}

/** The longest word of all lines. No way to compare lines looks into words. */
function anchorOf(lines: readonly string[]): Anchor {
  let anchor: Anchor = { line: 0, word: '' };
  for (const [line, text] of lines.entries()) {
    for (const [word] of text.matchAll(/[A-Za-z0-9_]+/g)) if (word.length > anchor.word.length) anchor = { line, word };
  }
  return anchor;
}

/** What is not plain may have characters within words that nobody sees. */
function mayStand({ word }: Anchor, line: string | undefined): boolean {
  return line !== undefined && (line.includes(word) || !isAscii(line));
}

function butForBlankLines(file: FileLines, search: readonly string[]): Match[] {
  const marks = linesThat(search, (line) => !isBlank(line));
  return betweenMarks(file, search, file.written(), marks, 'nothing');
}

function butForComments(file: FileLines, search: readonly string[]): Match[] {
  // What stands for lines that are left out is no comment that differs.
  if (search.some(isElision)) return [];
  const marks = linesThat(search, (line) => !isBlank(line) && !file.language.isComment(line));
  if (marks.length === search.filter((line) => !isBlank(line)).length) return [];
  // Brackets alone stand everywhere.
  if (!marks.some((i) => /[\p{L}\p{N}]/u.test(search[i] ?? ''))) return [];
  return betweenMarks(file, search, file.code(), marks, 'comments');
}

/**
 * Places where the lines that count are the same; what stands between two of them stands for what stands between the same
 * two of SEARCH.
 * @param there indexes of the file's lines that count @param marks of SEARCH's
 * @param around what of the file, before the first and behind the last, stands for what SEARCH has there
 */
function betweenMarks(
  file: FileLines,
  search: readonly string[],
  there: readonly number[],
  marks: readonly number[],
  around: 'nothing' | 'comments',
): Match[] {
  if (marks.length === 0) return [];
  const keys = marks.map((i) => keyOf(search[i] ?? '', 'spacing'));
  const anchor = anchorOf(marks.map((i) => search[i] ?? ''));
  const found: Match[] = [];
  for (let start = 0; start + marks.length <= there.length; start++) {
    if (!mayStand(anchor, file.texts[there[start + anchor.line] ?? -1])) continue;
    if (!keys.every((key, k) => key === file.key('spacing', there[start + k] ?? -1))) continue;
    const groups = marks.map((i, k): Pair => {
      const at = there[start + k] ?? 0;
      return { search: [i, i + 1], file: [at, at + 1] };
    });
    found.push(...withGaps(file, search, groups, around));
  }
  return found.filter((match) => hasSameShape(file, search, match));
}

/** Fills what is between pairs, and around them; none where the file has something else there. */
function withGaps(
  file: FileLines,
  search: readonly string[],
  groups: readonly Pair[],
  around: 'nothing' | 'comments',
): Match[] {
  const [first, last] = [groups[0] as Pair, groups.at(-1) as Pair];
  const before = search.slice(0, first.search[0]);
  const behind = search.slice(last.search[1]);
  const [head, tail] = around === 'comments' ? [before.length, behind.length] : [0, 0];
  const start = first.file[0] - head;
  if (around === 'comments' && !(isLike(file, start, before) && isLike(file, last.file[1], behind))) return [];
  const from: Pair = { search: [0, 0], file: [start, start] };
  const to: Pair = { search: [search.length, search.length], file: [last.file[1] + tail, last.file[1] + tail] };
  const pairs: Pair[] = [];
  let done = from;
  for (const pair of [...groups, to]) {
    const gap: Pair = { search: [done.search[1], pair.search[0]], file: [done.file[1], pair.file[0]] };
    if (gap.search[0] < gap.search[1] || gap.file[0] < gap.file[1]) pairs.push(...evenly(gap));
    if (pair !== to) pairs.push(pair);
    done = pair;
  }
  return [{ at: start, count: to.file[0] - start, pairs }];
}

/** Line by line where both sides have as many. */
function evenly({ search, file }: Pair): Pair[] {
  const count = search[1] - search[0];
  if (count !== file[1] - file[0]) return [{ search, file }];
  return Array.from({ length: count }, (_, i) => ({
    search: [search[0] + i, search[0] + i + 1],
    file: [file[0] + i, file[0] + i + 1],
  }));
}

/** Whether the lines of the file are comments and blank lines where those of SEARCH are. */
function isLike(file: FileLines, at: number, wanted: readonly string[]): boolean {
  return wanted.every((line, i) => {
    const there = file.texts[at + i];
    if (there === undefined) return false;
    return isBlank(line) ? isBlank(there) : file.language.isComment(there);
  });
}

/** A line that was broken in several, or several joined to one: the same text from the start of a line to the end of one. */
function butForLineBreaks(file: FileLines, search: readonly string[]): Match[] {
  const wanted = streamOf(search);
  if (wanted.text === '') return [];
  const found: Match[] = [];
  for (const [from, to] of stretchesAround(anchorOf(search), file.texts, wanted.text.length)) {
    const there = streamOf(file.texts.slice(from, to), from);
    for (let at = there.text.indexOf(wanted.text); at !== -1; at = there.text.indexOf(wanted.text, at + 1)) {
      const groups = groupsAt(there, at, wanted);
      if (groups !== undefined) found.push(...withGaps(file, search, groups, 'nothing'));
    }
  }
  return found.filter((match) => hasSameShape(file, search, match));
}

/** Stretches of lines, apart from each other, in which all places lie that have a word: so many characters before it and behind. */
function stretchesAround(anchor: Anchor, lines: readonly string[], length: number): [number, number][] {
  const found: [number, number][] = [];
  for (const [at, line] of lines.entries()) {
    if (!mayStand(anchor, line)) continue;
    const from = reach(lines, at, -1, length);
    const to = reach(lines, at, 1, length) + 1;
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

/** The line that is so many characters away, white space not counted. */
function reach(lines: readonly string[], from: number, by: 1 | -1, length: number): number {
  let at = from;
  let left = length;
  while (left > 0 && lines[at + by] !== undefined) {
    at += by;
    left -= lines[at]?.trim().length ?? 0;
  }
  return at;
}

/** The smallest runs of lines that say the same; undefined where whole lines of the file are not what is found. */
function groupsAt(there: Stream, at: number, wanted: Stream): Pair[] | undefined {
  let line = lineBeginningAt(there, at);
  if (line === undefined) return undefined;
  const groups: Pair[] = [];
  let [fromFile, fromSearch, search] = [line, 0, 0];
  while (search < wanted.at.length) {
    const [ends, wants] = [(there.ends[line] ?? Number.NaN) - at, wanted.ends[search] ?? 0];
    if (Number.isNaN(ends)) return undefined;
    if (ends === wants) {
      groups.push({
        search: [wanted.at[fromSearch] ?? 0, (wanted.at[search] ?? 0) + 1],
        file: [there.at[fromFile] ?? 0, (there.at[line] ?? 0) + 1],
      });
      line += 1;
      search += 1;
      [fromFile, fromSearch] = [line, search];
    } else if (ends < wants) line += 1;
    else search += 1;
  }
  return fromSearch === search ? groups : undefined;
}

function lineBeginningAt({ begins }: Stream, at: number): number | undefined {
  let [low, high] = [0, begins.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const begin = begins[middle] ?? 0;
    if (begin === at) return middle;
    if (begin < at) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Where indentation is code, what is deeper, as deep or less deep than the line before is so on both sides. */
function hasSameShape(file: FileLines, search: readonly string[], { pairs }: Match): boolean {
  if (!file.language.isIndentationCode) return true;
  const lines = pairs.flatMap((pair): (readonly [string, string])[] => {
    const [wanted = '', found = ''] = [search[pair.search[0]], file.texts[pair.file[0]]];
    const isEmpty = pair.search[0] === pair.search[1] || pair.file[0] === pair.file[1];
    return isEmpty || isBlank(wanted) || isBlank(found) || file.language.isComment(wanted) ? [] : [[wanted, found]];
  });
  // One without any is the work of a formatter, and not of a writer: it says nothing.
  if (isFlat(search)) return true;
  return tabSizes(file.unit()).some((tab) =>
    lines.every(([wanted, found], i) => {
      const before = lines[i - 1];
      if (before === undefined) return true;
      const step = Math.sign(columnsOf(indentOf(wanted), tab) - columnsOf(indentOf(before[0]), tab));
      return step === Math.sign(columnsOf(indentOf(found), tab) - columnsOf(indentOf(before[1]), tab));
    }),
  );
}

/** Whether several lines begin at the same column, as where all indentation was lost. */
export function isFlat(search: readonly string[]): boolean {
  const indents = new Set(search.filter((line) => !isBlank(line)).map(indentOf));
  return indents.size === 1 && search.filter((line) => !isBlank(line)).length > 1;
}

/** What a tab may stand for, the likeliest first. */
export function tabSizes(unit: number | 'tab'): number[] {
  return [...new Set([...(unit === 'tab' ? [] : [unit]), 4, 2, 8, 3])];
}

export function columnsOf(indent: string, tab: number): number {
  return Array.from(indent).reduce((sum, character) => sum + (character === '\t' ? tab : 1), 0);
}
