import type { EventLog, Lease, Leases, Memory } from '../../../src/core/ports.ts';
import type { EventBody, RunEvent } from '../../../src/shared/events.ts';

/** One process's view of a store. */
export interface StoreClient {
  leases: Leases;
  log: EventLog;
  memory: Memory;
}

/** A store that several processes share. */
export interface StoreUnderTest {
  /** Another process's view of the same store. `ttl` in milliseconds. */
  connect(options?: { ttl?: number }): Promise<StoreClient>;
  /** Closes every client and removes the store. */
  dispose(): Promise<void>;
}

export async function take(leases: Leases, name: string, holder = 'a test'): Promise<Lease> {
  const lease = await leases.acquire(name, holder);
  if ('heldBy' in lease) throw new Error(`${name} is held by ${lease.heldBy}`);
  return lease;
}

/** Takes a lease as soon as its holder has run out of time. */
export async function takeOver(leases: Leases, name: string): Promise<Lease> {
  for (;;) {
    const lease = await leases.acquire(name, 'the next one');
    if (!('heldBy' in lease)) return lease;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function eventAt(runId: string, seq: number, body: EventBody): RunEvent {
  return { ...body, runId, seq, at: new Date(Date.UTC(2025, 0, 1, 0, 0, seq)).toISOString() };
}

export function ready(runId: string, seq: number, subtask = `task_${seq}`): RunEvent {
  return eventAt(runId, seq, { type: 'subtask.ready', subtask });
}

/** What a Coder said at the end of a turn. */
export function coderSaid(runId: string, seq: number, subtask: string, text: string, turn = 1): RunEvent {
  return eventAt(runId, seq, {
    type: 'turn.finished',
    role: 'coder',
    lane: `coder:${subtask}`,
    turn,
    model: 'a model',
    text,
    stopReason: 'stop',
    usage: { promptTokens: 1, completionTokens: 1 },
    firstTokenMs: 1,
    ms: 1,
    request: 'f'.repeat(64),
  });
}

export function started(runId: string, at: string, task = 'Add a divide function'): RunEvent {
  const body: EventBody = {
    type: 'run.started',
    task,
    workspace: '/projects/calculator',
    version: '0.1.0',
    kind: 'run',
    endpoints: [],
  };
  return { ...body, runId, seq: 1, at };
}

export async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export async function seqs(events: AsyncIterable<RunEvent>): Promise<number[]> {
  return (await collect(events)).map((event) => event.seq);
}
