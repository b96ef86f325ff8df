import type { FleetProblem, FleetState, Service, ServiceState } from '../../shared/fleet.ts';
import type { ServerPages } from '../models/serverPages.ts';
import { DriverError, type FetchProgress, type FleetDriver, type PlannedService, type Seen } from './driver.ts';
import { flagsOf } from './flags.ts';
import { createFollower } from './follow.ts';
import { createObserver, describe } from './observer.ts';
import { createNudge, inTurn } from './turns.ts';
import { stateIn, untilReady } from './untilReady.ts';

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

/** Milliseconds that the stop of what was being started may take. */
const END_WITHIN = 30_000;

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

  const look = async (signal: AbortSignal): Promise<FleetState> => stateOf(await driver.look(signal), signal);

  async function stateOf(seen: readonly Seen[], signal: AbortSignal): Promise<FleetState> {
    const services = await Promise.all(planned.map((service) => serviceOf(service, seen, signal)));
    return { profile, services };
  }

  async function serviceOf(service: PlannedService, seen: readonly Seen[], signal: AbortSignal): Promise<Service> {
    const run = runIn(seen, service.name);
    const observed = await observe(service, run, signal);
    const more = known.get(service.name);
    // Whoever started it after all had more luck.
    if (more?.kind === 'failed' && run.kind === 'running') known.delete(service.name);
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

  async function up(
    names: readonly string[] | 'all',
    onState: (state: FleetState) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = chosen(names);
    signal.throwIfAborted();
    const seen = await driver.look(signal);
    const now = await stateOf(seen, signal);
    const missing = wanted.filter(
      (service) => stateIn(now, service.name).kind !== 'ready' || !isAsPlanned(service, seen),
    );
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
    let isStarted = false;
    try {
      note(name, { kind: 'starting', step: 'being started', since: clock.now().toISOString() });
      const before = await look(signal);
      onState(before);
      // What is already on its way is waited for: a start anew would lose what it has loaded.
      if (!(await isOnItsWay(service, signal))) {
        await driver.start(service, signal, ({ what, percent }) => {
          const fetching: ServiceState = { kind: 'fetching', what, ...(percent === undefined ? {} : { percent }) };
          note(name, fetching);
          onState(withState(before, name, fetching));
        });
      }
      note(name, undefined);
      isStarted = true;
      await untilReady(name, { look, clock, onState: tellAll(onState) }, signal);
    } catch (error) {
      if (signal.aborted) {
        note(name, undefined);
        await endInTime(name);
        changed.tell();
        throw signal.reason;
      }
      if (error instanceof DriverError && !isStarted) await noteFailure(name, error, signal);
      onState(await state(signal));
      throw error;
    }
  }

  const tellAll = (onState: (state: FleetState) => void) => (state: FleetState) => {
    onState(state);
    changed.tell();
  };

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

  async function isOnItsWay(service: PlannedService, signal: AbortSignal): Promise<boolean> {
    const seen = await driver.look(signal);
    const run = runIn(seen, service.name);
    return run.kind === 'running' && run.restarts === 0 && run.health !== 'unhealthy' && isAsPlanned(service, seen);
  }

  /** Why a start was refused is kept where the driver has nothing to show of it: otherwise what it shows tells more, and passes. */
  async function noteFailure(name: string, { message, remedy }: DriverError, signal: AbortSignal): Promise<void> {
    const run = await driver.look(signal).then(
      (seen) => runIn(seen, name),
      () => undefined,
    );
    const isUnseen = run === undefined || run.kind === 'absent' || run.kind === 'created';
    note(name, isUnseen ? { kind: 'failed', why: `${message} ${remedy}` } : undefined);
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
    follow: createFollower({ state, changed, driver, clock }),
    up: (names, onState, signal) => turn(() => up(names, onState, signal)),
    stop,
    restart: (names, onState, signal) =>
      turn(async () => {
        await stop(names, signal);
        await up(names, onState, signal);
      }),
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

/** What was noted of a start holds until the service is there; that it could not be started, until there is more of it to see. */
function holds(noted: ServiceState, run: Seen['run']): boolean {
  return run.kind !== 'running' && !(noted.kind === 'failed' && run.kind === 'ended');
}

function runIn(seen: readonly Seen[], name: string): Seen['run'] {
  return seen.find((one) => one.name === name)?.run ?? { kind: 'absent' };
}

/** Whether what runs was started with what is planned: otherwise it is none of this profile, and is started anew. */
function isAsPlanned(service: PlannedService, seen: readonly Seen[]): boolean {
  return seen.find(({ name }) => name === service.name)?.flags === flagsOf(service);
}

function withState(now: FleetState, name: string, state: ServiceState): FleetState {
  return { ...now, services: now.services.map((one) => (one.name === name ? { ...one, state } : one)) };
}

/** @throws what is none of the driver's failures: a defect */
function problemOf(error: unknown): FleetProblem {
  if (error instanceof DriverError) return { what: error.message, remedy: error.remedy };
  throw error;
}
