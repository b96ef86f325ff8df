import { access, constants, mkdir } from 'node:fs/promises';
import { detectRunner } from '../core/checks/detect.ts';
import { ModelError } from '../core/models/modelError.ts';
import { findRules } from '../core/rules/findRules.ts';
import { NEEDED_ROLES, SMALLEST_WINDOW } from '../core/settings.ts';
import { ROLES } from '../shared/events.ts';
import type { LoadedSettings } from './configuration.ts';
import { openConfiguredEndpoint } from './configuredEndpoint.ts';
import { dataFolder, ownFoldersIn, storeFolder } from './dataFolder.ts';
import { openDiskWorkspace } from './diskWorkspace.ts';
import { nodeProcesses } from './processes.ts';

/** One thing that was looked at. `missing` hinders a run, `limited` does not. */
export interface Finding {
  what: string;
  state: 'good' | 'limited' | 'missing';
  found: string;
  remedy?: string;
}

/** Looks at everything that a run in the workspace needs, and says what to do about what is not there. */
export async function examine(what: {
  workspace: string;
  env: NodeJS.ProcessEnv;
  loaded: LoadedSettings;
  /** Absolute path of ripgrep; undefined where there is none. */
  ripgrep: string | undefined;
  signal: AbortSignal;
}): Promise<Finding[]> {
  const { workspace, env, loaded, ripgrep, signal } = what;
  return [
    { what: 'Node', state: 'good', found: process.version },
    await gitFinding(workspace, signal),
    ripgrepFinding(ripgrep),
    await folderFinding('Data folder', dataFolder(env)),
    await folderFinding('Store', storeFolder(env)),
    await checksFinding(loaded, workspace, env, ripgrep),
    await rulesFinding(workspace, env, ripgrep, signal),
    ...(await endpointFindings(loaded, signal)),
  ];
}

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

async function endpointFindings(loaded: LoadedSettings, signal: AbortSignal): Promise<Finding[]> {
  return Promise.all(
    ROLES.map(async (role): Promise<Finding> => {
      const { url } = loaded.settings.endpoints[role];
      const what = `${role[0]?.toUpperCase()}${role.slice(1)}`;
      const state = NEEDED_ROLES.includes(role) ? 'missing' : 'limited';
      try {
        const served = await openConfiguredEndpoint(loaded, role).served(signal);
        if (served.window >= SMALLEST_WINDOW)
          return { what, state: 'good', found: `${served.model} at ${url}, window ${served.window} tokens` };
        return {
          what,
          state,
          found: `${served.model} at ${url} serves only ${served.window} tokens`,
          remedy: `Serve it with at least ${SMALLEST_WINDOW}.`,
        };
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        const needed = state === 'missing' ? '' : ' Runs on plain text work without it.';
        return {
          what,
          state,
          found: error.message,
          remedy: `Start a server there, or set ${loaded.nameOf(`endpoints.${role}.url`)}.${needed}`,
        };
      }
    }),
  );
}
