import { diff3Merge } from 'node-diff3';
import { rawLines } from './textLines.ts';

/** 1-based, inclusive. `to` is before `from` where lines are missing at that place. */
export interface LineRange {
  from: number;
  to: number;
}

export type Merge =
  | { kind: 'merged'; text: string | null }
  /** Both changed the same: `ranges` are the lines of `now` that stand against the change. */
  | { kind: 'conflict'; because: 'changed' | 'gone' | 'exists'; ranges: LineRange[] };

/**
 * Brings a change, `base` → `wanted`, into a file as it is now. Null is a file that does not exist.
 * Nothing in `now` is lost: what both changed differently is a conflict, and so is a change of a file that is gone.
 * Line ends and the lack of a final newline stay as they are in `now`, where the change does not concern them.
 */
export function mergeTexts(base: string | null, now: string | null, wanted: string | null): Merge {
  if (wanted === base || now === wanted) return { kind: 'merged', text: now };
  if (now === base) return { kind: 'merged', text: wanted };
  if (now === null) return { kind: 'conflict', because: 'gone', ranges: [] };
  if (base === null) return { kind: 'conflict', because: 'exists', ranges: [] };
  if (wanted === null) return { kind: 'conflict', because: 'changed', ranges: changedRanges(base, now) };
  const end = onlyLineEnd(now);
  if (end !== undefined && onlyLineEnd(base) !== end && onlyLineEnd(wanted) === onlyLineEnd(base)) {
    return mergeLines(withLineEnd(base, end), now, withLineEnd(wanted, end));
  }
  return mergeLines(base, now, wanted);
}

function mergeLines(base: string, now: string, wanted: string): Merge {
  const regions = diff3Merge(rawLines(now), rawLines(base), rawLines(wanted), { excludeFalseConflicts: true });
  const ranges = regions.flatMap(({ conflict }): LineRange[] =>
    conflict ? [{ from: conflict.aIndex + 1, to: conflict.aIndex + conflict.a.length }] : [],
  );
  if (ranges.length > 0) return { kind: 'conflict', because: 'changed', ranges };
  return { kind: 'merged', text: regions.flatMap(({ ok }) => ok ?? []).join('') };
}

function changedRanges(base: string, now: string): LineRange[] {
  const merge = mergeLines(base, now, '');
  return merge.kind === 'conflict' ? merge.ranges : [];
}

/** The line end that all lines have; undefined where they differ or there is none. */
function onlyLineEnd(text: string): '\n' | '\r\n' | undefined {
  const ends = new Set(text.match(/\r?\n/g));
  const [end] = ends;
  return ends.size === 1 ? (end as '\n' | '\r\n') : undefined;
}

function withLineEnd(text: string, end: string): string {
  return text.replace(/\r?\n/g, end);
}
