import { diffArrays } from 'diff';

/** One line of a file: its text, and the line end that follows it. */
export interface Line {
  text: string;
  end: '\n' | '\r\n';
}

/**
 * A file's text as whole lines. The last line carries a line end too (its neighbour's, where the file has none there);
 * `finalNewline` says whether it is really written. An empty file has no lines, and counts as ending in a newline.
 */
export interface TextLines {
  bom: '' | '\uFEFF';
  lines: Line[];
  finalNewline: boolean;
}

export function splitText(text: string): TextLines {
  const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const parts = text.slice(bom.length).split('\n');
  const last = parts.pop() ?? '';
  const lines = parts.map((part): Line => {
    return part.endsWith('\r') ? { text: part.slice(0, -1), end: '\r\n' } : { text: part, end: '\n' };
  });
  if (last === '') return { bom, lines, finalNewline: true };
  return { bom, lines: [...lines, { text: last, end: lines.at(-1)?.end ?? '\n' }], finalNewline: false };
}

export function joinText({ bom, lines, finalNewline }: TextLines): string {
  const body = lines.map((line) => line.text + line.end).join('');
  const end = lines.at(-1)?.end ?? '';
  return bom + (finalNewline ? body : body.slice(0, body.length - end.length));
}

/** The lines of something a model wrote: without line ends, BOM, or a last empty line. */
export function linesOf(text: string): string[] {
  return splitText(text).lines.map((line) => line.text);
}

/**
 * A run of `old` lines that are the same in both lists, or of lines that replace others.
 * `replaced` and `added` are never both empty.
 */
export type Stretch = { kind: 'shared'; from: number; to: number; count: number } | ChangedStretch;
interface ChangedStretch {
  kind: 'changed';
  from: number;
  replaced: number;
  to: number;
  added: number;
}

/** Beyond this many differing lines a diff says "all of it"; keeps a rewrite of a huge file from taking minutes. */
const LONGEST_DIFF = 3_000;

/** Where two lists of lines agree and where not, in order; neighbours are of different kinds. */
export function stretches(old: readonly string[], now: readonly string[]): Stretch[] {
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;

  const found: Stretch[] = [];
  if (head > 0) found.push({ kind: 'shared', from: 0, to: 0, count: head });
  found.push(...differences(old.slice(head, old.length - tail), now.slice(head, now.length - tail), head));
  if (tail > 0) found.push({ kind: 'shared', from: old.length - tail, to: now.length - tail, count: tail });
  return found;
}

/** From indexes in `now` to those in `old` of the lines that are the same, in order. */
export function sameLines(old: readonly string[], now: readonly string[]): Map<number, number> {
  const same = new Map<number, number>();
  for (const part of stretches(old, now)) {
    if (part.kind !== 'shared') continue;
    for (let k = 0; k < part.count; k++) same.set(part.to + k, part.from + k);
  }
  return same;
}

/** @param at where both lists start in the whole */
function differences(old: string[], now: string[], at: number): Stretch[] {
  if (old.length === 0 && now.length === 0) return [];
  const all: ChangedStretch = { kind: 'changed', from: at, replaced: old.length, to: at, added: now.length };
  const parts = old.length > 0 && now.length > 0 && diffArrays(old, now, { maxEditLength: LONGEST_DIFF });
  if (!parts) return [all];
  const found: Stretch[] = [];
  let from = at;
  let to = at;
  let open: ChangedStretch | undefined;
  for (const { added, removed, value } of parts) {
    const count = value.length;
    if (added || removed) {
      if (!open) {
        open = { kind: 'changed', from, replaced: 0, to, added: 0 };
        found.push(open);
      }
      if (added) open.added += count;
      else open.replaced += count;
    } else {
      open = undefined;
      found.push({ kind: 'shared', from, to, count });
    }
    if (!added) from += count;
    if (!removed) to += count;
  }
  return found;
}

/**
 * Lines that take the place of `old`: what is shared stays exactly as it is in the file, line end included;
 * what is new takes the line end of the line it replaces, or of its neighbour.
 * @param key the old lines as the new ones are compared with them
 * @param now the new lines, and how each is written where it is not shared
 * @param nearby line end where `old` has none to give
 */
export function mergeLines(
  old: readonly Line[],
  key: readonly string[],
  now: readonly { key: string; text: string }[],
  nearby: Line['end'],
): Line[] {
  const merged: Line[] = [];
  for (const stretch of stretches(
    key,
    now.map((line) => line.key),
  )) {
    if (stretch.kind === 'shared') {
      for (const line of old.slice(stretch.from, stretch.from + stretch.count)) merged.push(line);
      continue;
    }
    const replaced = old.slice(stretch.from, stretch.from + stretch.replaced);
    const neighbour = replaced.at(-1) ?? old[stretch.from - 1] ?? old[stretch.from];
    now.slice(stretch.to, stretch.to + stretch.added).forEach(({ text }, i) => {
      merged.push({ text, end: (replaced[i] ?? neighbour)?.end ?? nearby });
    });
  }
  return merged;
}

/** How many lines a change adds and removes; a changed line end is a changed line. */
export function countChanges(before: string, after: string): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const stretch of stretches(rawLines(before), rawLines(after))) {
    if (stretch.kind !== 'changed') continue;
    added += stretch.added;
    removed += stretch.replaced;
  }
  return { added, removed };
}

/** The text cut into lines that carry their line ends. */
export function rawLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
