import type { Service, ServiceState, Vitals } from '../../shared/fleet.ts';
import type { ServerPages } from '../models/serverPages.ts';
import type { FleetDriver, PlannedService, Seen } from './driver.ts';
import { type StartProgress, startProgress } from './startProgress.ts';
import { type Look, readLook, vitalsOf } from './vitals.ts';
import { whyEnded } from './whyEnded.ts';

export interface Observed {
  state: ServiceState;
  vitals?: Vitals;
}

/** Finds out where a service stands: from what its driver sees, what the server answers, and what it has written. */
export type Observe = (service: PlannedService, run: Seen['run'], signal: AbortSignal) => Promise<Observed>;

/** Lines of a log that are read: a stack trace is long, and what led to it stands above it. */
const LINES = 200;
/** Questions in a row that a server which was ready may leave unanswered: one that is busy is late now and then. */
const MISSES = 3;
/** Milliseconds between two looks at counters from which rates are made. */
const APART = 900;
/** Starts by the engine itself from which on a service that runs, and is not ready, counts as one that ends again and again. */
const MANY_RESTARTS = 2;

type Running = Extract<Seen['run'], { kind: 'running' }>;
type Ended = Extract<Seen['run'], { kind: 'ended' }>;

/** What is remembered of a service from look to look, as long as it is the same start. */
interface Memory {
  since: string;
  wasReady: boolean;
  misses: number;
  looks: readonly Look[];
}

export function createObserver(parts: {
  driver: Pick<FleetDriver, 'logs'>;
  clock: { now(): Date };
  ask: (url: string) => ServerPages;
}): Observe {
  const { driver, clock, ask } = parts;
  const memories = new Map<string, Memory>();
  /** Why services ended: the log is read once for each end. */
  const reasons = new Map<string, { end: string; why: string }>();

  async function observe(service: PlannedService, run: Seen['run'], signal: AbortSignal): Promise<Observed> {
    if (run.kind !== 'running') memories.delete(service.name);
    switch (run.kind) {
      case 'absent':
      case 'created':
        return { state: { kind: 'absent' } };
      case 'ended': {
        if (run.byUser) return { state: { kind: 'stopped' } };
        const why = run.why ?? (await reasonOf(service.name, run, signal));
        return { state: run.restarts > 0 ? { kind: 'crashing', times: run.restarts, why } : { kind: 'failed', why } };
      }
      case 'running':
        return observeRunning(service, run, signal);
      default:
        return run satisfies never;
    }
  }

  async function observeRunning(service: PlannedService, run: Running, signal: AbortSignal): Promise<Observed> {
    const memory = memoryOf(service.name, run);
    if (await answers(service, run, signal)) {
      memory.wasReady = true;
      memory.misses = 0;
      const vitals = service.serves && (await vitalsNow(service, memory, signal));
      return { state: { kind: 'ready', since: run.since }, ...(vitals ? { vitals } : {}) };
    }
    memory.misses += 1;
    if (memory.wasReady && memory.misses < MISSES) return { state: { kind: 'ready', since: run.since } };
    const lines = await lastLines(service.name, signal);
    if (run.restarts >= MANY_RESTARTS && !memory.wasReady) {
      return { state: { kind: 'crashing', times: run.restarts, why: whyEnded(lines, null) } };
    }
    const progress = startProgress(lines);
    // Up by its own word, it is asked by its engine only now and then.
    const isLate = progress.isUp === true && run.health !== 'starting';
    if (memory.wasReady || isLate) return { state: { kind: 'unhealthy', why: whyUnhealthy(service, run) } };
    // One that loads for longer than its engine is patient is still loading.
    return { state: startingState(progress, run) };
  }

  /** Ready is what passes its own check and then answers as a model server. */
  async function answers(service: PlannedService, run: Running, signal: AbortSignal): Promise<boolean> {
    if (run.health === 'starting' || run.health === 'unhealthy') return false;
    if (service.kind === 'store') return true;
    const pages = ask(urlOf(service));
    if (run.health === 'none' && (await pages.get('/health', signal)) === undefined) return false;
    return service.serves === undefined || (await pages.get('/v1/models', signal)) !== undefined;
  }

  async function vitalsNow(service: PlannedService, memory: Memory, signal: AbortSignal): Promise<Vitals | undefined> {
    const text = await ask(urlOf(service)).get('/metrics', signal);
    const now = text === undefined ? undefined : readLook(text, clock.now().getTime());
    if (now === undefined) return undefined;
    // Several may look at the same time; rates are made over a stretch that says something.
    const before = memory.looks.findLast(({ at }) => now.at - at >= APART);
    const newest = memory.looks.at(-1);
    if (newest === undefined || now.at - newest.at >= APART) memory.looks = [...memory.looks.slice(-1), now];
    return vitalsOf(now, before);
  }

  function memoryOf(name: string, { since }: Running): Memory {
    const kept = memories.get(name);
    if (kept?.since === since) return kept;
    const fresh: Memory = { since, wasReady: false, misses: 0, looks: [] };
    memories.set(name, fresh);
    return fresh;
  }

  async function reasonOf(name: string, run: Ended, signal: AbortSignal): Promise<string> {
    const end = JSON.stringify(run);
    const kept = reasons.get(name);
    if (kept?.end === end) return kept.why;
    const why = whyEnded(await lastLines(name, signal), run.code);
    reasons.set(name, { end, why });
    return why;
  }

  async function lastLines(name: string, signal: AbortSignal): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of driver.logs(name, { lines: LINES, follow: false }, signal)) lines.push(line);
    return lines;
  }

  return observe;
}

/** Base URL of a planned service, on this machine. */
export function urlOf({ port }: Pick<PlannedService, 'port'>): string {
  return `http://127.0.0.1:${port}/v1`;
}

function startingState({ step, percent }: StartProgress, { since }: Running): ServiceState {
  return { kind: 'starting', step, ...(percent === undefined ? {} : { percent }), since };
}

function whyUnhealthy({ name, port }: PlannedService, { health }: Running): string {
  const what =
    health === 'unhealthy'
      ? 'It runs, and does not pass its health check.'
      : `It runs, and does not answer on port ${port}.`;
  return `${what} See its log; "conclave fleet restart ${name}" starts it anew.`;
}

/** A service as front ends show it. */
export function describe({ serves, ...service }: PlannedService, { state, vitals }: Observed): Service {
  const { name, kind, roles } = service;
  return {
    name,
    kind,
    roles,
    ...(serves === undefined ? {} : { model: serves.model, url: urlOf(service), window: serves.window }),
    state,
    ...(vitals === undefined ? {} : { vitals }),
  };
}
