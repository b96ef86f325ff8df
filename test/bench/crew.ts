import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Crew } from '../../src/core/orchestrator/runContext.ts';
import { loadSettings } from '../../src/node/configuration.ts';
import { openCrew, openStore } from '../../src/node/openCrew.ts';
import { openTerminalUser } from '../../src/terminal/terminalUser.ts';

/** A crew with data and a workspace of its own, and nobody to ask. */
export async function openBenchCrew(env: NodeJS.ProcessEnv): Promise<{
  crew: Crew;
  /** As the environment says. */
  store: () => ReturnType<typeof openStore>;
  remove: () => void;
}> {
  const data = mkdtempSync(join(tmpdir(), 'conclave-bench-'));
  const workspace = join(data, 'workspace');
  mkdirSync(workspace);
  const installation = { version: '0', home: resolve('.'), env: { ...env, CONCLAVE_DATA: data } };
  const loaded = await loadSettings({ env: installation.env, workspace, trusted: false, flags: {} });
  const user = openTerminalUser({
    input: process.stdin,
    output: process.stderr,
    interactive: false,
    yes: true,
    policy: 'deny',
    remembered: { has: async () => false, add: async () => {} },
    suspend: () => () => {},
  });
  return {
    crew: await openCrew(installation, { workspace, user, loaded, ripgrep: undefined }),
    store: () => openStore(installation),
    remove: () => rmSync(data, { recursive: true, force: true }),
  };
}
