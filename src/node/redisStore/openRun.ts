import type { RunEvent } from '../../shared/events.ts';
import { foldEvent } from '../../shared/fold.ts';
import { emptyRunState, MERGED, type RunState } from '../../shared/runState.ts';

/** What this process knows of a run that it writes. */
export interface OpenRun {
  /** Ends when everything asked for so far is done. */
  turn: Promise<unknown>;
  /** Of the lease that the rest is known under: in the meantime, somebody else may have written. */
  token?: string;
  /**
   * Names the attempts at writing what comes next, from the first one until one is known to have succeeded: the server
   * knows by it what it has written already, though nobody was told. Undefined where there was no attempt.
   */
  batch?: string;
  /** After the last event that is known to be in the log; undefined where it is to be read. */
  state?: RunState;
  /** What was confirmed lately, oldest first: a server that is killed can lose it all the same. */
  recent?: Confirmed[];
}

interface Confirmed {
  /** Seq of the event before the first. */
  after: number;
  events: readonly RunEvent[];
  /** Milliseconds since the epoch. */
  at: number;
}

/** Milliseconds after which a server with an append-only file has what it confirmed on disk; it says two seconds. */
const SETTLED = 10_000;

/** Remembers what was confirmed, as long as it may be lost. */
export function remember(run: OpenRun, after: number, events: readonly RunEvent[]): void {
  const now = Date.now();
  const recent = (run.recent ?? []).filter(({ at }) => now - at < SETTLED);
  run.recent = events.length === 0 ? recent : [...recent, { after, events, at: now }];
}

/** What was confirmed behind an event; undefined where not all of it is remembered. */
export function confirmedSince({ recent = [] }: OpenRun, seq: number): RunEvent[] | undefined {
  if (recent[0] === undefined || recent[0].after > seq) return undefined;
  return recent.flatMap(({ events }) => events).filter((event) => event.seq > seq);
}

/** What is written with events besides them. */
export interface Beside {
  /** The state after them. */
  state: RunState;
  /** Whether the state is written down, too: at the end of a step, and of the run. */
  isKept: boolean;
  /** Subtask → the latest that its Coder said. */
  outputs: Map<string, CoderOutput>;
}

/** The latest that a Coder said: what others look at who want to know what it is doing. */
interface CoderOutput {
  round: number;
  turn: number;
  text: string;
  /** ISO 8601. */
  at: string;
}

/** @param before the state before the first of the events that it does not know yet */
export function besideEvents(before: RunState, events: readonly RunEvent[]): Beside {
  const outputs: Beside['outputs'] = new Map();
  let state = before;
  let isKept = false;
  for (const event of events) {
    if (event.seq > state.lastSeq) state = foldEvent(state, event);
    isKept ||= event.step !== undefined || isEnding(event);
    if (event.type !== 'turn.finished' || event.role !== 'coder') continue;
    const subtask = /^coder:(.+)$/.exec(event.lane)?.[1];
    if (subtask === undefined) continue;
    const { turn, text, at } = event;
    outputs.set(subtask, { round: roundOf(state, subtask), turn, text, at });
  }
  return { state, isKept, outputs };
}

/** The state that is kept, as it was written; undefined where it is none. */
export function stateFrom(value: unknown, runId: string): RunState | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const state = { ...emptyRunState(), ...value } as RunState;
  return state.runId === runId && Number.isSafeInteger(state.lastSeq) ? state : undefined;
}

/** Whether the run has come to an end with it, for good or for now. */
export function isEnding({ type }: RunEvent): boolean {
  return type === 'run.paused' || type === 'run.aborted' || type === 'run.finished';
}

function roundOf(state: RunState, subtask: string): number {
  if (subtask === MERGED) return state.merged.round;
  return state.subtasks.find(({ plan }) => plan.id === subtask)?.round ?? 0;
}
