import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { holdLeases, type LeaseWishes } from '../../src/core/orchestrator/heldLeases.ts';
import type { StoreHealth } from '../../src/core/ports.ts';
import { StoreError } from '../../src/core/store/storeError.ts';
import { storeLocation } from '../../src/node/dataFolder.ts';
import { openRedisStore } from '../../src/node/redisStore/openRedisStore.ts';
import { withSpool } from '../../src/node/spool/spooledStore.ts';
import { type CrewHere, openCrewHere } from '../support/crewHere.ts';
import { greetByName, greetWrong, mendWrong, onGreet } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';
import { ofType } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { collect, ready, seqs, take } from './contract/storeUnderTest.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);

/** The store that CONCLAVE_STORE would name. */
function storeAt(port: number, prefix: string, ttl: number): ReturnType<typeof openRedisStore> {
  const location = storeLocation({ CONCLAVE_STORE: `redis://127.0.0.1:${port}/?prefix=${prefix}` });
  assert.equal(location.kind, 'redis');
  return openRedisStore(resolve('.'), location.address, { ttl });
}

describe('a store that is lost in mid-run', function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let spool: string;
  let here: CrewHere | undefined;
  let way: TcpProxy;
  before(async function () {
    needRedis(this);
  });
  beforeEach(async () => {
    redis = await startRedisServer({ config: ['--appendfsync', 'always'] });
    way = await startTcpProxy(redis.port);
    spool = mkdtempSync(join(tmpdir(), 'conclave-spool-'));
  });
  afterEach(async () => {
    await here?.close();
    here = undefined;
    way.close();
    await redis.stop();
    rmSync(spool, { recursive: true, force: true });
  });

  it('is told, costs nothing that was done, and has all of it when it is back', async () => {
    let away: Promise<void> | undefined;
    let back: Promise<void> | undefined;
    let recover: () => void = () => {};
    const recovered = new Promise<void>((resolve) => {
      recover = resolve;
    });
    here = await openCrewHere({
      script: crewScripts({ plan: onePlan, edits: { task_1: [greetWrong, mendWrong] } }),
      files: GREETER,
      store: `redis://127.0.0.1:${redis.port}/?prefix=lost:`,
      onEvent: ({ type }) => {
        if (type === 'attempt.started') away ??= redis.crash();
        // It has been away while steps ended, and is back for the next ones.
        if (type === 'review.finished') back ??= away?.then(() => redis.start());
        if (type === 'store.recovered') recover();
      },
      // Else the run could be over before it is noticed that the store is back.
      over: (_fleet, own) => ({
        copies: {
          make: async (files, signal) => {
            if (back) await recovered;
            return own.copies.make(files, signal);
          },
        },
      }),
    });
    const end = await here.run('Greet by name');
    await back;
    assert.equal(end.ending.code, 'approved', end.ending.message);
    const { live } = here;
    assert.equal(ofType(live, 'store.lost').length, 1);
    assert.match(ofType(live, 'store.lost')[0]?.message ?? '', /Redis at 127\.0\.0\.1:\d+ cannot be reached/);
    assert.ok((ofType(live, 'store.recovered')[0]?.added ?? 0) > 0);
    const persisted = await here.persisted(end.runId);
    // All that is not coalesced is there, once, and in order.
    const whole = live.filter(({ type }) => !['agent.delta', 'plan.delta', 'checks.output'].includes(type));
    const kept = persisted.filter(({ type }) => !['agent.delta', 'plan.delta', 'checks.output'].includes(type));
    assert.deepEqual(kept, whole);
    const numbers = persisted.map(({ seq }) => seq);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
  });

  it('keeps what waits over the death of the process, for the next one that wants the run', async () => {
    const store = storeAt(way.port, 'a:', 60_000);
    const spooled = withSpool(store, spool);
    const lease = await take(spooled.leases, 'run/a');
    await spooled.log.append(lease, [ready('a', 1)], true);
    way.shut();
    await spooled.log.append(lease, [ready('a', 2), ready('a', 3)], true);
    await spooled.log.append(lease, [ready('a', 4)], true);
    await spooled.close();
    await store.close();
    assert.equal(readdirSync(spool).length, 1);
    way.open();

    // As the file would say if this process had died.
    const file = join(spool, readdirSync(spool)[0] ?? '');
    writeFileSync(file, `${readFileSync(file, 'utf8').replace(`"pid":${process.pid}`, '"pid":99999999')}{"torn`);
    const next = storeAt(way.port, 'a:', 60_000);
    const after = withSpool(next, spool);
    assert.deepEqual(await seqs(after.log.read('a')), [1, 2, 3, 4]);
    assert.deepEqual(readdirSync(spool), []);
    await after.close();
    await next.close();
  });

  it('leaves what waited as a run of its own where another process has taken the run over, and says so', async () => {
    const store = storeAt(way.port, 'a:', 60_000);
    const other = storeAt(redis.port, 'a:', 60_000);
    const spooled = withSpool(store, spool);
    const told: StoreHealth[] = [];
    spooled.log.watch?.((health) => told.push(health));
    const lease = await take(spooled.leases, 'run/a');
    await spooled.log.append(lease, [ready('a', 1)], true);
    way.shut();
    await spooled.log.append(lease, [ready('a', 2, 'here'), ready('a', 3, 'here')], true);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['lost'],
    );
    const theirs = await other.leases.acquire('run/a', 'somebody else', { takeOver: true });
    assert.ok(!('heldBy' in theirs));
    await other.log.append(theirs, [ready('a', 2, 'there')], true);
    way.open();

    await assert.rejects(spooled.leases.renew(lease), (error) => {
      assert.ok(error instanceof StoreError && error.failure === 'fenced');
      assert.match(error.message, /taken over .* while the store was away.*\(2 events\) is kept as run a-aside-1/);
      return true;
    });
    await assert.rejects(spooled.log.append(lease, [ready('a', 4)], true), /a-aside-1/);
    assert.deepEqual(await collect(other.log.read('a')), [ready('a', 1), ready('a', 2, 'there')]);
    assert.deepEqual(await collect(other.log.read('a-aside-1')), [
      ready('a-aside-1', 1, 'task_1'),
      ready('a-aside-1', 2, 'here'),
      ready('a-aside-1', 3, 'here'),
    ]);
    assert.deepEqual(readdirSync(spool), []);
    await spooled.close();
    for (const one of [store, other]) await one.close();
  });

  it('adds a batch whose answer was lost only once', async () => {
    const store = storeAt(way.port, 'a:', 60_000);
    const direct = storeAt(redis.port, 'a:', 60_000);
    const spooled = withSpool(store, spool);
    const lease = await take(spooled.leases, 'run/a');
    way.shut();
    await spooled.log.append(lease, [ready('a', 1), ready('a', 2)], true);
    // As if it had come through, and its answer had not.
    await direct.log.append(lease, [ready('a', 1), ready('a', 2)], true);
    await spooled.log.append(lease, [ready('a', 3)], true);
    way.open();
    assert.equal(await spooled.leases.renew(lease), true);
    assert.deepEqual(await seqs(direct.log.read('a')), [1, 2, 3]);
    await spooled.close();
    for (const one of [store, direct]) await one.close();
  });

  it('lets no new step begin when the leases may have run out, until they are surely held again', async () => {
    const store = storeAt(way.port, 'a:', 1_000);
    const wishes: LeaseWishes = {
      run: { name: 'run/a', runId: 'a' },
      workspace: { name: 'workspace/w', root: '/w' },
      holder: 'a test',
      patience: 60_000,
      signal: new AbortController().signal,
    };
    const held = await holdLeases(store.leases, wishes);
    await held.sure();
    way.shut();
    await new Promise((done) => setTimeout(done, 1_200));
    let isSure = false;
    const sure = held.sure().then(() => {
      isSure = true;
    });
    await new Promise((done) => setTimeout(done, 700));
    assert.equal(isSure, false, 'another process may have it by now');
    way.open();
    await sure;

    way.shut();
    const other = storeAt(redis.port, 'a:', 60_000);
    const theirs = await other.leases.acquire('run/a', 'somebody else', { takeOver: true });
    assert.ok(!('heldBy' in theirs));
    await new Promise((done) => setTimeout(done, 1_000));
    way.open();
    await assert.rejects(held.sure(), (error) => error instanceof StoreError && error.failure === 'fenced');
    assert.ok(held.lost.aborted);
    await held.end();
    for (const one of [store, other]) await one.close();
  });
});

describe('a store that is away when a run begins', () => {
  it('refuses the run, and says where it looked', async () => {
    const here = await openCrewHere({
      script: crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }),
      files: GREETER,
      store: 'redis://127.0.0.1:9',
    });
    try {
      await assert.rejects(
        here.run('Greet by name'),
        (error) =>
          error instanceof StoreError && error.failure === 'unreachable' && /127\.0\.0\.1:9/.test(error.message),
      );
      assert.deepEqual(here.live, []);
    } finally {
      await here.close();
    }
  });
});
