/** The requests of one probe: one after the other, each within its time, with a record of what went wrong. */
import type { Probe } from '../../shared/probe.ts';
import type { Model, ModelRequest, Served } from '../ports.ts';
import { ModelError } from './modelError.ts';
import { type QuestionName, question, type Room } from './probeQuestions.ts';
import { type Reply, thoughtTooLong } from './probeReadings.ts';
import type { ServerLoad } from './serverLoad.ts';
import type { ServerFacts } from './serverPages.ts';
import { startWatchdog } from './watchdog.ts';

/** All in milliseconds. */
export interface ProbeTimeouts {
  /** The first request: a server may have to load its model for it. */
  first: number;
  /** Every other request. */
  each: number;
  /** How long a server may go on with an answer that nobody waits for. */
  cancel: number;
}

export const PROBE_TIMEOUTS: ProbeTimeouts = { first: 120_000, each: 30_000, cancel: 2_000 };

/** Requests in a row that may come to nothing before the rest is not asked any more. */
const PATIENCE = 2;

/** Milliseconds between two looks at what a server is at work on. */
const LOOK_EVERY = 50;

export interface Round {
  ask(name: QuestionName): Promise<Reply>;
  /** Hangs up in the middle of an answer, and looks at what the server does then. */
  cancel(): Promise<{ outcome: Probe['cancel']; firstTokenMs?: number }>;
  window(served: Served, facts: ServerFacts): Promise<Pick<Probe, 'window' | 'windowFrom'>>;
  /** From now on, the model is let think before it answers. */
  makeRoom(): void;
  end(): Pick<Probe, 'requests' | 'complete' | 'notes'>;
}

/** @param options.nonce differs from probe to probe */
export function openRound(options: {
  model: Model;
  now: () => Date;
  nonce: string;
  signal: AbortSignal;
  timeouts?: Partial<ProbeTimeouts>;
}): Round {
  const { model, now, nonce, signal } = options;
  const timeouts = { ...PROBE_TIMEOUTS, ...options.timeouts };
  const notes: string[] = [];
  let requests = 0;
  let inVain = 0;
  let room: Room = 'normal';
  let complete = true;

  /** Gives one request to the server, unless the last ones came to nothing. */
  async function send(
    name: QuestionName,
    read: (request: ModelRequest, own: AbortSignal) => Promise<Reply>,
  ): Promise<Reply> {
    signal.throwIfAborted();
    if (inVain >= PATIENCE) return { kind: 'none', why: 'it was not asked.' };
    requests += 1;
    const limit = requests === 1 ? timeouts.first : timeouts.each;
    const reply = await within(limit, signal, (own) => read(question(name, room, nonce), own));
    inVain = reply.kind === 'none' ? inVain + 1 : 0;
    if (reply.kind === 'none') {
      complete = false;
      notes.push(`"${name}": ${reply.why}`);
      if (inVain >= PATIENCE) notes.push('The rest was not tried: the last requests came to nothing.');
    }
    return reply;
  }

  return {
    async ask(name) {
      const reply = await send(name, (request, own) => answerTo(model, request, now, own));
      // Most servers see and hear nothing: that needs no words.
      const isTold = reply.kind === 'refused' && name !== 'vision' && name !== 'audio';
      if (isTold || reply.kind === 'broken' || reply.kind === 'runaway') notes.push(`"${name}": ${reply.why}`);
      if (reply.kind === 'answer' && thoughtTooLong(reply))
        notes.push(`"${name}": it was still thinking when its answer was due.`);
      return reply;
    },
    async cancel() {
      const before = await model.load(signal);
      const reply = await send('cancel', (request, own) => beginningOf(model, request, now, own));
      if (reply.kind !== 'answer') return { outcome: 'untold' };
      const { firstTokenMs } = reply;
      if (before === undefined || !isUnderWay(reply)) return { outcome: 'untold', firstTokenMs };
      const stops = await fallsTo(before, model, timeouts.cancel, signal);
      return { outcome: stops ? 'stops' : 'goesOn', firstTokenMs };
    },
    async window(served, facts) {
      if (served.assumed === undefined) return { window: served.window, windowFrom: 'told' };
      if (facts.window !== undefined) return { window: facts.window, windowFrom: 'told' };
      // The others take any number without a word.
      if (facts.product === undefined || facts.product === 'vLLM') {
        const reply = await send('window', (request, own) => beginningOf(model, request, now, own));
        if (reply.kind === 'refused' && reply.window !== undefined)
          return { window: reply.window, windowFrom: 'measured' };
      }
      notes.push(`It does not tell its window: ${served.window} tokens are assumed.`);
      return { window: served.window, windowFrom: 'assumed' };
    },
    makeRoom: () => {
      room = 'thinking';
    },
    end: () => ({ requests, complete, notes }),
  };
}

/** Does work that must be done in time. Out of time, its reply is `none`. */
async function within(ms: number, signal: AbortSignal, work: (own: AbortSignal) => Promise<Reply>): Promise<Reply> {
  const watchdog = startWatchdog(signal, ms, { total: ms });
  try {
    return await work(watchdog.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (watchdog.expired() !== undefined) return { kind: 'none', why: `no answer within ${ms / 1000} s.` };
    return replyOfFailure(error);
  } finally {
    watchdog.stop();
  }
}

/** A whole answer. */
async function answerTo(model: Model, request: ModelRequest, now: () => Date, own: AbortSignal): Promise<Reply> {
  const began = now().getTime();
  const reply = emptyAnswer();
  let firstTokenMs: number | undefined;
  try {
    for await (const event of model.stream(request, own)) {
      if (event.type === 'finished') {
        reply.stopReason = event.stopReason;
        if (event.usage !== undefined) reply.usage = event.usage;
        continue;
      }
      firstTokenMs ??= now().getTime() - began;
      if (event.type === 'text') reply.text += event.delta;
      else if (event.type === 'reasoning') reply.reasoning += event.delta;
      else {
        const call = reply.calls[event.index] ?? { name: '', arguments: '' };
        reply.calls[event.index] = call;
        call.name += event.name ?? '';
        call.arguments += event.argumentsDelta;
      }
    }
  } catch (error) {
    // What was begun and then fails is an answer that is broken, not a request that is refused.
    if (firstTokenMs !== undefined && error instanceof ModelError && error.failure.kind === 'lost')
      return { kind: 'broken', why: error.message };
    throw error;
  }
  const ms = now().getTime() - began;
  return { ...reply, firstTokenMs: firstTokenMs ?? ms, ms };
}

/** The first piece of an answer; then it is hung up. `stop` where there was nothing to hang up on. */
async function beginningOf(model: Model, request: ModelRequest, now: () => Date, own: AbortSignal): Promise<Reply> {
  const began = now().getTime();
  for await (const event of model.stream(request, own)) {
    const ms = now().getTime() - began;
    return { ...emptyAnswer(), stopReason: event.type === 'finished' ? 'stop' : 'length', firstTokenMs: ms, ms };
  }
  return { kind: 'none', why: 'it sent nothing.' };
}

function isUnderWay({ stopReason }: Extract<Reply, { kind: 'answer' }>): boolean {
  return stopReason === 'length';
}

function emptyAnswer(): Extract<Reply, { kind: 'answer' }> {
  return { kind: 'answer', text: '', reasoning: '', calls: [], stopReason: 'stop', firstTokenMs: 0, ms: 0 };
}

/** Whether a server comes back, in time, to no more than it was at work on before. */
async function fallsTo(before: ServerLoad, model: Model, limit: number, signal: AbortSignal): Promise<boolean> {
  for (let waited = 0; ; waited += LOOK_EVERY) {
    const load = await model.load(signal);
    if (load !== undefined && load.running + load.waiting <= before.running + before.waiting) return true;
    if (waited >= limit) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    signal.throwIfAborted();
  }
}

function replyOfFailure(error: unknown): Reply {
  if (!(error instanceof ModelError)) throw error;
  const { failure, message } = error;
  switch (failure.kind) {
    case 'contextExceeded':
      return { kind: 'refused', why: message, ...(failure.window === undefined ? {} : { window: failure.window }) };
    case 'badRequest':
    case 'wrongServer':
    // llama.cpp answers with 500 to what it cannot do.
    case 'lost':
      return { kind: 'refused', why: message };
    case 'whitespaceLoop':
    case 'repetitionLoop':
      return { kind: 'runaway', why: message };
    case 'malformed':
      return { kind: 'broken', why: message };
    case 'unreachable':
    case 'unauthorised':
    case 'overloaded':
    case 'timedOut':
      return { kind: 'none', why: message };
    default:
      return failure satisfies never;
  }
}
