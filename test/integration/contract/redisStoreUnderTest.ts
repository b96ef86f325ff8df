import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Redis } from 'ioredis';
import { openRedisStore, type RedisStore } from '../../../src/node/redisStore/openRedisStore.ts';
import { redisAddressFrom } from '../../../src/node/redisStore/redisAddress.ts';
import type { StoreUnderTest } from './storeUnderTest.ts';

export interface RedisStoreUnderTest extends StoreUnderTest {
  /** With the prefix of this store, for a process of its own. */
  url: string;
  prefix: string;
  /** The server, for looking at keys and for meddling with them. */
  redis: Redis;
  connect(options?: { ttl?: number }): Promise<RedisStore>;
}

/** A store under a prefix of its own. */
export async function openRedisUnderTest(server: string): Promise<RedisStoreUnderTest> {
  const prefix = `test-${randomBytes(6).toString('hex')}:`;
  const url = `${server}?prefix=${prefix}`;
  const address = redisAddressFrom(url);
  if ('wrong' in address) throw new Error(address.wrong);
  const redis = new Redis(server);
  const stores: RedisStore[] = [];
  return {
    url,
    prefix,
    redis,
    async connect(options) {
      const store = openRedisStore(resolve('.'), address, options);
      stores.push(store);
      return store;
    },
    async dispose() {
      await Promise.all(stores.map((store) => store.close()));
      for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<string[]>) {
        if (keys.length > 0) await redis.unlink(...keys);
      }
      redis.disconnect();
    },
  };
}
