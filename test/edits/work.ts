import type { Dice } from './dice.ts';
import type { Draft } from './draft.ts';

/**
 * A line of SEARCH or of REPLACE. In SEARCH `old` is the index in the file of the line that it is a copy of; in REPLACE
 * `after` that of the draft's line. Neither: a line that noise has added.
 */
export interface Side {
  text: string;
  old?: number;
  after?: number;
}

/** An edit on its way to be a case: what the model writes, and what is right. */
export interface Work {
  draft: Draft;
  search: Side[];
  replace: Side[];
  /** Lines of the draft's `after`, by their indexes, in which the spacing between tokens may be another. */
  freeSpacing: ReadonlySet<number>;
}

/** What a careless model does to the text that it writes. */
export interface Noise {
  name: string;
  family: 'lines' | 'inner' | 'letters' | 'indent' | 'trailing' | 'escape' | 'prefix' | 'wrap';
  /** Undefined where this edit does not lend itself to it, or what is right would not be clear. */
  apply: (work: Work, dice: Dice, sides: Sides) => Work | undefined;
  /** 'search': REPLACE never has it. */
  sides: readonly Sides[];
  /** SEARCH is as it should be. */
  ofReplaceAlone?: true;
}

export type Sides = 'search' | 'both';

export function workOf(draft: Draft): Work {
  return {
    draft,
    search: draft.lines.slice(draft.from, draft.to).map(({ text }, i) => ({ text, old: draft.from + i })),
    replace: draft.after.map(({ text }, after) => ({ text, after })),
    freeSpacing: new Set(),
  };
}

/** The line of REPLACE is one that the file has too, and so has SEARCH. */
export function isShared(draft: Draft, side: Side): boolean {
  const line = side.after === undefined ? undefined : draft.after[side.after];
  return line?.old !== undefined && draft.lines[line.old]?.text === line.text;
}

/** Does the same to lines of SEARCH and, on both sides, of REPLACE. */
export function mapSides(work: Work, sides: Sides, change: (text: string, side: Side) => string): Work {
  const changed = (list: readonly Side[]): Side[] => list.map((side) => ({ ...side, text: change(side.text, side) }));
  return { ...work, search: changed(work.search), replace: sides === 'both' ? changed(work.replace) : work.replace };
}

/** The index in the file of the line that a side copies unchanged, if it does: the same for SEARCH and REPLACE. */
export function oldOf(draft: Draft, side: Side): number | undefined {
  if (side.old !== undefined) return side.old;
  return isShared(draft, side) ? draft.after[side.after ?? -1]?.old : undefined;
}
