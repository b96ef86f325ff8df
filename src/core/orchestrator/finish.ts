import type { Ending, EventOf } from '../../shared/events.ts';

/** How a run ends, as its last event. */
export type Finish = EventOf<'run.finished'>;

export function finish(outcome: Finish['outcome'], ending: Ending): Finish {
  return { type: 'run.finished', outcome, ending };
}
