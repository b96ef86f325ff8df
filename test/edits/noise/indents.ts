import type { Dice } from '../dice.ts';
import { indentOf, isBlank } from '../fileLines.ts';
import { isShared, mapSides, type Noise, oldOf, type Side, type Sides, type Work } from '../work.ts';

/** All lines further left, by the same. */
export const lessIndent: Noise = {
  name: 'indentation: less',
  family: 'indent',
  sides: ['both'],
  apply: (work, dice) => inOneFrame(work, shiftedLeft(work, dice, 'both')),
};

/** All lines further right, by the same. */
export const moreIndent: Noise = {
  name: 'indentation: more',
  family: 'indent',
  sides: ['both'],
  apply: (work, dice) => inOneFrame(work, shiftedRight(work, dice, 'both')),
};

/** No line is indented at all. What becomes of new lines is only clear where there are none. */
export const noIndent: Noise = {
  name: 'indentation: none at all',
  family: 'indent',
  sides: ['both'],
  apply: (work) => {
    const indents = new Set(work.search.filter(({ text }) => !isBlank(text)).map(({ text }) => indentOf(text)));
    if (indents.size < 2 || work.draft.after.some(({ old }) => old === undefined)) return undefined;
    // A line that was wrapped or re-indented by intent would lose that.
    if (work.draft.intent === 'wrap') return undefined;
    if (hasTwins(work)) return undefined;
    return mapSides(work, 'both', (text) => text.trimStart());
  },
};

/** A line that goes has its like at another depth among those that stay: without indentation, it is not clear which goes. */
function hasTwins(work: Work): boolean {
  const kept = new Set(
    work.replace.filter((side) => isShared(work.draft, side)).map((side) => oldOf(work.draft, side)),
  );
  const [stays, goes] = [true, false].map((isKept) =>
    work.search.filter(({ old }) => kept.has(old) === isKept).map(({ text }) => text.trim()),
  );
  return goes?.some((text) => stays?.includes(text)) ?? false;
}

/** All lines indented in one way, where the file has tabs in some lines and spaces in others. */
export const evenIndent: Noise = {
  name: 'one indentation for a mixed file',
  family: 'indent',
  sides: ['both'],
  apply: (work, dice) => {
    const width = dice.pick([4, 2]);
    const even = dice.pick([
      (indent: string) => indent.replaceAll('\t', ' '.repeat(width)),
      (indent: string) => indent.replaceAll(' '.repeat(width), '\t'),
    ]);
    if (hasTwins(work) || work.draft.after.some(({ old }) => old === undefined)) return undefined;
    return mapSides(work, 'both', (text) => even(indentOf(text)) + text.slice(indentOf(text).length));
  },
};

/** A file with tabs in some lines and spaces in others. */
export function withMixedIndent(text: string, dice: Dice): string {
  const width = dice.pick([4, 2]);
  const lines = text.split('\n');
  return lines
    .map((line) => {
      if (dice.chance(0.6)) return line;
      const indent = indentOf(line);
      const other = indent.includes('\t')
        ? indent.replaceAll('\t', ' '.repeat(width))
        : indent.replaceAll(' '.repeat(width), '\t');
      return other + line.slice(indent.length);
    })
    .join('\n');
}

/** SEARCH is shifted, and REPLACE stands as the file does. */
export const searchShifted: Noise = {
  name: 'indentation: REPLACE has the file’s',
  family: 'indent',
  sides: ['search'],
  apply: (work, dice) => {
    const done = dice.chance(0.7) ? shiftedLeft(work, dice, 'search') : shiftedRight(work, dice, 'search');
    return done && showsFrame(done) ? done : undefined;
  },
};

/** REPLACE has lines of the file, as the file has them, that SEARCH has otherwise: so whose indentation it has is clear. */
function showsFrame(work: Work): boolean {
  const inSearch = new Set(work.search.map(({ text }) => text));
  const shared = work.replace.filter((line) => isShared(work.draft, line) && !isBlank(line.text));
  return shared.length > 0 && work.replace.every(({ text }) => isBlank(text) || !inSearch.has(text));
}

/** The noisy edit, where REPLACE is clearly indented as SEARCH is and not as the file. */
function inOneFrame(before: Work, noisy: Work | undefined): Work | undefined {
  if (!noisy) return undefined;
  const { draft } = noisy;
  const isShown = noisy.replace.some((line, i) => {
    return isShared(draft, line) && !isBlank(line.text) && line.text !== before.replace[i]?.text;
  });
  const depth = leastIndent(noisy.search);
  const isAsDeep = leastIndent(noisy.replace) === depth && depth !== leastIndent(before.search);
  return isShown || isAsDeep || noisy.replace.every(({ text }) => isBlank(text)) ? noisy : undefined;
}

function leastIndent(list: readonly Side[]): string {
  const indents = list.filter(({ text }) => !isBlank(text)).map(({ text }) => indentOf(text));
  return indents.reduce((least, indent) => (indent.length < least.length ? indent : least), indents[0] ?? '');
}

function shiftedLeft(work: Work, dice: Dice, sides: Sides): Work | undefined {
  const lines = [...work.search, ...work.replace].filter(({ text }) => !isBlank(text));
  const indents = lines.map(({ text }) => indentOf(text));
  const shortest = leastIndent(lines);
  if (shortest === '' || indents.some((indent) => !indent.startsWith(shortest))) return undefined;
  const { unit } = work.draft;
  const steps = [shortest.length, shortest.length, unit.length, 1].filter((step) => step <= shortest.length);
  const by = dice.pick(steps);
  if (by < shortest.length && !isShift(work)) return undefined;
  return mapSides(work, sides, (text) => (isBlank(text) ? text : text.slice(by)));
}

function shiftedRight(work: Work, dice: Dice, sides: Sides): Work | undefined {
  if (!isShift(work)) return undefined;
  const { unit } = work.draft;
  const by = dice.pick([unit, unit, unit.repeat(2), ...(unit.startsWith('\t') ? [] : [' '])]);
  return mapSides(work, sides, (text) => (isBlank(text) ? text : by + text));
}

/** Two depths in SEARCH, or no other in REPLACE: else a shift might as well be another unit of indentation. */
function isShift(work: Work): boolean {
  const depths = (list: readonly Side[]): Set<string> =>
    new Set(list.filter(({ text }) => !isBlank(text)).map(({ text }) => indentOf(text)));
  const inSearch = depths(work.search);
  return inSearch.size > 1 || inSearch.has('') || [...depths(work.replace)].every((indent) => inSearch.has(indent));
}

/** Spaces for tabs, or tabs for spaces. */
export const otherCharacter: Noise = {
  name: 'tabs and spaces swapped',
  family: 'indent',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const units = unitsOf(work);
    if (!units) return undefined;
    const other = work.draft.unit === '\t' ? ' '.repeat(dice.pick([2, 4, 4, 8])) : '\t';
    const done = mapSides(work, sides, (text) => withUnit(text, work.draft.unit, other));
    if (sides === 'search') return showsFrame(done) ? done : undefined;
    return inOneFrame(work, done);
  },
};

/** Two spaces for four, or four for two. */
export const otherUnit: Noise = {
  name: 'other indentation unit',
  family: 'indent',
  sides: ['search', 'both'],
  apply: (work, _dice, sides) => {
    const { unit } = work.draft;
    const depths = unitsOf(work);
    if (unit === '\t' || !depths) return undefined;
    // One depth alone could be a shift just as well.
    const isClear = depths.search.size > 1 || [...depths.replace].every((depth) => depths.search.has(depth));
    if (!isClear) return undefined;
    const other = ' '.repeat(unit.length === 4 ? 2 : 4);
    const done = mapSides(work, sides, (text) => withUnit(text, unit, other));
    if (sides === 'search') return showsFrame(done) ? done : undefined;
    return inOneFrame(work, done);
  },
};

/** Some lines with tabs and some with spaces, in a file that has one of them only. */
export const mixedIndent: Noise = {
  name: 'mixed tabs and spaces',
  family: 'indent',
  sides: ['both'],
  apply: (work, dice) => {
    if (!unitsOf(work) || work.search.length < 3) return undefined;
    const other = work.draft.unit === '\t' ? '    ' : '\t';
    const of = new Map<string, boolean>();
    const done = mapSides(work, 'both', (text) => {
      if (!of.has(text)) of.set(text, dice.chance(0.5));
      return of.get(text) ? withUnit(text, work.draft.unit, other) : text;
    });
    const kinds = new Set(
      done.search
        .map(({ text }) => indentOf(text))
        .filter((indent) => indent !== '')
        .map((i) => i[0]),
    );
    return kinds.size === 2 ? done : undefined;
  },
};

/** Depths in units, or undefined where lines stand between units, or SEARCH has no depth to learn a unit from. */
function unitsOf(work: Work): { search: Set<number>; replace: Set<number> } | undefined {
  const { unit } = work.draft;
  const depths = (list: readonly Side[]): number[] =>
    list
      .filter(({ text }) => !isBlank(text))
      .map(({ text }) => {
        const indent = indentOf(text);
        const depth = Math.floor(indent.length / unit.length);
        // The inner lines of a comment stand one space further in.
        const rest = indent.slice(depth * unit.length);
        const isWhole = indent.startsWith(unit.repeat(depth)) && (rest === '' || (rest === ' ' && /^\s*\*/.test(text)));
        return isWhole ? depth : Number.NaN;
      });
  const search = depths(work.search);
  const replace = depths(work.replace);
  if ([...search, ...replace].some(Number.isNaN) || !search.some((depth) => depth > 0)) return undefined;
  return { search: new Set(search), replace: new Set(replace) };
}

function withUnit(text: string, unit: string, other: string): string {
  const depth = Math.floor(indentOf(text).length / unit.length);
  return other.repeat(depth) + text.slice(depth * unit.length);
}
