import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';
import { eventLogContract } from './contract/eventLogContract.ts';
import { leasesContract } from './contract/leasesContract.ts';
import { memoryContract } from './contract/memoryContract.ts';
import { openRedisUnderTest, type RedisStoreUnderTest } from './contract/redisStoreUnderTest.ts';

describe('a store in a real Redis', () => {
  let server: RedisServer;
  before(async function () {
    needRedis(this);
    server = await startRedisServer();
  });
  after(() => server?.stop());

  /** Cleaned up by its prefix, as on a server that is used for other things, too. */
  async function open(): Promise<RedisStoreUnderTest> {
    const store = await openRedisUnderTest(server.url);
    return {
      ...store,
      async dispose() {
        await store.clean();
        await store.dispose();
      },
    };
  }

  leasesContract('Redis', open);
  eventLogContract('Redis', open);
  memoryContract('Redis', open);
});
