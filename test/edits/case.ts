import type { Edit } from '../../src/core/changes/applyEdits.ts';
import type { Dice } from './dice.ts';
import { rightTexts, type Side, type Work } from './work.ts';

/** Edits as a model may write them, and what has to come of them. */
export interface Case {
  /** Its class: one kind of noise, or 'stacked', or why it must be refused. */
  of: string;
  /** What was done to the edits, in words. */
  noises: string[];
  path: string;
  original: string;
  edits: Edit[];
  /** The texts that are right, the best first; or that all of it has to be rejected. */
  right: readonly string[] | 'reject';
}

/** Undefined where there are too many right texts, or the edit changes nothing. */
export function caseOf(of: string, work: Work, noises: string[], dice: Dice, hint?: number): Case | undefined {
  const right = rightTexts(work);
  if (!right || right.includes(work.draft.original)) return undefined;
  const { path, original } = work.draft;
  return { of, noises, path, original, edits: [editOf(work, dice, hint)], right };
}

export function editOf(work: Pick<Work, 'search' | 'replace'>, dice: Dice, hint?: number): Edit {
  const startLine = hint === undefined ? {} : { startLine: hint };
  return { search: written(work.search, dice), replace: written(work.replace, dice), ...startLine };
}

/** As a list, or as one text with or without a line end at the end. */
function written(sides: readonly Side[], dice: Dice): string[] | string {
  const texts = sides.map(({ text }) => text);
  const way = dice.int(3);
  if (way === 0 || texts.length === 0) return texts;
  if (way === 1 || texts.at(-1)?.trim() === '') return `${texts.join('\n')}\n`;
  return texts.join('\n').replace(/\r$/, '');
}
