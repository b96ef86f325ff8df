import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Crew } from '../core/orchestrator/runContext.ts';
import type { Store } from '../core/orchestrator/session.ts';
import type { User } from '../core/ports.ts';
import { ROLES, type Role } from '../shared/events.ts';
import { openCodeFacts } from './codeFacts/codeFacts.ts';
import { readAhead } from './codeFacts/readAhead.ts';
import type { CodeIndexes } from './codeIndex/codeIndex.ts';
import type { LoadedSettings } from './configuration.ts';
import { openConfiguredEndpoint } from './configuredEndpoint.ts';
import { dropContents, openContents } from './contents.ts';
import { openCopies } from './copies.ts';
import {
  codeFolder,
  contentsFolder,
  copiesFolder,
  formatterFolder,
  ownFoldersIn,
  probesFolder,
  snapshotsFolder,
  spoolFolder,
  storeLocation,
} from './dataFolder.ts';
import { openDiskWorkspace } from './diskWorkspace.ts';
import { openDiskWriter } from './diskWriter.ts';
import { openFileEventLog } from './fileStore/fileEventLog.ts';
import { openFileLeases } from './fileStore/fileLeases.ts';
import { openFileMemory } from './fileStore/fileMemory.ts';
import { openFormatterMemory } from './formatterMemory.ts';
import { grammarsOf } from './grammars/grammars.ts';
import { openSyntax } from './grammars/syntax.ts';
import { guardedWorkspace } from './guardedWorkspace.ts';
import { realRoot } from './paths.ts';
import { openProbes } from './probes.ts';
import { nodeProcesses } from './processes.ts';
import { openRedisStore } from './redisStore/openRedisStore.ts';
import { dropSnapshots, openSnapshots } from './snapshots.ts';
import { withSpool } from './spool/spooledStore.ts';
import { openToolServers } from './toolServers/openToolServers.ts';
import { readWaivers } from './waivers.ts';

/** What a host knows before it reads any setting. */
export interface Installation {
  version: string;
  /** Absolute path of the folder with prompts/, redis/, dist/ and demo/. */
  home: string;
  env: NodeJS.ProcessEnv;
  /** Of the workspaces that this process works in. Absent where it does not live long enough to have any. */
  indexes?: CodeIndexes;
}

const MEGABYTE = 1024 * 1024;
/** What the files of the workspaces held when runs began may take. */
const KEPT_MEGABYTES = 1024;

/**
 * Builds the crew for one workspace out of the ports for disk, processes and HTTP.
 * @param options.over ports that the host has better ones for: the editor sees unsaved buffers and writes through them
 */
export async function openCrew(
  installation: Installation,
  options: {
    workspace: string;
    user: User;
    loaded: LoadedSettings;
    /** Absolute path of ripgrep; undefined where there is none. */
    ripgrep: string | undefined;
    over?: (disk: Pick<Crew, 'workspace' | 'writer'>) => Partial<Pick<Crew, 'workspace' | 'writer' | 'languages'>>;
  },
): Promise<Crew> {
  const { workspace, user, loaded, ripgrep, over } = options;
  const { settings, nameOf } = loaded;
  const processes = nodeProcesses();
  const own = await ownFoldersIn(workspace, installation.env);
  const all = openDiskWorkspace(workspace, { ripgrep, own, indexes: installation.indexes });
  const disk = { workspace: guardedWorkspace(all), writer: openDiskWriter(workspace) };
  const code = openCodeFacts(installation.home, codeFolder(installation.env));
  const root = await realRoot(workspace);
  readAhead(code, disk.workspace, { root, index: installation.indexes?.of(root, own) });
  const files = { ...disk, ...over?.(disk) };
  const now = (): Date => new Date();
  const probes = openProbes({ dir: probesFolder(installation.env), loaded, now });
  return {
    settings,
    nameOf,
    checkCommandFrom: loaded.checkCommandFrom ?? 'user',
    models: byRole((role) => openConfiguredEndpoint(loaded, role)),
    probe: probes.probe,
    forgetProbe: probes.forget,
    async whyAway(role, signal) {
      // Not one of the fleet's: then there is nobody to ask.
      if (loaded.serverFlags?.[role] === undefined) return undefined;
      const { whyAway } = await import('./fleet/whyAway.ts');
      return whyAway(installation, { settings, role, signal });
    },
    prompts: await readPrompts(join(installation.home, 'prompts')),
    ...files,
    waivers: () => readWaivers(workspace),
    snapshots: openSnapshots(snapshotsFolder(installation.env), workspace),
    contents: openContents(contentsFolder(installation.env), {
      files: settings.copies.files,
      file: MEGABYTE,
      total: KEPT_MEGABYTES * MEGABYTE,
    }),
    formatter: openFormatterMemory(formatterFolder(installation.env), workspace),
    processes,
    copies: openCopies({
      workspace,
      // Tests may need what models may not see.
      list: async () => (await all.list()).map(({ path }) => path),
      dir: join(copiesFolder(installation.env), createHash('sha256').update(workspace).digest('hex').slice(0, 16)),
      all: copiesFolder(installation.env),
      bounds: {
        files: settings.copies.files,
        bytes: settings.copies.megabytes * MEGABYTE,
        allBytes: settings.copies.allMegabytes * MEGABYTE,
      },
      processes,
    }),
    syntax: openSyntax(grammarsOf(installation.home)),
    code,
    openToolServers: () =>
      openToolServers(loaded.toolServers.servers, { workspace, version: installation.version, env: installation.env }),
    user,
    platform: process.platform === 'win32' ? 'win32' : 'other',
    version: installation.version,
    now,
  };
}

/** The runs of this user and what they have taught, in files or in the Redis that the environment names. */
export async function openStore({
  home,
  env,
}: Pick<Installation, 'home' | 'env'>): Promise<Store & { close(): Promise<void> }> {
  const location = storeLocation(env);
  const onDeleted = async (runId: string): Promise<void> => {
    await dropSnapshots(snapshotsFolder(env), runId);
    await dropContents(contentsFolder(env), runId);
  };
  if (location.kind === 'redis') {
    const { log, leases, memory, close } = openRedisStore(home, location.address, { onDeleted });
    const spooled = withSpool({ log, leases }, spoolFolder(env));
    return {
      log: spooled.log,
      leases: spooled.leases,
      memory,
      async close() {
        await spooled.close();
        await close();
      },
    };
  }
  const dir = location.path;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const leases = openFileLeases(dir);
  const log = openFileEventLog(dir, leases, { onDeleted });
  return { log, leases, memory: openFileMemory(dir), close: () => log.close() };
}

function byRole<T>(make: (role: Role) => T): Record<Role, T> {
  return Object.fromEntries(ROLES.map((role) => [role, make(role)])) as Record<Role, T>;
}

async function readPrompts(dir: string): Promise<Record<Role, string>> {
  const texts = await Promise.all(ROLES.map((role) => readFile(join(dir, `${role}.md`), 'utf8')));
  return Object.fromEntries(ROLES.map((role, index) => [role, texts[index] ?? ''])) as Record<Role, string>;
}
