import type { DriverError, FetchProgress, FleetDriver, PlannedService, Seen } from '../../src/core/fleet/driver.ts';
import { flagsOf } from '../../src/core/fleet/flags.ts';
import type { Clock } from '../../src/core/fleet/fleet.ts';
import { createNudge } from '../../src/core/fleet/turns.ts';
import type { ServerPages } from '../../src/core/models/serverPages.ts';

/** One service as the driver in memory has it; tests change it in place. */
export interface MemoryService {
  run: Seen['run'];
  /** What it was started with; what is planned where absent. */
  flags?: string;
  /** What it has written since it was started. */
  log: string[];
  /** Its pages, by path; none while it does not answer. */
  pages: Record<string, string>;
}

/** A fleet that runs nowhere: a driver, the pages of its servers, and a clock on which waiting takes no time. */
export interface MemoryFleet {
  driver: FleetDriver;
  clock: Clock;
  ask: (url: string) => ServerPages;
  /** What the driver was told to do, in order. */
  acts: string[];
  service(name: string): MemoryService;
  /** What happens when a service is started; by default it is ready at once. */
  onStart(name: string, act: (service: MemoryService, onProgress: (progress: FetchProgress) => void) => void): void;
  /** Done whenever somebody waits on the clock: the time in milliseconds that has passed so far. */
  onWait(act: (passed: number) => void): void;
  /** Says that something has changed. */
  tell(): void;
  /** The engine is gone, or back. */
  gone(error: DriverError | undefined): void;
}

const START = Date.parse('2026-01-01T00:00:00Z');

export function createMemoryFleet(planned: readonly PlannedService[]): MemoryFleet {
  const services = new Map<string, MemoryService>();
  const starts = new Map<string, (service: MemoryService, onProgress: (progress: FetchProgress) => void) => void>();
  const acts: string[] = [];
  const changed = createNudge();
  let missing: DriverError | undefined;
  let passed = 0;
  let onWait = (_passed: number): void => {};

  const service = (name: string): MemoryService => {
    const known = services.get(name) ?? { run: { kind: 'absent' }, log: [], pages: {} };
    services.set(name, known);
    return known;
  };
  const check = (signal: AbortSignal): void => {
    signal.throwIfAborted();
    if (missing) throw missing;
  };

  return {
    acts,
    service,
    onStart: (name, act) => starts.set(name, act),
    onWait: (act) => {
      onWait = act;
    },
    tell: () => changed.tell(),
    gone(error) {
      missing = error;
      changed.tell();
    },
    driver: {
      async start({ name }, signal, onProgress) {
        check(signal);
        acts.push(`start ${name}`);
        const own = service(name);
        own.run = { kind: 'running', health: 'none', since: new Date(START + passed).toISOString(), restarts: 0 };
        own.log = [];
        own.pages = {};
        delete own.flags;
        (starts.get(name) ?? answering)(own, onProgress);
      },
      async stop(names, signal) {
        check(signal);
        acts.push(`stop ${names.join(' ')}`);
        for (const name of names) {
          const own = service(name);
          if (own.run.kind !== 'absent') own.run = { kind: 'ended', code: 0, byUser: true, restarts: 0 };
        }
      },
      async down(signal) {
        check(signal);
        acts.push('down');
        services.clear();
      },
      async look(signal) {
        check(signal);
        return planned.map((one) => {
          const { run, flags = flagsOf(one) } = service(one.name);
          return { name: one.name, run, flags };
        });
      },
      async *changes(signal) {
        while (!signal.aborted) {
          check(signal);
          const aborted = new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
          await Promise.race([changed.next(), aborted]);
          yield;
        }
      },
      async *logs(name, { lines }) {
        yield* service(name).log.slice(-lines);
      },
      async fetch(wanted, onProgress) {
        for (const { name } of wanted) onProgress({ service: name, what: `weights of ${name}`, percent: 100 });
      },
    },
    clock: {
      now: () => new Date(START + passed),
      async sleep(ms, signal) {
        await new Promise(setImmediate);
        signal.throwIfAborted();
        passed += ms;
        onWait(passed);
      },
    },
    ask: (url) => ({
      async get(path, signal) {
        signal.throwIfAborted();
        const asked = planned.find(({ port }) => url === `http://127.0.0.1:${port}/v1`);
        return asked && service(asked.name).pages[path];
      },
    }),
  };
}

/** Has a service answer as a model server that is ready. */
export function answering(service: MemoryService): void {
  service.pages = { '/health': '', '/v1/models': '{"data":[{"id":"coder"}]}' };
}

/** A planned model server with nothing special about it. */
export function plannedServer(name: string, port: number): PlannedService {
  return {
    name,
    kind: 'model',
    roles: ['coder'],
    serves: { model: 'org/model', names: ['coder'], window: 8192, options: {} },
    port,
    gpus: [],
    env: {},
  };
}
