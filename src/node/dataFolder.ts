import path from 'node:path';
import envPaths from 'env-paths';
import { ConfigurationError } from './configurationError.ts';
import { realPathOf } from './paths.ts';

/** The folder of all of Conclave's own files: CONCLAVE_DATA, or the system's per-user data folder. Absolute. */
export function dataFolder(env: NodeJS.ProcessEnv): string {
  return env.CONCLAVE_DATA ? path.resolve(env.CONCLAVE_DATA) : envPaths('conclave', { suffix: '' }).data;
}

/**
 * The folder that keeps the events of runs: CONCLAVE_STORE, or a folder in the data folder. Absolute.
 * @throws ConfigurationError where a store is asked for that this release does not have
 */
export function storeFolder(env: NodeJS.ProcessEnv): string {
  const { CONCLAVE_STORE: store, REDIS_HOST: redisHost } = env;
  if (!store) {
    if (redisHost) {
      throw new ConfigurationError(
        `REDIS_HOST: asks for the Redis store ("${redisHost}"), which comes with a later release. ${INSTEAD}, and it is used although REDIS_HOST is set.`,
      );
    }
    return path.join(dataFolder(env), 'store');
  }
  if (/^rediss?:\/\//i.test(store)) {
    throw new ConfigurationError(
      `CONCLAVE_STORE: asks for the Redis store ("${withoutPassword(store)}"), which comes with a later release. ${INSTEAD}.`,
    );
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(store)) {
    throw new ConfigurationError(`CONCLAVE_STORE: expected a directory, got "${withoutPassword(store)}"`);
  }
  return path.resolve(store);
}

/**
 * Conclave's own folders inside the workspace: relative to it, forward slashes. Nobody wants to see them there, and a copy
 * of the workspace that held them would hold copies of copies.
 * @param workspace absolute, real path
 * @throws ConfigurationError where the workspace itself is such a folder: then its files and ours cannot be told apart
 */
export async function ownFoldersIn(workspace: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const data = dataFolder(env);
  const folders = [
    { name: 'CONCLAVE_DATA', absolute: data },
    { name: 'The folder of copies in CONCLAVE_DATA', absolute: copiesFolder(env) },
    { name: env.CONCLAVE_STORE ? 'CONCLAVE_STORE' : 'The store in CONCLAVE_DATA', absolute: storeFolder(env) },
  ];
  const inside = new Set<string>();
  for (const { name, absolute } of folders) {
    const inner = path.relative(workspace, await realPathOf(absolute));
    if (inner === '') {
      throw new ConfigurationError(
        `${name} (${absolute}) is the workspace itself. Name a folder of its own for it, in the workspace or elsewhere.`,
      );
    }
    if (inner !== '..' && !inner.startsWith(`..${path.sep}`) && !path.isAbsolute(inner)) {
      inside.add(inner.replaceAll(path.sep, '/'));
    }
  }
  return [...inside];
}

/** The folder of the throw-away copies of all workspaces. Absolute. */
export function copiesFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'copies');
}

/** Where what files were before accepted changes is kept. Absolute. */
export function snapshotsFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'snapshots');
}

/** Where what a formatter made of accepted changes is kept. Absolute. */
export function formatterFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'formatter');
}

/** Where what model servers were seen to do is kept. Absolute. */
export function probesFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'probes');
}

/** Where the fleet keeps what it has started, logs, and what is particular to this machine. Absolute. */
export function fleetFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'fleet');
}

const INSTEAD = 'Until then set CONCLAVE_STORE to a directory';

function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1***@');
}
