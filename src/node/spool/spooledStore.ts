import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, Lease, Leases, StoreHealth } from '../../core/ports.ts';
import { runIdFrom, runIdIn } from '../../core/store/runLease.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { keepAside, wentOnElsewhere } from './keepSpoolAside.ts';
import { dropSpool, readSpool, type Spooled, type SpoolWriter, spooledRuns, writeSpool } from './spoolFiles.ts';

/** Milliseconds between two tries to bring what waits into the store. */
const RETRY = 500;
/** Milliseconds that a process which ends waits for a store that is away, so as to leave nothing behind. */
const LAST_WAIT = 10_000;
/** Events that are added at once. */
const PORTION = 500;

/** What this process writes into one run. */
interface Writing {
  /** Ends when everything asked for so far is done. */
  turn: Promise<unknown>;
  /** While the store is away. */
  spool?: SpoolWriter;
  /** The try to bring it in that is under way. */
  bringing?: Promise<void>;
  /** The run was taken over while the store was away. */
  lost?: StoreError;
}

export interface SpooledStore {
  log: EventLog;
  leases: Leases;
  /** Waits a little for a store that is away; what waits still is for the next process that uses the store. */
  close(): Promise<void>;
}

/**
 * A store that may go away while a run is at work: what is appended meanwhile is kept in files, synced, and added when
 * the store is back, if nobody took the run over. Who did leaves what waited as a run of its own.
 * @param dir absolute
 */
export function withSpool({ log, leases }: { log: EventLog; leases: Leases }, dir: string): SpooledStore {
  const writings = new Map<string, Writing>();
  const listeners = new Set<(health: StoreHealth) => void>();
  const closing = new AbortController();
  let isRetrying = false;

  const tell = (health: StoreHealth): void => {
    for (const listener of listeners) listener(health);
  };

  function inTurn<T>(runId: string, work: (writing: Writing) => Promise<T>): Promise<T> {
    const writing = writings.get(runId) ?? { turn: Promise.resolve() };
    writings.set(runId, writing);
    const result = writing.turn.then(() => work(writing));
    writing.turn = result.catch(() => undefined);
    return result;
  }

  async function append(writing: Writing, lease: Lease, events: readonly RunEvent[], durable: boolean): Promise<void> {
    if (writing.lost) throw writing.lost;
    if (writing.spool) return writing.spool.append(events, durable);
    try {
      await log.append(lease, events, durable);
    } catch (error) {
      if (!isAway(error)) throw error;
      const spool = await beginSpool(writing, lease, error);
      await spool.append(events, durable);
    }
  }

  async function beginSpool(writing: Writing, lease: Lease, why: StoreError): Promise<SpoolWriter> {
    if (writing.spool) return writing.spool;
    writing.spool = await writeSpool(dir, lease);
    tell({ kind: 'lost', message: why.message });
    if (!isRetrying) void retry();
    return writing.spool;
  }

  const isSpooling = (): boolean => [...writings.values()].some(({ spool }) => spool);

  async function retry(): Promise<void> {
    isRetrying = true;
    while (!closing.signal.aborted && isSpooling()) {
      await bringAllIn();
      await sleep(RETRY, undefined, { signal: closing.signal }).catch(() => {});
    }
    isRetrying = false;
  }

  async function bringAllIn(): Promise<void> {
    await Promise.allSettled([...writings].map(([runId, writing]) => bringIn(runId, writing)));
  }

  /** Nobody has to wait for a store that is still away: what happens in the meantime is spooled. */
  function bringIn(runId: string, writing: Writing): Promise<void> {
    if (!writing.spool) return Promise.resolve();
    writing.bringing ??= eventsSince(log, runId, Number.MAX_SAFE_INTEGER)
      .then(() => inTurn(runId, () => deliverOwn(runId, writing)))
      .finally(() => delete writing.bringing);
    return writing.bringing;
  }

  /** Brings in what this process has spooled. It stays spooled where the store is still away. */
  async function deliverOwn(runId: string, writing: Writing): Promise<void> {
    if (!writing.spool) return;
    const waits = await readSpool(dir, runId, 'any');
    const added = waits === undefined ? 0 : await deliver(waits);
    await writing.spool.close();
    delete writing.spool;
    await dropSpool(dir, runId);
    if (typeof added === 'number') tell({ kind: 'recovered', added });
    else writing.lost = added;
  }

  /**
   * Adds what is not in the log yet: of the batch that failed first, some may be.
   * @returns how many events waited; or the failure, where the run was taken over and they are kept as another run
   */
  async function deliver({ lease, events }: Spooled): Promise<number | StoreError> {
    const runId = runIdFrom(lease);
    const fenced = async (): Promise<StoreError> =>
      wentOnElsewhere(runId, await keepAside({ log, leases }, { lease, events }), events.length);
    const there = await eventsSince(log, runId, (events[0]?.seq ?? 0) - 1);
    if (there.some((event, index) => JSON.stringify(event) !== JSON.stringify(events[index]))) return fenced();
    try {
      for (let at = there.length; at < events.length; at += PORTION)
        await log.append(lease, events.slice(at, at + PORTION), true);
    } catch (error) {
      if (error instanceof StoreError && error.failure === 'fenced') return fenced();
      throw error;
    }
    return events.length;
  }

  /** Brings in what processes have left that are gone, so that who reads a run, or takes it, has all of it. */
  async function deliverLeft(only?: string): Promise<void> {
    for (const runId of await spooledRuns(dir)) {
      if (only !== undefined && runId !== only) continue;
      await inTurn(runId, async (writing) => {
        const waits = writing.spool ? undefined : await readSpool(dir, runId, 'left');
        if (waits === undefined) return;
        await deliver(waits);
        await dropSpool(dir, runId);
      });
    }
  }

  return {
    log: {
      append: async (lease, events, durable) =>
        inTurn(runIdFrom(lease), (writing) => append(writing, lease, events, durable)),
      async *read(runId, since) {
        await deliverLeft(runId);
        yield* log.read(runId, since);
      },
      follow: (runId, since, signal) => log.follow(runId, since, signal),
      async list() {
        await deliverLeft();
        return log.list();
      },
      delete: (runId) => log.delete(runId),
      watch(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    leases: {
      ttl: leases.ttl,
      async acquire(name, holder, options) {
        const runId = runIdIn(name);
        if (runId !== undefined) {
          await deliverLeft(runId);
          // A new right to write: what was lost before is over.
          delete writings.get(runId)?.lost;
        }
        return leases.acquire(name, holder, options);
      },
      async renew(lease) {
        const runId = runIdIn(lease.name);
        const writing = runId === undefined ? undefined : writings.get(runId);
        if (runId === undefined || !writing) return leases.renew(lease);
        // What waits goes first: else the run would be called lost before it is told what was kept of it.
        await bringIn(runId, writing);
        if (writing.lost) throw writing.lost;
        return leases.renew(lease).catch(async (error: unknown) => {
          if (isAway(error)) await inTurn(runId, (own) => beginSpool(own, lease, error));
          throw error;
        });
      },
      async release(lease) {
        const runId = runIdIn(lease.name);
        const writing = runId === undefined ? undefined : writings.get(runId);
        // What waits is to be added under it: as long as it cannot be, the lease is kept, and runs out by itself.
        if (runId !== undefined && writing) await bringIn(runId, writing);
        await leases.release(lease);
      },
    },
    async close() {
      const until = Date.now() + LAST_WAIT;
      while (isSpooling() && Date.now() < until) await Promise.all([bringAllIn(), sleep(RETRY)]);
      closing.abort();
      for (const { spool } of writings.values()) await spool?.close();
    },
  };
}

function isAway(error: unknown): error is StoreError {
  return error instanceof StoreError && error.failure === 'unreachable';
}

/** None where the run is not there: its first events may be among those that wait. */
async function eventsSince(log: EventLog, runId: string, since: number): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  try {
    for await (const event of log.read(runId, since)) events.push(event);
  } catch (error) {
    if (!(error instanceof StoreError && error.failure === 'unknownRun')) throw error;
  }
  return events;
}
