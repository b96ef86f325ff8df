import { setImmediate } from 'node:timers/promises';

/** Milliseconds that work goes on before others get their turn. */
const LONGEST = 15;
/** Looking at the clock takes time, too: it is done after every so manieth thing. */
const LOOKS = 32;

/** Does some work for each of many things, in their order, so that the event loop is never held for long. */
export async function eachInTurn<T>(
  things: readonly T[],
  work: (thing: T, place: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let place = 0; ; ) {
    place = someInTurn(things, place, work);
    if (place === things.length) return;
    await setImmediate();
    signal.throwIfAborted();
  }
}

/**
 * As many as there is time for. Not in the function above: in one that waits, V8 makes objects of what a loop goes by.
 * @returns the place of the next
 */
function someInTurn<T>(things: readonly T[], from: number, work: (thing: T, place: number) => void): number {
  const until = performance.now() + LONGEST;
  for (let place = from; place < things.length; place += 1) {
    if (place % LOOKS === 0 && place > from && performance.now() > until) return place;
    work(things[place] as T, place);
  }
  return things.length;
}
