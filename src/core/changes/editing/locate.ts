import { type Line, mergeLines } from '../textLines.ts';
import { carriedOver } from './carryOver.ts';
import { cleaned, commonLines, type Sides } from './cleaners.ts';
import { isElision, isLazy, partsBetween } from './elision.ts';
import { withoutOwnFence } from './fences.ts';
import type { FileLines } from './fileLines.ts';
import { isBlank } from './lineKeys.ts';
import { type Match, matchesBy, STEPS, type Step } from './match.ts';
import { stopsShort } from './repairs.ts';

/** Where an edit goes, and the lines that shall stand there. */
export interface Place {
  /** Index of the first line, from 0. */
  at: number;
  count: number;
  now: Line[];
}

export type Location =
  | { kind: 'place'; place: Place }
  /** Indexes of first lines. */
  | { kind: 'several'; at: number[] }
  /** REPLACE has lines that stand for others, and SEARCH has not. */
  | { kind: 'lazy'; line: string }
  /** The place is found, and it cannot be told how REPLACE is to be written there. */
  | { kind: 'unclear'; at: number }
  | { kind: 'none' };

interface Wanted extends Sides {
  /** Of the file. */
  path: string;
  /** 1-based. */
  startLine: number | undefined;
}

/**
 * Finds the one place of an edit: as it is, then ever more loosely, at each step also without noise around its lines. What
 * is found in several places, and has no hint, is not looked for more loosely: that cannot know better.
 * @param lines the file's, with their ends
 */
export function locate(file: FileLines, lines: readonly Line[], wanted: Wanted): Location {
  const plain: Sides = { search: wanted.search, replace: wanted.replace };
  let variants: Sides[] | undefined;
  let several: Location | undefined;
  for (const step of STEPS) {
    const found = place(plain, matchesBy(step, file, plain.search), step);
    if (found) return found;
    variants ??= cleaned(plain, wanted.path);
    const standing = variants
      .map((sides) => ({ sides, matches: matchesBy(step, file, sides.search) }))
      .filter(({ matches }) => matches.length > 0)
      .toSorted((one, other) => commonLines(other.sides) - commonLines(one.sides));
    // First what leaves both sides with more lines in common: the noise that is in both is taken from both.
    for (const { sides, matches } of standing) {
      const other = place(sides, matches, step);
      if (other) return other;
    }
  }
  for (const sides of [plain, ...(variants ?? [])]) {
    const found = elided(file, lines, sides, wanted.startLine);
    if (found) return found;
  }
  return several ?? { kind: 'none' };

  function place(sides: Sides, matches: readonly Match[], step: Step): Location | undefined {
    const match = matches.length > 1 ? nearestTo(wanted.startLine, matches) : matches[0];
    if (match) return placed(file, lines, sides, match, step);
    if (matches.length === 0) return undefined;
    const all: Location = { kind: 'several', at: matches.map(({ at }) => at) };
    several ??= all;
    return sides === plain ? all : undefined;
  }
}

/** The place next to the hint; none without a hint, or where two are equally far. */
function nearestTo(startLine: number | undefined, matches: readonly Match[]): Match | undefined {
  if (startLine === undefined) return undefined;
  const distance = (match: Match): number => Math.abs(match.at + 1 - startLine);
  const [first, second] = matches.toSorted((a, b) => distance(a) - distance(b));
  return first && second && distance(first) < distance(second) ? first : undefined;
}

function placed(file: FileLines, lines: readonly Line[], sides: Sides, match: Match, step: Step): Location {
  const place = file.texts.slice(match.at, match.at + match.count);
  const replace = withoutOwnFence(sides.replace, place, file.language);
  const lazy = replace.find((line) => isLazy(line, file.language) && !sides.search.includes(line));
  if (lazy !== undefined) return { kind: 'lazy', line: lazy.trim() };
  const next = file.texts[match.at + match.count];
  const isShort = stopsShort({ search: sides.search, replace }, next, step);
  const edit = isShort ? { search: [...sides.search, replace.at(-1) ?? ''], replace } : { ...sides, replace };
  const whole = isShort ? withNextLine(match, sides.search.length) : match;
  const now = step === 'exact' ? asWritten(lines, edit, whole) : carriedOver(file, lines, edit, whole, step);
  if (now === undefined) return { kind: 'unclear', at: match.at };
  return { kind: 'place', place: { at: whole.at, count: whole.count, now } };
}

function withNextLine({ at, count, pairs }: Match, length: number): Match {
  return {
    at,
    count: count + 1,
    pairs: [...pairs, { search: [length, length + 1], file: [at + count, at + count + 1] }],
  };
}

/** REPLACE byte for byte; what it keeps of the place keeps its line ends. */
function asWritten(lines: readonly Line[], { search, replace }: Sides, { at, count }: Match): Line[] {
  const [first] = lines;
  if (first && lines.every((line) => line.end === first.end)) return replace.map((text) => ({ text, end: first.end }));
  const nearby = (lines[at - 1] ?? lines[at + count] ?? lines[at])?.end ?? '\n';
  const now = replace.map((text) => ({ key: text, text }));
  return mergeLines(lines.slice(at, at + count), search, now, nearby);
}

/** An edit that leaves out lines in its middle: what it has around them stands in one order only, and they stay as they are. */
function elided(
  file: FileLines,
  lines: readonly Line[],
  sides: Sides,
  startLine: number | undefined,
): Location | undefined {
  if (!sides.search.some(isElision)) return undefined;
  const parts = partsOf({ ...sides, replace: withoutOwnFence(sides.replace, sides.search, file.language) });
  if (parts === undefined) return undefined;
  const found = parts.map((part) => {
    for (const step of STEPS) {
      const matches = matchesBy(step, file, part.search);
      if (matches.length > 0) return { step, matches };
    }
    return undefined;
  });
  const ways: Match[][] = [];
  const extend = (way: Match[]): void => {
    const end = way.at(-1);
    if (way.length === parts.length) ways.push(way);
    for (const match of found[way.length]?.matches ?? []) {
      if (end === undefined || match.at >= end.at + end.count) extend([...way, match]);
    }
  };
  if (found.some((one) => one === undefined)) return undefined;
  if (found.reduce((product, one) => product * (one?.matches.length ?? 0), 1) > 10_000) return undefined;
  extend([]);
  const starts = ways.map(([first]) => first as Match);
  const first = ways.length > 1 ? nearestTo(startLine, starts) : starts[0];
  if (first === undefined)
    return ways.length === 0 ? undefined : { kind: 'several', at: [...new Set(starts.map(({ at }) => at))] };
  const way = ways[starts.indexOf(first)] as Match[];
  const now: Line[] = [];
  let end = first.at;
  for (const [index, match] of way.entries()) {
    const [part, step] = [parts[index], found[index]?.step];
    if (part === undefined || step === undefined) return undefined;
    const one = placed(file, lines, part, match, step);
    if (one.kind !== 'place') return one;
    now.push(...lines.slice(end, one.place.at), ...one.place.now);
    end = one.place.at + one.place.count;
  }
  return { kind: 'place', place: { at: first.at, count: end - first.at, now } };
}

/** What stands between the lines that leave something out; undefined where both sides do not leave out as much. */
function partsOf({ search, replace }: Sides): Sides[] | undefined {
  const [wanted, now] = [partsBetween(search), partsBetween(replace)];
  if (wanted.length !== now.length) return undefined;
  const parts = wanted.map((lines, i) => ({ search: lines, replace: now[i] ?? [] }));
  const isEmpty = ({ search: lines }: Sides): boolean => lines.every(isBlank);
  const [first, last] = [parts.findIndex((part) => !isEmpty(part)), parts.findLastIndex((part) => !isEmpty(part))];
  if (first === -1) return undefined;
  const isAdding = parts.some(
    (part, i) => isEmpty(part) && (part.replace.some((line) => !isBlank(line)) || (i > first && i < last)),
  );
  return isAdding ? undefined : parts.slice(first, last + 1);
}
