/** Work in the background, of which no two go on at a time. */
export interface Background {
  /** Returns at once. What is asked for while the work goes on may come too late for it: then it is done once more. */
  ask(): void;
  /** Ends what goes on, soon, and waits for that. */
  stop(): Promise<void>;
}

/** @param work never fails; its signal ends it soon */
export function inBackground(work: (signal: AbortSignal) => Promise<void>): Background {
  let ending = new AbortController();
  let done: Promise<void> | undefined;
  let isAsked = false;

  async function untilNobodyAsks(signal: AbortSignal): Promise<void> {
    do {
      isAsked = false;
      await work(signal);
    } while (isAsked && !signal.aborted);
    done = undefined;
  }

  return {
    ask() {
      isAsked = true;
      if (done !== undefined) return;
      ending = new AbortController();
      done = untilNobodyAsks(ending.signal);
    },
    async stop() {
      ending.abort();
      await done;
    },
  };
}
