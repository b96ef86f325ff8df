import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openEndpoint } from '../core/models/endpoint.ts';
import type { Crew } from '../core/orchestrator/runContext.ts';
import type { Store } from '../core/orchestrator/session.ts';
import type { User } from '../core/ports.ts';
import { type LoadedSettings, loadSettings } from '../node/configuration.ts';
import { openCopies } from '../node/copies.ts';
import { dataFolder, storeFolder } from '../node/dataFolder.ts';
import { openDiskWorkspace } from '../node/diskWorkspace.ts';
import { openDiskWriter } from '../node/diskWriter.ts';
import { openFileEventLog } from '../node/fileStore/fileEventLog.ts';
import { openFileLeases } from '../node/fileStore/fileLeases.ts';
import { nodeProcesses } from '../node/processes.ts';
import { findRipgrep } from '../node/ripgrep.ts';
import { ROLES, type Role } from '../shared/events.ts';

/** What the terminal host knows before it reads any setting. */
export interface Installation {
  version: string;
  /** Absolute path of the folder with prompts/, dist/ and demo/. */
  home: string;
  env: NodeJS.ProcessEnv;
}

/** Builds the crew for one workspace out of the ports for disk, terminal and HTTP. */
export async function openCrew(
  installation: Installation,
  options: { workspace: string; user: User; loaded: LoadedSettings },
): Promise<Crew> {
  const { workspace, user, loaded } = options;
  const { settings, apiKey } = loaded;
  const processes = nodeProcesses();
  const files = openDiskWorkspace(workspace, { ripgrep: findRipgrep() });
  return {
    settings,
    checkCommandFrom: loaded.checkCommandFrom ?? 'user',
    models: byRole((role) => {
      const { url, model } = settings.endpoints[role];
      return openEndpoint({
        role,
        url,
        ...(model === undefined ? {} : { model }),
        ...(apiKey === undefined ? {} : { apiKey }),
      });
    }),
    prompts: await readPrompts(join(installation.home, 'prompts')),
    workspace: files,
    writer: openDiskWriter(workspace),
    processes,
    copies: openCopies({
      workspace,
      list: async () => (await files.list()).map(({ path }) => path),
      dir: join(
        dataFolder(installation.env),
        'copies',
        createHash('sha256').update(workspace).digest('hex').slice(0, 16),
      ),
      processes,
    }),
    user,
    platform: process.platform === 'win32' ? 'win32' : 'other',
    version: installation.version,
    now: () => new Date(),
  };
}

/** The settings for a workspace. A terminal trusts the folder it is started in: the user named it. */
export function loadTerminalSettings(
  installation: Installation,
  workspace: string,
  flags: { model?: string },
): Promise<LoadedSettings> {
  return loadSettings({ env: installation.env, workspace, trusted: true, flags });
}

/** The runs of this user, in files. */
export async function openStore(env: NodeJS.ProcessEnv): Promise<Store & { close(): Promise<void> }> {
  const dir = storeFolder(env);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const leases = openFileLeases(dir);
  const log = openFileEventLog(dir, leases);
  return { log, leases, close: () => log.close() };
}

function byRole<T>(make: (role: Role) => T): Record<Role, T> {
  return Object.fromEntries(ROLES.map((role) => [role, make(role)])) as Record<Role, T>;
}

async function readPrompts(dir: string): Promise<Record<Role, string>> {
  const texts = await Promise.all(ROLES.map((role) => readFile(join(dir, `${role}.md`), 'utf8')));
  return Object.fromEntries(ROLES.map((role, index) => [role, texts[index] ?? ''])) as Record<Role, string>;
}
