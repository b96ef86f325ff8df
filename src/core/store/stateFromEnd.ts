import type { RunEvent } from '../../shared/events.ts';

/**
 * The state of a run in one word, from the last events of its log: how it came out ("approved", …), "paused", "aborted",
 * "waiting" for its user, or, where it has not ended, "running" or "interrupted".
 * @param isLive whether somebody holds its lease; asked only where that decides
 */
export async function stateFromEnd(last: readonly RunEvent[], isLive: () => Promise<boolean>): Promise<string> {
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
