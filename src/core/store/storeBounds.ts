import type { RunOutcome } from '../../shared/events.ts';

/** What a store keeps of runs that have finished. */
export interface StoreBounds {
  finishedRuns: number;
  /** Of all runs; unfinished ones count, but are never deleted. */
  bytes: number;
}

export const STORE_BOUNDS: StoreBounds = { finishedRuns: 500, bytes: 2 * 1024 * 1024 * 1024 };

/** Milliseconds after which the lease of a run that has no events is left over. */
export const LEFT_AFTER = 60 * 60 * 1000;

/** What the bounds are judged by. */
export interface KeptRun {
  runId: string;
  /** ISO 8601. */
  startedAt: string;
  /** As RunSummary has it. */
  state: string;
  bytes: number;
}

/** Whether a run has come to its end: it was not aborted, does not wait, and nobody could resume it to work on. */
export function isFinished({ state }: Pick<KeptRun, 'state'>): boolean {
  return FINISHED.has(state);
}

/** The finished runs that have to go, oldest first. */
export function runsOverBounds(runs: readonly KeptRun[], bounds = STORE_BOUNDS): string[] {
  const finished = runs.filter(isFinished).sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  let bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  let left = finished.length;
  const over: string[] = [];
  for (const run of finished) {
    if (left <= bounds.finishedRuns && bytes <= bounds.bytes) break;
    over.push(run.runId);
    left -= 1;
    bytes -= run.bytes;
  }
  return over;
}

const FINISHED: ReadonlySet<string> = new Set<RunOutcome>(['approved', 'not_approved', 'nothing_to_do', 'answered']);
