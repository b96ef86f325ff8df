import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';
import { eventLogContract } from './contract/eventLogContract.ts';
import { leasesContract } from './contract/leasesContract.ts';
import { memoryContract } from './contract/memoryContract.ts';
import { openRedisUnderTest } from './contract/redisStoreUnderTest.ts';

describe('a store in a real Redis', () => {
  let server: RedisServer;
  before(async function () {
    needRedis(this);
    server = await startRedisServer();
  });
  after(() => server?.stop());

  leasesContract('Redis', () => openRedisUnderTest(server.url));
  eventLogContract('Redis', () => openRedisUnderTest(server.url));
  memoryContract('Redis', () => openRedisUnderTest(server.url));
});
