import { join } from 'node:path';
import type { Memory } from '../../core/ports.ts';
import type { StoreBounds } from '../../core/store/storeBounds.ts';
import { keysWith } from './keys.ts';
import type { RedisAddress } from './redisAddress.ts';
import { openRedisConnection } from './redisConnection.ts';
import { openRedisEventLog, type RedisEventLog } from './redisEventLog.ts';
import { openRedisLeases, type RedisLeases, type RedisParts } from './redisLeases.ts';
import { openRedisMemory } from './redisMemory.ts';
import { openScripts } from './scripts.ts';

export interface RedisStore {
  log: RedisEventLog;
  leases: RedisLeases;
  memory: Memory;
  close(): Promise<void>;
}

/**
 * A store in Redis, for any number of machines. Nothing is connected before it is used.
 * @param home absolute path of the folder with redis/
 * @param options.ttl of its leases, in milliseconds
 * @param options.onDeleted told of every run that is deleted, so that what is kept of it elsewhere goes too
 */
export function openRedisStore(
  home: string,
  address: RedisAddress,
  options: { ttl?: number; bounds?: StoreBounds; onDeleted?: (runId: string) => Promise<void> } = {},
): RedisStore {
  const connection = openRedisConnection(address);
  const scripts = openScripts(join(home, 'redis'), connection);
  const parts: RedisParts = { connection, keys: keysWith(address.prefix), scripts };
  const leases = openRedisLeases(parts, options);
  const log = openRedisEventLog(parts, leases, options);
  return {
    log,
    leases,
    memory: openRedisMemory(parts),
    async close() {
      // What is under way in the background ends with its connection.
      const tidied = log.close();
      connection.close();
      await tidied;
    },
  };
}
