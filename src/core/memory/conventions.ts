import type { Answer, EventOf, Finding, ProposedFile, RunEvent } from '../../shared/events.ts';
import type { ProposalState } from '../../shared/runState.ts';
import type { MemoryEntry } from '../ports.ts';
import { inShort, lesson, lessonId } from './lesson.ts';

/** Lines of a rejected hunk that are kept, and characters of each. */
const MOST_LINES = 6;
const LONGEST_LINE = 66;
const TASK = 100;

/** What a waiver says of how things are wanted. @param at ISO 8601, UTC */
export function waiverLesson(
  finding: Pick<Finding, 'fingerprint' | 'type' | 'path' | 'message'>,
  reason: string,
  at: string,
): MemoryEntry {
  return lesson({
    kind: 'convention',
    subject: ['waiver', finding.fingerprint],
    text: `The user waived a finding (${finding.type}): ${inShort(finding.message, 250)}\nReason: ${inShort(reason, 250)}`,
    paths: [finding.path],
    at,
  });
}

/** What the user answered when the Planner asked. */
export function answerLessons({ answers, at, runId }: RunEvent & EventOf<'plan.answered'>): MemoryEntry[] {
  return answers
    .filter(({ answer }) => answer.trim() !== '')
    .map(({ question, answer }: Answer) =>
      lesson({
        kind: 'convention',
        subject: ['answer', question.trim()],
        text: `Asked: ${inShort(question, 280)}\nThe user answered: ${inShort(answer, 280)}`,
        paths: [],
        at,
        run: runId,
      }),
    );
}

/** Where a decision stands in a run. */
export interface Decided {
  /** What the user wanted, in a few words. */
  task: string;
  at: string;
  run: string;
}

/** What the user did not want of a proposal, hunk by hunk. */
export function rejectionLessons(
  { files, decided }: Pick<ProposalState, 'files' | 'decided'>,
  { task, at, run }: Decided,
): MemoryEntry[] {
  return files.flatMap((file) =>
    hunksOf(file).flatMap((lines, hunk) => {
      if (decided[file.path]?.[hunk] !== 'rejected') return [];
      const shown = lines.slice(0, MOST_LINES).map((line) => line.charAt(0) + inShort(line.slice(1), LONGEST_LINE));
      const more = lines.length > MOST_LINES ? `\n(${lines.length - MOST_LINES} more lines)` : '';
      return lesson({
        kind: 'convention',
        subject: hunkSubject(file, lines),
        text: `The user rejected this change (${file.action}):\n${shown.join('\n')}${more}\nTask: ${inShort(task, TASK)}`,
        paths: [file.path],
        at,
        run,
      });
    }),
  );
}

/** The ids of what was accepted: where it had been rejected before, that counts no more. */
export function acceptedIds({ files, decided }: Pick<ProposalState, 'files' | 'decided'>): string[] {
  return files.flatMap((file) =>
    hunksOf(file).flatMap((lines, hunk) =>
      decided[file.path]?.[hunk] === 'accepted' ? lessonId('convention', hunkSubject(file, lines)) : [],
    ),
  );
}

/** That the user wanted nothing of a proposal. */
export function refusalLesson(files: readonly ProposedFile[], { task, at, run }: Decided): MemoryEntry {
  const what = files.map(({ action, path, added, removed }) => `${action} ${path} (+${added} −${removed})`).join(', ');
  return lesson({
    kind: 'convention',
    subject: ['refusal', task],
    text: `The user rejected the whole change for: ${inShort(task, 250)}\nIt was: ${inShort(what, 250)}`,
    paths: files.map(({ path }) => path),
    at,
    run,
  });
}

/** How many parts of a proposal can be decided by themselves. */
export function hunkCount(files: readonly ProposedFile[]): number {
  return files.reduce((sum, file) => sum + hunksOf(file).length, 0);
}

function hunkSubject({ path, action }: ProposedFile, lines: readonly string[]): string[] {
  return ['hunk', path, action, ...lines];
}

/** The removed and added lines of each hunk, with their signs. A file that is created, deleted or renamed is one hunk. */
function hunksOf({ action, diff }: ProposedFile): string[][] {
  const hunks: string[][] = [];
  for (const line of diff.split('\n')) {
    if (line.startsWith('@@ ')) hunks.push([]);
    else if (/^[-+]/.test(line)) hunks.at(-1)?.push(line);
  }
  return action === 'modify' ? hunks : [hunks.flat()];
}
