import type { CheckReport, EventOf, FileState } from '../../shared/events.ts';
import type { Plan, PlannedSubtask } from '../../shared/wire.ts';
import { type ChangeSet, emptyChangeSet, integrate, ownChanges, withStates } from '../changes/changeSet.ts';
import { workInRounds } from './attempts.ts';
import type { TaskFacts } from './messages.ts';
import { overlap, replaceSubtask, transitiveDependencies } from './planGraph.ts';
import { escalate } from './planning.ts';
import type { RunContext } from './runContext.ts';

type Finished = EventOf<'subtask.finished'>;

export type PlanResult =
  | { kind: 'done'; changes: ChangeSet; finished: Finished[]; plan: PlannedSubtask[] }
  | { kind: 'failed'; subtask: string; reason: string };

/** The subtasks of a plan under way. The plan changes when the Planner replaces a failed subtask. */
interface Progress {
  plan: PlannedSubtask[];
  /** In the order in which they were integrated. */
  finished: Finished[];
  /** All finished changes together. */
  merged: ChangeSet;
  /** Starts of each subtask so far. */
  starts: Map<string, number>;
  guidance: Map<string, string>;
  asked: Set<string>;
  /** Subtasks that collided: they start on everything merged, and alone. */
  alone: Set<string>;
  replans: number;
}

/**
 * Works the plan: every subtask whose dependencies are finished, several at once where their files do not overlap.
 * What still collides starts again on the new base; nothing is overwritten.
 */
export async function workThePlan(
  run: RunContext,
  plan: Plan,
  facts: TaskFacts,
  baseChecks: CheckReport,
): Promise<PlanResult> {
  const progress: Progress = {
    plan: [...plan.plan],
    finished: [],
    merged: emptyChangeSet,
    starts: new Map(),
    guidance: new Map(),
    asked: new Set(),
    alone: new Set(),
    replans: 0,
  };
  const running = new Map<string, Promise<Finished>>();
  const stop = new AbortController();
  const inner = { ...run, signal: AbortSignal.any([run.signal, stop.signal]) };
  let failed: Finished | undefined;
  try {
    for (;;) {
      if (!failed) {
        for (const subtask of nextSubtasks(run, progress, [...running.keys()])) {
          running.set(subtask.id, workOnSubtask(inner, progress, subtask, plan, facts, baseChecks));
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
  return { kind: 'done', changes: progress.merged, finished: progress.finished, plan: progress.plan };
}

/** Subtasks that can start now: dependencies finished, no file in common with one at work, a place free. */
function nextSubtasks(run: RunContext, progress: Progress, running: readonly string[]): PlannedSubtask[] {
  const finished = new Set(progress.finished.map(({ subtask }) => subtask));
  const atWork = progress.plan.filter(({ id }) => running.includes(id));
  if (atWork.some(({ id }) => progress.alone.has(id))) return [];
  const chosen: PlannedSubtask[] = [];
  for (const subtask of progress.plan) {
    if (running.length + chosen.length >= run.settings.limits.parallel) break;
    if (finished.has(subtask.id) || running.includes(subtask.id)) continue;
    if (!subtask.depends_on.every((id) => finished.has(id))) continue;
    const beside = [...atWork, ...chosen];
    if (beside.some((other) => overlap(subtask, other) || progress.alone.has(other.id))) continue;
    if (progress.alone.has(subtask.id) && beside.length > 0) continue;
    chosen.push(subtask);
  }
  return chosen;
}

async function workOnSubtask(
  run: RunContext,
  progress: Progress,
  subtask: PlannedSubtask,
  plan: Plan,
  facts: TaskFacts,
  baseChecks: CheckReport,
): Promise<Finished> {
  const number = (progress.starts.get(subtask.id) ?? 0) + 1;
  progress.starts.set(subtask.id, number);
  const key = `subtask/${subtask.id}/start-${number}`;
  await run.journal.step(`${key}/ready`, async () => ({ type: 'subtask.ready', subtask: subtask.id }));
  const started = await run.journal.step(`${key}/started`, async () => ({
    type: 'subtask.started',
    subtask: subtask.id,
    start: number,
    includes: startingPoint(progress, subtask),
  }));
  const start = changesOf(run, progress, started.includes);
  const event = await run.journal.step(`${key}/finished`, async (): Promise<Finished> => {
    const result = await workInRounds(run, {
      subtask,
      facts,
      start,
      key,
      begin: 'code',
      guidance: progress.guidance.get(subtask.id) ?? '',
      baseChecks,
      knownFailures: plan.known_failures,
    });
    if (result.kind === 'approved')
      return settle(
        progress,
        subtask,
        start,
        result.changes,
        'approved',
        result.rounds,
        'Checks and Reviewer approved it.',
      );
    const decided = await escalate(run, {
      key,
      subtask,
      plan: progress.plan,
      replaced: [...progress.starts.keys()],
      facts,
      rounds: result.rounds,
      reason: result.reason,
      mayReplan: progress.replans < run.settings.limits.replans,
      mayAsk: !progress.asked.has(subtask.id),
    });
    const rounds = result.rounds.length;
    switch (decided.decision) {
      case 'waive':
        return settle(
          progress,
          subtask,
          start,
          result.changes,
          'waived',
          rounds,
          `Waived by the Planner: ${decided.because}`,
        );
      case 'replan':
        return {
          type: 'subtask.finished',
          subtask: subtask.id,
          outcome: 'replaced',
          rounds,
          reason: 'Planned anew.',
          files: [],
        };
      case 'ask':
        return {
          type: 'subtask.finished',
          subtask: subtask.id,
          outcome: 'restarted',
          rounds,
          reason: decided.guidance,
          files: [],
        };
      case 'give_up':
        return {
          type: 'subtask.finished',
          subtask: subtask.id,
          outcome: 'failed',
          rounds,
          reason: `${result.reason} ${decided.because}`,
          files: [],
        };
      default:
        return decided satisfies never;
    }
  });
  takeIn(run, progress, subtask, key, event);
  return event;
}

/** The event of a subtask that ended well, or `restarted` where somebody else changed one of its files meanwhile. */
function settle(
  progress: Progress,
  subtask: PlannedSubtask,
  start: ChangeSet,
  end: ChangeSet,
  outcome: 'approved' | 'waived',
  rounds: number,
  reason: string,
): Finished {
  const result = integrate(progress.merged, start, end);
  if (result.kind === 'merged') {
    // At once, not when the event is on disk: the next one to settle must see it.
    progress.merged = result.changes;
    return { type: 'subtask.finished', subtask: subtask.id, outcome, rounds, reason, files: ownChanges(start, end) };
  }
  const paths = result.paths.join(', ');
  return {
    type: 'subtask.finished',
    subtask: subtask.id,
    outcome: 'restarted',
    rounds,
    reason: `Another subtask changed ${paths} meanwhile; it starts again on top of that.`,
    files: [],
  };
}

/** Brings what a subtask's end means into the progress; the same for a fresh event and for a recorded one. */
function takeIn(run: RunContext, progress: Progress, subtask: PlannedSubtask, key: string, event: Finished): void {
  switch (event.outcome) {
    case 'approved':
    case 'waived':
      progress.finished.push(event);
      progress.merged = withStates(progress.merged, event.files, (path) => run.base.get(path));
      return;
    case 'restarted': {
      const escalated = run.journal.recordedStep(`${key}/escalated`);
      if (escalated?.type === 'subtask.escalated' && escalated.decision === 'ask') progress.asked.add(subtask.id);
      else progress.alone.add(subtask.id);
      progress.guidance.set(subtask.id, event.reason);
      return;
    }
    case 'replaced': {
      progress.replans += 1;
      const replan = run.journal.recordedStep(`${key}/replan`);
      const replacements = replan?.type === 'plan.proposed' ? replan.plan.plan : [];
      progress.plan = replaceSubtask(progress.plan, subtask.id, replacements);
      return;
    }
    case 'failed':
      return;
    default:
      event.outcome satisfies never;
  }
}

/**
 * The finished subtasks that one starts from: those that it depends on; or all, where it collided or declares a file
 * that one of the others declares too: on the file as it was before, it would only collide.
 */
function startingPoint(progress: Progress, subtask: PlannedSubtask): string[] {
  const finished = progress.finished.map(({ subtask: id }) => id);
  const needed = transitiveDependencies(subtask.id, progress.plan);
  const others = progress.plan.filter(({ id }) => finished.includes(id) && !needed.has(id));
  const isOnAll = progress.alone.has(subtask.id) || others.some((other) => overlap(subtask, other));
  return isOnAll ? finished : finished.filter((id) => needed.has(id));
}

/** The changes of these finished subtasks, in the order in which they were integrated. */
function changesOf(run: RunContext, progress: Progress, includes: readonly string[]): ChangeSet {
  const states: FileState[] = progress.finished
    .filter(({ subtask }) => includes.includes(subtask))
    .flatMap(({ files }) => files);
  return withStates(emptyChangeSet, states, (path) => run.base.get(path));
}
