import { MERGED } from '../../shared/runState.ts';
import type { PlannedSubtask } from '../../shared/wire.ts';
import { jsonFormat } from '../agents/answerFormat.ts';
import { escalationAnswer } from '../agents/answers.ts';
import { ask } from '../agents/ask.ts';
import type { ChangeSet } from '../changes/changeSet.ts';
import { overlay } from '../changes/overlay.ts';
import type { RoundRecord } from './attempts.ts';
import { escalationText, type TaskFacts } from './messages.ts';
import { planComplaint, replaceSubtask, settleFiles, withFreshIds } from './planGraph.ts';
import { askUser, openPlanner } from './planning.ts';
import type { RunContext } from './runContext.ts';

/** What the Planner decides about a subtask that failed all its rounds. */
export type EscalationResult =
  | { decision: 'replan'; because: string }
  | { decision: 'waive'; because: string }
  | { decision: 'ask'; guidance: string }
  | { decision: 'give_up'; because: string };

/** Hands the failure record to the Planner: it plans the subtask anew, waives what is open, or asks the user. */
export async function escalate(
  run: RunContext,
  what: {
    key: string;
    subtask: PlannedSubtask;
    plan: readonly PlannedSubtask[];
    /** Names that no new subtask may have, beside those in the plan. */
    taken: readonly string[];
    /** What has been finished so far, together. */
    changes: () => ChangeSet;
    facts: TaskFacts;
    rounds: readonly RoundRecord[];
    reason: string;
    mayReplan: boolean;
    mayAsk: boolean;
  },
): Promise<EscalationResult> {
  const { key, subtask, plan, facts, rounds, mayReplan, mayAsk } = what;
  const last = rounds.at(-1)?.verdict;
  // Only what a Reviewer found in a change can be waived: never a failing check, and never what nobody changed or reviewed.
  const hasChange = (rounds.at(-1)?.diff ?? '') !== '';
  const mayWaive = hasChange && last?.failingChecks.length === 0 && last.findings.some(({ blocking }) => blocking);
  const record = async (
    decision: EscalationResult['decision'],
    because: string,
    replacements: string[],
  ): Promise<void> => {
    await run.journal.step(`${key}/escalated`, async () => ({
      type: 'subtask.escalated',
      subtask: subtask.id,
      reason: what.reason,
      decision,
      because,
      replacements,
    }));
  };
  const others = new Set([...plan.map(({ id }) => id), ...what.taken]);
  const allowed = [...(mayReplan ? ['"replan"'] : []), ...(mayWaive ? ['"waive"'] : []), ...(mayAsk ? ['"ask"'] : [])];
  if (allowed.length === 0) {
    const because = `It cannot be waived, because ${whyNoWaiver(rounds.at(-1))}, and the Planner has used up its chances to plan anew and to ask.`;
    await record('give_up', because, []);
    return { decision: 'give_up', because };
  }
  const anew =
    subtask.id === MERGED
      ? 'further subtasks in "plan", on top of the merged change'
      : `other subtasks in "plan", in place of "${subtask.id}"`;
  const request = `Decide: ${allowed.join(', ')}. Answer with one JSON object: {"decision", "reason", "question", "plan"}. "replan": ${anew}. "waive": keep the change as it is, and say why what is open may stay. "ask": one question to the user.`;
  const opening = ({ chars }: { chars: number }): string => escalationText(facts, plan, subtask, rounds, chars);
  const planner = await openPlanner(run, `planner:${subtask.id}`, `${key}/planner`, opening, what.changes);
  const answer = await ask(
    run,
    planner,
    '',
    jsonFormat(escalationAnswer, request, ({ decision, plan: fresh, question }) => {
      if (!allowed.includes(`"${decision}"`))
        return `"${decision}" is not possible here${decision === 'waive' ? `, because ${whyNoWaiver(rounds.at(-1))}` : ''}. ${request}`;
      if (decision === 'ask' && question.trim() === '') return 'To ask, put the question into "question".';
      if (decision !== 'replan') return undefined;
      if (fresh.plan.length === 0) return 'To replan, put at least one subtask into "plan".';
      const renamed = withFreshIds(fresh.plan, others);
      return planComplaint(renamed, others) ?? planComplaint(replaceSubtask(plan, subtask.id, renamed));
    }),
  );
  if (answer.kind === 'noAnswer') {
    const because = `The Planner gave no usable decision. ${answer.reason}`;
    await record('give_up', because, []);
    return { decision: 'give_up', because };
  }
  const { decision, reason, question, plan: fresh } = answer.value;
  if (decision === 'waive') {
    await record('waive', reason, []);
    return { decision, because: reason };
  }
  if (decision === 'ask') {
    await record('ask', reason, []);
    const [said] = await askUser(run, `${key}/question`, [{ question, choices: [] }]);
    return { decision, guidance: `# The user was asked: ${question}\nThe answer: ${said?.answer ?? ''}` };
  }
  const replacements = withFreshIds(fresh.plan, others);
  await record(
    'replan',
    reason,
    replacements.map(({ id }) => id),
  );
  await run.journal.step(`${key}/replan`, async () => {
    const settled = await settleFiles({ ...fresh, plan: replacements }, overlay(run.base.workspace, what.changes));
    return { type: 'plan.proposed', plan: settled.plan, replanFor: subtask.id, notes: settled.notes };
  });
  return { decision, because: reason };
}

/** Why what a failed round left cannot be waived. */
function whyNoWaiver(last: RoundRecord | undefined): string {
  if ((last?.diff ?? '') === '') return 'nothing was changed';
  if (last?.verdict === undefined) return 'the last round gave no change that was reviewed';
  return last.verdict.failingChecks.length > 0 ? 'checks still fail' : 'no finding blocks it';
}
