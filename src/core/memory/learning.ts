import type { RunEvent } from '../../shared/events.ts';
import { fold } from '../../shared/fold.ts';
import type { Memory, MemoryEntry } from '../ports.ts';
import { acceptedIds, answerLessons, hunkCount, refusalLesson, rejectionLessons } from './conventions.ts';
import { openFailures } from './failures.ts';

/** What a stretch of a run has taught. */
export interface Lessons {
  learnt: MemoryEntry[];
  /** Ids of what does not hold any more. */
  unlearnt: string[];
}

/** What can be learnt from; the rest is not kept in memory for it. */
const TELLING: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>([
  'run.started',
  'run.paused',
  'run.aborted',
  'run.finished',
  'plan.proposed',
  'plan.answered',
  'code.chunk',
  'edit.applied',
  'review.finished',
  'subtask.escalated',
  'subtask.finished',
  'proposal.ready',
  'proposal.decided',
  'proposal.rejected',
]);

/** Listens to one session of a run, and keeps what it has taught when it ends. Code decides that; no model is asked. */
export function openLearning(recorded: readonly RunEvent[]): {
  hear(event: RunEvent): void;
  keep(memory: Memory, workspace: string): Promise<void>;
} {
  const heard = recorded.filter(({ type }) => TELLING.has(type));
  // What came before was learnt when that session ended; where its process died, it had no end.
  const known = heard.findLast(({ type }) => ENDS.has(type))?.seq ?? 0;
  return {
    hear(event) {
      if (TELLING.has(event.type)) heard.push(event);
    },
    async keep(memory, workspace) {
      const { learnt, unlearnt } = lessonsOf(heard, known);
      if (unlearnt.length > 0) await memory.forget(workspace, unlearnt);
      if (learnt.length > 0) await memory.remember(workspace, learnt);
    },
  };
}

const ENDS: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>(['run.paused', 'run.aborted', 'run.finished']);

/**
 * What the events of a run teach that came after a point of it: what failed and what mended it, what was given up, what
 * the user rejected, and what the user answered.
 * @param since a seq
 */
export function lessonsOf(events: readonly RunEvent[], since = 0): Lessons {
  const failureIn = openFailures();
  const learnt = events.flatMap((event): MemoryEntry[] => {
    const failure = failureIn(event);
    if (event.seq <= since) return [];
    if (event.type === 'plan.answered') return answerLessons(event);
    return failure === undefined ? [] : [failure];
  });
  const { entries, unlearnt } = decisionLessons(events, since);
  // The later word on the same thing counts.
  const byId = new Map([...learnt, ...entries].map((entry) => [entry.id, entry]));
  return { learnt: [...byId.values()], unlearnt };
}

function decisionLessons(events: readonly RunEvent[], since: number): { entries: MemoryEntry[]; unlearnt: string[] } {
  const last = events.findLast(({ type }) => type === 'proposal.decided' || type === 'proposal.rejected');
  const started = events.find((event) => event.type === 'run.started');
  const { proposal } = fold(events);
  if (!last || last.seq <= since || !proposal || started === undefined) return { entries: [], unlearnt: [] };
  const decided = { task: started.said?.text ?? started.task, at: last.at, run: last.runId };
  // Nothing of many hunks was wanted: that is one thing to know.
  if (proposal.state === 'rejected' && hunkCount(proposal.files) > 1) {
    return { entries: [refusalLesson(proposal.files, decided)], unlearnt: [] };
  }
  const fresh = events.filter((event) => event.type === 'proposal.decided' && event.seq > since);
  const decidedNow = fold([...events.filter(({ type }) => type === 'proposal.ready'), ...fresh]).proposal;
  const now = proposal.state === 'rejected' ? allRejected(proposal) : (decidedNow ?? proposal);
  return { entries: rejectionLessons(now, decided), unlearnt: acceptedIds(now) };
}

/** One that is rejected as a whole may not say so of its hunks. */
function allRejected({ files }: Pick<NonNullable<ReturnType<typeof fold>['proposal']>, 'files'>) {
  return { files, decided: Object.fromEntries(files.map(({ path }) => [path, { 0: 'rejected' as const }])) };
}
