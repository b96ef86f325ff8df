import { setMaxListeners } from 'node:events';
import { type Aspect, assess } from '../../core/models/assessProbe.ts';
import { NEEDED_ROLES } from '../../core/settings.ts';
import { ROLES, type Role } from '../../shared/events.ts';
import type { Probe } from '../../shared/probe.ts';
import { ConfigurationError, type LoadedSettings } from '../configuration.ts';
import { ownFoldersIn, probesFolder } from '../dataFolder.ts';
import { findLocalServers, type LocalServer } from '../localServers.ts';
import type { Installation } from '../openCrew.ts';
import { openProbes } from '../probes.ts';
import { clockFindings } from './clock.ts';
import { type EndpointFinding, endpointFindings, keyFindings, withOffers } from './endpoints.ts';
import type { FiledFinding, Finding, Subject } from './finding.ts';
import { fleetBasis, fleetFindings, rolesOfFleet } from './fleet.ts';
import { folderFindings } from './folders.ts';
import { projectFindings } from './project.ts';
import { redisFindings } from './redis.ts';

/** What a role's server was seen to do. */
export interface ProbedRole {
  role: Role;
  probe: Probe;
  aspects: Aspect[];
}

export interface Examination {
  /** Those of one subject together. */
  findings: FiledFinding[];
  /** Of the roles whose servers answer, in the order of the roles. */
  probes: ProbedRole[];
}

/** What is examined, and with what. */
export interface Examined {
  /** Absolute. */
  workspace: string;
  installation: Pick<Installation, 'home' | 'env'>;
  loaded: LoadedSettings;
  /** Absolute path of ripgrep; undefined where there is none. */
  ripgrep: string | undefined;
  signal: AbortSignal;
  now: () => Date;
  /** Looks for servers on this machine, where a role has none. */
  findServers?: (signal: AbortSignal) => Promise<LocalServer[]>;
}

/**
 * Looks at everything that a run in the workspace needs, and says what to do about what is not there. It starts and
 * changes nothing, and asks nobody but this machine and the configured endpoints.
 */
export async function examine(given: Examined): Promise<Examination> {
  // One of its own: so much is looked at side by side that Node would take its listeners for a leak.
  const signal = AbortSignal.any([given.signal]);
  setMaxListeners(0, signal);
  const what = { ...given, signal };
  const { workspace, installation, loaded, ripgrep } = what;
  const { env } = installation;
  const basis = fleetBasis(what);
  const endpoints = endpointFindings(loaded, async () => rolesOfFleet(await basis), signal);
  const rolesAnswer = endpoints.then((all) =>
    all.every(({ role, answers }) => answers || !NEEDED_ROLES.includes(role)),
  );
  const [project, folders, redis, fleet, { servers, probes }] = await Promise.all([
    ownFolders(workspace, env).then((own) => projectFindings({ workspace, loaded, ripgrep, own, signal })),
    folderFindings(env),
    redisFindings(env, signal),
    fleetFindings(what, basis, rolesAnswer),
    examineServers(what, endpoints),
  ]);
  return {
    findings: [
      ...filed('project', [...project, ...folders, ...redis]),
      ...filed('servers', servers),
      ...filed('fleet', fleet),
    ],
    probes,
  };
}

async function examineServers(
  { installation: { env }, loaded, signal, now, findServers = findLocalServers }: Examined,
  asked: Promise<EndpointFinding[]>,
): Promise<{ servers: Finding[]; probes: ProbedRole[] }> {
  const endpoints = await asked;
  const answering = endpoints.filter(({ answers }) => answers).map(({ role }) => role);
  // A server that is being measured answers others late.
  const clock = await clockFindings(
    answering.map((role) => loaded.settings.endpoints[role].url),
    now,
    signal,
  );
  const [probes, local] = await Promise.all([
    probed(answering, openProbes({ dir: probesFolder(env), loaded, now }).probe, signal),
    answering.length === ROLES.length ? [] : findServers(signal),
  ]);
  const shown = ({ finding, role, answers }: EndpointFinding): Finding =>
    answers ? finding : withOffers(finding, role, { servers: local, setting: loaded.nameOf(`endpoints.${role}.url`) });
  return { servers: [...endpoints.map(shown), ...keyFindings(loaded), ...clock], probes };
}

/** One after the other: servers often share one machine, and the figures shall be those of one alone. */
async function probed(
  roles: readonly Role[],
  probe: (role: Role, signal: AbortSignal) => Promise<Probe | undefined>,
  signal: AbortSignal,
): Promise<ProbedRole[]> {
  const probes: ProbedRole[] = [];
  for (const role of roles) {
    const seen = await probe(role, signal);
    if (seen !== undefined) probes.push({ role, probe: seen, aspects: assess(seen) });
  }
  return probes;
}

/** None where the store cannot be used as it is set: that is a finding of its own, and not the end of looking. */
async function ownFolders(workspace: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    return await ownFoldersIn(workspace, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return [];
    throw error;
  }
}

function filed(subject: Subject, findings: readonly Finding[]): FiledFinding[] {
  return findings.map((finding) => ({ subject, ...finding }));
}
