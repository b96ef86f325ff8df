import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Lease } from '../../src/core/ports.ts';
import { StoreError, type StoreFailure } from '../../src/core/store/storeError.ts';
import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { openRedisUnderTest, type RedisStoreUnderTest } from './contract/redisStoreUnderTest.ts';
import { coderSaid, collect, ready, seqs, started, take } from './contract/storeUnderTest.ts';

/** Each of these is what a real server says or does. */
describe('a Redis that refuses, is away or stands still', () => {
  const servers: RedisServer[] = [];
  const stores: RedisStoreUnderTest[] = [];
  const proxies: TcpProxy[] = [];

  async function serve(config: readonly string[] = []): Promise<RedisServer> {
    const server = await startRedisServer({ config });
    servers.push(server);
    return server;
  }
  async function open(url: string, user?: string): Promise<RedisStoreUnderTest> {
    const store = await openRedisUnderTest(url, user);
    stores.push(store);
    return store;
  }
  async function proxyTo(server: RedisServer): Promise<TcpProxy> {
    const proxy = await startTcpProxy(server.port);
    proxies.push(proxy);
    return proxy;
  }

  before(function () {
    needRedis(this);
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.dispose();
    for (const proxy of proxies.splice(0)) proxy.close();
    for (const server of servers.splice(0)) await server.stop();
  });

  describe('with keys of another program', () => {
    it('is told with the key, and nothing is written', async () => {
      const { url } = await serve();
      const { redis, prefix, connect } = await open(url);
      const { leases, log, memory } = await connect();
      for (const key of ['task:{a}:events', 'task:{a}', 'coder:task_{a}']) {
        const lease = await take(leases, 'run/a');
        await log.append(lease, [ready('a', 1)], true);
        await redis.unlink(prefix + key);
        await redis.zadd(prefix + key, 1, 'theirs');
        const before = await dumps(redis, `${prefix}*`);
        const said = coderSaid('a', 2, 'task_1', 'Done.');
        await assert.rejects(
          log.append(lease, [said, { ...ready('a', 3), step: 'one' }], true),
          refusal('corrupt', new RegExp(`key "${prefix}${key.replace(/[{}]/g, '\\$&')}" is a zset`), /\?prefix=/),
        );
        assert.deepEqual(await dumps(redis, `${prefix}*`), before);
        for (const each of await redis.keys(`${prefix}*`)) await redis.unlink(each);
      }
      await redis.set(`${prefix}lease:{b}`, 'theirs');
      await assert.rejects(leases.acquire('run/b', 'a test'), refusal('corrupt', /lease:\{b\}" is a string/, /./));
      await redis.set(`${prefix}task:{b}:events`, 'theirs');
      await assert.rejects(collect(log.read('b')), refusal('corrupt', /WRONGTYPE/, /\?prefix=/));
      await redis.set(`${prefix}memory:/w`, 'theirs');
      await assert.rejects(memory.recall('/w'), refusal('corrupt', /WRONGTYPE/, /\?prefix=/));
      assert.deepEqual(await log.list(), []);
    });

    it('that are events of nobody: the run is unreadable, the others are listed', async () => {
      const { url } = await serve();
      const store = await open(url);
      const { leases, log } = await store.connect();
      await log.append(await take(leases, 'run/good'), [started('good', '2025-01-01T00:00:00.000Z')], true);
      await store.redis.xadd(`${store.prefix}task:{odd}:events`, '1-0', 'event', '{"runId":"odd"');
      assert.deepEqual(
        (await log.list()).map(({ runId, state }) => [runId, state]),
        [
          ['good', 'running'],
          ['odd', 'unreadable'],
        ],
      );
      await assert.rejects(collect(log.read('odd')), refusal('corrupt', /entry 1-0 is no event/, /backup/));
    });

    it('written by another version of Conclave: a newer one is refused by name, an older one is read as today', async () => {
      const { url } = await serve();
      const { redis, prefix, connect } = await open(url);
      const { log } = await connect();
      const add = (id: string, event: object, version: string) =>
        redis.xadd(`${prefix}task:{a}:events`, id, 'event', JSON.stringify(event), 'version', version);
      await add('1-0', started('a', '2025-01-01T00:00:00.000Z'), '1');
      const old = { outcome: 'approved', rounds: 1, reason: '', files: [], step: 'merged/finished' };
      await add('2-0', { ...ready('a', 2), ...old, type: 'merged.finished' }, '1');
      for (const since of [0, 1]) {
        const last = (await collect(log.read('a', since))).at(-1);
        assert.deepEqual(last?.type === 'subtask.finished' && [last.subtask, last.start], ['merged', 1]);
      }
      await add('3-0', ready('a', 3), '99');
      await assert.rejects(
        collect(log.read('a', 2)),
        refusal('corrupt', /newer version.*format 99/, /Update Conclave/),
      );
    });
  });

  describe('that does not let us in', () => {
    it('for a wrong password or none', async () => {
      const server = await serve(['--requirepass', 'r1ght']);
      const store = await open(server.url, ':r1ght');
      await take((await store.connect()).leases, 'run/a');
      const wrong = await (await open(server.url, ':wr0ng')).connect();
      await assert.rejects(
        wrong.leases.acquire('run/a', 'a test'),
        refusal('unreachable', /WRONGPASS/, /REDIS_PASSWORD/),
      );
      const none = await (await open(server.url)).connect();
      await assert.rejects(none.log.list(), refusal('unreachable', /NOAUTH/, /REDIS_PASSWORD/));
    });

    it('for a user without the rights', async () => {
      const server = await serve();
      const admin = new Redis(server.url);
      await admin.call('ACL', 'SETUSER', 'reader', 'on', '>s3cret', '~*', '+@read', '+@connection', '+info');
      admin.disconnect();
      const { leases, log } = await (await open(server.url, 'reader:s3cret')).connect();
      await assert.rejects(leases.acquire('run/a', 'a test'), refusal('unreachable', /NOPERM/, /ACL SETUSER/));
      assert.deepEqual(await log.list(), []);
    });

    it('for its version', async () => {
      const proxy = await proxyTo(await serve());
      proxy.changeAnswers((said) => said.replace('redis_version:7', 'redis_version:6'));
      const { log } = await (await open(`redis://127.0.0.1:${proxy.port}`)).connect();
      await assert.rejects(
        log.list(),
        refusal('unreachable', /version is 6\.\S+, which is too old/, /Redis 7 or newer/),
      );
    });
  });

  describe('that takes no more', () => {
    it('because its memory is full: nothing is written, leases live on, and a deletion makes room', async () => {
      const server = await serve();
      const store = await open(server.url);
      const { leases, log } = await store.connect();
      const old = await take(leases, 'run/old');
      await log.append(old, [started('old', '2025-01-01T00:00:00.000Z', 'x'.repeat(20_000_000))], true);
      await leases.release(old);
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1)], true);
      await store.redis.config('SET', 'maxmemory', '10mb');
      await assert.rejects(
        log.append(lease, [ready('a', 2), ready('a', 3)], true),
        refusal('full', /OOM/, /Delete old runs/),
      );
      assert.deepEqual(await seqs(log.read('a')), [1]);
      assert.equal(await leases.renew(lease), true);
      await log.delete('old');
      // The server gives what was deleted back in the background.
      await untilDone(() => log.append(lease, [ready('a', 2), ready('a', 3)], true), 'full');
      assert.deepEqual(await seqs(log.read('a')), [1, 2, 3]);
      await leases.release(lease);
    });

    it('because it cannot save', async () => {
      const server = await serve(['--save', '3600 1', '--dbfilename', 'a-folder']);
      mkdirSync(join(server.dir, 'a-folder'));
      const store = await open(server.url);
      const { leases } = await store.connect();
      await take(leases, 'run/a');
      await store.redis.bgsave();
      while (!/rdb_last_bgsave_status:err/.test(await store.redis.info('persistence'))) await sleep(20);
      await assert.rejects(leases.acquire('run/b', 'a test'), refusal('full', /MISCONF/, /disk of the server/));
    });

    it('because it is a replica', async () => {
      const master = await serve();
      const replica = await serve(['--replicaof', `127.0.0.1 ${master.port}`]);
      const { leases } = await (await open(replica.url)).connect();
      await assert.rejects(leases.acquire('run/a', 'a test'), refusal('unreachable', /replica.*READONLY/, /master/));
    });

    it('because its cluster has no node for the keys', async () => {
      const server = await serve(['--cluster-enabled', 'yes']);
      const { leases } = await (await open(server.url)).connect();
      await assert.rejects(
        leases.acquire('run/a', 'a test'),
        refusal('unreachable', /cluster is down/, /cluster info/),
      );
    });

    it('because it is still loading; then it is used', async () => {
      const server = await serve();
      const store = await open(server.url);
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1)], true);
      for (let index = 0; index < 60; index += 1) await store.redis.set(`${store.prefix}${index}`, 'x'.repeat(4000));
      await store.redis.bgrewriteaof();
      while (!/aof_rewrite_in_progress:0/.test(await store.redis.info('persistence'))) await sleep(20);
      await server.crash();
      // Microseconds a key.
      const slowly = ['--key-load-delay', '70000', '--loading-process-events-interval-bytes', '1024'];
      await server.start(slowly, /Loading|Reading RDB/);
      await assert.rejects(log.append(lease, [ready('a', 2)], true), refusal('unreachable', /LOADING/, /Wait/));
      await untilDone(() => log.append(lease, [ready('a', 2)], true), 'unreachable');
      assert.deepEqual(await seqs(log.read('a')), [1, 2]);
    });
  });

  describe('that is away', () => {
    it('is told with its address and without its password, within seconds', async () => {
      const server = await serve(['--requirepass', 's3cret']);
      const { leases } = await (await open(server.url, ':s3cret')).connect();
      await server.crash();
      const begun = Date.now();
      const away = refusal(
        'unreachable',
        new RegExp(`127\\.0\\.0\\.1:${server.port} cannot be reached \\(ECONNREFUSED\\)`),
        /Start Redis/,
      );
      await assert.rejects(leases.acquire('run/a', 'a test'), (error) => {
        assert.doesNotMatch(`${error} ${(error as StoreError).remedy}`, /s3cret/);
        return away(error);
      });
      assert.ok(Date.now() - begun < 10_000);
    });

    it('for a moment: what is appended meanwhile is there once', async () => {
      const server = await serve();
      const { leases, log } = await (await open(server.url)).connect();
      const lease = await take(leases, 'run/a');
      for (let seq = 1; seq <= 20; seq += 1) {
        const appended = log.append(lease, [ready('a', seq)], true);
        if (seq % 5 === 0) {
          await server.crash();
          await server.start();
        }
        await appended;
      }
      assert.deepEqual(
        await seqs(log.read('a')),
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    });

    it('and has lost what it had confirmed: it gets that again, as long as we have it', async () => {
      const server = await serve();
      const { redis, prefix, connect } = await open(server.url);
      const { leases, log } = await connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [started('a', '2025-01-01T00:00:00.000Z')], true);
      await log.append(lease, [coderSaid('a', 2, 'task_1', 'Done.')], true);
      await log.append(lease, [{ ...ready('a', 3), step: 'one' }], true);
      const whole = await dumps(redis, `${prefix}[tc]*`);
      // As a server that was killed before it had written its file.
      const first = (await redis.xrange(`${prefix}task:{a}:events`, '-', '+', 'COUNT', 1))[0] ?? assert.fail();
      await redis.unlink(`${prefix}task:{a}:events`, `${prefix}task:{a}`, `${prefix}coder:task_{a}`);
      await redis.xadd(`${prefix}task:{a}:events`, ...first.flat());
      await log.append(lease, [], true);
      assert.deepEqual(await dumps(redis, `${prefix}[tc]*`), whole);
      await log.append(lease, [ready('a', 4)], true);
      assert.deepEqual(await seqs(log.read('a')), [1, 2, 3, 4]);

      const next = (await connect()).log;
      await next.append(lease, [ready('a', 5)], true);
      await redis.xdel(`${prefix}task:{a}:events`, '4-0', '5-0');
      await next
        .append(lease, [ready('a', 6)], true)
        .then(
          () => assert.fail('4 was not known to it'),
          refusal('corrupt', /has lost events of run a/, /Resume the run/),
        );
    });

    it('with an answer that is lost: what was written is not written again', async () => {
      const proxy = await proxyTo(await serve());
      const { leases, log } = await (await open(`redis://127.0.0.1:${proxy.port}`)).connect();
      let lost = proxy.loseNextAnswer;
      // Connected first, so that the lost answer is that of the script.
      await log.list();
      const losing = lost();
      const lease = await take(leases, 'run/a');
      await losing;
      assert.equal(lease.epoch, 1, 'the same grant, and not a second one');
      await log.append(lease, [ready('a', 1)], true);
      lost = proxy.loseNextAnswer;
      const again = lost();
      await log.append(lease, [ready('a', 2), ready('a', 3)], true);
      await again;
      assert.deepEqual(await seqs(log.read('a')), [1, 2, 3]);
      await assert.rejects(log.append(lease, [ready('a', 3)], true), (error) => !(error instanceof StoreError));
    });

    it('stands still: it is given up within seconds, and what it did all the same is not done twice', async () => {
      const server = await serve();
      const { leases, log } = await (await open(server.url)).connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1)], true);
      server.kill('SIGSTOP');
      const begun = Date.now();
      await assert.rejects(log.append(lease, [ready('a', 2)], true), refusal('unreachable', /no answer in time/, /./));
      assert.ok(Date.now() - begun < 10_000);
      server.kill('SIGCONT');
      // What could not be told goes first in what comes next.
      await log.append(lease, [ready('a', 2), ready('a', 3)], true);
      await log.append(lease, [ready('a', 4)], true);
      assert.deepEqual(
        await collect(log.read('a')),
        [1, 2, 3, 4].map((seq) => ready('a', seq)),
      );
    });

    it('while a run is followed: it goes on when the server is back', async () => {
      const server = await serve();
      const { leases, log } = await (await open(server.url)).connect();
      const lease: Lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1)], true);
      const stop = new AbortController();
      const seen: number[] = [];
      for await (const { seq } of log.follow('a', 0, stop.signal)) {
        seen.push(seq);
        if (seq === 1) {
          await server.crash();
          setTimeout(() => void server.start().then(() => log.append(lease, [ready('a', 2)], true)), 3_500);
        }
        if (seq === 2) stop.abort();
      }
      assert.deepEqual(seen, [1, 2]);
    });

    it('is no Redis at all', async () => {
      const proxy = await proxyTo(await serve());
      proxy.changeAnswers(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
      const { log } = await (await open(`redis://127.0.0.1:${proxy.port}`)).connect();
      await assert.rejects(log.list(), refusal('unreachable', /cannot be reached \(Protocol error/, /./));
    });
  });
});

/** Tries until it is done, as long as it fails for that reason. */
async function untilDone(work: () => Promise<void>, reason: StoreFailure): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError) || error.failure !== reason) throw error;
      await sleep(50);
    }
  }
}

/** All keys that match, with what they hold. */
async function dumps(redis: Redis, pattern: string): Promise<[string, string | undefined][]> {
  const keys = (await redis.keys(pattern)).sort();
  return Promise.all(
    keys.map(async (key): Promise<[string, string | undefined]> => [key, (await redis.dump(key)) ?? undefined]),
  );
}

/** For assert.rejects. */
function refusal(failure: StoreFailure, message: RegExp, remedy: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.match(error.message, message);
    assert.match(error.remedy, remedy);
    assert.equal(error.failure, failure);
    return true;
  };
}
