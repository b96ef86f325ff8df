import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { FleetDriver, PlannedService } from '../../../src/core/fleet/driver.ts';
import { createFleet, type Fleet } from '../../../src/core/fleet/fleet.ts';
import { openPages } from '../../../src/core/models/serverPages.ts';
import { composeDriver } from '../../../src/node/fleet/compose/composeDriver.ts';
import type { Engine } from './startEngine.ts';

/** What a test wants of a service's stand-in. */
export interface StandIn {
  /** Variables of its container: see standIn/vllm.ts. */
  env?: Record<string, string>;
  /** Instead of the image that the file names. */
  image?: string;
  /** Bytes with a unit: "200m". */
  memory?: string;
}

/** The shipped Compose file with stand-ins, on a private engine. */
export interface ComposeFleet {
  fleet: Fleet;
  driver: FleetDriver;
  planned: readonly PlannedService[];
  /** Absolute path of Conclave's own files about it. */
  folder: string;
  port(name: string): number;
  /** Takes it down, and its files away. */
  close(): Promise<void>;
}

/**
 * @param composeFile absolute path of the file under test
 * @param planned services, whose ports are replaced by free ones
 */
export async function composeFleet(
  engine: Pick<Engine, 'env'>,
  composeFile: string,
  planned: readonly PlannedService[],
  standIns: Record<string, StandIn> = {},
  env: NodeJS.ProcessEnv = {},
): Promise<ComposeFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-fleet-'));
  const here: PlannedService[] = [];
  for (const service of planned) here.push({ ...service, port: await freePort() });
  const over = join(folder, 'standIns.yaml');
  writeFileSync(
    over,
    stringify(
      { services: Object.fromEntries(here.map((one) => [one.name, standIn(one, standIns[one.name] ?? {})])) },
      RESET,
    ),
  );
  const driver = composeDriver({
    files: [composeFile, over],
    project: `conclave-${process.pid}`,
    folder: join(folder, 'fleet'),
    env: { ...process.env, ...engine.env, ...env },
    planned: here,
  });
  const never = new AbortController().signal;
  return {
    driver,
    planned: here,
    folder: join(folder, 'fleet'),
    fleet: createFleet({
      profile: 'test',
      planned: here,
      driver,
      // A quarter of the time: stand-ins are quicker than models.
      clock: { now: () => new Date(), sleep: (ms, signal) => sleep(ms / 4, undefined, { signal }) },
      ask: (url) => openPages({ url, fetch }),
    }),
    port: (name) => here.find((one) => one.name === name)?.port ?? 0,
    async close() {
      await driver.down(never).catch(() => {});
      rmSync(folder, { recursive: true });
    },
  };
}

/** In place of what the file says: it is not added to it. */
const NOTHING = Symbol('reset');
const RESET = {
  customTags: [
    { tag: '!reset', identify: (value: unknown) => value === NOTHING, resolve: () => null, stringify: () => 'null' },
  ],
};

/** The engine has no network of its own, and no registry. */
function standIn({ port }: PlannedService, { env, image, memory }: StandIn): Record<string, unknown> {
  return {
    ...(image === undefined ? {} : { image }),
    ...(memory === undefined ? {} : { mem_limit: memory, memswap_limit: memory }),
    build: NOTHING,
    ports: NOTHING,
    network_mode: 'host',
    pull_policy: image === undefined ? 'never' : 'missing',
    environment: { STAND_IN_PORT: String(port), ...env },
    healthcheck: { interval: '300ms', timeout: '5s', retries: 3, start_period: '20s', start_interval: '300ms' },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
