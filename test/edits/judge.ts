import { structuredPatch } from 'diff';
import { applyEdits } from '../../src/core/changes/applyEdits.ts';
import type { Case, Right } from './case.ts';
import { indentOf } from './fileLines.ts';

/** 'wrong': applied, and the text is none of the right ones, or there is none. */
export type Verdict = 'exact' | 'rejected' | 'wrong';

export interface Judged {
  case: Case;
  verdict: Verdict;
  isRight: boolean;
  /** What the file would read, where the edits were applied. */
  text?: string;
  reason?: string;
}

export function judge(one: Case): Judged {
  const outcome = applyEdits(one.original, one.edits, { path: one.path });
  if (outcome.kind === 'rejected') {
    const reason = outcome.failures.map((failure) => failure.reason).join(' / ');
    return { case: one, verdict: 'rejected', isRight: one.right === 'reject', reason };
  }
  const isRight = one.right !== 'reject' && isSame(outcome.text, one.right);
  return { case: one, verdict: isRight ? 'exact' : 'wrong', isRight, text: outcome.text };
}

function isSame(text: string, { text: right, freeSpacing = [] }: Right): boolean {
  if (text === right) return true;
  const [lines, wanted] = [text.split('\n'), right.split('\n')];
  const free = new Set(freeSpacing);
  return (
    lines.length === wanted.length &&
    wanted.every(
      (line, i) => line === lines[i] || (free.has(i) && withoutSpacing(line) === withoutSpacing(lines[i] ?? '')),
    )
  );
}

/** The indentation and the tokens; spaces between words stay one. */
function withoutSpacing(line: string): string {
  return (
    indentOf(line) +
    line
      .trim()
      .replace(/\s+/g, ' ')
      .replace(/ ?([^\w ]) ?/g, '$1')
  );
}

export interface Tally {
  of: string;
  cases: number;
  exact: number;
  rejected: number;
  wrong: number;
  /** From 0 to 1. */
  right: number;
}

/** One line per class, and one over all. */
export function tally(judged: readonly Judged[]): { classes: Tally[]; all: Tally } {
  const names = [...new Set(judged.map((one) => one.case.of))];
  return {
    classes: names.map((name) =>
      sum(
        name,
        judged.filter((one) => one.case.of === name),
      ),
    ),
    all: sum('all', judged),
  };
}

function sum(of: string, judged: readonly Judged[]): Tally {
  const count = (verdict: Verdict): number => judged.filter((one) => one.verdict === verdict).length;
  const right = judged.filter((one) => one.isRight).length / Math.max(1, judged.length);
  return { of, cases: judged.length, exact: count('exact'), rejected: count('rejected'), wrong: count('wrong'), right };
}

export function tableOf({ classes, all }: { classes: readonly Tally[]; all: Tally }): string {
  const width = Math.max(...classes.map(({ of }) => of.length));
  const row = (...cells: string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(width) : cell.padStart(9))).join('');
  const line = ({ of, cases, exact, rejected, wrong, right }: Tally): string =>
    row(of, String(cases), String(exact), String(rejected), String(wrong), `${(right * 100).toFixed(1)} %`);
  return [row('class', 'cases', 'exact', 'rejected', 'wrong', 'right'), ...classes.map(line), line(all)].join('\n');
}

/** A case in full, with its white space to be seen, and what came of it. */
export function shown({ case: one, verdict, text, reason }: Judged): string {
  const edits = one.edits.map(({ search, replace, startLine }) => {
    const hint = startLine === undefined ? '' : ` (hint: line ${startLine})`;
    return [`SEARCH${hint}`, visible(search), 'REPLACE', visible(replace)].join('\n');
  });
  const want = one.right === 'reject' ? 'must be rejected' : changed(one.original, one.right.text);
  const got = text === undefined ? `rejected: ${reason}` : changed(one.original, text);
  const title = `== ${one.of}: ${verdict} == ${one.path} ${one.noises.join(', ')}`;
  return [title, ...edits, 'RIGHT', want, 'GOT', got].join('\n');
}

function visible(side: readonly string[] | string): string {
  const lines = typeof side === 'string' ? side.split('\n') : side;
  const kind = typeof side === 'string' ? ' "' : ' [';
  return lines.map((line) => kind + whiteSpaceShown(line)).join('\n');
}

function whiteSpaceShown(line: string): string {
  return line
    .replace(/\t/g, '⇥')
    .replace(/\r/g, '␍')
    .replace(/\u00A0|\u202F|\u2009/g, '⍽')
    .replace(/\uFEFF/g, '⟪BOM⟫')
    .replace(/ +$/, (spaces) => '·'.repeat(spaces.length));
}

/** The lines that differ, with two around them. */
function changed(before: string, now: string): string {
  const { hunks } = structuredPatch('', '', before, now, '', '', { context: 2, stripTrailingCr: false });
  return hunks
    .flatMap(({ oldStart, lines }) => [`  from line ${oldStart}`, ...lines.map((line) => `  ${whiteSpaceShown(line)}`)])
    .join('\n');
}
