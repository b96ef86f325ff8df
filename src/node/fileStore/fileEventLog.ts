/**
 * The events of runs as files, for one machine and any number of its processes:
 *
 *     <dir>/runs/<runId>/events-<epoch>.jsonl    see segments.ts
 *     <dir>/leases/run%2f<runId>/                see fileLeases.ts
 *     <dir>/deleted/                             what is being deleted
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inBackground } from '../../core/background.ts';
import type { EventLog, Lease, RunSummary } from '../../core/ports.ts';
import { runIdFrom, runLeaseName } from '../../core/store/runLease.ts';
import { newestFirst } from '../../core/store/runSummaries.ts';
import { STORE_BOUNDS, type StoreBounds } from '../../core/store/storeBounds.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { errorCode, fileFailure, syncFolder } from './fileFailure.ts';
import type { FileLeases } from './fileLeases.ts';
import { deletedFolder, nameFrom, runFolder } from './fileNames.ts';
import { watchFolder } from './folderChanges.ts';
import { summariseRun } from './runSummary.ts';
import { type Position, readEvents } from './segments.ts';
import { fenced, openSegment, type SegmentWriter } from './segmentWriter.ts';
import { tidy } from './tidy.ts';

export interface FileEventLog extends EventLog {
  /**
   * Closes the file of one run, or of all, once what was begun is written; a later append opens it again. Where it is
   * all, keeping the store small ends too, at the next point where it can.
   */
  close(runId?: string): Promise<void>;
}

/** What is open of one run in this process. */
interface OpenRun {
  writer?: SegmentWriter;
  /** Ends when everything asked for so far is done. */
  turn: Promise<unknown>;
}

/** The ends of so many runs are remembered. */
const REMEMBERED = 16;

/**
 * An event log in a folder. An empty durable append puts on disk what was appended before it. Whenever a run begins, the
 * store is kept small in the background (tidy.ts): not when one ends, because its process ends with it.
 *
 * Who takes a run over first reads it and then appends events from the next seq on: what a stopped process still wrote
 * in between has the same numbers and is cut off thereby.
 *
 * @param leases of the same folder
 * @param options.onDeleted told of every run that is deleted, so that what is kept of it elsewhere goes too
 */
export function openFileEventLog(
  dir: string,
  leases: FileLeases,
  options: { bounds?: StoreBounds; onDeleted?: (runId: string) => Promise<void> } = {},
): FileEventLog {
  const openRuns = new Map<string, OpenRun>();
  /** Where the last reads ended: what is asked for from there on is not searched for from the beginning. */
  const ends = new Map<string, Position>();
  const folderOf = (runId: string) => runFolder(dir, runId);
  const bounds = options.bounds ?? STORE_BOUNDS;
  const tidying = inBackground((signal) => tidy({ dir, leases, delete: deleteRun }, bounds, signal));

  /** What changes a run's files goes one by one. */
  function inTurn(runId: string, work: (run: OpenRun) => Promise<void>): Promise<void> {
    const run: OpenRun = openRuns.get(runId) ?? { turn: Promise.resolve() };
    openRuns.set(runId, run);
    const result = run.turn.then(() => work(run));
    // Whoever asked for the work is told of its failure; the next one's turn comes all the same.
    const turn = result
      .catch(() => undefined)
      .then(() => {
        if (run.turn === turn && run.writer === undefined) openRuns.delete(runId);
      });
    run.turn = turn;
    return result;
  }

  async function append(run: OpenRun, lease: Lease, events: readonly RunEvent[], durable: boolean): Promise<void> {
    const runId = runIdFrom(lease);
    if (!(await leases.isNewest(lease))) throw fenced(runId);
    try {
      const writer = await writerFor(run, lease, events);
      if (writer === undefined) return;
      checkOrder(runId, events, writer.lastSeq);
      await writer.append(events, durable);
    } catch (error) {
      // The next append looks at the file afresh.
      await closeWriter(run);
      throw fileFailure(error, 'Writing events', folderOf(runId));
    }
    if (events[0]?.seq === 1) tidying.ask();
    // Asked again: who took the run over before the events were written may have read it without them.
    if (durable && !(await leases.isNewest(lease))) throw fenced(runId);
  }

  async function writerFor(
    run: OpenRun,
    lease: Lease,
    events: readonly RunEvent[],
  ): Promise<SegmentWriter | undefined> {
    if (run.writer?.epoch === lease.epoch) return run.writer;
    await closeWriter(run);
    const first = events[0];
    if (first === undefined) return undefined;
    const runId = runIdFrom(lease);
    run.writer = await openSegment(folderOf(runId), runId, lease.epoch, first.seq);
    return run.writer;
  }

  async function* follow(runId: string, since: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    if (signal.aborted) return;
    const folder = folderOf(runId);
    await checkKnown(runId);
    const changes = watchFolder(folder, signal);
    try {
      let position: Position | undefined;
      let last = since;
      while (!signal.aborted) {
        for await (const read of readEvents(folder, runId, position)) {
          position = read.position;
          if (read.event.seq <= last) continue;
          last = read.event.seq;
          yield read.event;
          if (signal.aborted) return;
        }
        await changes.next();
      }
    } catch (error) {
      throw readFailure(error, runId);
    } finally {
      changes.close();
    }
  }

  async function* read(runId: string, since: number): AsyncGenerator<RunEvent> {
    const known = ends.get(runId);
    let position = known !== undefined && known.seq <= since ? known : undefined;
    try {
      for await (const one of readEvents(folderOf(runId), runId, position)) {
        position = one.position;
        if (one.event.seq > since) yield one.event;
      }
    } catch (error) {
      throw readFailure(error, runId);
    }
    ends.delete(runId);
    if (position) ends.set(runId, position);
    for (const oldest of [...ends.keys()].slice(0, -REMEMBERED)) ends.delete(oldest);
  }

  async function list(): Promise<RunSummary[]> {
    const runs: RunSummary[] = [];
    for (const name of await runFolders(dir)) {
      const runId = nameFrom(name) ?? name;
      const isLive = async () => (await leases.holder(runLeaseName(runId))) !== undefined;
      runs.push(await summariseRun(join(dir, 'runs', name), runId, isLive));
    }
    return runs.sort(newestFirst);
  }

  async function remove(runId: string): Promise<void> {
    const name = runLeaseName(runId);
    await checkKnown(runId);
    const lease = await leases.acquire(name, 'a deletion');
    if ('heldBy' in lease) {
      throw new StoreError(
        'fenced',
        `Run ${runId} is not deleted: it is held by ${lease.heldBy}.`,
        'Stop the run first (or wait until its process is gone), then delete it.',
      );
    }
    try {
      await removeFolder(folderOf(runId), join(deletedFolder(dir), randomUUID()));
    } catch (error) {
      await leases.release(lease);
      throw fileFailure(error, `Deleting run ${runId}`, folderOf(runId));
    }
    await leases.forget(name);
    await options.onDeleted?.(runId);
  }

  function deleteRun(runId: string): Promise<void> {
    return inTurn(runId, async (run) => {
      await closeWriter(run);
      await remove(runId);
    });
  }

  async function checkKnown(runId: string): Promise<void> {
    try {
      await stat(folderOf(runId));
    } catch (error) {
      throw readFailure(error, runId);
    }
  }

  function readFailure(error: unknown, runId: string): unknown {
    if (errorCode(error) !== 'ENOENT') return fileFailure(error, 'Reading events', folderOf(runId));
    return new StoreError(
      'unknownRun',
      `There is no run "${runId}" in ${dir}.`,
      'See "conclave runs" for the runs there are.',
      { cause: error },
    );
  }

  return {
    // An async function, so that a lease of something else is a rejection like all others.
    append: async (lease, events, durable) => inTurn(runIdFrom(lease), (run) => append(run, lease, events, durable)),
    read: (runId, since = 0) => read(runId, since),
    follow,
    list,
    delete: deleteRun,
    async close(runId) {
      if (runId === undefined) await tidying.stop();
      const runIds = runId === undefined ? [...openRuns.keys()] : [runId];
      await Promise.all(runIds.map((id) => inTurn(id, closeWriter)));
    },
  };
}

/** Makes a folder gone in one step, and then its files. */
async function removeFolder(folder: string, aside: string): Promise<void> {
  await mkdir(dirname(aside), { recursive: true, mode: 0o700 });
  try {
    await rename(folder, aside);
  } catch (error) {
    // Windows does not move a folder while somebody reads in it.
    if (errorCode(error) !== 'EPERM' && errorCode(error) !== 'EACCES') throw error;
    await rm(folder, { recursive: true, maxRetries: 3 });
  }
  await syncFolder(dirname(folder));
  await rm(aside, { recursive: true, force: true, maxRetries: 3 });
}

async function closeWriter(run: OpenRun): Promise<void> {
  const { writer } = run;
  delete run.writer;
  await writer?.close();
}

/** An order that does not rise is a fault of the caller; written down, it would make the run unreadable. */
function checkOrder(runId: string, events: readonly RunEvent[], last: number): void {
  let seq = last;
  for (const event of events) {
    if (event.runId !== runId) throw new Error(`An event of run ${event.runId} was given to run ${runId}.`);
    if (event.seq <= seq) throw new Error(`Event ${event.type} of run ${runId} has seq ${event.seq} after seq ${seq}.`);
    seq = event.seq;
  }
}

async function runFolders(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(join(dir, 'runs'), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileFailure(error, 'Listing runs', dir);
  }
}
