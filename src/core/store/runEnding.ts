import type { RunEvent } from '../../shared/events.ts';

/**
 * The state of a run that has come to an end, for good or for now; undefined where it has not.
 * @param last the run's last events, in order
 */
export function endingAmong(last: readonly RunEvent[]): string | undefined {
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
