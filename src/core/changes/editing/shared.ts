import { sameLines } from '../textLines.ts';
import type { FileLines } from './fileLines.ts';
import { indentOf, isBlank, keyOf, withoutIndent, withoutTrailingSpace } from './lineKeys.ts';
import { columnsOf, lineKeyOf, overlooksIndentation, type Step, tabSizes } from './match.ts';
import { alike, partners } from './partners.ts';

/** An edit, and the file's own line for each line of SEARCH; undefined where it is not one for one. */
export interface Aligned {
  search: readonly string[];
  replace: readonly string[];
  there: readonly (string | undefined)[];
}

/** From lines of REPLACE to those of SEARCH that they are, both in order. */
export type Shared = ReadonlyMap<number, number>;

/**
 * Which lines REPLACE keeps: those that are SEARCH's, and those that differ from them only in what SEARCH has otherwise than the
 * file, for then the model has just not written them the same twice.
 * @param isOwn REPLACE has the file's indentation, and SEARCH has not
 */
export function sharedLines({ search, replace, there }: Aligned, file: FileLines, step: Step, isOwn: boolean): Shared {
  const by = lineKeyOf(step);
  const isLaidOut = overlooksIndentation(step);
  const body = isLaidOut ? withoutIndent : (line: string): string => line;
  const tab = isLaidOut ? tabOf(search, there, file) : undefined;
  const keyIn = (line: string, indent: string): string => {
    if (!isLaidOut || isBlank(line)) return keyOf(line, by);
    return `${tab === undefined ? indent : columnsOf(indent, tab)} ${keyOf(line, by)}`;
  };
  const wanted = search.map((line, i) => keyIn(line, indentOf(isOwn ? (there[i] ?? line) : line)));
  const now = replace.map((line) => keyIn(line, indentOf(line)));

  /** What SEARCH has as the file has it, and REPLACE has not, is meant. */
  function isMeant(i: number, j: number): boolean {
    const [s = '', r = '', f = s] = [search[i], replace[j], there[i]].map((line) => line && withoutTrailingSpace(line));
    return body(s) === body(f) && body(r) !== body(s) && !isBlank(s);
  }

  return new Map(Array.from(sameLines(wanted, now)).filter(([j, i]) => !isMeant(i, j)));
}

/** Columns of a tab by which SEARCH is as deep as the file; undefined where it is not. */
function tabOf(search: readonly string[], there: readonly (string | undefined)[], file: FileLines): number | undefined {
  return tabSizes(file.unit()).find((tab) =>
    search.every((line, i) => {
      const own = there[i];
      return own === undefined || isBlank(line) || columnsOf(indentOf(line), tab) === columnsOf(indentOf(own), tab);
    }),
  );
}

/** Whose indentation REPLACE has, where that of SEARCH is not the file's: SEARCH's, or already the file's own. */
export function indentedAs({ search, replace, there }: Aligned, unit: number | 'tab'): 'search' | 'file' | 'unclear' {
  const known = search.flatMap((line, i) => {
    const own = there[i];
    return own === undefined || isBlank(line) ? [] : [{ search: indentOf(line), there: indentOf(own) }];
  });
  if (known.every((pair) => pair.search === pair.there)) return 'search';
  const bare = (line: string): string => keyOf(line, 'spacing');
  const pairs = sameLines(search.map(bare), replace.map(bare));
  const isStep = (indent: string): boolean => indent.includes('\t') || unit === 'tab' || indent.length % unit === 0;
  const written = replace.flatMap((line, j) => (isBlank(line) ? [] : [j]));
  const isLike = (lines: readonly (string | undefined)[]) => (j: number | undefined) => {
    const line = j === undefined ? undefined : lines[pairs.get(j) ?? -1];
    return line !== undefined && indentOf(line) === indentOf(replace[j ?? 0] ?? '');
  };
  const [isLikeFile, isLikeSearch] = [isLike(there), isLike(search)];
  const [likeFile, likeSearch] = [written.filter(isLikeFile).length, written.filter(isLikeSearch).length];
  const least = leastIndent(replace.map(indentAlone));
  const leastThere = leastIndent(known.map((pair) => pair.there));
  // One between the file's steps is none of the file's.
  const isOffStep =
    known.every((pair) => isStep(pair.there)) && !replace.every((line) => isBlank(line) || isStep(indentOf(line)));
  if (likeSearch > 0 && isOffStep) return 'search';
  // Lines that were put into a block of their own are deeper, too; but then another line begins it.
  if (likeFile > likeSearch) {
    return least >= leastThere || (isLikeFile(written[0]) && isLikeFile(written.at(-1))) ? 'file' : 'search';
  }
  if (likeSearch > 0 || pairs.size > 0 || least === leastIndent(search.map(indentAlone))) return 'search';
  // Nothing is shared: only a line that is much like one of SEARCH tells.
  const like = partners(search, replace);
  const indents = written.flatMap((j) => {
    const i = like(j);
    return i === undefined || alike(search[i] ?? '', replace[j] ?? '') === 0
      ? []
      : [{ i, indent: indentOf(replace[j] ?? '') }];
  });
  if (indents.length === written.length && indents.every(({ i, indent }) => indent === indentOf(there[i] ?? '')))
    return 'file';
  return indents.some(({ i, indent }) => indent === indentOf(search[i] ?? '')) ? 'search' : 'unclear';
}

function indentAlone(line: string): string | undefined {
  return isBlank(line) ? undefined : indentOf(line);
}

function leastIndent(indents: readonly (string | undefined)[]): number {
  return Math.min(...indents.flatMap((indent) => (indent === undefined ? [] : [indent.length])));
}
