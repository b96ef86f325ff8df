import { access, constants, mkdir } from 'node:fs/promises';
import { detectRunner } from '../../core/checks/detect.ts';
import { openEndpoint } from '../../core/models/endpoint.ts';
import { ModelError } from '../../core/models/modelError.ts';
import { NEEDED_ROLES, SMALLEST_WINDOW } from '../../core/settings.ts';
import { dataFolder, ownFoldersIn, storeFolder } from '../../node/dataFolder.ts';
import { openDiskWorkspace } from '../../node/diskWorkspace.ts';
import type { Installation } from '../../node/openCrew.ts';
import { nodeProcesses } from '../../node/processes.ts';
import { findRipgrep } from '../../node/ripgrep.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { ROLES } from '../../shared/events.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { hasColour, painter } from '../render/paint.ts';
import { clean } from '../render/plainText.ts';
import { loadTerminalSettings } from '../terminalSettings.ts';

/** One thing that was looked at. `missing` hinders a run, `limited` does not. */
interface Finding {
  what: string;
  state: 'good' | 'limited' | 'missing';
  found: string;
  remedy?: string;
}

/** `conclave doctor`: what works here, and what to do about the rest. Exit 4 where a needed server does not answer. */
export async function doctorCommand(
  installation: Installation,
  options: { workspace?: string; json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const folder = options.workspace ?? installation.env.CODEBASE_ROOT ?? process.cwd();
  const workspace = await openWorkspaceFolder(folder).catch((cause: Error) => {
    throw new UsageError(cause.message, { cause });
  });
  const findings = [
    { what: 'Node', state: 'good' as const, found: process.version },
    await gitFinding(workspace, signal),
    ripgrepFinding(),
    await folderFinding('Data folder', dataFolder(installation.env)),
    await folderFinding('Store', storeFolder(installation.env)),
    await checksFinding(installation, workspace),
    ...(await endpointFindings(installation, workspace, signal)),
  ];
  if (options.json) process.stdout.write(`${JSON.stringify({ version: installation.version, workspace, findings })}\n`);
  else process.stdout.write(`${drawFindings(findings).join('\n')}\n`);
  return findings.some(({ state }) => state === 'missing') ? EXIT.unreachable : EXIT.approved;
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

function ripgrepFinding(): Finding {
  const rg = findRipgrep();
  return rg === undefined
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

async function checksFinding(installation: Installation, workspace: string): Promise<Finding> {
  const { settings } = await loadTerminalSettings(installation, workspace, {});
  const { command } = settings.checks;
  const own = await ownFoldersIn(workspace, installation.env);
  const runner = await detectRunner(openDiskWorkspace(workspace, { ripgrep: findRipgrep(), own }), {
    platform: process.platform === 'win32' ? 'win32' : 'other',
    ...(command === undefined ? {} : { command }),
  });
  return 'none' in runner
    ? {
        what: 'Checks',
        state: 'limited',
        found: runner.none,
        remedy: 'Set "checks": {"command": ["program", "argument"]} in .conclave/config.json.',
      }
    : { what: 'Checks', state: 'good', found: runner.argv().join(' ') };
}

async function endpointFindings(
  installation: Installation,
  workspace: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { settings, apiKey } = await loadTerminalSettings(installation, workspace, {});
  return Promise.all(
    ROLES.map(async (role): Promise<Finding> => {
      const { url, model } = settings.endpoints[role];
      const what = `${role[0]?.toUpperCase()}${role.slice(1)}`;
      const state = NEEDED_ROLES.includes(role) ? 'missing' : 'limited';
      try {
        const served = await openEndpoint({
          role,
          url,
          ...(model === undefined ? {} : { model }),
          ...(apiKey === undefined ? {} : { apiKey }),
        }).served(signal);
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
          remedy: `Start a server there, or set CONCLAVE_${role.toUpperCase()}_URL.${needed}`,
        };
      }
    }),
  );
}

function drawFindings(findings: readonly Finding[]): string[] {
  const paint = painter({ colour: hasColour(process.stdout) });
  const mark = { good: paint('good', '✓'), limited: paint('warning', '!'), missing: paint('bad', '✗') };
  return findings.flatMap(({ what, state, found, remedy }) => [
    `${mark[state]} ${what.padEnd(13)}${clean(found)}`,
    ...(remedy === undefined ? [] : [`  ${' '.repeat(13)}${paint('faint', remedy)}`]),
  ]);
}
