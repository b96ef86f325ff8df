import { resolve } from 'node:path';
import { DriverError } from '../../core/fleet/driver.ts';
import { advisedProfile, type FleetPlan, type Machine, planFleet } from '../../core/fleet/planFleet.ts';
import type { Profile } from '../../core/fleet/profile.ts';
import type { Settings } from '../../core/settings.ts';
import { ROLES, type Role } from '../../shared/events.ts';
import type { LoadedSettings } from '../configuration.ts';
import { openDriver } from '../fleet/drivers.ts';
import { readFleetRecord } from '../fleet/fleetRecord.ts';
import { type MachineHere, machineHere } from '../fleet/machine.ts';
import { readProfiles } from '../fleet/profiles.ts';
import type { Installation } from '../openCrew.ts';
import { START_OF_FLEET } from '../settingNames.ts';
import { type DockerHere, dockerHere } from './docker.ts';
import type { Finding } from './finding.ts';
import { gpuFindings } from './gpus.ts';
import { hubTokenFindings } from './hubToken.ts';
import { portsFinding } from './ports.ts';
import { adviceFinding, NONE_NEEDED, OWN_ARE_USED, profileFinding, unknownProfileFinding } from './profile.ts';
import { vllmFinding } from './vllmProgram.ts';
import { hubCache, type WeightsPlace, weightsHere } from './weights.ts';

/** What the fleet could be on this machine, and is. */
export interface FleetBasis {
  profiles: readonly Profile[];
  here: MachineHere;
  /** Name of the profile that runs or was chosen; undefined where none is. */
  name: string | undefined;
}

/** Looks once at what all findings about the fleet are made from. */
export async function fleetBasis({ installation: { env, home }, loaded, signal }: About): Promise<FleetBasis> {
  const [profiles, here, record] = await Promise.all([
    readProfiles(home),
    machineHere(env, signal),
    readFleetRecord(env),
  ]);
  return { profiles, here, name: record?.profile ?? loaded.settings.fleet.profile };
}

/** Roles that the profile that is in use, or else the best that fits, would have servers for. */
export function rolesOfFleet({ profiles, here: { machine }, name }: FleetBasis): ReadonlySet<Role> {
  const profile = name === undefined ? advisedProfile(profiles, machine) : profiles.find((one) => one.name === name);
  const plan = profile === undefined ? undefined : planFleet(profile, machine);
  const services = plan?.kind === 'planned' ? plan.services : [];
  return new Set(ROLES.filter((role) => services.some(({ roles }) => roles.includes(role))));
}

interface About {
  installation: Pick<Installation, 'home' | 'env'>;
  loaded: Pick<LoadedSettings, 'settings' | 'nameOf'>;
  signal: AbortSignal;
}

/**
 * What the profile that runs, or was chosen, needs of this machine. Where none was, servers of the user's own are what is
 * wanted, and nothing that they do without is a fault.
 * @param rolesAnswer whether every role that a run needs has a server: then nothing here hinders one
 */
export async function fleetFindings(
  about: About,
  basis: Promise<FleetBasis>,
  rolesAnswer: Promise<boolean>,
): Promise<Finding[]> {
  const [{ profiles, here, name }, answers] = await Promise.all([basis, rolesAnswer]);
  const setting = about.loaded.nameOf('fleet.profile');
  if (name === undefined) return answers ? [NONE_NEEDED] : advice(about, profiles, here);
  const profile = profiles.find((one) => one.name === name);
  if (profile === undefined) return hindering([unknownProfileFinding(name, profiles, setting)], answers);
  if (profile.driver === 'none') return [OWN_ARE_USED];
  const plan = planFleet(profile, here.machine, profiles);
  const fit = profileFinding(profile, plan, setting);
  const rest =
    plan.kind === 'refused' ? gpusOf(profile, here, []) : await plannedFindings(about, { profile, plan, here });
  return hindering([fit, ...rest], answers);
}

type Planned = Extract<FleetPlan, { kind: 'planned' }>;

async function plannedFindings(
  { installation: { env, home }, loaded, signal }: About,
  about: { profile: Profile; plan: Planned; here: MachineHere },
): Promise<Finding[]> {
  const { profile, plan, here } = about;
  const engine = profile.driver === 'compose' ? await dockerHere(env, signal) : undefined;
  const starter =
    engine === undefined
      ? [vllm(loaded, env, here.machine)]
      : [engine.docker, ...(profile.runsOn === 'cuda' && engine.nvidia !== undefined ? [engine.nvidia] : [])];
  // An engine that gave no answer would be waited for once more.
  const isSilent = engine?.docker.state === 'missing';
  const runs = isSilent ? new Set<string>() : await runningOf(profile.driver, { env, home }, loaded.settings, signal);
  const models = new Set(plan.services.flatMap(({ serves }) => (serves === undefined ? [] : [serves.model])));
  const servers = Object.values(profile.servers).filter(({ model }) => models.has(model));
  const [ports, { fetched, finding }] = await Promise.all([
    portsFinding(plan.services, ({ name }) => runs.has(name)),
    weightsHere(servers, weightsPlace(engine, { env, home }), {
      folder: loaded.settings.fleet.weights,
      loaded: new Set(
        plan.services.flatMap(({ name, serves }) => (serves !== undefined && runs.has(name) ? [serves.model] : [])),
      ),
    }),
  ]);
  const gated = servers.filter((server) => server.gated && !fetched.has(server.model)).map(({ model }) => model);
  const token = await hubTokenFindings(gated, env, engine === undefined ? 'variableOrFile' : 'variable');
  const toStart = plan.services.filter(({ name }) => !runs.has(name));
  return [...gpusOf(profile, here, toStart), ...starter, finding, ...token, ports];
}

/** Where nothing was chosen and the roles have no servers: what could be, and what it would take, all of it no fault. */
async function advice(
  { installation: { env }, loaded, signal }: About,
  profiles: readonly Profile[],
  here: MachineHere,
): Promise<Finding[]> {
  const { advised, finding } = adviceFinding(profiles, here.machine, loaded.nameOf(START_OF_FLEET));
  const driver = advised?.driver;
  switch (driver) {
    case 'compose': {
      const { docker, nvidia } = await dockerHere(env, signal);
      const starter = nvidia === undefined ? [docker] : [docker, nvidia];
      return [...gpusForAdvice(here), finding, ...starter.map(noFault)];
    }
    case 'native':
      return [...gpusForAdvice(here), finding, noFault(vllm(loaded, env, here.machine))];
    case 'none':
    case undefined:
      return [...gpusForAdvice(here), finding];
    default:
      return driver satisfies never;
  }
}

/** A driver that is broken is not meant to be. */
function gpusForAdvice({ nvidia }: MachineHere): Finding[] {
  if (nvidia.kind === 'failed') return gpuFindings(nvidia, []).map((finding) => ({ ...finding, state: 'limited' }));
  return nvidia.kind === 'gpus' && nvidia.gpus.length > 0 ? gpuFindings(nvidia, []) : [];
}

function noFault(finding: Finding): Finding {
  if (finding.state === 'good') return finding;
  return {
    ...finding,
    state: 'good',
    found: `${finding.found.replace(/\.$/, '')}; only a fleet of Conclave's own needs it`,
  };
}

function gpusOf({ runsOn }: Profile, { nvidia }: MachineHere, toStart: Parameters<typeof gpuFindings>[1]): Finding[] {
  return runsOn === 'cuda' ? gpuFindings(nvidia, toStart) : [];
}

function vllm({ settings, nameOf }: About['loaded'], env: NodeJS.ProcessEnv, { kind }: Machine): Finding {
  return vllmFinding(settings.fleet.vllm, { env, nameOf, isMac: kind === 'metal' });
}

/** Names of the fleet's services that run, also of those that do not answer yet; none where nobody tells. */
async function runningOf(
  driver: Profile['driver'],
  place: Pick<Installation, 'home' | 'env'>,
  settings: Settings,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (driver === 'none') return new Set();
  try {
    const seen = await openDriver(driver, place, settings, []).look(signal);
    return new Set(seen.filter(({ run }) => run.kind === 'running').map(({ name }) => name));
  } catch (error) {
    if (signal.aborted || !(error instanceof DriverError)) throw error;
    return new Set();
  }
}

function weightsPlace(engine: DockerHere | undefined, { env, home }: Pick<Installation, 'home' | 'env'>): WeightsPlace {
  if (engine === undefined) return { kind: 'folder', path: hubCache(env), setBy: 'HF_HOME' };
  const folder = env.CONCLAVE_HF_CACHE;
  // A name without a slash is that of another volume.
  if (folder?.match(/[\\/]/)) return { kind: 'folder', path: resolve(home, folder, 'hub'), setBy: 'CONCLAVE_HF_CACHE' };
  return { kind: 'volume', ...(engine.dataRoot === undefined ? {} : { path: engine.dataRoot }) };
}

/** What keeps the fleet from starting hinders no run whose roles have servers all the same. */
function hindering(findings: readonly Finding[], rolesAnswer: boolean): Finding[] {
  return findings.map((finding) =>
    rolesAnswer && finding.state === 'missing' ? { ...finding, state: 'limited' } : finding,
  );
}
