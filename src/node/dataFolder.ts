import path from 'node:path';
import envPaths from 'env-paths';
import { ConfigurationError } from './configurationError.ts';
import { realPathOf } from './paths.ts';
import { DEFAULT_REDIS_PORT, type RedisAddress, redisAddressFrom } from './redisStore/redisAddress.ts';

/** The folder of all of Conclave's own files: CONCLAVE_DATA, or the system's per-user data folder. Absolute. */
export function dataFolder(env: NodeJS.ProcessEnv): string {
  return env.CONCLAVE_DATA ? path.resolve(env.CONCLAVE_DATA) : envPaths('conclave', { suffix: '' }).data;
}

/** What keeps the events of runs, and what they have taught. */
export type StoreLocation =
  /** Absolute. */
  | { kind: 'folder'; path: string }
  /** `setBy`: the variables that name it. */
  | { kind: 'redis'; address: RedisAddress; setBy: string };

/**
 * CONCLAVE_STORE, a directory or redis[s]://…; where that is not set, the Redis at REDIS_HOST and REDIS_PORT; else a folder
 * in the data folder. REDIS_PASSWORD is the password of a Redis whose address names none.
 * @throws ConfigurationError where what is set cannot be one
 */
export function storeLocation(env: NodeJS.ProcessEnv): StoreLocation {
  const { CONCLAVE_STORE: store, REDIS_HOST: host } = env;
  if (!store) {
    if (host) return { kind: 'redis', address: hostAddress(host, env), setBy: 'REDIS_HOST and REDIS_PORT' };
    return { kind: 'folder', path: path.join(dataFolder(env), 'store') };
  }
  if (/^rediss?:\/\//i.test(store)) {
    const address = redisAddressFrom(store);
    if ('wrong' in address) throw new ConfigurationError(`CONCLAVE_STORE: ${address.wrong}`);
    return { kind: 'redis', address: withPassword(address, env), setBy: 'CONCLAVE_STORE' };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(store)) {
    throw new ConfigurationError(
      `CONCLAVE_STORE: expected a directory or redis[s]://…, got "${store.replace(/\/\/[^/@]*@/, '//***@')}"`,
    );
  }
  return { kind: 'folder', path: path.resolve(store) };
}

function hostAddress(host: string, env: NodeJS.ProcessEnv): RedisAddress {
  const port = Number(env.REDIS_PORT || DEFAULT_REDIS_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigurationError(`REDIS_PORT: expected the number of a port, got "${env.REDIS_PORT}"`);
  }
  return withPassword({ host, port, isEncrypted: false, db: 0, prefix: '' }, env);
}

function withPassword(address: RedisAddress, { REDIS_PASSWORD: password }: NodeJS.ProcessEnv): RedisAddress {
  return address.password === undefined && password ? { ...address, password } : address;
}

/**
 * Conclave's own folders inside the workspace: relative to it, forward slashes. Nobody wants to see them there, and a copy
 * of the workspace that held them would hold copies of copies.
 * @param workspace absolute, real path
 * @throws ConfigurationError where the workspace itself is such a folder: then its files and ours cannot be told apart
 */
export async function ownFoldersIn(workspace: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const data = dataFolder(env);
  const store = storeLocation(env);
  const storeName = env.CONCLAVE_STORE ? 'CONCLAVE_STORE' : 'The store in CONCLAVE_DATA';
  const folders = [
    { name: 'CONCLAVE_DATA', absolute: data },
    { name: 'The folder of copies in CONCLAVE_DATA', absolute: copiesFolder(env) },
    ...(store.kind === 'folder' ? [{ name: storeName, absolute: store.path }] : []),
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

/** Where what the files of workspaces held when runs began is kept. Absolute. */
export function contentsFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'contents');
}

/** Where the events of runs wait whose store is away. Absolute. */
export function spoolFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'spool');
}

/** Where what a formatter made of accepted changes is kept. Absolute. */
export function formatterFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'formatter');
}

/** Where what is known of the files of workspaces is kept, so that they are found quickly. Absolute. */
export function indexFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'index');
}

/** Where what model servers were seen to do is kept. Absolute. */
export function probesFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'probes');
}

/** Where what the code of texts says is kept. Absolute. */
export function codeFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'code');
}

/** Where the fleet keeps what it has started, logs, and what is particular to this machine. Absolute. */
export function fleetFolder(env: NodeJS.ProcessEnv): string {
  return path.join(dataFolder(env), 'fleet');
}
