import type { RunEvent } from '../shared/events.ts';

/** The most events of one message: a long run comes in pieces, one a frame. */
const BATCH = 400;

/**
 * Sends a run's events to the chat, one message a painted frame. Resolves where the stream ends or the signal aborts; who
 * aborts opens the gate too, so that nothing waits for a page that is gone.
 * @param send one message; not awaited, because that it was painted says that it was taken
 * @param painted closed here for every message; whoever hears that it was painted opens it
 */
export async function feed(
  stream: AsyncIterable<RunEvent[]>,
  send: (events: RunEvent[]) => unknown,
  painted: Gate,
  signal: AbortSignal,
): Promise<void> {
  for await (const batch of stream) {
    for (let from = 0; from < batch.length; from += BATCH) {
      if (signal.aborted) return;
      painted.close();
      send(batch.slice(from, from + BATCH));
      await painted.passed();
    }
  }
}

/** Something that is open or closed, and can be waited for. */
export interface Gate {
  open(): void;
  close(): void;
  /** Resolves once it is open. */
  passed(): Promise<void>;
}

export function openGate(): Gate {
  let isOpen = true;
  const go: (() => void)[] = [];
  return {
    open() {
      isOpen = true;
      for (const one of go.splice(0)) one();
    },
    close() {
      isOpen = false;
    },
    passed() {
      return isOpen ? Promise.resolve() : new Promise((resolve) => go.push(resolve));
    },
  };
}
