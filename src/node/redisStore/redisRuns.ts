import type { RunSummary } from '../../core/ports.ts';
import { runLeaseName } from '../../core/store/runLease.ts';
import { newestFirst, summaryOf } from '../../core/store/runSummaries.ts';
import { StoreError } from '../../core/store/storeError.ts';
import { mastersOf } from './redisConnection.ts';
import type { RedisLeases, RedisParts } from './redisLeases.ts';
import { eventFrom } from './streamEntries.ts';

/** Keys that a server looks at in one go, and runs that are asked about at once. */
const SCANNED = 1_000;
const AT_ONCE = 100;
/** The ending of a run is among so many of its last events. */
const LAST = 4;

/** All runs, newest first. */
export async function listRuns(parts: RedisParts, leases: RedisLeases): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  await inGroups(await findRuns(parts), undefined, async (runId) => {
    const run = await summariseRun(parts, leases, runId);
    if (run !== undefined) runs.push(run);
  });
  return runs.sort(newestFirst);
}

/** The ids of all runs that have events. */
export function findRuns(parts: RedisParts): Promise<string[]> {
  return scan(parts, parts.keys.allEvents, 'stream');
}

/** The ids of all runs that have a lease. */
export function runsWithLease(parts: RedisParts): Promise<string[]> {
  return scan(parts, parts.keys.allLeases, 'hash');
}

/** Does some work for each, for many at the same time. @param signal ends it after those that are under way */
export async function inGroups(
  runIds: readonly string[],
  signal: AbortSignal | undefined,
  work: (runId: string) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < runIds.length && !signal?.aborted; from += AT_ONCE) {
    await Promise.all(runIds.slice(from, from + AT_ONCE).map(work));
  }
}

/** The runs of all keys that match, on all nodes. */
async function scan({ connection, keys }: RedisParts, pattern: string, type: string): Promise<string[]> {
  const found = await connection.run('Listing runs', async (client) => {
    const ofNodes = mastersOf(client).map(async (node) => {
      const all: string[] = [];
      for (let cursor = '0'; ; ) {
        const [next, some] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCANNED, 'TYPE', type);
        all.push(...some);
        if (next === '0') return all;
        cursor = next;
      }
    });
    return (await Promise.all(ofNodes)).flat();
  });
  // A scan may name a key twice.
  return [...new Set(found)].map(keys.runOf);
}

/** Of one that cannot be read "unreadable", so that the others are listed; undefined where it is gone by now. */
async function summariseRun(
  { connection, keys }: RedisParts,
  leases: RedisLeases,
  runId: string,
): Promise<RunSummary | undefined> {
  const key = keys.events(runId);
  const [[first], newest] = await connection.run(`Looking at run ${runId}`, (client) =>
    Promise.all([client.xrange(key, '-', '+', 'COUNT', 1), client.xrevrange(key, '+', '-', 'COUNT', LAST)]),
  );
  if (first === undefined) return undefined;
  try {
    const start = eventFrom(first, runId, connection.where);
    const last = newest.reverse().map((entry) => eventFrom(entry, runId, connection.where));
    const isLive = async (): Promise<boolean> => (await leases.holder(runLeaseName(runId))) !== undefined;
    return await summaryOf(start, last, isLive);
  } catch (error) {
    if (!(error instanceof StoreError) || error.failure !== 'corrupt') throw error;
    return { runId, startedAt: new Date(0).toISOString(), task: '', workspace: '', state: 'unreadable', lastSeq: 0 };
  }
}
