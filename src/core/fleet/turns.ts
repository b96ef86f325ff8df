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

/** Has pieces of work done one after another, in the order in which they were given. */
export function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => {});
    return mine;
  };
}
