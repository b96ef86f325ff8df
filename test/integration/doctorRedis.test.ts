import assert from 'node:assert/strict';
import type { Finding } from '../../src/node/doctor/finding.ts';
import { redisFindings } from '../../src/node/doctor/redis.ts';
import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';
import { startTcpProxy } from '../support/tcpProxy.ts';

const never = new AbortController().signal;

describe('the doctor about Redis', () => {
  const servers: RedisServer[] = [];
  async function serve(...config: string[]): Promise<RedisServer> {
    const server = await startRedisServer({ config });
    servers.push(server);
    return server;
  }
  const find = (store: string): Promise<Finding[]> => redisFindings({ CONCLAVE_STORE: store }, never);

  before(function () {
    needRedis(this);
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it('says which version answers, with its password, which it does not show', async () => {
    const { port } = await serve('--requirepass', 's3cret');
    const findings = await find(`redis://:s3cret@127.0.0.1:${port}`);
    assert.deepEqual(
      await redisFindings({ REDIS_HOST: '127.0.0.1', REDIS_PORT: `${port}`, REDIS_PASSWORD: 's3cret' }, never),
      findings,
    );
    assert.equal(findings.length, 1);
    assert.match(findings[0]?.found ?? '', new RegExp(`^\\d+\\.\\d+\\.\\d+ answers at 127\\.0\\.0\\.1:${port}$`));
    for (const [user, code] of [
      [':wr0ng@', 'WRONGPASS'],
      ['', 'NOAUTH'],
    ]) {
      const [finding] = await find(`redis://${user}127.0.0.1:${port}`);
      assert.equal(finding?.state, 'missing');
      assert.match(finding?.found ?? '', new RegExp(`password.*\\(${code}\\)$`));
      assert.match(finding?.remedy ?? '', /REDIS_PASSWORD/);
      assert.doesNotMatch(JSON.stringify(finding), /wr0ng/);
    }
  });

  it('warns of a server that may drop runs, or loses them when it is killed', async () => {
    const full = await serve('--maxmemory-policy', 'allkeys-lru', '--maxmemory', '100mb', '--appendonly', 'no');
    const findings = await find(full.url);
    assert.deepEqual(
      findings.map(({ what, state }) => [what, state]),
      [
        ['Redis', 'good'],
        ['Redis memory', 'limited'],
        ['Redis persistence', 'limited'],
      ],
    );
    assert.match(findings[1]?.found ?? '', /may drop runs: its maxmemory-policy is allkeys-lru/);
    assert.match(findings[1]?.remedy ?? '', /noeviction/);
    assert.match(findings[2]?.remedy ?? '', /appendonly yes/);
    const later = await serve('--maxmemory-policy', 'volatile-lru');
    assert.match((await find(later.url))[1]?.found ?? '', /would drop runs if maxmemory were set.*volatile-lru/);
  });

  it('misses one that only reads, is too old, is none, or is not there', async () => {
    const master = await serve();
    const replica = await serve('--replicaof', `127.0.0.1 ${master.port}`);
    const reading = (await find(replica.url)).find(({ state }) => state === 'missing');
    assert.match(reading?.found ?? '', new RegExp(`is a replica of 127\\.0\\.0\\.1:${master.port} and only reads`));
    assert.equal(reading?.remedy, `Set CONCLAVE_STORE to 127.0.0.1:${master.port}.`);

    const proxy = await startTcpProxy(master.port);
    try {
      proxy.changeAnswers((said) => said.replace('redis_version:7', 'redis_version:5'));
      const [old] = await find(`redis://127.0.0.1:${proxy.port}`);
      assert.match(old?.found ?? '', /its version is 5\.\S+, which is too old/);
      proxy.changeAnswers(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
      const [other] = await find(`redis://127.0.0.1:${proxy.port}`);
      assert.equal(other?.state, 'missing');
      assert.match(other?.found ?? '', /cannot be reached \(Protocol error/);
    } finally {
      proxy.close();
    }

    const [away] = await redisFindings({ REDIS_HOST: '127.0.0.1', REDIS_PORT: '9' }, never);
    assert.equal(away?.state, 'missing');
    assert.match(away?.found ?? '', /127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)/);
    assert.match(away?.remedy ?? '', /Start Redis there/);
  });

  it('does not wait for one that stands still, longer than its user does', async () => {
    const server = await serve();
    server.kill('SIGSTOP');
    const stop = new AbortController();
    const found = redisFindings({ CONCLAVE_STORE: server.url }, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(found, /enough/);
    assert.match((await find(server.url))[0]?.found ?? '', /cannot be reached \(no answer in time\)/);
  });

  it('says nothing where none is asked for', async () => {
    assert.deepEqual(await redisFindings({}, never), []);
    assert.deepEqual(await redisFindings({ CONCLAVE_STORE: '/srv/runs' }, never), []);
  });
});
