import type { CheckReport, Finding, Verdict } from '../../shared/events.ts';
import type { PlannedSubtask, Review } from '../../shared/wire.ts';
import { type Agent, hasJustBegun, openAgent } from '../agents/agent.ts';
import { jsonFormat } from '../agents/answerFormat.ts';
import { reviewAnswer } from '../agents/answers.ts';
import { ask } from '../agents/ask.ts';
import { raiseFlag } from '../agents/turn.ts';
import type { ChangeSet } from '../changes/changeSet.ts';
import type { Workspace } from '../ports.ts';
import type { CoderRecord } from './awareness.ts';
import { openToolbox } from './checking.ts';
import { decide, failsForNothing } from './gate.ts';
import { nextReviewText, reviewText, type TaskFacts } from './messages.ts';
import type { RunContext } from './runContext.ts';

/** What a Reviewer is asked about. */
export interface ReviewAssignment {
  subtask: PlannedSubtask;
  facts: TaskFacts;
  /** Prefix of the step keys. */
  key: string;
  baseChecks: CheckReport | undefined;
  knownFailures: readonly string[];
}

export const REVIEWER_TOOLS = [
  'read_file',
  'search_code',
  'find_references',
  'search_docs',
  'diagnostics',
  'git_diff',
  'run_tests',
  'recall',
];

export type Reviewed =
  | { kind: 'reviewed'; verdict: Verdict; remark: string; reason: string }
  | { kind: 'noReview'; verdict: Verdict; reason: string };

export interface ReviewState {
  round: number;
  diff: string;
  /** Why the Coder changed nothing at all, where it says that nothing has to be: then `diff` is empty. */
  claim?: string;
  checks: CheckReport;
  open: readonly Finding[];
  /** What the Coder has to say of it; absent where no Coder made the change. */
  coder?: CoderRecord;
  workspace: Workspace;
}

/** Has one state of a change reviewed and decides about it, as a recorded step. */
export async function reviewChange(
  run: RunContext,
  reviewing: Reviewing,
  assignment: ReviewAssignment,
  state: ReviewState,
): Promise<Reviewed> {
  const { subtask, key, baseChecks, knownFailures } = assignment;
  const { reviewer } = reviewing;
  const facts = {
    round: state.round,
    baseChecks,
    checks: state.checks,
    knownFailures,
    earlier: state.open,
    workspace: state.workspace,
    criterion: subtask.success_criteria,
    needsApproval: state.claim !== undefined,
    waivers: await run.waivers(),
  };
  reviewing.state = state;
  const message = hasJustBegun(reviewer) ? '' : nextReviewText(state, reviewer.budget.chars);
  let answer = await ask(run, reviewer, message, jsonFormat(reviewAnswer, REVIEW_REQUEST));
  let verdict = answer.kind === 'answer' ? await decide(answer.value, facts) : undefined;
  if (answer.kind === 'answer' && verdict && failsForNothing(answer.value, verdict)) {
    const complaint = `You answered "failed", but nothing in your review counts: ${verdict.notes.join(' ') || 'it names no issue.'}
Every issue needs a "location" with a path that exists and a "quote" copied from that file. Answer again: with issues that can be found, or with "approved".`;
    raiseFlag(run, reviewer.transcript, 'unsupported_findings', complaint);
    answer = await ask(run, reviewer, complaint, jsonFormat(reviewAnswer, REVIEW_REQUEST));
    verdict = answer.kind === 'answer' ? await decide(answer.value, facts) : undefined;
  }
  const given: Review = answer.kind === 'answer' ? answer.value : { status: 'failed', issues: [], feedback: '' };
  const decided =
    verdict ??
    withoutReview(
      await decide({ ...given, status: 'approved' }, facts),
      answer.kind === 'noAnswer' ? answer.reason : '',
    );
  const { verdict: recorded } = await run.journal.step(`${key}/round-${state.round}/review`, async () => ({
    type: 'review.finished',
    subtask: subtask.id,
    round: state.round,
    review: given,
    verdict: decided,
  }));
  const reason = reasonOf(recorded);
  if (answer.kind === 'noAnswer')
    return { kind: 'noReview', verdict: recorded, reason: `The Reviewer gave no usable review. ${answer.reason}` };
  return { kind: 'reviewed', verdict: recorded, remark: given.feedback, reason };
}

/** Without a review nothing is approved, however green the checks are. */
function withoutReview(verdict: Verdict, reason: string): Verdict {
  return { ...verdict, status: 'failed', notes: [...verdict.notes, `The Reviewer gave no usable review. ${reason}`] };
}

function reasonOf(verdict: Verdict): string {
  const blocking = verdict.findings.filter(({ blocking }) => blocking).length;
  const parts = [
    ...(verdict.failingChecks.length > 0
      ? [`${verdict.failingChecks.length} failing ${verdict.failingChecks.length === 1 ? 'check' : 'checks'}`]
      : []),
    ...(blocking > 0 ? [`${blocking} blocking ${blocking === 1 ? 'finding' : 'findings'}`] : []),
  ];
  return parts.length > 0 ? parts.join(' and ') : verdict.notes.join(' ');
}

const REVIEW_REQUEST = `Answer now with the review as one JSON object: {"status": "approved" or "failed", "issues": [{"severity", "type", "location": "path:line", "quote", "message"}], "feedback"}.`;

/** A Reviewer at work, and what it is shown: its transcript, whenever it begins anew, begins with that. */
export interface Reviewing {
  reviewer: Agent;
  state: ReviewState;
}

/** A Reviewer for one assignment; its transcript goes on over the rounds. */
export async function openReviewer(
  run: RunContext,
  assignment: ReviewAssignment & { changes: () => ChangeSet },
  state: ReviewState,
): Promise<Reviewing> {
  const { subtask, facts, key } = assignment;
  const shown = { state };
  const reviewer = await openAgent(run, {
    role: 'reviewer',
    lane: `reviewer:${subtask.id}`,
    key: `${key}/reviewer`,
    thinking: 'off',
    opening: ({ chars }) => reviewText(facts, subtask, shown.state, chars),
    toolbox: openToolbox(run, 'reviewer', REVIEWER_TOOLS, assignment.changes, subtask.id),
  });
  return Object.assign(shown, { reviewer });
}
