import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Role } from '../shared/events.ts';
import { nodeProcesses } from './processes.ts';

export const DEMO_TASK = 'Refactor auth to use JWT instead of sessions';

/**
 * Copies the bundled sample project to a folder of its own, as a git repository where there is git.
 * @param home the folder with demo/
 * @returns absolute paths: the folder around it, for what belongs to the demo, and the project
 */
export async function copySample(home: string, signal: AbortSignal): Promise<{ folder: string; workspace: string }> {
  // Its real path, by which runs know their workspace.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'conclave-demo-')));
  const workspace = join(folder, 'orders-service');
  await cp(join(home, 'demo', 'sample'), workspace, { recursive: true });
  await makeRepository(workspace, signal);
  return { folder, workspace };
}

/** The recorded models, as processes of their own on free ports of this machine. */
export interface RecordedModels {
  urls: Record<Role, string>;
  stop(): Promise<void>;
}

/** Starts the recorded models of the demo. @param home the folder with demo/ and dist/ */
export async function startRecordedModels(home: string): Promise<RecordedModels> {
  const child = spawn(
    process.execPath,
    [
      join(home, 'dist', 'scripted-fleet.js'),
      '--script',
      join(home, 'demo', 'script'),
      '--pace',
      'real',
      // A brisk GPU box: the whole demo stays under a minute.
      '--decode',
      '160',
    ],
    {
      // Its input stays open as long as we live: it ends by itself when we do.
      stdio: ['pipe', 'pipe', 'inherit'],
      // In an editor, our own executable is the editor: as a plain Node, please.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    },
  );
  const ended = once(child, 'exit');
  const ready = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const first = await Promise.race([ready, ended.then(() => undefined)]);
  if (first === undefined) throw new Error('The recorded models did not start; run `npm run build` and try again.');
  return {
    urls: JSON.parse(first[0]) as Record<Role, string>,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

/** Makes the sample a git repository with one commit, so that the tools that look at history have one. Works without git. */
async function makeRepository(workspace: string, signal: AbortSignal): Promise<void> {
  const processes = nodeProcesses();
  const git = (...args: string[]) =>
    processes.run(['git', '-c', 'init.defaultBranch=main', '-c', 'core.hooksPath=', ...args], {
      cwd: workspace,
      signal,
      timeout: 20_000,
    });
  if ((await git('init', '--quiet')).exitCode !== 0) return;
  await git('add', '.');
  await git(
    '-c',
    'user.name=Conclave',
    '-c',
    'user.email=conclave@localhost',
    '-c',
    'commit.gpgsign=false',
    'commit',
    '--quiet',
    '-m',
    'The orders service, with sessions',
  );
}
