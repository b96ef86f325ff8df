import type { EventLog } from '../../core/ports.ts';
import { runLeaseName } from '../../core/store/runLease.ts';
import { LEFT_AFTER, runsOverBounds, type StoreBounds } from '../../core/store/storeBounds.ts';
import type { RedisLeases, RedisParts } from './redisLeases.ts';
import { findRuns, inGroups, listRuns, runsWithLease } from './redisRuns.ts';

/**
 * Keeps the store small: finished runs beyond the bounds are deleted, and leases that nothing belongs to. What fails is
 * left for the next time; nothing that a run needs depends on it.
 * @param signal ends it soon
 */
export async function tidyRuns(
  parts: RedisParts & { leases: RedisLeases; delete: EventLog['delete'] },
  bounds: StoreBounds,
  signal: AbortSignal,
): Promise<void> {
  const tolerant = async (work: Promise<unknown>): Promise<void> => {
    await work.catch(() => undefined);
  };
  await tolerant(dropRuns(parts, bounds, signal));
  await tolerant(dropLeases(parts, signal));
}

async function dropRuns(
  parts: RedisParts & { leases: RedisLeases; delete: EventLog['delete'] },
  bounds: StoreBounds,
  signal: AbortSignal,
): Promise<void> {
  const { connection, keys } = parts;
  const sizes = new Map<string, number>();
  await inGroups(await findRuns(parts), signal, async (runId) => {
    const bytes = await connection.run('Looking at sizes', (client) => client.memory('USAGE', keys.events(runId)));
    sizes.set(runId, bytes ?? 0);
  });
  // Only where something may be over is every run looked into.
  const all = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (signal.aborted || (sizes.size <= bounds.finishedRuns && all <= bounds.bytes)) return;
  const runs = (await listRuns(parts, parts.leases)).map((run) => ({ ...run, bytes: sizes.get(run.runId) ?? 0 }));
  for (const runId of runsOverBounds(runs, bounds)) {
    if (signal.aborted) return;
    // One that is being worked on again stays.
    await parts.delete(runId).catch(() => undefined);
  }
}

async function dropLeases(parts: RedisParts, signal: AbortSignal): Promise<void> {
  const { keys, scripts } = parts;
  const known = new Set(await findRuns(parts));
  const left = (await runsWithLease(parts)).filter((runId) => !known.has(runId));
  await inGroups(left, signal, async (runId) => {
    const both = [keys.lease(runLeaseName(runId)), keys.events(runId)];
    await scripts.run('dropLease', 'Dropping a lease', both, [LEFT_AFTER]);
  });
}
