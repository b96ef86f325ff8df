import type { Nearest } from './nearestLines.ts';

/** A SEARCH that fits nowhere, or in several places, and the file in which it was looked for. */
export interface Miss {
  search: readonly string[];
  /** What it is most like. */
  nearest?: Nearest;
  /** The file's lines as they are. */
  file: readonly string[];
}

/** Files up to this length are written anew as a whole. */
const SHORT_FILE = 60;
/** Lines around what was missed that belong to the region. */
const MARGIN = 3;
/** A region as long as this can still be copied without a slip. */
const LONGEST_REGION = 80;

/** What a SEARCH is most like, with the lines around, as they are; without line numbers, so that they can be copied. */
export function nearestNow(miss: Miss): string | undefined {
  const region = regionOf([miss]);
  if (!region) return undefined;
  const from = region.from;
  const to = Math.min(region.to, from + LONGEST_REGION - 1);
  const where = from === to ? `line ${to}` : `lines ${from} to ${to}`;
  return `The nearest now are ${where}:\n${miss.file.slice(from - 1, to).join('\n')}`;
}

/**
 * What is said of a miss to a model that has missed the same part of the file before: to search there again would only go
 * on, so it has to write all of it anew. Undefined for the first time.
 * @param earlier the misses in the same file before this one
 */
export function insistence(path: string, earlier: readonly Miss[], miss: Miss): string | undefined {
  const same = earlier.filter((other) => isSamePart(other, miss));
  if (same.length === 0) return undefined;
  const times = `Your SEARCH missed this part of ${path} ${same.length + 1} times.`;
  const { file } = miss;
  if (file.length <= SHORT_FILE) return `${times} ${wholeAnew(path, file)}`;
  const region = regionOf([...same, miss]);
  if (!region) {
    return `${times} Nothing in it is like your SEARCH: read the file with read_file, and copy from there.`;
  }
  const { from, to } = region;
  return (
    `${times} Do not search for a part of it again: write lines ${from} to ${to} anew, all of them. ` +
    `Copy them as your SEARCH exactly as they stand here, and put into REPLACE all that shall stand there instead:\n` +
    file.slice(from - 1, to).join('\n')
  );
}

function wholeAnew(path: string, file: readonly string[]): string {
  const longest = Math.max(2, ...file.map((line) => /^\s*(`{3,})/.exec(line)?.[1]?.length ?? 0));
  const fence = '`'.repeat(longest + 1);
  return (
    `Do not search in it again: write the whole file anew, from its first line to its last, in this form:\n` +
    `${path}\n${fence}\nall lines that the file shall have\n${fence}\nIt is now:\n${file.join('\n')}`
  );
}

function isSamePart(a: Miss, b: Miss): boolean {
  if (a.search.length === b.search.length && a.search.every((line, i) => line === b.search[i])) return true;
  const [one, other] = [spanOf(a), spanOf(b)];
  return one !== undefined && other !== undefined && one.from <= other.to && other.from <= one.to;
}

interface Span {
  /** 1-based. */
  from: number;
  to: number;
}

/** The lines that a SEARCH was most like, as many as it has. */
function spanOf({ search, nearest, file }: Miss): Span | undefined {
  if (!nearest) return undefined;
  const count = Math.max(search.length, nearest.lines.length);
  return { from: nearest.startLine, to: Math.min(file.length, nearest.startLine + count - 1) };
}

/** The lines that hold what the misses were like, with some around; the last miss's where that is too much. */
function regionOf(misses: readonly Miss[]): Span | undefined {
  const spans = misses.flatMap((miss) => spanOf(miss) ?? []);
  const last = misses.at(-1);
  if (!last || spans.length === 0) return undefined;
  const around = (all: readonly Span[]): Span => ({
    from: Math.max(1, Math.min(...all.map(({ from }) => from)) - MARGIN),
    to: Math.min(last.file.length, Math.max(...all.map(({ to }) => to)) + MARGIN),
  });
  const whole = around(spans);
  return whole.to - whole.from < LONGEST_REGION ? whole : around(spans.slice(-1));
}
