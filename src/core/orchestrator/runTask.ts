import type { CheckReport, EventOf } from '../../shared/events.ts';
import { MERGED } from '../../shared/runState.ts';
import { servedBy, toldBy } from '../agents/agent.ts';
import { NEEDED_ROLES } from '../settings.ts';
import { checkBase } from './checking.ts';
import { type Finish, finish } from './finish.ts';
import { type Acceptance, acceptProposal, nothingToDo, propose, writeChecklist } from './finishing.ts';
import { planTask } from './planning.ts';
import { forgetPlan, keepPlan, planTakenAgain } from './planReuse.ts';
import { preprocess } from './preprocessing.ts';
import type { Finished } from './progress.ts';
import type { RunContext } from './runContext.ts';
import { workThePlan } from './subtasks.ts';

/** What a run is to do, as its start says it. */
type Wanted = Pick<EventOf<'run.started'>, 'task' | 'freshPlan'>;

/** The whole flow, from the user's words to the proposal. Every part is made of recorded steps, so it resumes anywhere. */
export async function runTask(run: RunContext, started: Wanted, acceptance: Acceptance): Promise<Finish> {
  // With a proposal, all that the models have to say is recorded: it can be accepted though no server is up.
  if (!run.journal.recordedStep('proposal')) await askServers(run);
  const { plan, facts, baseChecks } = await planWanted(run, started);
  if (plan.plan.length === 0)
    return finish('nothing_to_do', {
      code: 'nothing_to_do',
      message: plan.task_understood || 'The Planner found nothing to change.',
    });

  const worked = await workThePlan(run, plan, facts, baseChecks);
  if (worked.kind === 'failed') {
    // What failed once is planned anew the next time.
    if (planTakenAgain(run)) await forgetPlan(run);
    const what =
      worked.subtask === MERGED
        ? 'Every subtask was approved, but the merged change was not.'
        : `Subtask "${worked.subtask}" was not approved.`;
    return notApproved(`${what} ${worked.reason}`);
  }
  const lastChecks = lastCheckReport(run, worked.finished) ?? baseChecks;
  if (worked.finished.every(({ files }) => files.length === 0))
    return finish('nothing_to_do', {
      code: 'nothing_to_do',
      message: nothingToDo(worked.plan, worked.finished, lastChecks),
    });
  if (worked.changes.files.size === 0) return notApproved('The subtasks took back what others of them changed.');

  await writeChecklist(run, {
    changes: worked.changes,
    finished: worked.finished,
    plan: worked.plan,
    known: plan.known_failures,
    facts: worked.facts,
    lastChecks,
  });
  const files = await propose(run, worked.changes);
  const decision = await acceptProposal(run, acceptance, worked.changes, files);
  if (decision === 'rejected') {
    await forgetPlan(run);
    return finish('not_approved', {
      code: 'proposal_rejected',
      message: 'You rejected the proposal; the workspace is as it was.',
    });
  }
  await keepPlan(run, started.task, baseChecks, true);
  const count = `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
  const waived = worked.finished.filter(({ outcome }) => outcome === 'waived').map(({ subtask }) => subtask);
  const said =
    decision === 'accepted'
      ? `Approved, and written to ${count}.`
      : `Approved: a change of ${count}; the workspace is as it was.`;
  return finish('approved', {
    code: 'approved',
    message:
      waived.length === 0 ? said : `${said} The Planner waived findings of ${waived.join(', ')}: see the checklist.`,
  });
}

/** Plans only: the flow up to the plan. */
export async function planOnly(run: RunContext, started: Wanted): Promise<Finish> {
  await askServers(run, ['planner']);
  const { plan, baseChecks } = await planWanted(run, started);
  const count = plan.plan.length;
  if (count === 0)
    return finish('nothing_to_do', {
      code: 'nothing_to_do',
      message: plan.task_understood || 'The Planner found nothing to change.',
    });
  await keepPlan(run, started.task, baseChecks, false);
  return finish('approved', {
    code: 'approved',
    message: `Planned ${count} ${count === 1 ? 'subtask' : 'subtasks'}; nothing was changed.`,
  });
}

async function planWanted(
  run: RunContext,
  { task, freshPlan }: Wanted,
): Promise<Awaited<ReturnType<typeof planTask>> & { baseChecks: CheckReport }> {
  const text = await preprocess(run, task);
  const baseChecks = await checkBase(run);
  return { ...(await planTask(run, text, baseChecks, { task, fresh: freshPlan === true })), baseChecks };
}

/** Asks the servers first what they serve: a run whose servers are down says so before any of them is measured. */
async function askServers(run: RunContext, roles = NEEDED_ROLES): Promise<void> {
  for (const role of roles) await toldBy(run, role);
  for (const role of roles) await servedBy(run, role);
}

/** The report on the change as it will be proposed: the merged one's, or that of the last subtask with a change, if any. */
function lastCheckReport(run: RunContext, finished: readonly Finished[]): CheckReport | undefined {
  const contributor = finished.findLast(({ files }) => files.length > 0) ?? finished.at(-1);
  const checks = run.journal.outcomes().filter((event) => event.type === 'checks.finished');
  const merged = checks.filter(({ scope }) => scope === 'merged');
  const own = checks.filter(({ scope, subtask }) => scope === 'attempt' && subtask === contributor?.subtask);
  return (merged.at(-1) ?? own.at(-1))?.report;
}

function notApproved(message: string): Finish {
  return finish('not_approved', {
    code: 'not_approved',
    message,
    remedy:
      'Nothing was changed. See what happened with `conclave replay RUN`; say the task in smaller steps, or use a stronger model for the role that failed.',
  });
}
