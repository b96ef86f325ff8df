import { setImmediate } from 'node:timers/promises';

/** Milliseconds that work goes on before others get their turn. */
const LONGEST = 15;
/** Looking at the clock takes time, too: it is done at every so manieth call. */
const CALLS = 32;

/**
 * For long loops: call it at every turn, and await what it gives where it gives something, so that the event loop is
 * never held for long.
 */
export function breather(signal: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now();
  let calls = 0;
  return () => {
    calls += 1;
    if (calls % CALLS !== 0 || performance.now() - since < LONGEST) return undefined;
    return setImmediate().then(() => {
      signal.throwIfAborted();
      since = performance.now();
    });
  };
}
