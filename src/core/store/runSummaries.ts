import type { RunEvent } from '../../shared/events.ts';
import type { RunSummary } from '../ports.ts';

/**
 * One line about a run.
 * @param first its first event
 * @param last some of its last events, at least one
 * @param isLive whether somebody holds its lease; asked only where that decides
 */
export async function summaryOf(
  first: RunEvent,
  last: readonly RunEvent[],
  isLive: () => Promise<boolean>,
): Promise<RunSummary> {
  const { task, workspace } = first.type === 'run.started' ? first : { task: '', workspace: '' };
  const { runId, at: startedAt } = first;
  return {
    runId,
    startedAt,
    task,
    workspace,
    state: await stateFromEnd(last, isLive),
    lastSeq: last.at(-1)?.seq ?? first.seq,
  };
}

/** For sorting: the run that was started last comes first. */
export function newestFirst(a: RunSummary, b: RunSummary): number {
  return compare(b.startedAt, a.startedAt) || compare(b.runId, a.runId);
}

/**
 * The state of a run in one word, from the last events of its log: how it came out ("approved", …), "paused", "aborted",
 * "waiting" for its user, or, where it has not ended, "running" or "interrupted".
 */
async function stateFromEnd(last: readonly RunEvent[], isLive: () => Promise<boolean>): Promise<string> {
  const ending = endingOf(last);
  if (ending !== undefined) return ending;
  if (await isLive()) return 'running';
  const end = last.at(-1);
  return end?.type === 'plan.question' || end?.type === 'approval.requested' ? 'waiting' : 'interrupted';
}

/** Undefined where the run has not come to an end, for good or for now. */
function endingOf(last: readonly RunEvent[]): string | undefined {
  // An ending is among the last events: nothing but `run.resumed` follows one.
  for (const event of last.toReversed()) {
    switch (event.type) {
      case 'run.started':
      case 'run.resumed':
        return undefined;
      case 'run.paused':
        return 'paused';
      case 'run.aborted':
        return 'aborted';
      case 'run.finished':
        return event.outcome;
      default:
    }
  }
  return undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
