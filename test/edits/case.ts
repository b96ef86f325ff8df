import type { Edit } from '../../src/core/changes/applyEdits.ts';
import type { Dice } from './dice.ts';
import { rightText } from './draft.ts';
import type { Side, Work } from './work.ts';

/** Edits as a model may write them, and what has to come of them. */
export interface Case {
  /** Its class: one kind of noise, or 'stacked', or why it must be refused. */
  of: string;
  /** What was done to the edits, in words. */
  noises: string[];
  path: string;
  original: string;
  edits: Edit[];
  /** What is right; or that all of it has to be rejected. */
  right: Right | 'reject';
}

export interface Right {
  text: string;
  /** Lines of the text, from 0, in which the spacing between tokens may be another. */
  freeSpacing?: readonly number[];
}

/** Undefined where the edit changes nothing. */
export function caseOf(of: string, work: Work, noises: string[], dice: Dice, hint?: number): Case | undefined {
  const text = rightText(work.draft);
  const { path, original, from } = work.draft;
  if (text === original) return undefined;
  const right = { text, freeSpacing: [...work.freeSpacing].map((index) => from + index) };
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
