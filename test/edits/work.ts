import type { Dice } from './dice.ts';
import { type Draft, rightText } from './draft.ts';

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
  /** Other texts that are as right for a line of the draft's `after`, by its index. */
  alsoRight: Map<number, string[]>;
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
    alsoRight: new Map(),
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

const MOST_RIGHTS = 16;

/** All texts that are right, the best first; undefined where there are too many of them to be a label. */
export function rightTexts({ draft, alsoRight }: Work): string[] | undefined {
  let texts: string[][] = [draft.after.map(({ text }) => text)];
  for (const [index, others] of alsoRight) {
    texts = texts.flatMap((list) => [
      list,
      ...others.map((other) => list.map((text, i) => (i === index ? other : text))),
    ]);
    if (texts.length > MOST_RIGHTS) return undefined;
  }
  return [...new Set(texts.map((list) => rightText(draft, list)))];
}
