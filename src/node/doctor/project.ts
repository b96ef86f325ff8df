import { detectRunner } from '../../core/checks/detect.ts';
import type { Workspace } from '../../core/ports.ts';
import { findRules } from '../../core/rules/findRules.ts';
import { serversNamedBy } from '../../core/toolServers/offerTools.ts';
import type { LoadedSettings } from '../configuration.ts';
import { openDiskWorkspace } from '../diskWorkspace.ts';
import { guardedWorkspace } from '../guardedWorkspace.ts';
import { nodeProcesses } from '../processes.ts';
import type { Finding } from './finding.ts';

/** What a run needs of this machine and of the project itself. */
export async function projectFindings(what: {
  /** Absolute. */
  workspace: string;
  loaded: LoadedSettings;
  /** Absolute path of ripgrep; undefined where there is none. */
  ripgrep: string | undefined;
  /** Conclave's own folders in the workspace, relative to it. */
  own: string[];
  signal: AbortSignal;
}): Promise<Finding[]> {
  const { workspace, loaded, ripgrep, own, signal } = what;
  const disk = guardedWorkspace(openDiskWorkspace(workspace, { ripgrep, own }));
  const [git, checks, rules] = await Promise.all([
    gitFinding(workspace, signal),
    checksFinding(loaded, disk),
    rulesFinding(disk, signal),
  ]);
  return [
    { what: 'Node', state: 'good', found: process.version },
    git,
    ripgrepFinding(ripgrep),
    checks,
    rules,
    ...toolServersFindings(loaded),
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

async function checksFinding({ settings, nameOf }: LoadedSettings, disk: Workspace): Promise<Finding> {
  const { command } = settings.checks;
  const runner = await detectRunner(disk, {
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
async function rulesFinding(disk: Workspace, signal: AbortSignal): Promise<Finding> {
  const rules = await findRules(disk, signal);
  const found = rules.map(({ path }) => path).join(', ');
  return { what: 'Rules', state: 'good', found: found === '' ? 'no rules files, such as AGENTS.md' : found };
}

/** The user's own MCP servers; none is started: what a workspace file names, only a run may ask the user for. */
function toolServersFindings({ settings, toolServers, nameOf }: LoadedSettings): Finding[] {
  const what = 'MCP servers';
  const { servers, complaint } = toolServers;
  const used = serversNamedBy(settings.mcp.tools);
  const unknown = used.filter((name) => !servers.some((server) => server.name === name));
  const unused = servers.map(({ name }) => name).filter((name) => !used.includes(name));
  const wrong = [
    ...(complaint === undefined ? [] : [complaint]),
    ...servers.flatMap((server) => ('reason' in server ? [`${server.name}: ${server.reason}`] : [])),
    ...unknown.map((name) => `A role may use "${name}", but nothing names such a server.`),
  ];
  if (wrong.length > 0)
    return [{ what, state: 'limited', found: wrong.join(' '), remedy: 'A run goes on without these.' }];
  if (servers.length === 0) return [];
  const found = servers.map(({ name }) => name).join(', ');
  if (unused.length === 0) return [{ what, state: 'good', found }];
  const remedy = `Set ${nameOf('mcp.tools.coder')} to ["${unused[0]}/*"], or to single tools, where the crew shall use them.`;
  return [{ what, state: 'limited', found: `${found}; no role may use ${unused.join(', ')}`, remedy }];
}
