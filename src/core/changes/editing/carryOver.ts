import type { Line } from '../textLines.ts';
import { withBlankLinesOf } from './blankGaps.ts';
import type { Sides } from './cleaners.ts';
import type { FileLines } from './fileLines.ts';
import { type IndentMap, learnIndents } from './indentation.ts';
import { withLineBreaksOf } from './lineBreaks.ts';
import { indentOf, isBlank, plainOf, withoutIndent, withoutTrailingSpace } from './lineKeys.ts';
import { isFlat, type Match, overlooksIndentation, type Pair, type Step } from './match.ts';
import { alike, partners } from './partners.ts';
import { type Aligned, indentedAs, type Shared, sharedLines } from './shared.ts';
import { mergedLine, withoutForeign } from './withinLine.ts';

/**
 * What shall stand at a place that was found loosely: lines that SEARCH and REPLACE share keep the file's own text, line end
 * included; only what changed is taken from REPLACE, in the file's way of writing. Undefined where it cannot be told how that
 * would write it.
 * @param lines the file's, with their ends
 */
export function carriedOver(
  file: FileLines,
  lines: readonly Line[],
  written: Sides,
  found: Match,
  step: Step,
): Line[] | undefined {
  const broken = withLineBreaksOf(file.texts, withPlainIndents(written), found);
  const { edit, match } = withBlankLinesOf(file.texts, broken.edit, broken.match);
  const { search, replace } = edit;
  const place = file.texts.slice(match.at, match.at + match.count);
  const there = fileLinesFor(match, file.texts);
  const aligned: Aligned = { search, replace, there };
  const plain = withoutForeign(written.search, place, file.texts);
  const trims = search.some((line, i) => trailOf(line).length > trailOf(there[i] ?? line).length);
  const isLaidOut = overlooksIndentation(step);
  const indented = isLaidOut ? indentedAs(aligned, file.unit()) : 'search';
  if (indented === 'unclear') return undefined;
  const isOwn = indented === 'file';
  const shares = wholePairs(sharedLines(aligned, file, step, isOwn), match.pairs);
  const toIndent = isLaidOut && !isOwn ? indentation(file, aligned, match, shares) : undefined;

  const carried: Line[] = [];
  const runs = runsOf(shares, match.pairs, search.length, replace.length);
  // Where all indentation was lost, and is code, only a line that takes the place of another has one.
  const isLost = file.language.isIndentationCode && isLaidOut && isFlat(search) && !isFlatPlace(place);
  for (const run of runs) {
    if (isLost && run.kind === 'changed' && lengthOf(run.search) < lengthOf(run.replace)) return undefined;
    if (run.kind === 'kept') {
      carried.push(...lines.slice(run.file[0], run.file[1]));
      continue;
    }
    if (isLaidOut && run.replace[0] === run.replace[1] && couldBeOthers(aligned, run.search)) return undefined;
    const replaced = lines.slice(run.file[0], run.file[1]);
    const partner = partners(search.slice(...run.search), replace.slice(...run.replace));
    for (let j = run.replace[0]; j < run.replace[1]; j++) {
      const i = partner(j - run.replace[0]);
      const text = textOf(j, i === undefined ? undefined : i + run.search[0]);
      if (text === undefined) return undefined;
      const end = replaced[j - run.replace[0]] ?? replaced.at(-1) ?? lines[run.file[0] - 1] ?? lines[run.file[0]];
      carried.push({ text, end: end?.end ?? '\n' });
    }
  }
  return carried;

  /** @param j of a line of REPLACE @param i of the line of SEARCH whose place it takes */
  function textOf(j: number, i: number | undefined): string | undefined {
    const line = replace[j] ?? '';
    const kept = trims ? withoutTrailingSpace(line) + ownTrail(line, i) : line;
    if (isBlank(kept)) return isLaidOut ? '' : kept;
    const indent = toIndent === undefined ? indentOf(kept) : toIndent(j, i);
    if (indent === undefined) return undefined;
    const own = i === undefined ? undefined : there[i];
    const body = withoutIndent(kept);
    const merged =
      own === undefined || i === undefined || alike(search[i] ?? '', line) === 0
        ? body
        : mergedLine({
            file: withoutIndent(withoutTrailingSpace(own)),
            search: withoutIndent(withoutTrailingSpace(search[i] ?? '')),
            replace: body,
          });
    return indent + plain(merged);
  }

  /** The white space at the end of the file's line, where the model has not changed what it has there. */
  function ownTrail(line: string, i: number | undefined): string {
    const own = i === undefined ? undefined : there[i];
    return own === undefined || isBlank(line) || trailOf(line) !== trailOf(search[i ?? 0] ?? '') ? '' : trailOf(own);
  }
}

/** The file's one line for each line of SEARCH; undefined where it is not one for one. */
function fileLinesFor({ pairs }: Match, texts: readonly string[]): (string | undefined)[] {
  return pairs.flatMap(({ search, file }) => {
    const isOne = lengthOf(search) === 1 && lengthOf(file) === 1;
    return Array.from({ length: lengthOf(search) }, () => (isOne ? texts[file[0]] : undefined));
  });
}

/** Files are not indented with no-break spaces, though models may be. */
function withPlainIndents({ search, replace }: Sides): Sides {
  const plain = (line: string): string =>
    line.replace(/^\s+/u, (space) => Array.from(space, (character) => plainOf(character) ?? character).join(''));
  return { search: search.map(plain), replace: replace.map(plain) };
}

function trailOf(line: string): string {
  return line.slice(withoutTrailingSpace(line).length);
}

/** Where several lines stand for several, all of them are shared, one after another, or none. */
function wholePairs(shared: Shared, pairs: readonly Pair[]): Shared {
  const whole = new Map(shared);
  const back = new Map(Array.from(shared, ([j, i]) => [i, j]));
  for (const { search, file } of pairs) {
    const count = lengthOf(search);
    if (count === 0 || (count === 1 && lengthOf(file) === 1)) continue;
    const lines = Array.from({ length: count }, (_, k) => back.get(search[0] + k));
    const [first] = lines;
    if (first !== undefined && lines.every((j, k) => j === first + k)) continue;
    for (const j of lines) if (j !== undefined) whole.delete(j);
  }
  return whole;
}

const lengthOf = ([from, to]: readonly [number, number]): number => to - from;

/** Whether as well the lines one before or behind could be those that go, and what stays would be another indentation. */
function couldBeOthers({ search, there }: Aligned, [from, to]: readonly [number, number]): boolean {
  const isLike = (i: number, j: number): boolean => {
    const [one, other] = [search[i], search[j]];
    if (one === undefined || other === undefined || isBlank(one) || there[i] === undefined) return false;
    return one.trimEnd() === other.trimEnd() && there[i]?.trimEnd() !== there[j]?.trimEnd();
  };
  return isLike(from - 1, to - 1) || isLike(from, to);
}

function isFlatPlace(place: readonly string[]): boolean {
  return new Set(place.filter((line) => !isBlank(line)).map(indentOf)).size === 1;
}

/** What is kept of the place, and what of REPLACE takes the place of what. */
type Run =
  | { kind: 'kept'; file: [number, number] }
  | { kind: 'changed'; search: [number, number]; file: [number, number]; replace: [number, number] };

function runsOf(shared: Shared, pairs: readonly Pair[], searchEnd: number, replaceEnd: number): Run[] {
  const back = new Map(Array.from(shared, ([j, i]) => [i, j]));
  const runs: Run[] = [];
  let j = 0;
  let open: Extract<Run, { kind: 'changed' }> | undefined;
  const change = (search: number, file: number): Extract<Run, { kind: 'changed' }> => {
    if (open === undefined) {
      open = { kind: 'changed', search: [search, search], file: [file, file], replace: [j, j] };
      runs.push(open);
    }
    return open;
  };
  let fileEnd = pairs[0]?.file[0] ?? 0;
  for (const { search, file } of pairs) {
    fileEnd = file[1];
    const to = back.get(search[0]);
    if (to === undefined) {
      const current = change(search[0], file[0]);
      current.search[1] = search[1];
      current.file[1] = file[1];
      continue;
    }
    if (to > j) change(search[0], file[0]).replace[1] = to;
    open = undefined;
    runs.push({ kind: 'kept', file: [file[0], file[1]] });
    j = to + (search[1] - search[0]);
  }
  if (j < replaceEnd) change(searchEnd, fileEnd).replace[1] = replaceEnd;
  return runs;
}

/** How new lines are indented: as the line whose place they take, as the next line beside that is kept, or by what is learnt. */
function indentation(
  file: FileLines,
  { search, replace, there }: Aligned,
  match: Match,
  shared: Shared,
): (j: number, i: number | undefined) => string | undefined {
  const ownOf = (i: number): string | undefined => there[i] ?? firstOf(match, file, i);
  const pairs = search.flatMap((line, i) => {
    const own = ownOf(i);
    return own === undefined || isBlank(line) ? [] : [{ search: indentOf(line), file: indentOf(own) }];
  });
  const map: IndentMap = learnIndents(pairs, [...search, ...replace], file);
  const kept = Array.from(shared).flatMap(([j, i]) => {
    const own = there[i];
    return own === undefined || isBlank(own) ? [] : [{ j, from: indentOf(replace[j] ?? ''), to: indentOf(own) }];
  });
  return (j, i) => {
    const indent = indentOf(replace[j] ?? '');
    const own = i === undefined ? undefined : ownOf(i);
    const isLike = own !== undefined && !isBlank(own) && indentOf(search[i ?? 0] ?? '') === indent;
    if (isLike) return indentOf(own);
    const [beside] = kept
      .filter(({ from }) => from === indent)
      .toSorted((a, b) => Math.abs(a.j - j) - Math.abs(b.j - j));
    return beside?.to ?? map(indent);
  };
}

/** The first of several lines of the file that stand for lines of SEARCH of which this is the first. */
function firstOf({ pairs }: Match, { texts }: FileLines, i: number): string | undefined {
  const pair = pairs.find(({ search }) => search[0] === i && search[1] > i);
  return pair === undefined || pair.file[0] === pair.file[1] ? undefined : texts[pair.file[0]];
}
