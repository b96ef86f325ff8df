import type { FleetProblem, FleetState, Service, ServiceState } from '../../shared/fleet.ts';
import type { ServerPages } from '../models/serverPages.ts';
import { DriverError, type FetchProgress, type FleetDriver, type PlannedService, type Seen } from './driver.ts';
import { createObserver, type Observed, urlOf } from './observer.ts';
import { createNudge, inTurn } from './turns.ts';

/** The programs that Conclave starts and watches. Names are those of services, in compose's words. */
export interface Fleet {
  /** How it is now. What keeps it from being seen is its `problem`; rejects only when the signal aborts. */
  state(signal: AbortSignal): Promise<FleetState>;
  /**
   * How it is now, and each time that something changes; goes on through problems, and ends with the signal.
   * @param how `closely` (the default): figures are asked for every other second; `changes`: nothing is asked for but when
   * something starts, ends, or is on its way, and that may be told some seconds late
   */
  follow(signal: AbortSignal, how?: 'closely' | 'changes'): AsyncIterable<FleetState>;
  /**
   * Starts services one after another, in the profile's order, each once the one before is ready. What is ready is left
   * alone. An abort stops what was being started and leaves what is ready.
   * @param onState told of everything that changes meanwhile
   * @throws DriverError for the first service that does not become ready
   */
  up(names: readonly string[] | 'all', onState: (state: FleetState) => void, signal: AbortSignal): Promise<void>;
  /** @throws DriverError */
  stop(names: readonly string[] | 'all', signal: AbortSignal): Promise<void>;
  /** Stops services, then starts them as `up` does. @throws DriverError */
  restart(names: readonly string[] | 'all', onState: (state: FleetState) => void, signal: AbortSignal): Promise<void>;
  /** Ends everything of the fleet, also what another profile has left. @throws DriverError */
  down(signal: AbortSignal): Promise<void>;
  /** @throws DriverError */
  logs(name: string, options: { lines: number; follow: boolean }, signal: AbortSignal): AsyncIterable<string>;
  /** Fetches images and weights ahead. @throws DriverError */
  fetch(onProgress: (progress: FetchProgress) => void, signal: AbortSignal): Promise<void>;
}

export interface Clock {
  now(): Date;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface FleetParts {
  /** Name of the profile. */
  profile: string;
  /** In the order in which they start. */
  planned: readonly PlannedService[];
  driver: FleetDriver;
  clock: Clock;
  /** The pages of a server, by its base URL, which ends in /v1. */
  ask: (url: string) => ServerPages;
}

/** Milliseconds between two looks at what is starting, and at the figures of what runs. */
const LOOK_AGAIN = 1000;
const VITALS_AGAIN = 2000;
/** Milliseconds that a service may be unhealthy before its start counts as failed. */
const PATIENCE = 30_000;
/** Milliseconds that a stop may take which nobody waits for: a driver that hangs must not hold whoever gave up. */
const END_WITHIN = 30_000;
/** Milliseconds until an engine that is gone is asked again, at first and at most. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;

export function createFleet(parts: FleetParts): Fleet {
  const { profile, planned, driver, clock } = parts;
  const observe = createObserver(parts);
  /** What is known of services beyond what the driver sees: that they wait, or are being fetched, or why a start failed. */
  const known = new Map<string, ServiceState>();
  const changed = createNudge();

  function note(name: string, state: ServiceState | undefined): void {
    if (state === undefined) known.delete(name);
    else known.set(name, state);
    changed.tell();
  }

  async function look(signal: AbortSignal): Promise<FleetState> {
    const seen = await driver.look(signal);
    const services = await Promise.all(planned.map((service) => serviceOf(service, seen, signal)));
    return { profile, services };
  }

  async function serviceOf(service: PlannedService, seen: readonly Seen[], signal: AbortSignal): Promise<Service> {
    const run = seen.find(({ name }) => name === service.name)?.run ?? { kind: 'absent' };
    const observed = await observe(service, run, signal);
    const more = known.get(service.name);
    return describe(service, more !== undefined && holds(more, run) ? { state: more } : observed);
  }

  async function state(signal: AbortSignal): Promise<FleetState> {
    try {
      return await look(signal);
    } catch (error) {
      signal.throwIfAborted();
      return unseen(problemOf(error));
    }
  }

  function unseen(problem: FleetProblem): FleetState {
    return { profile, services: planned.map((service) => describe(service, { state: { kind: 'absent' } })), problem };
  }

  async function* follow(signal: AbortSignal, how: 'closely' | 'changes' = 'closely'): AsyncIterable<FleetState> {
    const own = new AbortController();
    const stop = (): void => own.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const watching = watch(own.signal, how === 'closely' ? 'closely' : 'seldom');
    let shown = '';
    try {
      while (!own.signal.aborted) {
        const told = changed.next();
        const now = await state(own.signal);
        const text = JSON.stringify(now);
        if (text !== shown) yield now;
        shown = text;
        await pause(told, isMoving(now) ? LOOK_AGAIN : how === 'closely' ? VITALS_AGAIN : undefined, own.signal);
      }
    } catch (error) {
      if (!own.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      own.abort();
      await watching;
    }
  }

  /** Waits for a change, or for as long as that where it is said. */
  async function pause(told: Promise<void>, ms: number | undefined, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const aborted = new Promise<never>((_, reject) => {
      waiting.signal.addEventListener('abort', () => reject(waiting.signal.reason), { once: true });
    });
    const stop = (): void => waiting.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await Promise.race([told, aborted, ...(ms === undefined ? [] : [clock.sleep(ms, waiting.signal)])]);
    } finally {
      signal.removeEventListener('abort', stop);
      waiting.abort();
    }
  }

  /** Passes on what the driver says; an engine that is gone may come back. Resolves with the signal. */
  async function watch(signal: AbortSignal, how: 'closely' | 'seldom'): Promise<void> {
    let wait = FIRST_PAUSE;
    while (!signal.aborted) {
      try {
        for await (const _ of driver.changes(signal, how)) {
          wait = FIRST_PAUSE;
          changed.tell();
        }
      } catch {
        // The next look tells what is the matter.
        changed.tell();
      }
      if (signal.aborted) return;
      await clock.sleep(wait, signal).catch(() => {});
      wait = Math.min(2 * wait, LONGEST_PAUSE);
    }
  }

  async function up(
    names: readonly string[] | 'all',
    onState: (state: FleetState) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = chosen(names);
    signal.throwIfAborted();
    const now = await look(signal);
    const missing = wanted.filter(({ name }) => stateIn(now, name).kind !== 'ready');
    for (const [at, { name }] of missing.entries()) {
      const before = missing[at - 1];
      note(name, before === undefined ? undefined : { kind: 'queued', after: before.name });
    }
    try {
      for (const service of missing) await begin(service, onState, signal);
      onState(await look(signal));
    } finally {
      for (const { name } of missing) if (known.get(name)?.kind === 'queued') note(name, undefined);
    }
  }

  /** Starts one service and waits until it is ready. */
  async function begin(
    service: PlannedService,
    onState: (state: FleetState) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { name } = service;
    try {
      note(name, { kind: 'starting', step: 'being started', since: clock.now().toISOString() });
      const before = await look(signal);
      onState(before);
      // What is already on its way is waited for: a start anew would lose what it has loaded.
      if (!(await isOnItsWay(name, signal))) {
        await driver.start(service, signal, ({ what, percent }) => {
          const fetching: ServiceState = { kind: 'fetching', what, ...(percent === undefined ? {} : { percent }) };
          note(name, fetching);
          onState(withState(before, name, fetching));
        });
      }
      note(name, undefined);
      await becomesReady(name, onState, signal);
    } catch (error) {
      if (signal.aborted) {
        note(name, undefined);
        await endInTime(name);
        changed.tell();
        throw signal.reason;
      }
      if (error instanceof DriverError) note(name, { kind: 'failed', why: `${error.message} ${error.remedy}` });
      onState(await state(signal));
      throw error;
    }
  }

  /** With a signal of its own: the stop is what an abort asks for. @throws DriverError */
  async function endInTime(name: string): Promise<void> {
    const limit = AbortSignal.timeout(END_WITHIN);
    try {
      await driver.stop([name], limit);
    } catch (error) {
      if (!limit.aborted) throw error;
      throw new DriverError(
        `${name} was to be stopped, and has not ended within ${END_WITHIN / 1000} seconds.`,
        `See whether it still runs with "conclave fleet status", and stop it with "conclave fleet stop ${name}".`,
        { cause: error },
      );
    }
  }

  async function isOnItsWay(name: string, signal: AbortSignal): Promise<boolean> {
    const run = (await driver.look(signal)).find((one) => one.name === name)?.run;
    return run?.kind === 'running' && run.restarts === 0 && run.health !== 'unhealthy';
  }

  async function becomesReady(name: string, onState: (state: FleetState) => void, signal: AbortSignal): Promise<void> {
    let unhealthySince: number | undefined;
    for (;;) {
      const now = await look(signal);
      onState(now);
      changed.tell();
      const state = stateIn(now, name);
      switch (state.kind) {
        case 'ready':
          return;
        case 'failed':
          throw new DriverError(`${name} did not start. ${state.why}`, logHint(name));
        case 'crashing':
          throw new DriverError(
            `${name} ends again and again (${state.times} times so far). ${state.why}`,
            `Stop it with "conclave fleet stop ${name}". ${logHint(name)}`,
          );
        case 'absent':
        case 'stopped':
          throw new DriverError(`${name} was stopped while it was being started.`, 'Start it again when it is wanted.');
        case 'unhealthy':
          unhealthySince ??= clock.now().getTime();
          if (clock.now().getTime() - unhealthySince >= PATIENCE) {
            throw new DriverError(`${name} runs and is not ready. ${state.why}`, logHint(name));
          }
          break;
        default:
          unhealthySince = undefined;
      }
      await clock.sleep(LOOK_AGAIN, signal);
    }
  }

  async function stop(names: readonly string[] | 'all', signal: AbortSignal): Promise<void> {
    const wanted = chosen(names).map(({ name }) => name);
    for (const name of wanted) note(name, undefined);
    // The last started first: nobody loses a server that it still asks.
    await driver.stop(wanted.toReversed(), signal);
    changed.tell();
  }

  function chosen(names: readonly string[] | 'all'): readonly PlannedService[] {
    if (names === 'all') return planned;
    const all = planned.map(({ name }) => name);
    const unknown = names.find((name) => !all.includes(name));
    if (unknown !== undefined) {
      throw new DriverError(
        `The profile ${profile} has no service "${unknown}".`,
        `Its services are ${all.join(', ') || 'none'}.`,
      );
    }
    return planned.filter(({ name }) => names.includes(name));
  }

  // Two at a time would start two servers on one GPU.
  const turn = inTurn();
  return {
    state,
    follow,
    up: (names, onState, signal) => turn(() => up(names, onState, signal)),
    stop,
    async restart(names, onState, signal) {
      await stop(names, signal);
      await turn(() => up(names, onState, signal));
    },
    async down(signal) {
      known.clear();
      await driver.down(signal);
      changed.tell();
    },
    logs(name, options, signal) {
      chosen([name]);
      return driver.logs(name, options, signal);
    },
    fetch: (onProgress, signal) => driver.fetch(planned, onProgress, signal),
  };
}

function describe({ serves, ...service }: PlannedService, { state, vitals }: Observed): Service {
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

/** What was noted of a start holds until the service is there; that it could not be started, until there is more of it to see. */
function holds(noted: ServiceState, run: Seen['run']): boolean {
  return run.kind !== 'running' && !(noted.kind === 'failed' && run.kind === 'ended');
}

function stateIn(now: FleetState, name: string): ServiceState {
  return now.services.find((service) => service.name === name)?.state ?? { kind: 'absent' };
}

function withState(now: FleetState, name: string, state: ServiceState): FleetState {
  return { ...now, services: now.services.map((one) => (one.name === name ? { ...one, state } : one)) };
}

/** Whether a look again is worth while soon. */
function isMoving({ services }: FleetState): boolean {
  return services.some(({ state: { kind } }) => kind === 'starting' || kind === 'fetching' || kind === 'crashing');
}

/** @throws what is none of the driver's failures: a defect */
function problemOf(error: unknown): FleetProblem {
  if (error instanceof DriverError) return { what: error.message, remedy: error.remedy };
  throw error;
}

function logHint(name: string): string {
  return `Its log: conclave fleet logs ${name}`;
}
