import type { RunEvent } from '../../shared/events.ts';

/** How fast a recorded run is played: as many times as fast as it was, or all at once; or not at all for now. */
export type Pace = number | 'instant' | 'paused';

/** Time, and waiting for it; both in milliseconds. */
export interface Clock {
  now(): number;
  /** Resolves early where the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A wait in a record that is longer, in milliseconds, is shown as one that long: nobody watches a model load. */
const LONGEST = 4000;
/** Events that are handed on at once, where nothing is waited for. */
const BATCH = 400;

/** What is waited before an event in its own rhythm, after the one before it. Milliseconds. */
export function waitBefore(before: RunEvent | undefined, event: RunEvent): number {
  if (before === undefined) return 0;
  const gap = Date.parse(event.at) - Date.parse(before.at);
  // Clocks are set back now and then, and a fork begins with what is older than its start.
  return Number.isFinite(gap) ? Math.min(LONGEST, Math.max(0, gap)) : 0;
}

export interface Playback {
  readonly pace: Pace;
  /** Holds at once, also for what is being waited for. */
  set(pace: Pace): void;
  /** The events in their rhythm; those between which nothing is waited come together. Ends with them, or by the signal. */
  play(events: AsyncIterable<RunEvent>, signal: AbortSignal): AsyncGenerator<RunEvent[]>;
}

export function openPlayback(first: Pace, clock: Clock = systemClock): Playback {
  let pace = first;
  let changed = new AbortController();

  /** @param wait in the record's own time */
  async function waitFor(wait: number, signal: AbortSignal): Promise<void> {
    let left = wait;
    while (!signal.aborted && (pace === 'paused' || (pace !== 'instant' && left > 0))) {
      const either = AbortSignal.any([signal, changed.signal]);
      const from = clock.now();
      const speed = pace === 'paused' ? 0 : pace;
      await clock.sleep(speed === 0 ? Number.POSITIVE_INFINITY : left / speed, either);
      left = either.aborted ? left - (clock.now() - from) * speed : 0;
    }
  }

  return {
    get pace() {
      return pace;
    },
    set(fresh) {
      pace = fresh;
      changed.abort();
      changed = new AbortController();
    },
    async *play(events, signal) {
      let before: RunEvent | undefined;
      let batch: RunEvent[] = [];
      for await (const event of events) {
        const wait = pace === 'instant' ? 0 : waitBefore(before, event);
        if (batch.length > 0 && (wait > 0 || pace === 'paused' || batch.length >= BATCH)) {
          yield batch;
          batch = [];
        }
        await waitFor(wait, signal);
        if (signal.aborted) return;
        batch.push(event);
        before = event;
      }
      if (batch.length > 0) yield batch;
    },
  };
}

/** A timer of the system can wait three weeks; whoever waits for ever is woken by the signal. */
const FOREVER = 2 ** 31 - 1;

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, FOREVER));
      signal.addEventListener('abort', done);
    }),
};
