import type { EventLog } from '../ports.ts';
import type { Journal } from '../store/journal.ts';
import { type HeldLeases, takenOver } from './heldLeases.ts';
import { openTurns } from './turns.ts';

/**
 * Who is at work in a run. Where nobody is, because all wait for the user, the run holds no lease: another window or
 * terminal can take the answer and go on with it.
 */
export interface Presence {
  /** A piece of work beside others. It begins when the leases are held. */
  working<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Asks the user.
   * @param ask is called at once; its signal aborts when the run goes on elsewhere
   * @throws StoreError `fenced` in that case, whatever `ask` came to
   */
  awaitingUser<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Resolves when the leases are held again, if they were let go. */
  back(): Promise<void>;
}

/** Milliseconds that the user may take before the leases are let go: who answers at once costs no new epoch. */
const AT_ONCE = 2_000;

export function openPresence(about: {
  journal: Pick<Journal, 'runId' | 'lastSeq' | 'flush'>;
  log: Pick<EventLog, 'follow' | 'read'>;
  held: HeldLeases;
  signal: AbortSignal;
}): Presence {
  const { journal, log, held, signal } = about;
  let working = 0;
  /** Who waits for the user, and how each is told that there is nothing to wait for any more. */
  const waiting = new Set<AbortController>();
  let away: { stopWatching: () => void } | undefined;
  /** Letting go and taking back go one after the other. */
  const inTurn = openTurns();

  const letGoWhereAllWait = (): Promise<void> =>
    inTurn(async () => {
      if (away || waiting.size === 0 || waiting.size < working || signal.aborted) return;
      await journal.flush();
      await held.letGo();
      away = { stopWatching: watch() };
    });

  const back = (): Promise<void> =>
    inTurn(async () => {
      if (!away) return;
      await held.regain();
      // Read under the lease: whoever went on with the run meanwhile, and stopped again, has left something there.
      for await (const _event of log.read(journal.runId, journal.lastSeq)) throw takenOver(journal.runId);
      away.stopWatching();
      away = undefined;
    });

  /** Whoever else goes on with the run writes into its log first. @returns a function that ends it */
  function watch(): () => void {
    const stop = new AbortController();
    void (async () => {
      for await (const _event of log.follow(journal.runId, journal.lastSeq, stop.signal)) {
        for (const one of waiting) one.abort(takenOver(journal.runId));
        return;
      }
    })().catch(() => {
      // A log that cannot be followed says so when the answer is to be written down.
    });
    return () => stop.abort();
  }

  return {
    back,
    async working(work) {
      working += 1;
      try {
        await back();
        return await work();
      } finally {
        working -= 1;
        setTimeout(() => void letGoWhereAllWait().catch(() => {}), AT_ONCE).unref();
      }
    },
    async awaitingUser(ask) {
      const one = new AbortController();
      waiting.add(one);
      // What goes wrong here goes wrong again when the answer is written down, and is told then.
      const timer = setTimeout(() => void letGoWhereAllWait().catch(() => {}), AT_ONCE);
      try {
        return await ask(AbortSignal.any([signal, one.signal]));
      } finally {
        clearTimeout(timer);
        waiting.delete(one);
        await back();
      }
    },
  };
}
