import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { StoreError } from '../../src/core/store/storeError.ts';
import { redisFindings } from '../../src/node/doctor/redis.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { type RedisCluster, startRedisCluster } from '../support/redisCluster.ts';
import { needRedis } from '../support/redisServer.ts';
import { idOf, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';
import { openRedisUnderTest } from './contract/redisStoreUnderTest.ts';
import { collect, ready, seqs, started, take } from './contract/storeUnderTest.ts';

describe('a cluster of Redis', () => {
  const given = scenarios();
  let cluster: RedisCluster;
  beforeEach(async function () {
    needRedis(this);
    cluster = await startRedisCluster();
  });
  afterEach(() => cluster?.stop());

  it('keeps a whole run of the command line, all of it on one node, and is found by any of its addresses', async () => {
    const { run, conclave, project } = await given(
      crewScripts({ plan: plan([{ id: 'task_1', ...onGreet }]), edits: { task_1: [greetByName] } }),
    );
    const env = { CONCLAVE_STORE: `${cluster.url}?prefix=whole:` };
    const { status, events, stderr } = await run(['run', 'Greet by name', '--apply'], { env });
    assert.equal(status, 0, stderr);
    assert.match(project.read('src/greet.js'), /name \? 'Hello, '/);

    const runId = idOf(events);
    for (const { url } of cluster.nodes) {
      const replayed = await conclave.run(['replay', runId, '--json'], {
        env: { CONCLAVE_STORE: `${url}?prefix=whole:` },
      });
      assert.equal(replayed.status, 0, replayed.stderr);
      const { lastSeq, phase, subtasks } = fold(replayed.events);
      assert.deepEqual({ lastSeq, phase, subtasks }, pick(fold(events)));
    }
    const listed = await conclave.run(['runs', '--json'], { env });
    assert.deepEqual(
      listed.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).runId),
      [runId],
    );
    const holding: string[][] = [];
    for (const { url } of cluster.nodes) {
      const node = new Redis(url);
      holding.push((await node.keys(`whole:*{${runId}}*`)).sort());
      node.disconnect();
    }
    assert.deepEqual(
      holding.filter((keys) => keys.length > 0),
      [
        [
          `whole:coder:task_{${runId}}`,
          `whole:lease:{${runId}}`,
          `whole:task:{${runId}}`,
          `whole:task:{${runId}}:events`,
        ],
      ],
    );
  });

  it('keeps runs on all nodes, lists, follows and deletes them, and remembers', async () => {
    const store = await openRedisUnderTest(cluster.url);
    try {
      const [{ leases, log, memory }, other] = [await store.connect(), await store.connect()];
      const ids = Array.from({ length: 30 }, (_, index) => `run-${index}`);
      for (const id of ids) {
        const lease = await take(leases, `run/${id}`);
        await log.append(lease, [started(id, '2025-01-01T00:00:00.000Z'), ready(id, 2)], true);
        await leases.release(lease);
      }
      assert.deepEqual((await other.log.list()).map(({ runId }) => runId).sort(), [...ids].sort());
      const stop = new AbortController();
      const seen: RunEvent[] = [];
      for await (const event of other.log.follow('run-7', 1, stop.signal)) {
        seen.push(event);
        if (event.seq === 2) await log.append(await take(leases, 'run/run-7'), [ready('run-7', 3)], true);
        else stop.abort();
      }
      assert.deepEqual(seen, [ready('run-7', 2), ready('run-7', 3)]);
      await log.delete('run-8');
      await assert.rejects(collect(other.log.read('run-8')), /no run "run-8"/);
      await memory.keepPlan('a'.repeat(64), '{}');
      assert.equal(await other.memory.plan('a'.repeat(64)), '{}');
      const [finding] = await redisFindings({ CONCLAVE_STORE: store.url }, new AbortController().signal);
      assert.match(finding?.found ?? '', /a cluster of 3 masters, answers at/);
    } finally {
      await store.dispose();
    }
  });

  it('without one of its nodes is told; when that is back, every run is', async () => {
    const store = await openRedisUnderTest(cluster.url);
    try {
      const { leases, log } = await store.connect();
      const ids = Array.from({ length: 6 }, (_, index) => `run-${index}`);
      const leased = await Promise.all(ids.map((id) => take(leases, `run/${id}`)));
      const append = (seq: number) =>
        Promise.allSettled(leased.map((lease, index) => log.append(lease, [ready(ids[index] ?? '', seq)], true)));
      assert.deepEqual(failuresOf(await append(1)), []);
      const [, , lost] = cluster.nodes;
      await lost?.crash();
      const failures = failuresOf(await append(2));
      assert.ok(failures.length > 0);
      for (const error of failures)
        assert.ok(error instanceof StoreError && error.failure === 'unreachable', String(error));
      await lost?.start();
      for (;;) {
        // Those that were appended to before are at fault, which is another error.
        const left = failuresOf(await append(2)).filter((error) => error instanceof StoreError);
        if (left.length === 0) break;
      }
      for (const id of ids) assert.deepEqual(await seqs(log.read(id)), [1, 2]);
    } finally {
      await store.dispose();
    }
  });
});

function pick({ lastSeq, phase, subtasks }: ReturnType<typeof fold>) {
  return { lastSeq, phase, subtasks };
}

function failuresOf(results: readonly PromiseSettledResult<void>[]): unknown[] {
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
}
