import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENT_VERSION } from '../../src/core/store/eventVersion.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import type { RunState } from '../../src/shared/runState.ts';
import { skip } from '../skip.ts';
import { openConclave } from '../support/conclave.ts';
import { freePorts, needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';
import { eventLogContract } from './contract/eventLogContract.ts';
import { leasesContract } from './contract/leasesContract.ts';
import { memoryContract } from './contract/memoryContract.ts';
import { openRedisUnderTest, type RedisStoreUnderTest } from './contract/redisStoreUnderTest.ts';
import { coderSaid, eventAt, started, take } from './contract/storeUnderTest.ts';

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

  describe('what is kept beside the events', () => {
    let store: RedisStoreUnderTest;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.dispose());
    const key = (name: string): string => store.prefix + name;

    it('is the state, written at the ends of steps and of the run, whichever process goes on', async () => {
      const kept = async (): Promise<RunState | undefined> => {
        const text = await store.redis.get(key('task:{a}'));
        return text === null ? undefined : JSON.parse(text);
      };
      const events: RunEvent[] = [
        started('a', '2025-01-01T00:00:00.000Z'),
        eventAt('a', 2, { type: 'plan.started' }),
        {
          ...eventAt('a', 3, { type: 'plan.answered', answers: [{ id: 'q', question: '?', answer: '!' }] }),
          step: 'one',
        },
        eventAt('a', 4, { type: 'redflag.raised', lane: 'planner', role: 'planner', flag: 'truncated', message: '' }),
        { ...eventAt('a', 5, { type: 'answer.finished', text: 'So.' }), step: 'two' },
        eventAt('a', 6, { type: 'run.paused', ending: { code: 'aborted', message: 'You stopped it.' } }),
      ];
      const seqsKept: (number | undefined)[] = [];
      for (const event of events) {
        // Another process each time.
        const { leases, log } = await store.connect();
        const lease = await take(leases, 'run/a');
        await log.append(lease, [event], true);
        await leases.release(lease);
        const state = await kept();
        seqsKept.push(state?.lastSeq);
        if (state?.lastSeq === event.seq)
          assert.deepEqual(state, JSON.parse(JSON.stringify(fold(events.slice(0, event.seq)))));
      }
      assert.deepEqual(seqsKept, [undefined, undefined, 3, 3, 5, 6]);
      assert.deepEqual(await store.redis.xrange(key('task:{a}:events'), '-', '+', 'COUNT', 1), [
        ['1-0', ['event', JSON.stringify(events[0]), 'version', String(EVENT_VERSION)]],
      ]);
    });

    it("is each Coder's latest output, by subtask", async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      const attempt = eventAt('a', 4, { type: 'attempt.started', subtask: 'merged', round: 2, rounds: 3 });
      await log.append(lease, [coderSaid('a', 1, 'task_1', 'First.'), coderSaid('a', 2, 'task_2', 'Other.')], true);
      await log.append(
        lease,
        [coderSaid('a', 3, 'task_1', 'Second.', 2), attempt, coderSaid('a', 5, 'merged', 'Mended.')],
        true,
      );
      const outputs = await store.redis.hgetall(key('coder:task_{a}'));
      assert.deepEqual(
        Object.keys(outputs)
          .sort()
          .map((subtask) => [subtask, JSON.parse(outputs[subtask] ?? '')]),
        [
          ['merged', { round: 2, turn: 1, text: 'Mended.', at: '2025-01-01T00:00:05.000Z' }],
          ['task_1', { round: 0, turn: 2, text: 'Second.', at: '2025-01-01T00:00:03.000Z' }],
          ['task_2', { round: 0, turn: 1, text: 'Other.', at: '2025-01-01T00:00:02.000Z' }],
        ],
      );
    });

    it('is bounded: whole finished runs go, the oldest first, and nothing of an unfinished one', async () => {
      const deleted: string[] = [];
      const { leases, log, close } = await store.connect({
        bounds: { finishedRuns: 2, bytes: 1024 ** 3 },
        onDeleted: async (runId) => void deleted.push(runId),
      });
      const write = async (runId: string, day: number, last?: RunEvent['type']): Promise<void> => {
        const lease = await take(leases, `run/${runId}`);
        const ending = { code: 'approved', message: 'Done.' } as const;
        const events = [started(runId, `2025-01-0${day}T00:00:00.000Z`), coderSaid(runId, 2, 'task_1', 'x')];
        if (last === 'run.finished') events.push(eventAt(runId, 3, { type: last, outcome: 'approved', ending }));
        if (last === 'run.paused') events.push(eventAt(runId, 3, { type: last, ending }));
        await log.append(lease, events.slice(0, 1), true);
        await log.append(lease, events.slice(1), true);
        if (last !== undefined) await leases.release(lease);
      };
      await write('paused', 1, 'run.paused');
      for (const day of [2, 3, 4, 5]) await write(`done-${day}`, day, 'run.finished');
      // A run that never began, long ago.
      await store.redis.hset(key('lease:{left}'), { epoch: 1, until: Date.now() - 2 * 3_600_000 });
      await take(leases, 'run/beginning');
      const left = async () => (await log.list()).map(({ runId }) => runId);
      await write('next', 6);
      while ((await left()).length > 4 || (await store.redis.exists(key('lease:{left}'))) === 1) await sleep(20);
      assert.deepEqual(await left(), ['next', 'done-5', 'done-4', 'paused']);
      assert.deepEqual(deleted.sort(), ['done-2', 'done-3']);
      assert.deepEqual(await store.redis.keys(`${store.prefix}*{done-[23]}*`), []);
      assert.equal(await store.redis.exists(key('lease:{beginning}')), 1);
      for (const name of await store.redis.keys(`${store.prefix}*`))
        assert.equal(await store.redis.ttl(name), -1, name);
      await close();
    });

    it('is a list of hundreds of runs, with what each is about', async () => {
      const { leases, log } = await store.connect();
      const ids = Array.from({ length: 350 }, (_, index) => `run-${String(index).padStart(3, '0')}`);
      await Promise.all(
        ids.map(async (id) => {
          const lease = await take(leases, `run/${id}`);
          await log.append(lease, [started(id, '2025-01-01T00:00:00.000Z', `Task of ${id}`)], true);
        }),
      );
      const runs = await log.list();
      assert.deepEqual(
        runs.map(({ runId, task, state }) => [runId, task, state]),
        ids.toReversed().map((id) => [id, `Task of ${id}`, 'running']),
      );
    });
  });

  it('is reached encrypted, where its certificate can be trusted', async function () {
    const cert = join(server.dir, 'cert.pem');
    const key = join(server.dir, 'key.pem');
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', cert],
    ]);
    if (made.status !== 0) skip(this, 'openssl is not installed');
    const [port] = await freePorts(1);
    const config = [
      '--tls-port',
      `${port}`,
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-auth-clients',
      'no',
    ];
    const encrypted = await startRedisServer({ config: [...config, '--requirepass', 's3cret'] });
    const conclave = openConclave({});
    try {
      const env = { CONCLAVE_STORE: `rediss://:s3cret@localhost:${port}` };
      const trusted = await conclave.run(['runs'], { env: { ...env, NODE_EXTRA_CA_CERTS: cert } });
      assert.equal(trusted.status, 0, trusted.stderr);
      const distrusted = await conclave.run(['runs'], { env });
      assert.equal(distrusted.status, 4);
      assert.match(distrusted.stderr, /cannot be reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
      assert.doesNotMatch(distrusted.stderr, /s3cret/);
    } finally {
      conclave.remove();
      await encrypted.stop();
    }
  });
});
