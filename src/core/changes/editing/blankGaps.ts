import { sameLines } from '../textLines.ts';
import type { Sides } from './cleaners.ts';
import { isBlank, keyOf } from './lineKeys.ts';
import type { Match, Pair } from './match.ts';

/**
 * An edit with the blank lines that the file has between the lines of SEARCH, in place of those that the model has put or left
 * out there: in REPLACE, too, where it has the same as SEARCH. What it has otherwise there is meant.
 */
export function withBlankLinesOf(
  file: readonly string[],
  { search, replace }: Sides,
  match: Match,
): { edit: Sides; match: Match } {
  const isUneven = (pair: Pair): boolean =>
    lengthOf(pair.search) !== lengthOf(pair.file) &&
    search.slice(...pair.search).every(isBlank) &&
    file.slice(...pair.file).every(isBlank);
  if (!match.pairs.some(isUneven)) return { edit: { search, replace }, match };

  const places = placesIn(search, replace);
  /** Lines of REPLACE that go, and how many blank ones come before one. */
  const gone = new Set<number>();
  const coming = new Map<number, number>();
  const wanted: string[] = [];
  const pairs: Pair[] = [];
  for (const pair of match.pairs) {
    const count = lengthOf(pair.file);
    const from = wanted.length;
    if (!isUneven(pair)) {
      wanted.push(...search.slice(...pair.search));
      pairs.push({ search: [from, wanted.length], file: pair.file });
      continue;
    }
    for (let k = 0; k < count; k++) {
      pairs.push({ search: [from + k, from + k + 1], file: [pair.file[0] + k, pair.file[0] + k + 1] });
      wanted.push('');
    }
    const at = places.of(pair);
    if (at === undefined) continue;
    for (const line of at.shared) gone.add(line);
    coming.set(at.before, (coming.get(at.before) ?? 0) + count);
  }
  const now = [...replace, undefined].flatMap((line, j) => [
    ...new Array<string>(coming.get(j) ?? 0).fill(''),
    ...(line === undefined || gone.has(j) ? [] : [line]),
  ]);
  return { edit: { search: wanted, replace: now }, match: { ...match, pairs } };
}

const lengthOf = ([from, to]: readonly [number, number]): number => to - from;

/** Where in REPLACE blank lines belong that stand at some place in SEARCH. */
function placesIn(search: readonly string[], replace: readonly string[]) {
  const bare = (line: string): string => keyOf(line, 'spacing');
  const same = sameLines(search.map(bare), replace.map(bare));
  const back = new Map(Array.from(same, ([j, i]) => [i, j]));

  /** Undefined where REPLACE says itself what is to be there. */
  function of({ search: [from, to] }: Pair): { before: number; shared: number[] } | undefined {
    if (from < to) {
      const shared = Array.from({ length: to - from }, (_, k) => back.get(from + k));
      const first = shared.find((line) => line !== undefined);
      return first === undefined ? undefined : { before: first, shared: shared.filter((line) => line !== undefined) };
    }
    const before = placeBefore(from);
    const isGiven = before === undefined || isBlank(replace[before - 1] ?? 'x') || isBlank(replace[before] ?? 'x');
    return isGiven ? undefined : { before, shared: [] };
  }

  /** The line of REPLACE that follows what is left out before line `i` of SEARCH. */
  function placeBefore(i: number): number | undefined {
    const [last, next] = [back.get(i - 1), back.get(i)];
    if (last !== undefined && next !== undefined) {
      return replace.slice(last + 1, next).some(isBlank) ? undefined : next;
    }
    if (last !== undefined) return last + 1;
    if (next !== undefined) return next;
    // Both lines beside it change: it stays between the two that take their places.
    let [from, to] = [i, i];
    while (from > 0 && !back.has(from - 1)) from -= 1;
    while (to < search.length && !back.has(to)) to += 1;
    const [start, end] = [(back.get(from - 1) ?? -1) + 1, back.get(to) ?? replace.length];
    return to - from === end - start ? start + (i - from) : undefined;
  }

  return { of };
}
