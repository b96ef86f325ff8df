import { join } from 'node:path';
import type { EventLog, Memory } from '../../core/ports.ts';
import { keysWith } from './keys.ts';
import type { RedisAddress } from './redisAddress.ts';
import { openRedisConnection } from './redisConnection.ts';
import { openRedisEventLog } from './redisEventLog.ts';
import { openRedisLeases, type RedisLeases, type RedisParts } from './redisLeases.ts';
import { openRedisMemory } from './redisMemory.ts';
import { openScripts } from './scripts.ts';

export interface RedisStore {
  log: EventLog;
  leases: RedisLeases;
  memory: Memory;
  close(): Promise<void>;
}

/**
 * A store in Redis, for any number of machines. Nothing is connected before it is used.
 * @param home absolute path of the folder with redis/
 * @param options.ttl of its leases, in milliseconds
 */
export function openRedisStore(home: string, address: RedisAddress, options: { ttl?: number } = {}): RedisStore {
  const connection = openRedisConnection(address);
  const scripts = openScripts(join(home, 'redis'), connection);
  const parts: RedisParts = { connection, keys: keysWith(address.prefix), scripts };
  const leases = openRedisLeases(parts, options);
  return {
    log: openRedisEventLog(parts, leases),
    leases,
    memory: openRedisMemory(parts),
    close: async () => connection.close(),
  };
}
