import type { RunEvent } from '../../shared/events.ts';
import type { EventLog } from '../ports.ts';
import { isDelta } from './deltaBuffers.ts';

/** Tells every event of the runs that this process works on, as it happens. @returns a function that ends it */
export type Live = (listener: (event: RunEvent) => void) => () => void;

/**
 * A run's events from the first, and then what comes: live where this process works on it, from the log where another
 * does. In order, none twice; between a coalesced delta and the one before it numbers may be missing, nothing else is.
 *
 * The log says everything, a moment late. Live events are handed on at once as long as each follows on the last one; what
 * does not is held until the log has caught up. That is so only at an event that is no delta: the log has several sources'
 * deltas coalesced side by side, and in their midst a number does not stand for all that came before it.
 */
export async function* eventStream(
  log: EventLog,
  live: Live,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<RunEvent[]> {
  const arrived: RunEvent[] = [];
  let held: RunEvent[] = [];
  let last = 0;
  let isCaughtUp = true;
  let failure: { error: unknown } | undefined;
  let wake: () => void = () => {};

  const take = (event: RunEvent): void => {
    last = event.seq;
    arrived.push(event);
    wake();
  };
  const endLive = live((event) => {
    if (event.runId !== runId || event.seq <= last) return;
    if (isCaughtUp && event.seq === last + 1) take(event);
    else held.push(event);
  });
  const fromLog = (event: RunEvent): void => {
    if (event.seq <= last) return;
    take(event);
    isCaughtUp = !isDelta(event);
    held = held.filter(({ seq }) => seq > last);
    while (isCaughtUp && held[0]?.seq === last + 1) take(held.shift() as RunEvent);
  };

  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  both.addEventListener('abort', () => wake());
  const following = (async () => {
    for await (const event of log.follow(runId, 0, both)) fromLog(event);
  })();
  following.catch((error: unknown) => {
    failure = { error };
    wake();
  });
  try {
    while (!signal.aborted) {
      if (arrived.length > 0) yield arrived.splice(0);
      else if (failure) throw failure.error;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    endLive();
    stop.abort();
  }
}
