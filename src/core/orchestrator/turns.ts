/** Runs one piece of work after the other. Who asked for one gets its failure; the next one in line goes on. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of one. */
export function openTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}
