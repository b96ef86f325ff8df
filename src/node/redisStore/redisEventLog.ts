/**
 * The events of runs in Redis, each run a stream. They are as durable as the server keeps what it has answered: with its
 * append-only file, all of them survive its process.
 */
import { randomUUID } from 'node:crypto';
import { inBackground } from '../../core/background.ts';
import { parsedJson } from '../../core/models/parsedJson.ts';
import type { EventLog, Lease } from '../../core/ports.ts';
import { EVENT_VERSION } from '../../core/store/eventVersion.ts';
import { runIdFrom, runLeaseName } from '../../core/store/runLease.ts';
import { STORE_BOUNDS, type StoreBounds } from '../../core/store/storeBounds.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { emptyRunState, type RunState } from '../../shared/runState.ts';
import { besideEvents, confirmedSince, isEnding, type OpenRun, remember, stateFrom } from './openRun.ts';
import { followEvents, readEvents, readSince } from './readEvents.ts';
import { unknownRun } from './redisFailure.ts';
import type { RedisLeases, RedisParts } from './redisLeases.ts';
import { listRuns } from './redisRuns.ts';
import { tidyRuns } from './tidyRuns.ts';

export interface RedisEventLog extends EventLog {
  /** Ends what goes on in the background. */
  close(): Promise<void>;
}

/**
 * When a run begins, the store is kept small in the background (tidyRuns.ts): not when one ends, because its process ends
 * with it.
 *
 * @param leases of the same server
 * @param options.onDeleted told of every run that is deleted, so that what is kept of it elsewhere goes too
 */
export function openRedisEventLog(
  parts: RedisParts,
  leases: RedisLeases,
  options: { bounds?: StoreBounds; onDeleted?: (runId: string) => Promise<void> } = {},
): RedisEventLog {
  const { connection, keys, scripts } = parts;
  const openRuns = new Map<string, OpenRun>();
  const bounds = options.bounds ?? STORE_BOUNDS;
  const tidying = inBackground((signal) => tidyRuns({ ...parts, leases, delete: deleteRun }, bounds, signal));
  const keysOf = (runId: string): string[] => [
    keys.lease(runLeaseName(runId)),
    keys.events(runId),
    keys.task(runId),
    keys.coder(runId),
  ];

  /** What changes a run goes one by one. */
  function inTurn(runId: string, work: (run: OpenRun) => Promise<void>): Promise<void> {
    const run: OpenRun = openRuns.get(runId) ?? { turn: Promise.resolve() };
    openRuns.set(runId, run);
    const result = run.turn.then(() => work(run));
    // Whoever asked for the work is told of its failure; the next one's turn comes all the same.
    const turn = result
      .catch(() => undefined)
      .then(() => {
        if (run.turn === turn && run.state === undefined && run.batch === undefined) openRuns.delete(runId);
      });
    run.turn = turn;
    return result;
  }

  async function append(run: OpenRun, lease: Lease, events: readonly RunEvent[]): Promise<void> {
    const runId = runIdFrom(lease);
    checkOrder(runId, events);
    if (run.token !== lease.token) forget(run);
    run.token = lease.token;
    const before = run.state ?? (await currentState(runId));
    run.batch ??= randomUUID();
    // Whether a failed attempt has written something is for the next one to find out.
    delete run.state;
    const after = await write(run, lease, before, events, before.lastSeq);
    delete run.batch;
    if (events.some(isEnding)) return forget(run);
    run.state = after;
    if (events.some(({ type }) => type === 'run.started')) tidying.ask();
  }

  /** @param known seq of the last event that is in the stream as far as we know. @returns the state afterwards */
  async function write(
    run: OpenRun,
    lease: Lease,
    before: RunState,
    events: readonly RunEvent[],
    known: number,
  ): Promise<RunState> {
    const runId = runIdFrom(lease);
    const { state, isKept, outputs } = besideEvents(before, events);
    const fields = [...outputs].flatMap(([subtask, output]) => [subtask, JSON.stringify(output)]);
    const pairs = events.flatMap((event) => [event.seq, JSON.stringify(event)]);
    const answer = await scripts.run('appendEvents', `Writing events of run ${runId}`, keysOf(runId), [
      ...[lease.epoch, lease.token, run.batch ?? '', EVENT_VERSION, known],
      ...[isKept ? JSON.stringify(state) : '', outputs.size, ...fields, ...pairs],
    ]);
    switch (answer.kind) {
      case 'lost': {
        const lost = confirmedSince(run, answer.seq);
        if (lost === undefined) throw lostEvents(runId, connection.where, answer.seq);
        return await write(run, lease, before, [...lost, ...events], answer.seq);
      }
      case 'outOfOrder':
        throw new Error(orderFault(runId, events[0], answer.seq));
      case 'fenced':
        forget(run);
        throw fenced(runId);
      default:
        remember(run, known, events);
        return state;
    }
  }

  /** The kept state, and what has happened since. */
  async function currentState(runId: string): Promise<RunState> {
    const what = `Reading the state of run ${runId}`;
    const text = await connection.run(what, (client) => client.get(keys.task(runId)));
    const kept = (text === null ? undefined : stateFrom(parsedJson(text), runId)) ?? emptyRunState();
    return besideEvents(kept, await readSince(parts, runId, kept.lastSeq)).state;
  }

  async function remove(runId: string): Promise<void> {
    const answer = await scripts.run('deleteRun', `Deleting run ${runId}`, keysOf(runId));
    if (answer.kind === 'unknownRun') throw unknownRun(runId, connection.where);
    if (answer.kind !== 'held') return await options.onDeleted?.(runId);
    throw new StoreError(
      'fenced',
      `Run ${runId} is not deleted: it is held by ${answer.holder}.`,
      'Stop the run first (or wait until its process is gone), then delete it.',
    );
  }

  const deleteRun = (runId: string): Promise<void> =>
    inTurn(runId, async (run) => {
      forget(run);
      await remove(runId);
    });

  return {
    // An async function, so that a lease of something else is a rejection like all others.
    append: async (lease, events) => inTurn(runIdFrom(lease), (run) => append(run, lease, events)),
    read: (runId, since = 0) => readEvents(parts, runId, since),
    follow: (runId, since, signal) => followEvents(parts, runId, since, signal),
    list: () => listRuns(parts, leases),
    delete: deleteRun,
    close: tidying.stop,
  };
}

function forget(run: OpenRun): void {
  delete run.batch;
  delete run.state;
  delete run.recent;
}

/** An order that does not rise is a fault of the caller; written down, it would make the run unreadable. */
function checkOrder(runId: string, events: readonly RunEvent[]): void {
  let seq = 0;
  for (const event of events) {
    if (event.runId !== runId) throw new Error(`An event of run ${event.runId} was given to run ${runId}.`);
    if (event.seq <= seq) throw new Error(orderFault(runId, event, seq));
    seq = event.seq;
  }
}

function orderFault(runId: string, event: RunEvent | undefined, seq: number): string {
  return `Event ${event?.type} of run ${runId} has seq ${event?.seq} after seq ${seq}.`;
}

function lostEvents(runId: string, where: string, seq: number): StoreError {
  return new StoreError(
    'corrupt',
    `Redis at ${where} has lost events of run ${runId} that it had confirmed: its last one is ${seq}. It was killed, or its data were taken back to an earlier state.`,
    'Resume the run: it goes on from what is left.',
  );
}

function fenced(runId: string): StoreError {
  return new StoreError(
    'fenced',
    `Run ${runId} was taken over by another process or deleted, so this one may not write to it any more.`,
    `Follow the run where it goes on, or see "conclave runs" for its state.`,
  );
}
