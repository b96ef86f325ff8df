import type { Sides } from './cleaners.ts';
import { streamOf } from './fileLines.ts';
import { indentOf, isBlank } from './lineKeys.ts';
import type { Match, Pair } from './match.ts';

/**
 * An edit whose lines are broken where the file's are, where the model has broken or joined some: in REPLACE, too, where it
 * has the same text. What has another text there stays as it is written.
 */
export function withLineBreaksOf(
  file: readonly string[],
  { search, replace }: Sides,
  match: Match,
): { edit: Sides; match: Match } {
  const wanted: string[] = [];
  const pairs: Pair[] = [];
  let now = replace;
  let from = 0;
  for (const pair of match.pairs) {
    const mine = search.slice(...pair.search);
    const theirs = file.slice(...pair.file);
    const at = wanted.length;
    const text = streamOf(mine).text;
    const isRebroken = mine.length !== theirs.length && text !== '' && text === streamOf(theirs).text;
    if (!isRebroken) {
      wanted.push(...mine);
      pairs.push({ search: [at, wanted.length], file: pair.file });
      continue;
    }
    wanted.push(...indentedLike(mine, theirs));
    for (const k of theirs.keys()) {
      pairs.push({ search: [at + k, at + k + 1], file: [pair.file[0] + k, pair.file[0] + k + 1] });
    }
    const there = linesLike(mine, now, from) ?? linesSaying(text, now, from);
    if (there === undefined) continue;
    const said = now.slice(there.from, there.to);
    now = [...now.slice(0, there.from), ...indentedLike(said, theirs), ...now.slice(there.to)];
    from = there.from + theirs.length;
  }
  return { edit: { search: wanted, replace: now }, match: { ...match, pairs } };
}

/** Lines with the indentation of others that say the same, as far as those tell. */
function indentedLike(said: readonly string[], lines: readonly string[]): string[] {
  const [own, first] = [indentOf(said[0] ?? ''), indentOf(lines[0] ?? '')];
  return lines.map((line) => {
    if (isBlank(line) || line.startsWith(first)) return isBlank(line) ? line : own + line.slice(first.length);
    // As much less deep.
    return own.slice(0, Math.max(0, own.length - (first.length - indentOf(line).length))) + line.trimStart();
  });
}

function linesLike(
  wanted: readonly string[],
  lines: readonly string[],
  from: number,
): { from: number; to: number } | undefined {
  const at = lines.findIndex((_, start) => start >= from && wanted.every((line, k) => line === lines[start + k]));
  return at === -1 ? undefined : { from: at, to: at + wanted.length };
}

/** Lines that together say this, from a line on. */
function linesSaying(text: string, lines: readonly string[], from: number): { from: number; to: number } | undefined {
  for (let start = from; start < lines.length; start++) {
    if (isBlank(lines[start] ?? '')) continue;
    for (let end = start + 1; end <= lines.length; end++) {
      const said = streamOf(lines.slice(start, end)).text;
      if (said === text) return { from: start, to: end };
      if (!text.startsWith(said)) break;
    }
  }
  return undefined;
}
