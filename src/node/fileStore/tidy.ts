import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventLog, RunSummary } from '../../core/ports.ts';
import { runIdIn, runLeaseName } from '../../core/store/runLease.ts';
import {
  isFinished,
  type KeptRun,
  LEFT_AFTER,
  runsOverBounds,
  type StoreBounds,
} from '../../core/store/storeBounds.ts';
import { compactRun, isCompact } from './compaction.ts';
import { errorCode } from './fileFailure.ts';
import type { FileLeases } from './fileLeases.ts';
import { deletedFolder, nameFrom, runFolder } from './fileNames.ts';
import { summariseRun } from './runSummary.ts';

/** So many segments make a run long: it is compacted before it has finished. */
const LONG = 8;

/** Runs that are compacted at a time. */
const AT_ONCE = 20;

export interface FileStoreParts {
  dir: string;
  leases: FileLeases;
  delete: EventLog['delete'];
}

/**
 * Keeps a store in files small: leftovers go, finished runs beyond the bounds are deleted, the others compacted. What
 * fails is left for the next time; nothing that a run needs depends on it.
 * @param signal ends it soon
 */
export async function tidy(parts: FileStoreParts, bounds: StoreBounds, signal: AbortSignal): Promise<void> {
  for (const work of [dropLeftovers, dropRuns, compactRuns]) {
    if (signal.aborted) return;
    await tolerant(work(parts, bounds, signal));
  }
}

/** What deletions that were cut short left: files of runs, and leases of runs that are gone. */
async function dropLeftovers({ dir, leases }: FileStoreParts): Promise<void> {
  await rm(deletedFolder(dir), { recursive: true, force: true });
  for (const file of await namesIn(join(dir, 'leases'))) {
    const runId = runIdIn(nameFrom(file) ?? '');
    if (runId === undefined || (await isThere(runFolder(dir, runId)))) continue;
    // A run that is about to begin has its lease before its first event, and a folder for it before that.
    const { mtimeMs } = await stat(join(dir, 'leases', file));
    if (Date.now() - mtimeMs < LEFT_AFTER || (await leases.holder(runLeaseName(runId))) !== undefined) continue;
    await leases.forget(runLeaseName(runId));
  }
}

async function dropRuns(parts: FileStoreParts, bounds: StoreBounds, signal: AbortSignal): Promise<void> {
  const folders = await runFolders(parts.dir);
  const sized: { runId: string; folder: string; bytes: number }[] = [];
  for (const one of folders) {
    if (signal.aborted) return;
    sized.push({ ...one, bytes: await bytesOf(one.folder) });
  }
  // Only where something may be over is every run looked into.
  const bytes = sized.reduce((sum, one) => sum + one.bytes, 0);
  if (sized.length <= bounds.finishedRuns && bytes <= bounds.bytes) return;
  const runs: KeptRun[] = [];
  for (const { runId, folder, bytes } of sized) {
    if (signal.aborted) return;
    runs.push({ ...(await summary(folder, runId)), bytes });
  }
  for (const runId of runsOverBounds(runs, bounds)) {
    if (signal.aborted) return;
    await tolerant(parts.delete(runId));
  }
}

async function compactRuns({ dir, leases }: FileStoreParts, _: StoreBounds, signal: AbortSignal): Promise<void> {
  let left = AT_ONCE;
  for (const { runId, folder } of await runFolders(dir)) {
    if (signal.aborted || left === 0) return;
    const isCandidate = async (): Promise<boolean> =>
      !(await isCompact(folder)) &&
      mayBeCompacted(await summary(folder, runId), await namesIn(folder)) &&
      (await leases.holder(runLeaseName(runId))) === undefined;
    if (!(await isCandidate().catch(() => false))) continue;
    left -= 1;
    await tolerant(compactRun(folder, runId, leases, signal));
  }
}

/** One that waits for its user may be open in another process, which takes its lease again at any moment. */
function mayBeCompacted(run: RunSummary, files: readonly string[]): boolean {
  return isFinished(run) || (files.length >= LONG && run.state !== 'waiting');
}

async function tolerant(work: Promise<unknown>): Promise<void> {
  // The next time it may work: another process was at the same files, a disk was full, a run is damaged.
  await work.catch(() => undefined);
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

const summary = (folder: string, runId: string) => summariseRun(folder, runId, async () => false);

/** The newest first, as far as names tell. */
async function runFolders(dir: string): Promise<{ runId: string; folder: string }[]> {
  const names = await namesIn(join(dir, 'runs'));
  return names
    .sort()
    .reverse()
    .flatMap((name) => {
      const runId = nameFrom(name);
      return runId === undefined ? [] : [{ runId, folder: join(dir, 'runs', name) }];
    });
}

async function bytesOf(folder: string): Promise<number> {
  const files = await namesIn(folder);
  const sizes = await Promise.all(files.map((file) => stat(join(folder, file)).then(({ size }) => size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
