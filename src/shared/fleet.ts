/** The fleet as front ends show it: the programs that Conclave starts and watches. Imports nothing but roles. */
import type { Role } from './events.ts';

/** The name of the profile that starts nothing: the roles use servers of the user's own. */
export const OWN_SERVERS = 'external';

/** What a service is for. A `store` keeps runs (Redis), an `app` is Conclave's own (the HTTP service, the MCP server). */
export type ServiceKind = 'model' | 'transcriber' | 'store' | 'app';

/** Where one service stands. Times are ISO 8601. */
export type ServiceState =
  /** There is nothing of it: never started, or taken down. */
  | { kind: 'absent' }
  /** Waits for the services before it, which share its GPU. */
  | { kind: 'queued'; after: string }
  /** Its image or its weights are on their way. `percent` from 0 to 100, where it is told. */
  | { kind: 'fetching'; what: string; percent?: number }
  /** It runs and does not answer yet. `step` in words: "loading weights". */
  | { kind: 'starting'; step: string; percent?: number; since: string }
  | { kind: 'ready'; since?: string }
  /** It runs, and does not answer as it should. */
  | { kind: 'unhealthy'; why: string }
  /** It ends again and again and is started anew each time. */
  | { kind: 'crashing'; times: number; why: string }
  /** It ended by itself, or could not be started. `why` is a sentence that says what happened and what to do. */
  | { kind: 'failed'; why: string }
  /** The user stopped it. */
  | { kind: 'stopped' };

/** What a model server is doing, from its own metrics; a part that it does not tell is absent. */
export interface Vitals {
  /** Requests. */
  running: number;
  waiting: number;
  /** Share of the memory for tokens in use, 0 to 1. */
  kvUse?: number;
  /** Share of prompt tokens that came from the prefix cache since the last look, 0 to 1; absent where none were read. */
  prefixHits?: number;
  /** Tokens a second, read and written, since the last look. */
  reading?: number;
  writing?: number;
  /** Mean time to the first token since the last look. Milliseconds. */
  firstTokenMs?: number;
}

/** One program of the fleet. */
export interface Service {
  /** As compose names it: "vllm-coder". */
  name: string;
  kind: ServiceKind;
  /** Roles that it serves; several may share one server. */
  roles: readonly (Role | 'transcriber')[];
  /** The model's id, for model servers. */
  model?: string;
  /** Base URL that ends in /v1, for model servers. */
  url?: string;
  /** Tokens. */
  window?: number;
  state: ServiceState;
  vitals?: Vitals;
}

/** Something that keeps the whole fleet from being seen or started. */
export interface FleetProblem {
  /** A sentence: what is the matter. */
  what: string;
  /** A sentence: what to do. */
  remedy: string;
}

export interface FleetState {
  /** Name of the profile that is in use; absent where none was chosen. */
  profile?: string;
  /** In the order in which they start. */
  services: readonly Service[];
  problem?: FleetProblem;
}

/** A profile as a list shows it. */
export interface ProfileEntry {
  name: string;
  /** "One card with 24 GB". */
  title: string;
  summary: string;
  /** Why it cannot run on this machine, with the sum; absent where it can. */
  refusal?: string;
  /** It is the best that fits. */
  isAdvised?: true;
}
