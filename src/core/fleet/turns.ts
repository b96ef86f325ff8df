/** Says to all who wait that something has changed. */
export interface Nudge {
  tell(): void;
  /** Resolves with the next `tell`. */
  next(): Promise<void>;
}

export function createNudge(): Nudge {
  let waiting: (() => void)[] = [];
  return {
    tell() {
      const told = waiting;
      waiting = [];
      for (const resolve of told) resolve();
    },
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
      }),
  };
}

/**
 * Waits for a `tell` or, where one is given, for the end of a sleep, which is ended then. Rejects with the signal's reason
 * when it aborts. `told` is asked for beforehand, so that nothing is missed that is told meanwhile.
 */
export async function toldOr(
  told: Promise<void>,
  sleep: ((signal: AbortSignal) => Promise<void>) | undefined,
  signal: AbortSignal,
): Promise<void> {
  const waiting = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    waiting.signal.addEventListener('abort', () => reject(waiting.signal.reason), { once: true });
  });
  const stop = (): void => waiting.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.race([told, aborted, ...(sleep === undefined ? [] : [sleep(waiting.signal)])]);
  } finally {
    signal.removeEventListener('abort', stop);
    waiting.abort();
  }
}

/** Has pieces of work done one after another, in the order in which they were given. */
export function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => {});
    return mine;
  };
}
