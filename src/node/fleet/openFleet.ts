import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError, type FleetDriver, type PlannedService } from '../../core/fleet/driver.ts';
import { createFleet, type Fleet } from '../../core/fleet/fleet.ts';
import { advisedProfile, type Machine, planFleet } from '../../core/fleet/planFleet.ts';
import type { Profile } from '../../core/fleet/profile.ts';
import { openPages } from '../../core/models/serverPages.ts';
import { unpooledFetch } from '../../core/models/unpooledFetch.ts';
import type { Settings } from '../../core/settings.ts';
import type { FleetProblem, FleetState, ProfileEntry } from '../../shared/fleet.ts';
import { fleetFolder } from '../dataFolder.ts';
import type { Installation } from '../openCrew.ts';
import { alone } from './alone.ts';
import { composeDriver } from './compose/composeDriver.ts';
import { FLEET_PROJECT } from './compose/containers.ts';
import { type FleetRecord, readFleetRecord, writeFleetRecord } from './fleetRecord.ts';
import { machineHere } from './machine.ts';
import { nativeCommands } from './native/nativeCommand.ts';
import { openNativeDriver } from './native/nativeDriver.ts';
import { readProfiles } from './profiles.ts';

export type OpenedFleet =
  | { kind: 'fleet'; profile: string; fleet: Fleet; planned: readonly PlannedService[] }
  | { kind: 'problem'; problem: FleetProblem };

/**
 * Opens the fleet of a profile on this machine: the one that is named, or that runs, or that is set, or the best that fits.
 * Nothing is started. A fleet of another profile that runs is taken down by the `up` of this one.
 */
export async function openFleet(
  installation: Installation,
  options: { settings: Settings; profile?: string | undefined; signal?: AbortSignal; machine?: Machine },
): Promise<OpenedFleet> {
  const { env } = installation;
  const { settings, signal = new AbortController().signal } = options;
  const profiles = await readProfiles(installation.home);
  const machine = options.machine ?? (await machineHere(env, signal)).machine;
  const running = await readFleetRecord(env);
  const wanted = options.profile ?? running?.profile ?? settings.fleet.profile;
  const profile =
    wanted === undefined ? advisedProfile(profiles, machine) : profiles.find(({ name }) => name === wanted);
  if (profile === undefined) return problem(unknownProfile(wanted, profiles));

  const plan = planFleet(profile, machine, profiles);
  if (plan.kind === 'refused') {
    const instead = plan.instead === undefined ? 'No other fits either' : `Choose ${plan.instead}, which fits`;
    return problem({
      what: `The profile ${profile.name} does not fit this machine: ${plan.why}`,
      remedy: `${instead}; or set the endpoints to servers of your own.`,
    });
  }
  const { driver } = profile;
  if (driver === 'none') {
    return problem({
      what: `The profile ${profile.name} starts no servers: the roles use those that you run yourself.`,
      remedy: 'Set the endpoints of the roles to them, or choose another profile (conclave fleet profiles).',
    });
  }

  const fleet = createFleet({
    profile: profile.name,
    planned: plan.services,
    driver: openDriver(driver, installation, settings, plan.services),
    clock: { now: () => new Date(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    ask: (url) => openPages({ url, fetch: unpooledFetch(CONNECT_LIMIT) }),
  });
  const recorded = recording(fleet, {
    env,
    profile: { profile: profile.name, driver },
    planned: plan.services,
    takeOthersDown: async (signal) => {
      // Asked for now: another window may have started one since.
      const other = await readFleetRecord(env);
      if (other === undefined || other.profile === profile.name) return;
      await openDriver(other.driver, installation, settings, []).down(signal);
      await writeFleetRecord(env, other, []);
    },
  });
  return { kind: 'fleet', profile: profile.name, fleet: recorded, planned: plan.services };
}

/** All profiles, the best first, with why they do not fit this machine where they do not. */
export async function profilesHere(installation: Installation, signal: AbortSignal): Promise<ProfileEntry[]> {
  const profiles = await readProfiles(installation.home);
  const { machine } = await machineHere(installation.env, signal);
  const advised = advisedProfile(profiles, machine);
  return profiles.map((profile) => {
    const { name, title, summary } = profile;
    const plan = planFleet(profile, machine);
    return {
      ...{ name, title, summary },
      ...(plan.kind === 'refused' ? { refusal: plan.why } : {}),
      ...(profile === advised ? { isAdvised: true } : {}),
    };
  });
}

/** Milliseconds: on the same machine, whoever is there answers at once. */
const CONNECT_LIMIT = 1000;

function openDriver(
  kind: FleetRecord['driver'],
  { env, home }: Installation,
  { fleet }: Settings,
  planned: readonly PlannedService[],
): FleetDriver {
  const dir = fleetFolder(env);
  const weights = fleet.weights === undefined ? {} : { weights: path.resolve(fleet.weights) };
  switch (kind) {
    case 'native':
      return openNativeDriver({ dir, ...nativeCommands({ vllm: fleet.vllm, ...weights, env, cwd: dir }) });
    case 'compose':
      return composeDriver({
        files: [path.join(home, 'docker-compose.yml')],
        project: FLEET_PROJECT,
        folder: dir,
        env,
        planned,
        ...weights,
      });
    default:
      return kind satisfies never;
  }
}

/**
 * Has a fleet write down what the user has started, for all who read settings, and start services in one process at a
 * time: two that start servers on one GPU would spoil each other's sums.
 */
function recording(
  fleet: Fleet,
  options: {
    env: NodeJS.ProcessEnv;
    profile: Pick<FleetRecord, 'profile' | 'driver'>;
    planned: readonly PlannedService[];
    takeOthersDown: (signal: AbortSignal) => Promise<void>;
  },
): Fleet {
  const { env, profile, planned, takeOthersDown } = options;

  /** @param change from the names that are written down to those that shall be */
  async function note(change: (names: ReadonlySet<string>) => ReadonlySet<string>): Promise<void> {
    const record = await readFleetRecord(env);
    const names = change(new Set(record?.profile === profile.profile ? record.services.map(({ name }) => name) : []));
    await writeFleetRecord(
      env,
      profile,
      planned.filter(({ name }) => names.has(name)),
    );
  }
  const chosen = (names: readonly string[] | 'all'): string[] =>
    names === 'all' ? planned.map(({ name }) => name) : [...names];

  async function up(
    names: readonly string[] | 'all',
    onState: (state: FleetState) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await alone(fleetFolder(env), { what: 'up', refusal: alreadyStarting }, async () => {
      await takeOthersDown(signal);
      let ready = '';
      const told = (state: FleetState): void => {
        onState(state);
        const now = namesOf(state, ['ready']).join();
        if (now === ready) return;
        ready = now;
        // What answers is of use at once, long before the last one does.
        noting = noting.then(() => note((noted) => new Set([...noted, ...namesOf(state, ['ready'])])));
      };
      let noting = Promise.resolve();
      try {
        await fleet.up(names, told, signal);
      } finally {
        await noting;
      }
    });
  }

  async function stop(names: readonly string[] | 'all', signal: AbortSignal): Promise<void> {
    await fleet.stop(names, signal);
    const stopped = chosen(names);
    await note((noted) => new Set([...noted].filter((name) => !stopped.includes(name))));
  }

  return {
    ...fleet,
    up,
    stop,
    async restart(names, onState, signal) {
      await stop(names, signal);
      await up(names, onState, signal);
    },
    async down(signal) {
      await takeOthersDown(signal);
      await fleet.down(signal);
      await writeFleetRecord(env, profile, []);
    },
  };
}

function namesOf({ services }: FleetState, kinds: readonly string[]): string[] {
  return services.filter(({ state }) => kinds.includes(state.kind)).map(({ name }) => name);
}

function alreadyStarting(holder: string): DriverError {
  return new DriverError(
    `The fleet is already being started, by ${holder}.`,
    'Wait until it is ready (conclave fleet status), or stop it there.',
  );
}

function unknownProfile(name: string | undefined, profiles: readonly Profile[]): FleetProblem {
  const names = profiles.map((profile) => profile.name).join(', ');
  return name === undefined
    ? { what: 'No profile fits this machine.', remedy: 'Set the endpoints of the roles to servers of your own.' }
    : { what: `There is no profile "${name}".`, remedy: `There are ${names}: choose one of them (fleet.profile).` };
}

function problem(of: FleetProblem): OpenedFleet {
  return { kind: 'problem', problem: of };
}
