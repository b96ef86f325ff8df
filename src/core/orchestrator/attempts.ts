import type { CheckReport, CheckScope, Finding, Verdict } from '../../shared/events.ts';
import { MERGED } from '../../shared/runState.ts';
import type { DeclaredFile, PlannedSubtask } from '../../shared/wire.ts';
import { type Agent, hasJustBegun, openAgent, startAfresh } from '../agents/agent.ts';
import { ask } from '../agents/ask.ts';
import { editFormat, type Workpiece } from '../agents/coderAnswer.ts';
import { type Part, shareRoom } from '../agents/shareRoom.ts';
import { type ChangeSet, ownChanges, sameChanges } from '../changes/changeSet.ts';
import { overlay } from '../changes/overlay.ts';
import { proposeFiles } from '../changes/proposal.ts';
import { checkChanges, openToolbox } from './checking.ts';
import { coderText, diffText, feedbackParts, guidanceParts, type TaskFacts } from './messages.ts';
import { openReviewer, type Reviewing, type ReviewState, reviewChange } from './reviewing.ts';
import type { RunContext } from './runContext.ts';

/** What a subtask is worked on with. */
export interface Assignment {
  subtask: PlannedSubtask;
  facts: TaskFacts;
  /** The change set it starts from. */
  start: ChangeSet;
  /** The subtasks that other Coders work on at the same time. */
  beside: readonly PlannedSubtask[];
  /** Prefix of its step keys: a subtask that starts again gets another. */
  key: string;
  /** `check`: the change is there already (the merged one), so the first round goes straight to checks and review. */
  begin: 'code' | 'check';
  /** Said to the Coder at the start: an answer of the user, why the subtask starts again. */
  guidance: string;
  baseChecks: CheckReport;
  knownFailures: readonly string[];
  /** All that may be changed; whatever the Coder finds right where undefined. */
  bounds?: readonly DeclaredFile[] | undefined;
}

export interface RoundRecord {
  round: number;
  reason: string;
  verdict?: Verdict;
  diff: string;
}

export type AttemptsResult =
  /** `claim`: nothing was changed, and this is why. */
  | { kind: 'approved'; changes: ChangeSet; rounds: number; verdict: Verdict; claim?: string }
  | { kind: 'failed'; changes: ChangeSet; rounds: RoundRecord[]; reason: string };

export const CODER_TOOLS = [
  'read_file',
  'search_code',
  'symbols',
  'analyze_codebase',
  'search_docs',
  'find_references',
  'diagnostics',
  'git_diff',
  'run_tests',
  'recall',
];

/** Rounds of coding, checks and review, until one is approved, the rounds are used up, or a round brings nothing new. */
export async function workInRounds(run: RunContext, assignment: Assignment): Promise<AttemptsResult> {
  const { subtask, start, key } = assignment;
  const lane = `coder:${subtask.id}`;
  const work: Workpiece = { lane, subtask: subtask.id, changes: start, bounds: assignment.bounds };
  const records: RoundRecord[] = [];
  const findings = new Map<string, Finding>();
  let feedback: readonly Part[] = guidanceParts(assignment.guidance);
  let coder: Agent | undefined;
  let reviewing: Reviewing | undefined;
  const rounds = run.settings.limits.rounds + (assignment.begin === 'check' ? 1 : 0);

  for (let round = 1; round <= rounds; round += 1) {
    await run.journal.step(`${key}/round-${round}`, async () => ({
      type: 'attempt.started',
      subtask: subtask.id,
      round,
      rounds,
    }));
    const before = work.changes;
    let claim: string | undefined;
    let words = '';
    if (round > 1 || assignment.begin === 'code') {
      coder ??= await openCoder(run, assignment, work, () => feedback);
      const message = hasJustBegun(coder) ? '' : shareRoom(feedback, coder.budget.chars * 0.6);
      const answer = await ask(run, coder, message, editFormat(run, work));
      if (answer.kind === 'noAnswer') {
        records.push({
          round,
          reason: `The Coder gave no usable answer. ${answer.reason}`,
          diff: answerableDiff(assignment, work.changes),
        });
        feedback = guidanceParts(`# Round ${round} gave no usable change\n${answer.reason}\nTry a simpler way.`);
        startAfresh(coder);
        continue;
      }
      if (answer.value.kind === 'unchanged') claim = answer.value.claim;
      else words = answer.value.said;
    }
    const diff = answerableDiff(assignment, work.changes);
    const said = claim === undefined ? '' : `The Coder says that nothing has to be changed: ${claim} `;
    // Where there is a change, the word is about more than the files as they were, and the change is judged as ever.
    if (diff !== '' || assignment.begin === 'check') claim = undefined;
    if (diff === '' && claim === undefined && assignment.begin === 'code') {
      records.push({ round, reason: 'The Coder changed nothing.', diff });
      feedback = guidanceParts(
        `# Round ${round} changed nothing\nThe files are as they were before your edits. The subtask is not done.`,
      );
      continue;
    }
    const last = records.at(-1);
    if (last?.verdict && sameChanges(before, work.changes) && round > 1) {
      return {
        kind: 'failed',
        changes: work.changes,
        rounds: records,
        reason: `${said}A round changed nothing, so further rounds would not either.`,
      };
    }

    const checks = await checkChanges(run, {
      key: `${key}/round-${round}/checks`,
      scope: scopeOf(subtask),
      subtask: subtask.id,
      round,
      changes: work.changes,
    });
    const open = [...findings.values()].filter(({ blocking }) => blocking);
    const state: ReviewState = {
      round,
      diff,
      ...(claim === undefined ? {} : { claim }),
      checks,
      open,
      coder: { said: words, rounds: records.map(({ reason }) => reason) },
      workspace: overlay(run.base.workspace, work.changes),
    };
    reviewing ??= await openReviewer(run, { ...assignment, changes: () => work.changes }, state);
    const reviewed = await reviewChange(run, reviewing, assignment, state);
    if (reviewed.verdict.status === 'approved')
      return {
        kind: 'approved',
        changes: work.changes,
        rounds: round,
        verdict: reviewed.verdict,
        ...(claim === undefined ? {} : { claim }),
      };

    records.push({ round, reason: `${said}${reviewed.reason}`, verdict: reviewed.verdict, diff });
    if (reviewed.kind === 'noReview')
      return { kind: 'failed', changes: work.changes, rounds: records, reason: reviewed.reason };
    for (const finding of reviewed.verdict.findings) findings.set(finding.fingerprint, finding);
    feedback = feedbackParts(round, reviewed.verdict, checks, reviewed.remark);
  }
  return {
    kind: 'failed',
    changes: work.changes,
    rounds: records,
    reason: `${rounds === 1 ? 'The only round' : `${rounds} rounds`} failed. The last: ${records.at(-1)?.reason ?? ''}`,
  };
}

function scopeOf(subtask: PlannedSubtask): CheckScope {
  return subtask.id === MERGED ? 'merged' : 'attempt';
}

/** What this assignment is answerable for: its own change, or the whole where it is the merged one. */
function answerableDiff(assignment: Assignment, changes: ChangeSet): string {
  return assignment.begin === 'check' ? diffText(proposeFiles(changes)) : diffOf(assignment.start, changes);
}

/** Unified diff of what differs between two change sets. */
function diffOf(start: ChangeSet, end: ChangeSet): string {
  const own = new Set(ownChanges(start, end).map(({ path }) => path));
  return diffText(proposeFiles(changesBetween(start, end, own)));
}

/** The end state of the given paths over their start state, as a change set. */
function changesBetween(start: ChangeSet, end: ChangeSet, paths: ReadonlySet<string>): ChangeSet {
  const files = new Map<string, ChangeSet['files'] extends ReadonlyMap<string, infer F> ? F : never>();
  for (const path of paths) {
    const before = start.files.get(path);
    const after = end.files.get(path);
    const base = before ? { text: before.text, hash: null } : (after?.base ?? { text: null, hash: null });
    const text = after ? after.text : (before?.base.text ?? null);
    files.set(path, { path, base, text, ...(after?.from === undefined ? {} : { from: after.from }) });
  }
  return { files };
}

async function openCoder(
  run: RunContext,
  assignment: Assignment,
  work: Workpiece,
  feedback: () => readonly Part[],
): Promise<Agent> {
  const { subtask, facts, start, beside, key } = assignment;
  const declared = await declaredTexts(run, subtask, start);
  return openAgent(run, {
    role: 'coder',
    lane: work.lane,
    key: `${key}/coder`,
    thinking: 'off',
    opening: ({ chars }) => {
      const files = declared.flatMap(({ path, text }) => {
        const changed = work.changes.files.get(path);
        return changed?.text === null ? [] : [{ path, text: changed?.text ?? text }];
      });
      return coderText(
        facts,
        subtask,
        { files, diff: diffOf(start, work.changes), feedback: feedback(), beside },
        chars,
      );
    },
    toolbox: openToolbox(run, 'coder', CODER_TOOLS, () => work.changes, subtask.id),
  });
}

/** The files the subtask declares, as they are at its start, so that the Coder need not ask for them. */
async function declaredTexts(
  run: RunContext,
  subtask: PlannedSubtask,
  start: ChangeSet,
): Promise<{ path: string; text: string }[]> {
  const workspace = overlay(run.base.workspace, start);
  const texts: { path: string; text: string }[] = [];
  for (const { path, action } of subtask.files) {
    if (action === 'create') continue;
    const content = await workspace.read(path);
    if (content.kind !== 'text') continue;
    // Recorded, so that a resumed run begins the transcript with the same text, whatever the user does to the file.
    if (!start.files.has(path)) run.base.record(path, content.text, content.hash);
    texts.push({ path, text: content.text });
  }
  return texts;
}
