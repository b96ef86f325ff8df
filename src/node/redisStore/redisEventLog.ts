/**
 * The events of runs in Redis, each run a stream. They are as durable as the server keeps what it has answered: with its
 * append-only file, all of them survive its process.
 */
import { randomUUID } from 'node:crypto';
import { parsedJson } from '../../core/models/parsedJson.ts';
import type { EventLog, Lease } from '../../core/ports.ts';
import { runIdFrom, runLeaseName } from '../../core/store/runLease.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { emptyRunState, type RunState } from '../../shared/runState.ts';
import { besideEvents, newOpenRun, type OpenRun, stateFrom } from './openRun.ts';
import { followEvents, readEvents } from './readEvents.ts';
import { unknownRun } from './redisFailure.ts';
import type { RedisLeases, RedisParts } from './redisLeases.ts';
import { listRuns } from './redisRuns.ts';

/** @param leases of the same server */
export function openRedisEventLog(parts: RedisParts, leases: RedisLeases): EventLog {
  const { connection, keys, scripts } = parts;
  const openRuns = new Map<string, OpenRun>();
  const keysOf = (runId: string): string[] => [
    keys.lease(runLeaseName(runId)),
    keys.events(runId),
    keys.task(runId),
    keys.coder(runId),
  ];

  /** What changes a run goes one by one. */
  function inTurn(runId: string, work: (run: OpenRun) => Promise<void>): Promise<void> {
    const run = openRuns.get(runId) ?? newOpenRun();
    openRuns.set(runId, run);
    const result = run.turn.then(() => work(run));
    // Whoever asked for the work is told of its failure; the next one's turn comes all the same.
    run.turn = result.catch(() => undefined);
    return result;
  }

  async function append(run: OpenRun, lease: Lease, events: readonly RunEvent[]): Promise<void> {
    const runId = runIdFrom(lease);
    checkOrder(runId, events);
    const before = run.state ?? (await currentState(runId));
    const beside = besideEvents(before, events);
    const state = beside.isKept ? JSON.stringify(beside.state) : '';
    const outputs = [...beside.outputs].flatMap(([subtask, output]) => [subtask, JSON.stringify(output)]);
    const pairs = events.flatMap((event) => [event.seq, JSON.stringify(event)]);
    const args = [lease.epoch, lease.token, run.batch, state, beside.outputs.size, ...outputs, ...pairs];
    // Whether a failed attempt has written something is for the next one to find out.
    run.state = undefined;
    const answer = await scripts.run('appendEvents', `Writing events of run ${runId}`, keysOf(runId), args);
    if (answer.kind === 'fenced') throw fenced(runId);
    if (answer.kind === 'outOfOrder') throw new Error(orderFault(runId, events[0], answer.seq));
    run.batch = randomUUID();
    run.state = beside.state;
    if (events.some(({ type }) => type === 'run.finished')) openRuns.delete(runId);
  }

  /** The kept state, and what has happened since. */
  async function currentState(runId: string): Promise<RunState> {
    const what = `Reading the state of run ${runId}`;
    const text = await connection.run(what, (client) => client.get(keys.task(runId)));
    const kept = (text === null ? undefined : stateFrom(parsedJson(text), runId)) ?? emptyRunState();
    const events: RunEvent[] = [];
    for await (const event of readEvents(parts, runId, kept.lastSeq, 'maybeNone')) events.push(event);
    return besideEvents(kept, events).state;
  }

  async function remove(runId: string): Promise<void> {
    const answer = await scripts.run('deleteRun', `Deleting run ${runId}`, keysOf(runId));
    if (answer.kind === 'unknownRun') throw unknownRun(runId, connection.where);
    if (answer.kind !== 'held') return;
    throw new StoreError(
      'fenced',
      `Run ${runId} is not deleted: it is held by ${answer.holder}.`,
      'Stop the run first (or wait until its process is gone), then delete it.',
    );
  }

  return {
    // An async function, so that a lease of something else is a rejection like all others.
    append: async (lease, events) => inTurn(runIdFrom(lease), (run) => append(run, lease, events)),
    read: (runId, since = 0) => readEvents(parts, runId, since),
    follow: (runId, since, signal) => followEvents(parts, runId, since, signal),
    list: () => listRuns(parts, leases),
    delete: (runId) =>
      inTurn(runId, async () => {
        openRuns.delete(runId);
        await remove(runId);
      }),
  };
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

function fenced(runId: string): StoreError {
  return new StoreError(
    'fenced',
    `Another process has taken over run ${runId}, so this one may not write to it any more.`,
    `Follow the run where it goes on, or see "conclave runs" for its state.`,
  );
}
