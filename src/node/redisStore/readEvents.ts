import { setTimeout as sleep } from 'node:timers/promises';
import { EVENT_VERSION, openUpgrade } from '../../core/store/eventVersion.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import type { RedisConnection } from './redisConnection.ts';
import { unknownRun } from './redisFailure.ts';
import type { RedisParts } from './redisLeases.ts';
import { seqOf } from './scripts.ts';
import { type Entry, eventFrom, versionOf } from './streamEntries.ts';

/** Entries that are read at once. */
const PAGE = 200;
/** Milliseconds for which the server is asked to wait for the next event; shorter than it is waited for. */
const BLOCK = 2_000;
/** Milliseconds after which a server that was lost while following is asked again. */
const PAUSE = 1_000;

/**
 * A run's events with a seq greater than `since`, in today's shapes.
 * @throws StoreError `unknownRun` where there is none
 */
export async function* readEvents(parts: RedisParts, runId: string, since: number): AsyncGenerator<RunEvent> {
  const { connection, keys } = parts;
  let isThere = false;
  const upgrade = openUpgrade();
  for await (const entry of entriesOf(parts, runId, Math.max(0, since))) {
    // What an old event means can depend on those before it.
    if (!isThere && since > 0 && versionOf(entry) < EVENT_VERSION) {
      for await (const event of readEvents(parts, runId, 0)) if (event.seq > since) yield event;
      return;
    }
    isThere = true;
    const event = eventFrom(entry, runId, connection.where);
    yield versionOf(entry) < EVENT_VERSION ? upgrade(event, versionOf(entry)) : event;
  }
  if (isThere || (await exists(connection, keys.events(runId), runId))) return;
  throw unknownRun(runId, connection.where);
}

/** The same of a run that may not have begun: then none. */
export async function readSince(parts: RedisParts, runId: string, since: number): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const entry of entriesOf(parts, runId, since))
    events.push(eventFrom(entry, runId, parts.connection.where));
  return events;
}

/**
 * The same as `readEvents`, and then what comes, until the signal; over a connection of its own, which waits for it. Once
 * the run has been seen, a server that is lost is waited for.
 */
export async function* followEvents(
  parts: RedisParts,
  runId: string,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  if (signal.aborted) return;
  const own = parts.connection.another();
  const close = (): void => own.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    let last = Math.max(0, since);
    for await (const event of readEvents({ ...parts, connection: own }, runId, last)) {
      last = event.seq;
      yield event;
      if (signal.aborted) return;
    }
    while (!signal.aborted) {
      for (const entry of await nextEntries(own, parts.keys.events(runId), runId, last, signal)) {
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

/** What comes after `last`; nothing where nothing comes for a while, or the server is away. */
async function nextEntries(
  own: RedisConnection,
  key: string,
  runId: string,
  last: number,
  signal: AbortSignal,
): Promise<Entry[]> {
  try {
    const found = await own.run(`Following run ${runId}`, (client) =>
      client.xread('COUNT', PAGE, 'BLOCK', BLOCK, 'STREAMS', key, `${last}-0`),
    );
    const entries = found?.[0]?.[1] ?? [];
    if (entries.length === 0 && !(await exists(own, key, runId))) throw unknownRun(runId, own.where);
    return entries;
  } catch (error) {
    if (!(error instanceof StoreError) || error.failure !== 'unreachable') throw error;
    await sleep(PAUSE, undefined, { signal });
    return [];
  }
}

async function* entriesOf({ connection, keys }: RedisParts, runId: string, since: number): AsyncGenerator<Entry> {
  for (let last = since; ; ) {
    const entries = await connection.run(`Reading events of run ${runId}`, (client) =>
      client.xrange(keys.events(runId), `${last + 1}-0`, '+', 'COUNT', PAGE),
    );
    yield* entries;
    if (entries.length < PAGE) return;
    last = seqOf(entries.at(-1)?.[0] ?? '');
  }
}

async function exists(connection: RedisConnection, key: string, runId: string): Promise<boolean> {
  return (await connection.run(`Looking for run ${runId}`, (client) => client.exists(key))) === 1;
}
