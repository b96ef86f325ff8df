import type { RunState, SubtaskPhase, SubtaskState, WorkState } from '../../shared/runState.ts';
import { checksInWords } from './checks.ts';
import { count } from './measures.ts';
import type { Ink, Paint } from './paint.ts';
import { columnsOf, cut, oneLine, pad, wrap } from './plainText.ts';
import { CRITERION_MARKS } from './speaking.ts';

/** Columns and colours to draw with. */
export interface Canvas {
  width: number;
  paint: Paint;
}

/** The whole plan as a checklist: its subtasks, open questions, the merged check, and every criterion with its evidence. */
export function drawChecklist(state: RunState, canvas: Canvas): string[] {
  return [
    ...drawSubtasks(state, canvas),
    ...drawMerged(state, canvas),
    ...drawQuestions(state, canvas),
    ...drawEvidence(state, canvas),
  ];
}

/**
 * A line a subtask: mark, id, description, round, and what is going on or what it waits for.
 * @param canvas.rows with more subtasks than this, those at work are shown first and the others counted
 */
export function drawSubtasks(state: RunState, canvas: Canvas & { rows?: number }): string[] {
  const { width, paint, rows = Number.POSITIVE_INFINITY } = canvas;
  if (rows < 1) return [];
  const idColumns = Math.max(0, ...state.subtasks.map(({ plan }) => columnsOf(oneLine(plan.id))));
  const done = new Set(state.subtasks.filter(({ phase }) => isDone(phase)).map(({ plan }) => plan.id));
  const line = (subtask: SubtaskState) => subtaskLine(subtask, done, idColumns, { width, paint });
  if (state.subtasks.length <= rows) return state.subtasks.map(line);

  const shown = new Set(
    state.subtasks.toSorted((one, other) => PHASES[one.phase].rank - PHASES[other.phase].rank).slice(0, rows - 1),
  );
  const hidden = state.subtasks.length - shown.size;
  return [
    ...state.subtasks.filter((subtask) => shown.has(subtask)).map(line),
    paint('faint', cut(`… ${count(hidden, 'more subtask')}, ${done.size} of ${state.subtasks.length} done`, width)),
  ];
}

/** How the merged change fared, once it was checked. */
export function drawMerged({ merged }: RunState, { width, paint }: Canvas): string[] {
  const words = [
    ...(merged.checks ? [checksInWords(merged.checks)] : []),
    ...(merged.verdict ? [merged.verdict.status === 'approved' ? '✓ review approved' : '✗ review not approved'] : []),
    ...mergedWords(merged),
  ];
  if (words.length === 0) return [];
  const line = cut(`merged  ${words.join(', ')}`, width);
  return [line.replace(/✓/g, paint('good', '✓')).replace(/✗/g, paint('bad', '✗'))];
}

/** What becomes of it beside checks and review. */
function mergedWords(merged: WorkState): string[] {
  switch (merged.phase) {
    case 'coding':
      return merged.round > 1
        ? [`${mending(merged.checks, merged.verdict)}, round ${merged.round}/${merged.rounds}`]
        : [];
    case 'replaced':
      return [PHASES.escalated.words];
    case 'escalated':
    case 'waived':
    case 'failed':
      return [PHASES[merged.phase].words];
    default:
      return [];
  }
}

/** What the Planner wants to know, with the choices it offers. */
export function drawQuestions({ openQuestions }: RunState, { width, paint }: Canvas): string[] {
  return openQuestions.flatMap(({ text, choices = [] }) => {
    const [first = '', ...rest] = wrap(`? ${oneLine(text)}`, width, 2);
    const numbered = choices.map((choice, at) => cut(`  ${at + 1}. ${oneLine(choice)}`, width));
    return [paint('warning', '?') + first.slice(1), ...rest, ...numbered];
  });
}

/** Every success criterion, with what speaks for it. */
export function drawEvidence({ checklist = [] }: RunState, { width, paint }: Canvas): string[] {
  return checklist.flatMap(({ state, criterion, evidence }) => {
    const mark = CRITERION_MARKS[state];
    const [first = '', ...rest] = wrap(`${mark} ${oneLine(criterion)}`, width, 2);
    const because = wrap(`  ${oneLine(evidence)}`, width, 2).map((line) => paint('faint', line));
    return [paint(CRITERION_INKS[state], mark) + first.slice(mark.length), ...rest, ...because];
  });
}

/** Rank: what to show first where there is not room for all. */
const PHASES: Record<SubtaskPhase, { mark: string; ink: Ink; words: string; rank: number }> = {
  waiting: { mark: '○', ink: 'faint', words: 'waits', rank: 1 },
  ready: { mark: '○', ink: 'strong', words: 'ready', rank: 1 },
  coding: { mark: '●', ink: 'coder', words: 'writing', rank: 0 },
  checking: { mark: '●', ink: 'strong', words: 'checking', rank: 0 },
  reviewing: { mark: '●', ink: 'reviewer', words: 'in review', rank: 0 },
  escalated: { mark: '!', ink: 'warning', words: 'planned anew', rank: 0 },
  approved: { mark: '✓', ink: 'good', words: 'approved', rank: 2 },
  waived: { mark: '~', ink: 'warning', words: 'waived', rank: 2 },
  failed: { mark: '✗', ink: 'bad', words: 'failed', rank: 0 },
  replaced: { mark: '↷', ink: 'faint', words: 'replaced', rank: 2 },
};

const CRITERION_INKS = { met: 'good', unmet: 'bad', unverified: 'warning' } as const;

function isDone(phase: SubtaskPhase): boolean {
  return phase === 'approved' || phase === 'waived' || phase === 'replaced';
}

function subtaskLine(
  subtask: SubtaskState,
  done: ReadonlySet<string>,
  idColumns: number,
  { width, paint }: Canvas,
): string {
  const { mark, ink } = PHASES[subtask.phase];
  const id = pad(oneLine(subtask.plan.id), idColumns);
  const status = cut(statusWords(subtask, done), Math.max(10, Math.floor(width / 2)));
  const room = width - 2 - columnsOf(id) - 2 - 2 - columnsOf(status);
  // On a very narrow terminal the description goes first, then the line is cut as a whole.
  if (room < 8) return cut(`${mark} ${id}  ${status}`, width);
  const description = pad(cut(oneLine(subtask.plan.description), room), room);
  const faint = isDone(subtask.phase) ? paint('faint', description) : description;
  return `${paint(ink, mark)} ${id}  ${faint}  ${paint('faint', status)}`;
}

function statusWords({ phase, round, rounds, plan, checks, verdict }: SubtaskState, done: ReadonlySet<string>): string {
  if (phase === 'waiting') {
    const missing = plan.depends_on.filter((id) => !done.has(id));
    return missing.length === 0 ? PHASES.waiting.words : `after ${missing.map(oneLine).join(', ')}`;
  }
  const { words } = PHASES[phase];
  if (round === 0) return words;
  const inRound = `${words}, round ${round}/${rounds}`;
  // From round 2 on, what the last round broke on tells what is being mended.
  return phase === 'coding' && round > 1 ? `${mending(checks, verdict)}, round ${round}/${rounds}` : inRound;
}

function mending(checks: SubtaskState['checks'], verdict: SubtaskState['verdict']): string {
  const failing = verdict?.failingChecks.length ?? checks?.failed.length ?? 0;
  if (failing > 0) return `mending ${count(failing, 'failing check')}`;
  const findings = verdict?.findings.filter((finding) => finding.blocking).length ?? 0;
  return findings > 0 ? `mending ${count(findings, 'finding')}` : PHASES.coding.words;
}
