import type { CheckReport } from '../../shared/events.ts';
import { MERGED } from '../../shared/runState.ts';
import type { Plan, PlannedSubtask } from '../../shared/wire.ts';
import { type ChangeSet, integrate, ownChanges } from '../changes/changeSet.ts';
import { type AttemptsResult, workInRounds } from './attempts.ts';
import { type EscalationResult, escalate } from './escalation.ts';
import type { TaskFacts } from './messages.ts';
import { boundsOf } from './planReuse.ts';
import {
  changesOf,
  type Finished,
  nextSubtasks,
  openProgress,
  type Progress,
  RESERVED_IDS,
  startingPoint,
  startKey,
  takeIn,
} from './progress.ts';
import type { RunContext } from './runContext.ts';

export type PlanResult =
  | { kind: 'done'; changes: ChangeSet; finished: Finished[]; plan: PlannedSubtask[]; facts: TaskFacts }
  | { kind: 'failed'; subtask: string; reason: string };

/**
 * Works the plan: every subtask whose dependencies are finished, several at once where their files do not overlap.
 * What still collides starts again on the new base; nothing is overwritten. Then the whole, as one subtask more: what
 * the Planner plans for it, where it fails its rounds, is worked in the same way.
 */
export async function workThePlan(
  run: RunContext,
  plan: Plan,
  facts: TaskFacts,
  baseChecks: CheckReport,
): Promise<PlanResult> {
  const progress = openProgress(run, plan, facts);
  const running = new Map<string, Promise<Finished>>();
  const stop = new AbortController();
  const inner = { ...run, signal: AbortSignal.any([run.signal, stop.signal]) };
  let failed = recordedFailure(run);
  try {
    for (;;) {
      if (!failed) {
        const next = nextSubtasks(run, progress, [...running.keys()]);
        const atWork = [...running.keys(), ...next.map(({ id }) => id)];
        for (const subtask of next) {
          const beside = atWork.filter((id) => id !== subtask.id);
          const working = () => workOnSubtask(inner, progress, { subtask, beside }, plan, baseChecks);
          running.set(subtask.id, run.presence.working(working));
        }
      }
      if (running.size === 0) break;
      const event = await Promise.race(running.values());
      running.delete(event.subtask);
      if (event.outcome === 'failed') failed ??= event;
    }
  } catch (error) {
    // One subtask stopped the run: the others stop too, and are waited for, so that nothing runs on.
    stop.abort(error);
    await Promise.allSettled(running.values());
    throw error;
  }
  if (failed) return { kind: 'failed', subtask: failed.subtask, reason: failed.reason };
  const left = progress.plan.filter(({ id }) => !progress.finished.some(({ subtask }) => subtask === id));
  if (left.length > 0)
    throw new Error(`No subtask can start, though ${left.map(({ id }) => id).join(', ')} are not finished.`);
  const { merged, finished } = progress;
  return { kind: 'done', changes: merged, finished, plan: progress.plan, facts: progress.facts };
}

function recordedFailure(run: RunContext): Finished | undefined {
  return run.journal.outcomes().find((event) => event.type === 'subtask.finished' && event.outcome === 'failed') as
    | Finished
    | undefined;
}

/** One start of a subtask: its rounds, and the Planner's decision where they fail. */
async function workOnSubtask(
  run: RunContext,
  progress: Progress,
  { subtask, beside }: { subtask: PlannedSubtask; beside: readonly string[] },
  plan: Plan,
  baseChecks: CheckReport,
): Promise<Finished> {
  const number = (progress.starts.get(subtask.id) ?? 0) + 1;
  progress.starts.set(subtask.id, number);
  const key = startKey(subtask.id, number);
  await run.journal.step(`${key}/ready`, async () => ({ type: 'subtask.ready', subtask: subtask.id }));
  const started = await run.journal.step(`${key}/started`, async () => ({
    type: 'subtask.started',
    subtask: subtask.id,
    start: number,
    includes: startingPoint(progress, subtask),
    answers: progress.facts.answers.length,
    ...(beside.length === 0 ? {} : { beside: [...beside] }),
  }));
  const start = changesOf(run, progress, started.includes);
  // What the user answered since is not in what its roles were told, so it is not when the run is resumed either.
  const facts = { ...progress.facts, answers: progress.facts.answers.slice(0, started.answers) };
  return run.journal.step(`${key}/finished`, async (): Promise<Finished> => {
    const result = await workInRounds(run, {
      subtask,
      facts,
      start,
      beside: progress.plan.filter(({ id }) => started.beside?.includes(id)),
      key,
      begin: subtask.id === MERGED ? 'check' : 'code',
      guidance: progress.guidance.get(subtask.id) ?? '',
      baseChecks,
      knownFailures: plan.known_failures,
      bounds: boundsOf(run, subtask, progress.plan),
    });
    if (result.kind === 'approved') {
      return settle(
        run,
        progress,
        { subtask: subtask.id, start: number, rounds: result.rounds },
        start,
        result.changes,
        {
          outcome: 'approved',
          reason: result.claim === undefined ? 'Checks and Reviewer approved it.' : result.claim,
        },
      );
    }
    // One escalation at a time: each sees the plan that the one before it left.
    const decision = progress.escalation.then(() => decide(run, progress, subtask, number, start, result));
    progress.escalation = decision.catch(() => {});
    return decision;
  });
}

/** What the Planner decides about a failed subtask, as the event of its end. */
async function decide(
  run: RunContext,
  progress: Progress,
  subtask: PlannedSubtask,
  number: number,
  start: ChangeSet,
  result: Extract<AttemptsResult, { kind: 'failed' }>,
): Promise<Finished> {
  const about = { subtask: subtask.id, start: number, rounds: result.rounds.length };
  const decided = await escalate(run, {
    key: startKey(subtask.id, number),
    subtask,
    plan: progress.plan,
    taken: [...RESERVED_IDS, ...progress.starts.keys()],
    changes: () => progress.merged,
    facts: progress.facts,
    rounds: result.rounds,
    reason: result.reason,
    mayReplan: progress.replans < run.settings.limits.replans,
    mayAsk: !progress.asked.has(subtask.id),
  });
  if (decided.decision === 'waive') {
    const reason = `Waived by the Planner: ${decided.because}`;
    return settle(run, progress, about, start, result.changes, { outcome: 'waived', reason });
  }
  const event: Finished = { type: 'subtask.finished', ...about, ...endOf(decided, result.reason), files: [] };
  takeIn(run, progress, event);
  return event;
}

function endOf(
  decided: Exclude<EscalationResult, { decision: 'waive' }>,
  failure: string,
): Pick<Finished, 'outcome' | 'reason'> {
  switch (decided.decision) {
    case 'replan':
      return { outcome: 'replaced', reason: `Planned anew: ${decided.because}` };
    case 'ask':
      return { outcome: 'restarted', reason: decided.guidance };
    case 'give_up':
      return { outcome: 'failed', reason: `${failure} ${decided.because}` };
    default:
      return decided satisfies never;
  }
}

/** Integrates a subtask that ended well; it starts again where somebody else changed one of its files meanwhile. */
function settle(
  run: RunContext,
  progress: Progress,
  about: Pick<Finished, 'subtask' | 'start' | 'rounds'>,
  start: ChangeSet,
  end: ChangeSet,
  ending: Pick<Finished, 'outcome' | 'reason'>,
): Finished {
  const result = integrate(progress.merged, start, end);
  const event: Finished =
    result.kind === 'merged'
      ? { type: 'subtask.finished', ...about, ...ending, files: ownChanges(start, end) }
      : {
          type: 'subtask.finished',
          ...about,
          outcome: 'restarted',
          reason: `Another subtask changed ${result.paths.join(', ')} meanwhile; it starts again on top of that.`,
          files: [],
        };
  takeIn(run, progress, event);
  return event;
}
