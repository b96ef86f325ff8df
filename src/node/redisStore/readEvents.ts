import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { unknownRun } from './redisFailure.ts';
import type { RedisParts } from './redisLeases.ts';
import { type Entry, eventFrom } from './streamEntries.ts';

/** Entries that are read at once. */
const PAGE = 200;
/** Milliseconds for which the server is asked to wait for the next event; shorter than it is waited for. */
const BLOCK = 2_000;
/** Milliseconds after which a server that was lost while following is asked again. */
const PAUSE = 1_000;

/** A run's events with a seq greater than `since`. @param mode maybeNone: a run that is not there has no events */
export async function* readEvents(
  { connection, keys }: RedisParts,
  runId: string,
  since: number,
  mode: 'known' | 'maybeNone' = 'known',
): AsyncGenerator<RunEvent> {
  const key = keys.events(runId);
  const what = `Reading events of run ${runId}`;
  const start = Math.max(0, since);
  for (let last = start; ; ) {
    const entries = await connection.run(what, (client) => client.xrange(key, `${last + 1}-0`, '+', 'COUNT', PAGE));
    for (const entry of entries) {
      const event = eventFrom(entry, runId, connection.where);
      last = event.seq;
      yield event;
    }
    if (entries.length === PAGE) continue;
    // Nothing at all: of a run that is there, or of none?
    if (last === start && mode === 'known' && (await connection.run(what, (client) => client.exists(key))) === 0) {
      throw unknownRun(runId, connection.where);
    }
    return;
  }
}

/**
 * The same, and then what comes, until the signal; over a connection of its own, which waits for it. Once the run has been
 * seen, a server that is lost is waited for.
 */
export async function* followEvents(
  parts: RedisParts,
  runId: string,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  if (signal.aborted) return;
  const { keys } = parts;
  const own = parts.connection.another();
  const close = (): void => own.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const key = keys.events(runId);
    const what = `Following run ${runId}`;
    const exists = (): Promise<number> => own.run(what, (client) => client.exists(key));
    const next = (last: number): Promise<Entry[]> =>
      own.run(what, async (client) => {
        const found = await client.xread('COUNT', PAGE, 'BLOCK', BLOCK, 'STREAMS', key, `${last}-0`);
        return found?.[0]?.[1] ?? [];
      });
    let last = Math.max(0, since);
    if ((await exists()) === 0) throw unknownRun(runId, own.where);
    while (!signal.aborted) {
      let entries: Entry[] = [];
      try {
        entries = await next(last);
        // Deleted meanwhile?
        if (entries.length === 0 && (await exists()) === 0) throw unknownRun(runId, own.where);
      } catch (error) {
        if (!(error instanceof StoreError) || error.failure !== 'unreachable') throw error;
        await sleep(PAUSE, undefined, { signal });
      }
      for (const entry of entries) {
        const event = eventFrom(entry, runId, own.where);
        last = event.seq;
        yield event;
        if (signal.aborted) return;
      }
    }
  } catch (error) {
    // What fails because it was told to stop has not failed.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', close);
    own.close();
  }
}
