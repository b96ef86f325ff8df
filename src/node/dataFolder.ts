import path from 'node:path';
import envPaths from 'env-paths';
import { ConfigurationError } from './configuration.ts';

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

const INSTEAD = 'Until then set CONCLAVE_STORE to a directory';

function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1***@');
}
