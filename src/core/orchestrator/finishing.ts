import type { ChecklistItem, CheckReport, EventOf, ProposedFile } from '../../shared/events.ts';
import { MERGED } from '../../shared/runState.ts';
import type { PlannedSubtask } from '../../shared/wire.ts';
import { openAgent } from '../agents/agent.ts';
import { jsonFormat } from '../agents/answerFormat.ts';
import { checklistAnswer } from '../agents/answers.ts';
import { ask } from '../agents/ask.ts';
import { type ChangeSet, fileStates } from '../changes/changeSet.ts';
import { proposedWrites, proposeFiles } from '../changes/proposal.ts';
import { acceptUndecided } from './deciding.ts';
import { checklistText, diffText, type TaskFacts } from './messages.ts';
import type { Finished } from './progress.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';
import { type KeptWrite, writeKept } from './writing.ts';

/** The checklist: every success criterion with its evidence. Code knows the facts; the Planner puts them in words. */
export async function writeChecklist(
  run: RunContext,
  what: {
    changes: ChangeSet;
    finished: readonly Finished[];
    plan: readonly PlannedSubtask[];
    known: readonly string[];
    facts: TaskFacts;
    lastChecks: CheckReport;
  },
): Promise<ChecklistItem[]> {
  const { finished, plan, facts, lastChecks, known } = what;
  const record = plan.map((subtask) => ({ subtask, event: finished.find((event) => event.subtask === subtask.id) }));
  const evidence = ({ event }: (typeof record)[number]): string =>
    event === undefined
      ? 'not worked on'
      : `${event.outcome}${event.files.length === 0 ? ' without a change' : ''} after ${event.rounds} ${event.rounds === 1 ? 'round' : 'rounds'}; ${checksInWords(lastChecks)}`;
  const opening = ({ chars }: { chars: number }): string =>
    checklistText(
      facts,
      record.map((one) => ({ subtask: one.subtask, evidence: evidence(one) })),
      lastChecks,
      diffText(proposeFiles(what.changes)),
      chars,
    );
  const event = await run.journal.step('checklist', async (): Promise<EventOf<'checklist.finished'>> => {
    const planner = await openAgent(run, {
      role: 'planner',
      lane: 'planner',
      key: 'checklist/planner',
      thinking: 'off',
      opening,
    });
    const answer = await ask(
      run,
      planner,
      '',
      jsonFormat(
        checklistAnswer,
        'Write the final checklist as one JSON object: {"items": [{"subtask", "met", "evidence"}], "notes"}. One item for every subtask; the evidence names a check, a file or a line.',
      ),
    );
    const said = answer.kind === 'answer' ? answer.value : undefined;
    const items = record.map((one): ChecklistItem => {
      const item = said?.items.find(({ subtask }) => subtask === one.subtask.id);
      const waived = one.event?.outcome === 'waived' ? `${one.event.reason}; ` : '';
      return {
        subtask: one.subtask.id,
        criterion: one.subtask.success_criteria,
        state:
          one.event === undefined || item?.met === false
            ? 'unmet'
            : item === undefined || waived !== ''
              ? 'unverified'
              : 'met',
        evidence: `${waived}${item === undefined || item.evidence.trim() === '' ? evidence(one) : `${item.evidence.trim()} (${evidence(one)})`}`,
      };
    });
    const whole = finished.find(({ subtask, outcome }) => subtask === MERGED && outcome === 'waived');
    const notes = [
      ...(whole === undefined ? [] : [`The change as a whole: ${whole.reason}`]),
      ...(said?.notes.trim() ? [said.notes.trim()] : []),
      ...(said === undefined ? ['The Planner wrote no usable checklist; this one is made from the record alone.'] : []),
      ...(known.length > 0 ? [`Red before the run and declared unrelated: ${known.join(', ')}.`] : []),
    ];
    return { type: 'checklist.finished', items, by: said === undefined ? 'record' : 'planner', notes };
  });
  return event.items;
}

/** Makes the proposal: one change over all files, to be accepted or not. */
export async function propose(run: RunContext, changes: ChangeSet): Promise<ProposedFile[]> {
  const event = await run.journal.step('proposal', async () => ({
    type: 'proposal.ready',
    files: proposeFiles(changes),
  }));
  return event.files;
}

/** What shall happen with an approved change: write it, ask the user first, or leave it as a proposal. */
export type Acceptance = 'apply' | 'ask' | 'leave';

/**
 * Accepts the proposal into the workspace. Writing twice is harmless, so a run that died in between just goes on.
 * @throws RunStop `conflict`, with nothing written, where a file was changed on disk meanwhile
 */
export async function acceptProposal(
  run: RunContext,
  acceptance: Acceptance,
  changes: ChangeSet,
  files: readonly ProposedFile[],
): Promise<'accepted' | 'rejected' | 'left'> {
  if (acceptance === 'leave') return 'left';
  if (acceptance === 'ask') {
    const what = `Write the change to ${run.workspace.root}: ${files.map(({ path, action }) => `${action} ${path}`).join(', ')}`;
    const answer = await askAboutProposal(run, what);
    if (answer !== 'approved') return answer;
  }
  const outcomes = run.journal.outcomes();
  if (outcomes.some(({ type }) => type === 'proposal.undone')) return 'left';
  await run.kept;
  await run.journal.step('proposal/accepted', async () => {
    const decided = outcomes.filter((event) => event.type === 'proposal.decided');
    const paths =
      decided.length === 0 && !run.fork
        ? await writeProposed(run, changes, files)
        : await acceptUndecided(run, files, decided);
    return { type: 'proposal.accepted', paths, by: acceptance === 'ask' ? 'user' : 'apply' };
  });
  return 'accepted';
}

/** A yes is recorded, so that a run that dies while it writes does not ask again; a no ends the run. */
async function askAboutProposal(run: RunContext, what: string): Promise<'approved' | 'rejected' | 'left'> {
  const recorded = run.journal.recordedStep('proposal/answer');
  if (recorded) return 'approved';
  const request = { id: 'proposal', kind: 'proposal', what } as const;
  run.journal.emit({ type: 'approval.requested', ...request });
  const answer = await run.presence.awaitingUser((signal) => run.user.approve(request, signal));
  if (answer === 'unanswered') return 'left';
  if (answer.approved) {
    await run.journal.step('proposal/answer', async () => ({ type: 'approval.answered', id: 'proposal', ...answer }));
    return 'approved';
  }
  run.journal.emit({ type: 'approval.answered', id: 'proposal', ...answer });
  run.journal.emit({ type: 'proposal.rejected', reason: 'The user kept the workspace as it is.' });
  return 'rejected';
}

/** Writes the whole proposal onto files that are as the run read them; any other is a conflict. @returns what it holds */
async function writeProposed(run: RunContext, changes: ChangeSet, files: readonly ProposedFile[]): Promise<string[]> {
  const texts = new Map(fileStates(changes).map(({ path, text }) => [path, text]));
  const writes = files
    .flatMap((file) => proposedWrites(file, texts.get(file.path) ?? null))
    .map(
      (write): KeptWrite => ({
        ...write,
        was: write.before === null ? null : (run.base.get(write.path)?.text ?? null),
      }),
    );
  const result = await writeKept(run, writes).catch((cause: unknown) => {
    run.signal.throwIfAborted();
    throw new RunStop(
      {
        code: 'workspace_failed',
        message: cause instanceof Error ? cause.message : String(cause),
        remedy: 'The approved change is kept: make the folder writable, then resume with --apply.',
      },
      { cause },
    );
  });
  if (result.kind === 'conflict') {
    throw new RunStop({
      code: 'conflict',
      message: `Nothing was written: ${result.paths.join(', ')} changed on disk since the run read ${result.paths.length === 1 ? 'it' : 'them'}.`,
      remedy:
        'The change is kept: undo or commit those edits and resume with --apply, or take it with --patch FILE and merge it yourself.',
    });
  }
  return files.map(({ path }) => path);
}

/** The end of a run in which every subtask was approved as things are. */
export function nothingToDo(
  plan: readonly PlannedSubtask[],
  finished: readonly Finished[],
  lastChecks: CheckReport,
): string {
  const reasons = new Map(finished.map(({ subtask, reason }) => [subtask, reason]));
  const claims = plan.map(({ id }) => `${id}: ${reasons.get(id)}`).join(' ');
  return `Nothing to do: the Reviewer confirmed every subtask as met without a change; ${checksInWords(lastChecks)}. ${claims}`;
}

function checksInWords(report: CheckReport): string {
  switch (report.status) {
    case 'none':
      return 'no checks in this workspace';
    case 'passed':
      return `checks green${report.passed === undefined ? '' : ` (${report.passed} passed)`}`;
    default:
      return `checks ${report.status.replaceAll('_', ' ')}, only known failures`;
  }
}
