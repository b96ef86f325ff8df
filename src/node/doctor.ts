import { access, constants, mkdir } from 'node:fs/promises';
import { detectRunner } from '../core/checks/detect.ts';
import { type Aspect, assess } from '../core/models/assessProbe.ts';
import { ModelError } from '../core/models/modelError.ts';
import { findRules } from '../core/rules/findRules.ts';
import { NEEDED_ROLES, SMALLEST_WINDOW } from '../core/settings.ts';
import { ROLES, type Role } from '../shared/events.ts';
import type { Probe } from '../shared/probe.ts';
import type { LoadedSettings } from './configuration.ts';
import { openConfiguredEndpoint } from './configuredEndpoint.ts';
import { dataFolder, ownFoldersIn, probesFolder, storeFolder } from './dataFolder.ts';
import { openDiskWorkspace } from './diskWorkspace.ts';
import { findLocalServers, type LocalServer } from './localServers.ts';
import { openProbes } from './probes.ts';
import { nodeProcesses } from './processes.ts';

/** One thing that was looked at. `missing` hinders a run, `limited` does not. */
export interface Finding {
  what: string;
  state: 'good' | 'limited' | 'missing';
  found: string;
  remedy?: string;
  /** Servers on this machine that a role without one could use. */
  offers?: Offer[];
}

/** A role, and a server that answers on this machine. */
export interface Offer {
  role: Role;
  /** For example "Ollama at http://localhost:11434/v1 serves qwen2.5-coder". */
  what: string;
  url: string;
  model: string;
}

/** What a role's server was seen to do. */
export interface ProbedRole {
  role: Role;
  probe: Probe;
  aspects: Aspect[];
}

export interface Examination {
  findings: Finding[];
  /** Of the roles whose servers answer, in the order of the roles. */
  probes: ProbedRole[];
}

/** Looks at everything that a run in the workspace needs, and says what to do about what is not there. */
export async function examine(what: {
  workspace: string;
  env: NodeJS.ProcessEnv;
  loaded: LoadedSettings;
  /** Absolute path of ripgrep; undefined where there is none. */
  ripgrep: string | undefined;
  signal: AbortSignal;
  now: () => Date;
  /** Looks for servers on this machine, where a role has none. */
  findServers?: (signal: AbortSignal) => Promise<LocalServer[]>;
}): Promise<Examination> {
  const { workspace, env, loaded, ripgrep, signal, now, findServers = findLocalServers } = what;
  const endpoints = await endpointFindings(loaded, signal);
  const { probe } = openProbes({ dir: probesFolder(env), loaded, now });
  const probes: ProbedRole[] = [];
  for (const [at, role] of ROLES.entries()) {
    // One after the other: servers often share one machine, and the figures shall be those of one alone.
    const seen = endpoints[at]?.answers ? await probe(role, signal) : undefined;
    if (seen !== undefined) probes.push({ role, probe: seen, aspects: assess(seen) });
  }
  const local = endpoints.every(({ answers }) => answers) ? [] : await findServers(signal);
  const findings: Finding[] = [
    { what: 'Node', state: 'good', found: process.version },
    await gitFinding(workspace, signal),
    ripgrepFinding(ripgrep),
    await folderFinding('Data folder', dataFolder(env)),
    await folderFinding('Store', storeFolder(env)),
    await checksFinding(loaded, workspace, env, ripgrep),
    await rulesFinding(workspace, env, ripgrep, signal),
    ...endpoints.map(({ finding, role, answers }) =>
      answers
        ? finding
        : withOffers(finding, role, { servers: local, setting: loaded.nameOf(`endpoints.${role}.url`) }),
    ),
    ...keyFindings(loaded),
  ];
  return { findings, probes };
}

/** The finding about a role without a server, with those that were found instead. */
function withOffers(
  finding: Finding,
  role: Role,
  { servers, setting }: { servers: readonly LocalServer[]; setting: string },
): Finding {
  if (servers.length === 0) return finding;
  const offers = servers.flatMap(({ product, url, models }) =>
    models.slice(0, MOST_OFFERS).map((model) => ({
      role,
      what: `${product ?? 'A server'} at ${url} serves ${model}`,
      url,
      model,
    })),
  );
  const named = offers.slice(0, MOST_OFFERS).map(({ what }) => what);
  const more = offers.length - named.length;
  const found = `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  const remedy = `${finding.remedy ?? ''} Found on this machine: ${found}: set ${setting} to its address.`;
  return { ...finding, remedy: remedy.trim(), offers: offers.slice(0, MOST_OFFERS) };
}

/** More would be a list to read, not an offer. */
const MOST_OFFERS = 3;

async function gitFinding(workspace: string, signal: AbortSignal): Promise<Finding> {
  const run = (argv: string[]) =>
    nodeProcesses().run(argv, {
      cwd: workspace,
      signal,
      timeout: 10_000,
      stdoutOnly: true,
      env: { GIT_OPTIONAL_LOCKS: '0' },
    });
  const version = await run(['git', '--version']);
  if (version.exitCode !== 0)
    return {
      what: 'Git',
      state: 'limited',
      found: 'not found',
      remedy: 'Install git: without it, changes cannot be compared with what was committed.',
    };
  const inside = await run(['git', 'rev-parse', '--is-inside-work-tree']);
  return inside.exitCode === 0
    ? { what: 'Git', state: 'good', found: version.output.trim() }
    : {
        what: 'Git',
        state: 'limited',
        found: `${version.output.trim()}; ${workspace} is not a repository`,
        remedy: 'Works without; `git init` gives the crew a history to compare with.',
      };
}

function ripgrepFinding(ripgrep: string | undefined): Finding {
  return ripgrep === undefined
    ? {
        what: 'Ripgrep',
        state: 'limited',
        found: 'not found for this platform',
        remedy: 'Works without, with a slower search.',
      }
    : { what: 'Ripgrep', state: 'good', found: 'found' };
}

async function folderFinding(what: string, folder: string): Promise<Finding> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    return { what, state: 'good', found: folder };
  } catch (error) {
    return {
      what,
      state: 'missing',
      found: `${folder} cannot be written (${(error as Error).message})`,
      remedy: 'Set CONCLAVE_DATA to a folder of yours.',
    };
  }
}

async function checksFinding(
  { settings, nameOf }: LoadedSettings,
  workspace: string,
  env: NodeJS.ProcessEnv,
  ripgrep: string | undefined,
): Promise<Finding> {
  const { command } = settings.checks;
  const own = await ownFoldersIn(workspace, env);
  const runner = await detectRunner(openDiskWorkspace(workspace, { ripgrep, own }), {
    platform: process.platform === 'win32' ? 'win32' : 'other',
    ...(command === undefined ? {} : { command }),
  });
  return 'none' in runner
    ? {
        what: 'Checks',
        state: 'limited',
        found: runner.none,
        remedy: `Set ${nameOf('checks.command')} to ["program", "argument"].`,
      }
    : { what: 'Checks', state: 'good', found: runner.argv().join(' ') };
}

/** The rules files that the crew is told, in their order. */
async function rulesFinding(
  workspace: string,
  env: NodeJS.ProcessEnv,
  ripgrep: string | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  const own = await ownFoldersIn(workspace, env);
  const rules = await findRules(openDiskWorkspace(workspace, { ripgrep, own }), signal);
  const found = rules.map(({ path }) => path).join(', ');
  return { what: 'Rules', state: 'good', found: found === '' ? 'no rules files, such as AGENTS.md' : found };
}

/** What an API key does not do: vLLM asks for it under /v1 only, and answers whole chats at /invocations to everybody. */
function keyFindings({ settings: { endpoints }, apiKey }: LoadedSettings): Finding[] {
  if (apiKey === undefined) return [];
  const far = ROLES.filter((role) => !isLoopback(new URL(endpoints[role].url).hostname));
  if (far.length === 0) return [];
  const servers = far.map((role) => `${titleOf(role)} at ${endpoints[role].url}`).join(', ');
  return [
    {
      what: 'API key',
      state: 'limited',
      found: `not on this machine, with a key that may guard no more than /v1: ${servers}`,
      remedy:
        'vLLM answers whole chats at /invocations without it: have servers listen on 127.0.0.1 and reach them through a tunnel, or put a proxy that guards every path before them.',
    },
  ];
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\])$/.test(hostname);
}

interface EndpointFinding {
  role: Role;
  finding: Finding;
  answers: boolean;
}

async function endpointFindings(loaded: LoadedSettings, signal: AbortSignal): Promise<EndpointFinding[]> {
  return Promise.all(
    ROLES.map(async (role): Promise<EndpointFinding> => {
      const answered = (finding: Finding): EndpointFinding => ({ role, finding, answers: true });
      const { url } = loaded.settings.endpoints[role];
      const what = titleOf(role);
      const state = NEEDED_ROLES.includes(role) ? 'missing' : 'limited';
      try {
        const served = await openConfiguredEndpoint(loaded, role).served(signal);
        if (served.window >= SMALLEST_WINDOW)
          return answered({ what, state: 'good', found: `${served.model} at ${url}, window ${served.window} tokens` });
        return answered({
          what,
          state,
          found: `${served.model} at ${url} serves only ${served.window} tokens`,
          remedy: `Serve it with at least ${SMALLEST_WINDOW}.`,
        });
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        const needed = state === 'missing' ? '' : ' Runs on plain text work without it.';
        const remedy = `Start a server there, or set ${loaded.nameOf(`endpoints.${role}.url`)}.${needed}`;
        return { role, finding: { what, state, found: error.message, remedy }, answers: false };
      }
    }),
  );
}

/** A role as it is shown. */
export function titleOf(role: Role): string {
  return `${role[0]?.toUpperCase()}${role.slice(1)}`;
}
