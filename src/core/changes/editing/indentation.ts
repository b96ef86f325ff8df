import type { FileLines } from './fileLines.ts';
import { indentOf, isBlank } from './lineKeys.ts';
import { columnsOf, tabSizes } from './match.ts';

/** How a line of SEARCH begins, and how the file's own line for it does. */
export interface IndentPair {
  search: string;
  file: string;
}

/**
 * What the file's indentation is for one that SEARCH and REPLACE have: a shift, another unit, tabs for spaces. Undefined
 * where the lines that both have do not tell.
 */
export type IndentMap = (indent: string) => string | undefined;

/**
 * Learns it from the lines that SEARCH and the file have in common.
 * @param written all lines of SEARCH and REPLACE: their indentation tells the model's own unit
 */
export function learnIndents(pairs: readonly IndentPair[], written: readonly string[], file: FileLines): IndentMap {
  const known = new Map<string, Set<string>>();
  for (const { search, file: there } of pairs) known.set(search, (known.get(search) ?? new Set()).add(there));
  const rule = ruleOf(pairs, written, file);
  return (indent) => {
    const own = known.get(indent);
    const [only] = own ?? [];
    if (own?.size === 1) return only;
    return rule?.(indent);
  };
}

type Columns = readonly { search: number; file: number }[];

function ruleOf(pairs: readonly IndentPair[], written: readonly string[], file: FileLines): IndentMap | undefined {
  if (pairs.length === 0) return undefined;
  if (pairs.every(({ search, file: there }) => search === there)) return (indent) => indent;
  const prefix = samePrefix(pairs);
  if (prefix !== undefined && (prefix.to === '' || isOneStyle(pairs, written))) {
    const scaled = scaledRule(pairs, written, file);
    return scaled ?? shiftRule(prefix);
  }
  const sizes = tabSizes(file.unit());
  const style = styleOf(pairs, file);
  const depths = written.filter((line) => !isBlank(line)).map(indentOf);
  // One size for the tabs of both sides, by which as much as can be is the same on both.
  const trials = sizes.map((tab) => ({ tab, columns: columnsBy(tab) }));
  function columnsBy(tab: number): Columns {
    return pairs.map(({ search, file: there }) => ({ search: columnsOf(search, tab), file: columnsOf(there, tab) }));
  }
  const same = trials.find(({ columns }) => columns.every((one) => one.search === one.file));
  if (same) return (indent) => rendered(columnsOf(indent, same.tab), same.tab, style);
  const steps = depths.map((indent) => columnsOf(indent, 4)).filter((width) => width > 0);
  const unit = divisorOf(steps.filter((_, i) => !depths[i]?.includes('\t')));
  const shifted = trials
    .toSorted((a, b) => Number(b.tab === unit) - Number(a.tab === unit))
    .find(({ columns }) =>
      columns.every(
        (one) =>
          one.file - one.search === (columns[0] as Columns[number]).file - (columns[0] as Columns[number]).search,
      ),
    );
  if (shifted) {
    const [first] = shifted.columns;
    const by = (first?.file ?? 0) - (first?.search ?? 0);
    return (indent) => {
      const columns = columnsOf(indent, shifted.tab) + by;
      return columns < 0 ? undefined : rendered(columns, shifted.tab, style);
    };
  }
  return lineRule(pairs, file, style);
}

/** One exchange of leading white space that makes all of SEARCH's the file's. */
function samePrefix(pairs: readonly IndentPair[]): { from: string; to: string } | undefined {
  const [least] = pairs.toSorted((a, b) => a.search.length - b.search.length);
  if (!least) return undefined;
  let shared = 0;
  while (
    shared < Math.min(least.search.length, least.file.length) &&
    least.search.at(-1 - shared) === least.file.at(-1 - shared)
  ) {
    shared++;
  }
  const from = least.search.slice(0, least.search.length - shared);
  const to = least.file.slice(0, least.file.length - shared);
  const isUniform = pairs.every(
    ({ search, file }) => search.startsWith(from) && file === to + search.slice(from.length),
  );
  return isUniform ? { from, to } : undefined;
}

/** Whether nobody wrote tabs where another wrote spaces. */
function isOneStyle(pairs: readonly IndentPair[], written: readonly string[]): boolean {
  const all = [...pairs.map(({ file }) => file), ...written.filter((line) => !isBlank(line)).map(indentOf)].join('');
  return !(all.includes('\t') && all.includes(' '));
}

function shiftRule({ from, to }: { from: string; to: string }): IndentMap {
  return (indent) => {
    if (indent.startsWith(from)) return to + indent.slice(from.length);
    // Less deep than all that SEARCH has.
    const short = from.length - indent.length;
    return to.length >= short ? to.slice(short) : undefined;
  };
}

/** Where the model has a unit of its own, and all of SEARCH is as many times deeper or less deep. */
function scaledRule(pairs: readonly IndentPair[], written: readonly string[], file: FileLines): IndentMap | undefined {
  const unit = file.unit();
  const deep = pairs.filter(({ search }) => search !== '');
  const [first] = deep;
  if (unit === 'tab' || first === undefined) return undefined;
  if (pairs.some(({ search, file: there }) => (search === '') !== (there === ''))) return undefined;
  const factor = first.file.length / first.search.length;
  if (factor === 1 || deep.some(({ search, file: there }) => there.length !== search.length * factor)) return undefined;
  const own = unit / factor;
  const widths = written.filter((line) => !isBlank(line)).map((line) => indentOf(line).length);
  if (own < 2 || own !== divisorOf(widths.filter((width) => width > 0))) return undefined;
  return (indent) => ' '.repeat(indent.length * factor);
}

/** A line through what is known: so many columns of the file for one of SEARCH's. */
function lineRule(pairs: readonly IndentPair[], file: FileLines, style: 'tab' | 'space'): IndentMap | undefined {
  const unit = file.unit();
  for (const tab of tabSizes(unit)) {
    const points = pairs
      .map(({ search, file: there }) => ({ search: columnsOf(search, tab), file: columnsOf(there, tab) }))
      .toSorted((a, b) => a.search - b.search);
    const [low, high] = [points[0], points.at(-1)];
    if (!low || !high || low.search === high.search) continue;
    const slope = (high.file - low.file) / (high.search - low.search);
    const at = (columns: number): number => low.file + (columns - low.search) * slope;
    if (slope <= 0 || points.some((point) => at(point.search) !== point.file)) continue;
    return (indent) => {
      const columns = at(columnsOf(indent, tab));
      return columns < 0 || !Number.isInteger(columns) ? undefined : rendered(columns, tab, style);
    };
  }
  return undefined;
}

function styleOf(pairs: readonly IndentPair[], file: FileLines): 'tab' | 'space' {
  const own = pairs.map(({ file: there }) => there).filter((there) => there !== '');
  if (own.length === 0) return file.unit() === 'tab' ? 'tab' : 'space';
  return own.filter((there) => there.startsWith('\t')).length * 2 > own.length ? 'tab' : 'space';
}

function rendered(columns: number, tab: number, style: 'tab' | 'space'): string {
  if (style === 'space') return ' '.repeat(columns);
  return '\t'.repeat(Math.floor(columns / tab)) + ' '.repeat(columns % tab);
}

/** The largest number that divides all; 0 where there are none. */
export function divisorOf(widths: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return widths.reduce(divisor, 0);
}
