import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError, type FleetDriver, type PlannedService } from '../../core/fleet/driver.ts';
import { createFleet, type Fleet } from '../../core/fleet/fleet.ts';
import { advisedProfile, type Machine, planFleet } from '../../core/fleet/planFleet.ts';
import type { Profile } from '../../core/fleet/profile.ts';
import { openPages } from '../../core/models/serverPages.ts';
import { unpooledFetch } from '../../core/models/unpooledFetch.ts';
import type { Settings } from '../../core/settings.ts';
import type { FleetProblem, ProfileEntry } from '../../shared/fleet.ts';
import type { Installation } from '../openCrew.ts';
import { openDriver, takeFleetDown } from './drivers.ts';
import { type FleetRecord, noteStopped, readFleetRecord } from './fleetRecord.ts';
import { machineHere } from './machine.ts';
import { readProfiles } from './profiles.ts';
import { recordedFleet } from './recordedFleet.ts';

export type OpenedFleet =
  | { kind: 'fleet'; profile: string; fleet: Fleet; planned: readonly PlannedService[] }
  | { kind: 'problem'; problem: FleetProblem };

/** A profile as it would run on this machine. */
type PlannedFleet = FleetRecord | { problem: FleetProblem };

/**
 * Opens the fleet of a profile on this machine; nothing is started. A fleet of another profile that runs is taken down by
 * the `up` of this one.
 * @param options.profile name of the profile; where absent, by the purpose: to look at, the one that was started, or is set;
 * to start, the one that is set, or was started; in either case otherwise the best that fits
 */
export async function openFleet(
  installation: Installation,
  options: {
    settings: Settings;
    profile?: string | undefined;
    purpose?: 'look' | 'start';
    signal?: AbortSignal;
    machine?: Machine;
  },
): Promise<OpenedFleet> {
  const { env, home } = installation;
  const { settings, purpose = 'look', signal = new AbortController().signal } = options;
  const started = await readFleetRecord(env);
  const [profiles, machine] = await Promise.all([
    readProfiles(home),
    options.machine ?? machineHere(env, signal).then((here) => here.machine),
  ]);
  const set = settings.fleet.profile;
  const name = options.profile ?? (purpose === 'start' ? (set ?? started?.profile) : (started?.profile ?? set));
  const planned = planHere(name, profiles, machine);
  if (!('problem' in planned)) return opened(installation, settings, planned);
  // What was started is there, and can be looked at and stopped, also where it could not be planned any more.
  if (purpose === 'start' || started === undefined || name !== started.profile) return { kind: 'problem', ...planned };
  return withoutStart(opened(installation, settings, started), planned.problem);
}

function planHere(name: string | undefined, profiles: readonly Profile[], machine: Machine): PlannedFleet {
  const profile = name === undefined ? advisedProfile(profiles, machine) : profiles.find((one) => one.name === name);
  if (profile === undefined) return { problem: unknownProfile(name, profiles) };
  const plan = planFleet(profile, machine, profiles);
  if (plan.kind === 'refused') {
    const instead = plan.instead === undefined ? 'No other fits either' : `Choose ${plan.instead}, which fits`;
    return {
      problem: {
        what: `The profile ${profile.name} does not fit this machine: ${plan.why}`,
        remedy: `${instead}; or set the endpoints to servers of your own.`,
      },
    };
  }
  if (profile.driver === 'none') {
    return {
      problem: {
        what: `The profile ${profile.name} starts no servers: the roles use those that you run yourself.`,
        remedy: 'Set the endpoints of the roles to them, or choose another profile (conclave fleet profiles).',
      },
    };
  }
  return { profile: profile.name, driver: profile.driver, services: plan.services };
}

function opened(
  installation: Installation,
  settings: Settings,
  { profile, driver: kind, services }: FleetRecord,
): Extract<OpenedFleet, { kind: 'fleet' }> {
  const { env } = installation;
  const takeDown = (signal: AbortSignal): Promise<void> => takeFleetDown(installation, { settings, signal });
  // Whatever else is left of a fleet goes with it.
  const driver: FleetDriver = { ...openDriver(kind, installation, settings, services), down: takeDown };
  const fleet = createFleet({
    profile,
    planned: services,
    driver,
    clock: { now: () => new Date(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    ask: (url) => openPages({ url, fetch: unpooledFetch(CONNECT_LIMIT) }),
  });
  const recorded = recordedFleet(fleet, {
    env,
    profile: { profile, driver: kind },
    planned: services,
    driver,
    async takeOthersDown(signal) {
      // Asked for now: another window may have started one since.
      const other = await readFleetRecord(env);
      if (other === undefined || other.profile === profile) return;
      await takeDown(signal).catch((error: unknown) => {
        if (signal.aborted || !(error instanceof DriverError) || other.driver === kind) throw error;
      });
      // An engine that is gone keeps nothing from being started elsewhere.
      await noteStopped(env, 'all');
    },
  });
  return { kind: 'fleet', profile, fleet: recorded, planned: services };
}

/** @param why it cannot be started */
function withoutStart(found: Extract<OpenedFleet, { kind: 'fleet' }>, { what, remedy }: FleetProblem): OpenedFleet {
  const refuse = async (): Promise<never> => {
    throw new DriverError(what, remedy);
  };
  return { ...found, fleet: { ...found.fleet, up: refuse, restart: refuse, fetch: refuse } };
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

function unknownProfile(name: string | undefined, profiles: readonly Profile[]): FleetProblem {
  const names = profiles.map((profile) => profile.name).join(', ');
  return name === undefined
    ? { what: 'No profile fits this machine.', remedy: 'Set the endpoints of the roles to servers of your own.' }
    : { what: `There is no profile "${name}".`, remedy: `There are ${names}: choose one of them (fleet.profile).` };
}
