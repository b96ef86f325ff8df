import type { ServerResponse } from 'node:http';
import type { Role } from '../../src/shared/events.ts';
import type { ChatRequest } from './chatRequest.ts';
import type { Fault } from './faults.ts';
import type { Metrics } from './metrics.ts';
import type { Refusal } from './refusals.ts';
import type { Matcher } from './script.ts';
import type { Engine } from './timing.ts';
import type { Vocabulary } from './tokens.ts';
import type { ServerTraits } from './traits.ts';

/** How a request ended: answered, given up by the client, spoilt by a fault, or turned down. */
export type Outcome = 'served' | 'cancelled' | 'faulted' | 'refused';

/** One line of the request log. */
export interface RequestRecord {
  role: Role;
  path: string;
  /** ISO 8601, when it came. */
  at: string;
  body: unknown;
  /** Which request of a probe it is; no script answers those. */
  probe?: string;
  /** Name (or #number) of the script's entry that answered. */
  reply?: string;
  fault?: Fault['kind'];
  /** Why it was turned down. */
  problem?: string;
  outcome: Outcome;
  promptTokens?: number;
  cachedTokens?: number;
  completionTokens?: number;
  /** What it takes by the timing model, in milliseconds; in real pace, also by the clock. */
  modelMs?: number;
}

/** One role's server, as its endpoints share it. */
export interface RoleServer {
  role: Role;
  model: string;
  others: readonly string[];
  /** In tokens. */
  window: number;
  /** Under which name reasoning is sent: vLLM's today, or the older one. */
  reasoningField: 'reasoning' | 'reasoning_content';
  traits: ServerTraits;
  /** Seconds since 1970; another number after a restart. */
  startedAt: number;
  engine: Engine;
  metrics: Metrics;
  matcher: Matcher;
  vocabulary: Vocabulary;
  /** The schemas that it has made a grammar of, as JSON. */
  grammars: Set<string>;
  /** The fault that a request gets, if one was injected for it. */
  takeFault(request: ChatRequest): Fault | undefined;
  /** Remembers that no reply of the script fits. */
  unmatched(problem: string): void;
  /** Remembers that a reply of the script cannot be an answer. */
  violated(reply: string, problem: string): void;
}

/** One request on its way. */
export interface Exchange {
  response: ServerResponse;
  /** Aborts when the client goes away. */
  signal: AbortSignal;
  /** To be filled in as things become known. */
  record: Omit<RequestRecord, 'outcome'>;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function refuse({ response, record }: Exchange, refusal: Refusal): Outcome {
  record.problem = typeof refusal.body === 'string' ? refusal.body : JSON.stringify(refusal.body);
  if (typeof refusal.body === 'string') {
    response.writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8', ...refusal.headers });
    response.end(refusal.body);
  } else sendJson(response, refusal.status, refusal.body, refusal.headers);
  return 'refused';
}

/** Never resolves; rejects when the client goes away. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
