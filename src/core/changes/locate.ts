/** Where the lines of a SEARCH stand in a file, and what shall stand there. */
export interface Place {
  /** Index of the first line, from 0. */
  at: number;
  count: number;
  /** The found lines in the form in which those of REPLACE are compared with them. */
  key: string[];
  /** The lines of REPLACE. */
  now: NewLine[];
  /** The lines are the file's, byte for byte. */
  exact: boolean;
}

/** A line of REPLACE: as it is compared with the found lines, and as it is written where it is none of them. */
interface NewLine {
  key: string;
  text: string;
}

export type Location = { kind: 'place'; place: Place } | { kind: 'several'; at: number[] } | { kind: 'none' };

/** A place before it is chosen; without `now` where REPLACE cannot be carried over to it safely. */
type Candidate = Omit<Place, 'now'> & { now: NewLine[] | undefined };

interface Wanted {
  search: readonly string[];
  replace: readonly string[];
  /** 1-based. */
  startLine: number | undefined;
}

/**
 * Finds the one place of the lines: as they are, else but for trailing white space, else but for one shift of the
 * indentation. A step that finds several places ends it: a looser one cannot know better.
 */
export function locate(file: readonly string[], wanted: Wanted): Location {
  for (const step of [exactly, butForTrailingSpace, butForIndentation]) {
    const places = step(file, wanted);
    const place = places.length > 1 ? nearestTo(wanted.startLine, places) : places[0];
    if (place?.now) return { kind: 'place', place: { ...place, now: place.now } };
    if (place) return { kind: 'none' };
    if (places.length > 1) return { kind: 'several', at: places.map(({ at }) => at) };
  }
  return { kind: 'none' };
}

/** The place next to the hint; none without a hint, or where two are equally far. */
function nearestTo(startLine: number | undefined, places: readonly Candidate[]): Candidate | undefined {
  if (startLine === undefined) return undefined;
  const distance = (place: Candidate): number => Math.abs(place.at + 1 - startLine);
  const [first, second] = [...places].sort((a, b) => distance(a) - distance(b));
  return first && second && distance(first) < distance(second) ? first : undefined;
}

function withoutTrailingSpace(line: string): string {
  return line.replace(/[ \t\f\v\r]+$/, '');
}

function indentation(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

/** Indexes at which all of `search` stands in `file`. */
function matches(file: readonly string[], search: readonly string[]): number[] {
  const found: number[] = [];
  for (let at = 0; at + search.length <= file.length; at++) {
    if (search.every((line, i) => line === file[at + i])) found.push(at);
  }
  return found;
}

function exactly(file: readonly string[], { search, replace }: Wanted): Candidate[] {
  return matches(file, search).map((at) => ({
    at,
    count: search.length,
    key: [...search],
    now: replace.map((text) => ({ key: text, text })),
    exact: true,
  }));
}

function butForTrailingSpace(file: readonly string[], { search, replace }: Wanted): Candidate[] {
  const key = search.map(withoutTrailingSpace);
  return matches(file.map(withoutTrailingSpace), key).map((at) => {
    // Where SEARCH has spaces at line ends that the file has not, REPLACE has them by the same mistake.
    const isNoisy = search.some((line, i) => line.length > (file[at + i] ?? '').length);
    const now = replace.map((line) => {
      const trimmed = withoutTrailingSpace(line);
      return { key: trimmed, text: isNoisy ? trimmed : line };
    });
    return { at, count: search.length, key, now, exact: false };
  });
}

function butForIndentation(file: readonly string[], { search, replace }: Wanted): Candidate[] {
  const bare = (line: string): string => withoutTrailingSpace(line).replace(/^[ \t]+/, '');
  return matches(file.map(bare), search.map(bare)).flatMap((at) => {
    const there = file.slice(at, at + search.length).map(withoutTrailingSpace);
    const shift = shiftBetween(search, there);
    if (!shift) return [];
    const isNoisy = search.some((line, i) => trailing(line) > trailing(file[at + i] ?? ''));
    const kept = isNoisy ? replace.map(withoutTrailingSpace) : replace;
    const now = carriedOver(kept, shift, frameOf(replace, search, there));
    return [{ at, count: search.length, key: there, now, exact: false }];
  });
}

function trailing(line: string): number {
  return line.length - withoutTrailingSpace(line).length;
}

function carriedOver(replace: readonly string[], shift: Shift, frame: Frame): NewLine[] | undefined {
  if (frame === 'unclear') return undefined;
  if (frame === 'file') return replace.map((text) => ({ key: withoutTrailingSpace(text), text }));
  if (replace.some((line) => !isBlank(line) && !line.startsWith(shift.from))) return undefined;
  return replace.map((line) => {
    const text = isBlank(line) ? '' : shift.to + line.slice(shift.from.length);
    return { key: withoutTrailingSpace(text), text };
  });
}

/** Whose indentation REPLACE is written in: SEARCH's (and so it has to be shifted too) or already the file's. */
type Frame = 'search' | 'file' | 'unclear';

function frameOf(replace: readonly string[], search: readonly string[], there: readonly string[]): Frame {
  const lines = replace.map(withoutTrailingSpace).filter((line) => line !== '');
  if (lines.length === 0) return 'search';
  const sharesWith = (others: readonly string[]): boolean => lines.some((line) => others.includes(line));
  if (sharesWith(search.map(withoutTrailingSpace))) return 'search';
  const least = leastIndentation(lines);
  const sharesWithFile = sharesWith(there);
  if (least === leastIndentation(search)) return sharesWithFile ? 'unclear' : 'search';
  return sharesWithFile && least === leastIndentation(there) ? 'file' : 'unclear';
}

function isBlank(line: string): boolean {
  return withoutTrailingSpace(line) === '';
}

function leastIndentation(lines: readonly string[]): string {
  const indents = lines.filter((line) => !isBlank(line)).map(indentation);
  return indents.reduce((least, indent) => (indent.length < least.length ? indent : least), indents[0] ?? '');
}

interface Shift {
  from: string;
  to: string;
}

/** The one exchange of leading white space (`from` becomes `to`) that turns every line of `search` into the file's. */
function shiftBetween(search: readonly string[], there: readonly string[]): Shift | undefined {
  const pairs = search.flatMap((line, i) => {
    return isBlank(line) ? [] : [{ from: indentation(line), to: indentation(there[i] ?? '') }];
  });
  const [least] = [...pairs].sort((a, b) => a.from.length - b.from.length);
  if (!least) return undefined;
  // What both sides share at the end of the least indented line is not part of the shift.
  let shared = 0;
  while (
    shared < Math.min(least.from.length, least.to.length) &&
    least.from.at(-1 - shared) === least.to.at(-1 - shared)
  ) {
    shared++;
  }
  const from = least.from.slice(0, least.from.length - shared);
  const to = least.to.slice(0, least.to.length - shared);
  const isUniform = pairs.every((pair) => pair.from.startsWith(from) && pair.to === to + pair.from.slice(from.length));
  return isUniform ? { from, to } : undefined;
}
