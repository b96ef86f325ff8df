import type { FleetState } from '../../shared/fleet.ts';
import type { FleetDriver } from './driver.ts';
import type { Clock, Fleet } from './fleet.ts';
import { type Nudge, toldOr } from './turns.ts';

/** Milliseconds between two looks at what is starting, and at the figures of what runs. */
const LOOK_AGAIN = 1000;
const VITALS_AGAIN = 2000;
/** Milliseconds until an engine that is gone is asked again, at first and at most. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;

/** Has a fleet followed: see Fleet. `changed` is told of what the driver says, too. */
export function createFollower(parts: {
  state: Fleet['state'];
  changed: Nudge;
  driver: Pick<FleetDriver, 'changes'>;
  clock: Clock;
}): Fleet['follow'] {
  const { state, changed, driver, clock } = parts;

  async function* follow(signal: AbortSignal, how: 'closely' | 'changes' = 'closely'): AsyncIterable<FleetState> {
    const own = new AbortController();
    const stop = (): void => own.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const watching = watch(own.signal, how === 'closely' ? 'closely' : 'seldom');
    let shown = '';
    try {
      while (!own.signal.aborted) {
        const told = changed.next();
        const now = await state(own.signal);
        const text = JSON.stringify(now);
        if (text !== shown) yield now;
        shown = text;
        const ms = isMoving(now) ? LOOK_AGAIN : how === 'closely' ? VITALS_AGAIN : undefined;
        await toldOr(told, ms === undefined ? undefined : (signal) => clock.sleep(ms, signal), own.signal);
      }
    } catch (error) {
      if (!own.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      own.abort();
      await watching;
    }
  }

  /** Passes on what the driver says; an engine that is gone may come back. Resolves with the signal. */
  async function watch(signal: AbortSignal, how: 'closely' | 'seldom'): Promise<void> {
    let wait = FIRST_PAUSE;
    while (!signal.aborted) {
      try {
        for await (const _ of driver.changes(signal, how)) {
          wait = FIRST_PAUSE;
          changed.tell();
        }
      } catch {
        // The next look tells what is the matter.
        changed.tell();
      }
      if (signal.aborted) return;
      await clock.sleep(wait, signal).catch(() => {});
      wait = Math.min(2 * wait, LONGEST_PAUSE);
    }
  }

  return follow;
}

/** Whether a look again is worth while soon. */
function isMoving({ services }: FleetState): boolean {
  return services.some(({ state: { kind } }) => kind === 'starting' || kind === 'fetching' || kind === 'crashing');
}
