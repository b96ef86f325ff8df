import { setImmediate } from 'node:timers/promises';

/** Milliseconds that work goes on before others get their turn. */
const LONGEST = 15;

/** For long loops: call it often and await what it gives, so that the event loop is never held for long. */
export function breather(signal: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < LONGEST) return undefined;
    return setImmediate().then(() => {
      signal.throwIfAborted();
      since = performance.now();
    });
  };
}
