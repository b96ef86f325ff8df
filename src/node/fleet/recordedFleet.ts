import { DriverError, type FleetDriver, type PlannedService } from '../../core/fleet/driver.ts';
import type { Fleet } from '../../core/fleet/fleet.ts';
import { fleetFolder } from '../dataFolder.ts';
import { alone } from './alone.ts';
import { type FleetRecord, noteStarted, noteStopped } from './fleetRecord.ts';

/** Milliseconds that a look at what has come of a start may take. */
const LOOK_LIMIT = 20_000;

/**
 * Has a fleet write down what the user has started, for all who read settings, and start services in one process at a
 * time: two that start servers on one GPU would spoil each other's sums.
 * @param options.takeOthersDown ends what runs of another profile
 */
export function recordedFleet(
  fleet: Fleet,
  options: {
    env: NodeJS.ProcessEnv;
    profile: Pick<FleetRecord, 'profile' | 'driver'>;
    planned: readonly PlannedService[];
    driver: Pick<FleetDriver, 'look'>;
    takeOthersDown: (signal: AbortSignal) => Promise<void>;
  },
): Fleet {
  const { env, profile, planned, driver, takeOthersDown } = options;

  /** Written down first: who dies while a server loads leaves word of it, and the roles will be served there. */
  async function starting(
    names: readonly string[] | 'all',
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<void> {
    const wanted = planned.filter(({ name }) => names === 'all' || names.includes(name));
    await alone(fleetFolder(env), { what: 'up', refusal: alreadyStarting }, async () => {
      await takeOthersDown(signal);
      await noteStarted(env, profile, wanted);
      try {
        await work();
      } catch (error) {
        await dropMissing(wanted);
        throw error;
      }
    });
  }

  /** Of those, what was stopped or never came to be is written down no longer; what ended by itself is. */
  async function dropMissing(services: readonly PlannedService[]): Promise<void> {
    // Where nobody can tell, they may be there.
    const seen = await driver.look(AbortSignal.timeout(LOOK_LIMIT)).catch(() => undefined);
    if (seen === undefined) return;
    const there = seen.filter(({ run }) => run.kind === 'running' || (run.kind === 'ended' && !run.byUser));
    const missing = services.filter(({ name }) => !there.some((one) => one.name === name));
    await noteStopped(
      env,
      missing.map(({ name }) => name),
    );
  }

  return {
    ...fleet,
    up: (names, onState, signal) => starting(names, signal, () => fleet.up(names, onState, signal)),
    restart: (names, onState, signal) => starting(names, signal, () => fleet.restart(names, onState, signal)),
    async stop(names, signal) {
      await fleet.stop(names, signal);
      await noteStopped(env, names === 'all' ? planned.map(({ name }) => name) : names);
    },
  };
}

function alreadyStarting(holder: string): DriverError {
  return new DriverError(
    `The fleet is already being started, by ${holder}.`,
    'Wait until it is ready (conclave fleet status), or stop it there.',
  );
}
