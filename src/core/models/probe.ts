import type { Probe } from '../../shared/probe.ts';
import type { Model } from '../ports.ts';
import {
  decodeRate,
  prefillRate,
  readAudio,
  readCachedTokens,
  readReasoning,
  readRequiredCall,
  readSchemaAnswer,
  readToolCall,
  readVision,
  thoughtTooLong,
} from './probeReadings.ts';
import { openRound, type ProbeTimeouts } from './probeRound.ts';
import { readFacts, type ServerFacts, type ServerPages } from './serverPages.ts';

export interface Measuring {
  model: Model;
  pages: ServerPages;
  /** What the server says of itself; asked for again where it only tells its window once the model is loaded. */
  facts: ServerFacts;
  now: () => Date;
  timeouts?: Partial<ProbeTimeouts>;
  /** Hash of the flags that the server was started with. */
  flags?: string;
}

/**
 * Measures what a server really does, with at most ten short requests, one after the other. What cannot be measured is
 * `untried`, and a note says why.
 * @throws ModelError where it does not even list its models, or the signal's reason
 */
export async function measure(measuring: Measuring, signal: AbortSignal): Promise<Probe> {
  const { model, pages, now, timeouts } = measuring;
  const served = await model.served(signal);
  const at = now().toISOString();
  const round = openRound({ model, now, nonce: at, signal, ...(timeouts === undefined ? {} : { timeouts }) });

  const streamed = await round.ask('tools streamed');
  if (streamed.kind === 'answer' && thoughtTooLong(streamed)) round.makeRoom();
  const whole = await round.ask('tools whole');
  const required = await round.ask('tools required');
  const schema = await round.ask('schema');
  const long = await round.ask('long prefix');
  const again = await round.ask('long prefix again');
  const cancelled = await round.cancel();
  const vision = await round.ask('vision');
  const audio = await round.ask('audio');

  const facts = measuring.facts.window === undefined ? await readFacts(pages, served.model, signal) : measuring.facts;
  const window = await round.window(served, facts);
  const { product, version, instance } = facts;
  const prefill = prefillRate(long, cancelled.firstTokenMs);
  const decode = decodeRate([streamed, schema, long, again].filter((reply) => reply.kind === 'answer'));
  return {
    url: model.url,
    model: served.model,
    ...(product === undefined ? {} : { product }),
    ...(version === undefined ? {} : { version }),
    ...(measuring.flags === undefined ? {} : { flags: measuring.flags }),
    ...(instance === undefined ? {} : { instance }),
    at,
    ...window,
    tools: { streamed: readToolCall(streamed), whole: readToolCall(whole), ...readRequiredCall(required) },
    schema: readSchemaAnswer(schema),
    reasoning: readReasoning([streamed, whole, required, schema, long, again]),
    cachedTokens: readCachedTokens(again),
    cancel: cancelled.outcome,
    ...(prefill === undefined ? {} : { prefill }),
    ...(decode === undefined ? {} : { decode }),
    vision: readVision(vision),
    audio: readAudio(audio),
    ...round.end(),
  };
}
