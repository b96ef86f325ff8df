import type { EventOf, FileState } from '../../shared/events.ts';
import { MERGED } from '../../shared/runState.ts';
import type { Plan, PlannedSubtask } from '../../shared/wire.ts';
import { type ChangeSet, emptyChangeSet, withStates } from '../changes/changeSet.ts';
import { planText, type TaskFacts } from './messages.ts';
import { overlap, replaceSubtask, transitiveDependencies } from './planGraph.ts';
import type { RunContext } from './runContext.ts';

export type Finished = EventOf<'subtask.finished'>;

/** Names that no subtask may have: the run uses them itself. */
export const RESERVED_IDS: readonly string[] = [MERGED, 'review'];

/** The subtasks of a plan under way. The plan changes when the Planner replaces a failed subtask. */
export interface Progress {
  plan: PlannedSubtask[];
  /** With the user's answers so far, those of escalations too. */
  facts: TaskFacts;
  /** In the order in which they were integrated. */
  finished: Finished[];
  /** All finished changes together. */
  merged: ChangeSet;
  /** Starts of each subtask so far, replaced ones too. */
  starts: Map<string, number>;
  guidance: Map<string, string>;
  asked: Set<string>;
  /** Subtasks that collided: they start on everything merged, and alone. */
  alone: Set<string>;
  replans: number;
  /** Resolves when no escalation is under way: the Planner decides about one at a time, on the plan as it is then. */
  escalation: Promise<unknown>;
}

/** The progress as the recorded ends of subtasks left it; at the beginning for a fresh run. */
export function openProgress(run: RunContext, plan: Plan, facts: TaskFacts): Progress {
  const progress: Progress = {
    plan: [...plan.plan],
    facts,
    finished: [],
    merged: emptyChangeSet,
    starts: new Map(),
    guidance: new Map(),
    asked: new Set(),
    alone: new Set(),
    replans: 0,
    escalation: Promise.resolve(),
  };
  for (const event of run.journal.outcomes()) {
    if (event.type !== 'subtask.finished') continue;
    progress.starts.set(event.subtask, event.start);
    takeIn(run, progress, event);
  }
  return progress;
}

/** Prefix of the step keys of one start of a subtask. */
export function startKey(subtask: string, start: number): string {
  return `subtask/${subtask}/start-${start}`;
}

/**
 * Brings what a subtask's end means into the progress. Called in the order in which the ends are recorded, at once for
 * a fresh one (the next to end must see it) and from the log for a resumed run.
 */
export function takeIn(run: RunContext, progress: Progress, event: Finished): void {
  const { subtask } = event;
  const key = startKey(subtask, event.start);
  switch (event.outcome) {
    case 'approved':
    case 'waived':
      progress.finished.push(event);
      progress.merged = withStates(progress.merged, event.files, (path) => run.base.get(path));
      return;
    case 'restarted': {
      const answered = run.journal.recordedStep(`${key}/question`);
      if (answered?.type === 'plan.answered') {
        progress.asked.add(subtask);
        progress.facts = { ...progress.facts, answers: [...progress.facts.answers, ...answered.answers] };
      } else progress.alone.add(subtask);
      progress.guidance.set(subtask, [progress.guidance.get(subtask), event.reason].filter(Boolean).join('\n'));
      return;
    }
    case 'replaced': {
      const replan = run.journal.recordedStep(`${key}/replan`);
      progress.replans += 1;
      progress.plan = replaceSubtask(progress.plan, subtask, replan?.type === 'plan.proposed' ? replan.plan.plan : []);
      return;
    }
    case 'failed':
      return;
    default:
      event.outcome satisfies never;
  }
}

/** Subtasks that can start now: dependencies finished, no file in common with one at work, a place free; at last the whole. */
export function nextSubtasks(run: RunContext, progress: Progress, running: readonly string[]): PlannedSubtask[] {
  const finished = new Set(progress.finished.map(({ subtask }) => subtask));
  if (progress.plan.every(({ id }) => finished.has(id))) return running.length > 0 ? [] : wholeToApprove(progress);
  const atWork = progress.plan.filter(({ id }) => running.includes(id));
  if (atWork.some(({ id }) => progress.alone.has(id))) return [];
  const chosen: PlannedSubtask[] = [];
  for (const subtask of startedFirst(run, progress)) {
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

/**
 * The merged change as a subtask, where it has to be checked and reviewed: two green subtasks can make one red change.
 * One that comes from a single subtask is byte for byte what was checked and reviewed, and is not done twice.
 */
function wholeToApprove({ plan, finished, merged }: Progress): PlannedSubtask[] {
  const isApproved = finished.some(({ subtask }) => subtask === MERGED);
  const contributors = finished.filter(({ files }) => files.length > 0);
  if (isApproved || contributors.length < 2) return [];
  const present = [...merged.files.values()].filter(({ text }) => text !== null);
  const whole: PlannedSubtask = {
    id: MERGED,
    description: `The subtasks' changes together:\n${planText({ plan })}`,
    success_criteria: plan.map(({ success_criteria }) => success_criteria).join('; '),
    depends_on: plan.map(({ id }) => id),
    files: merged.files.size > 8 ? [] : present.map(({ path }) => ({ path, action: 'modify' })),
  };
  return [whole];
}

/** In the order of the plan; where a run is resumed, what was at work before comes first. */
function startedFirst(run: RunContext, { plan, starts }: Progress): PlannedSubtask[] {
  const wasAtWork = ({ id }: PlannedSubtask): boolean =>
    run.journal.recordedStep(`${startKey(id, (starts.get(id) ?? 0) + 1)}/started`) !== undefined;
  return [...plan.filter(wasAtWork), ...plan.filter((subtask) => !wasAtWork(subtask))];
}

/**
 * The finished subtasks that one starts from: those that it depends on; or all, where it collided or declares a file
 * that one of the others declares too: on the file as it was before, it would only collide.
 */
export function startingPoint(progress: Progress, subtask: PlannedSubtask): string[] {
  const finished = progress.finished.map(({ subtask: id }) => id);
  if (subtask.id === MERGED) return finished;
  const needed = transitiveDependencies(subtask.id, progress.plan);
  const others = progress.plan.filter(({ id }) => finished.includes(id) && !needed.has(id));
  const isOnAll = progress.alone.has(subtask.id) || others.some((other) => overlap(subtask, other));
  return isOnAll ? finished : finished.filter((id) => needed.has(id));
}

/** The changes of these finished subtasks, in the order in which they were integrated. */
export function changesOf(run: RunContext, progress: Progress, includes: readonly string[]): ChangeSet {
  const missing = includes.filter((id) => !progress.finished.some(({ subtask }) => subtask === id));
  if (missing.length > 0) throw new Error(`A subtask starts from ${missing.join(', ')}, which has not finished.`);
  const states: FileState[] = progress.finished
    .filter(({ subtask }) => includes.includes(subtask))
    .flatMap(({ files }) => files);
  return withStates(emptyChangeSet, states, (path) => run.base.get(path));
}
