import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isDelta } from '../../src/core/store/deltaBuffers.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import {
  assertCameTo,
  inParallel,
  momentsOf,
  openWorld,
  type Reference,
  readRun,
  runArguments,
  runUndisturbed,
  type World,
} from '../support/crashes.ts';
import { persistedInRedis } from '../support/persistedInRedis.ts';
import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';

const POINTS = 20;

describe('a run whose Redis dies and comes back', function () {
  this.timeout(900_000);
  let reference: Reference;

  before(async function () {
    needRedis(this);
    reference = await withServer(async (_, open) => runUndisturbed(await open()));
  });

  it('goes on to the same change, and its log has every event once', async () => {
    const seed = Number(process.env.CONCLAVE_TEST_SEED ?? randomBytes(4).readUInt32LE());
    console.log(`      CONCLAVE_TEST_SEED=${seed} repeats the moments`);
    let spooled = 0;
    let lost = 0;
    const moments = momentsOf(reference.events, POINTS, seed);
    await inParallel(availableParallelism(), moments, async ({ count, after }) => {
      const at = `point ${count} + ${after} ms`;
      await withServer(async (server, open) => {
        const world = await open();
        try {
          const health = await restartDuring(world, server, count, after, at);
          if (health.length > 0) lost += 1;
          for (const event of health) if (event.type === 'store.recovered') spooled += event.added;
        } finally {
          await world.close();
        }
      });
    });
    console.log(
      `      ${moments.length} restarts, ${lost} of them while the run wrote; ${spooled} events were kept beside meanwhile`,
    );
    assert.equal(moments.length, POINTS);
  });

  /** @returns what the run told of its store */
  async function restartDuring(
    world: World,
    server: RedisServer,
    count: number,
    after: number,
    at: string,
  ): Promise<RunEvent[]> {
    const { ended } = world.conclave.start(runArguments(world));
    const restarted = new Promise<void>((resolve, reject) => {
      const restart = async (): Promise<void> => {
        await pause(after);
        await stop();
        await server.crash();
        // Every other one is away for longer than who asks it waits for an answer.
        await pause(count % 2 === 0 ? 300 : 3_000);
        await server.start();
      };
      const stop = world.persisted.watch(
        (events) => events.length >= count,
        () => void restart().then(resolve, reject),
      );
    });
    const { status, stderr, events: shown } = await ended;
    assert.equal(status, 0, `${at}: ${stderr}`);
    await restarted;
    const events = await readRun(world, shown[0]?.runId ?? '');
    assertCameTo(world, reference, events, at);
    assertSame(events, shown, at);
    return shown.filter(({ type }) => type === 'store.lost' || type === 'store.recovered');
  }
});

/** The log has what was shown: every event, and of deltas, which it joins, the whole text of each source. */
function assertSame(kept: readonly RunEvent[], shown: readonly RunEvent[], at: string): void {
  const whole = (events: readonly RunEvent[]): RunEvent[] => events.filter((event) => !isDelta(event));
  assert.deepEqual(whole(kept), whole(shown), at);
  assert.deepEqual(textsOf(kept), textsOf(shown), at);
}

function textsOf(events: readonly RunEvent[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const event of events) {
    if (!isDelta(event)) continue;
    const { delta, seq, at, ...source } = event;
    const key = JSON.stringify(source);
    texts.set(key, (texts.get(key) ?? '') + delta);
  }
  return new Map([...texts].sort());
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A server of its own, since it dies. */
async function withServer<T>(work: (server: RedisServer, open: () => Promise<World>) => Promise<T>): Promise<T> {
  const server = await startRedisServer({ config: ['--appendfsync', 'always'] });
  try {
    return await work(server, () =>
      openWorld(() => ({ store: server.url, persisted: persistedInRedis(server.url, '') })),
    );
  } finally {
    await server.stop();
  }
}
