import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease } from '../../src/core/ports.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { cannotRunHere } from '../skip.ts';
import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';
import { openFileStore } from './contract/fileStoreUnderTest.ts';
import { openRedisUnderTest } from './contract/redisStoreUnderTest.ts';
import { type StoreProcess, startStoreProcess } from './contract/storeProcess.ts';
import { collect, ready, type StoreClient } from './contract/storeUnderTest.ts';

const RACES = 200;
/** Pairs of processes that race at the same time, each for runs of its own. */
const PAIRS = 2;
/** Milliseconds. */
const TTL = 300;

/** What a race came to, besides what its log says. */
interface Race {
  runId: string;
  stopped: boolean;
  /** Whether the append that the holder was stopped in was confirmed. */
  inFlight?: string | undefined;
  /** What the first holder was told when it went on. */
  refusals: string[];
  /** Events whose append was confirmed. */
  confirmed: RunEvent[];
}

describe('two processes that race for a run', () => {
  before(function () {
    if (process.platform === 'win32') cannotRunHere(this, 'Windows does not stop processes');
  });

  it(`${RACES} times, in files: there is one writer at a time, whoever is stopped`, async () => {
    const store = await openFileStore();
    try {
      tell('files', await raceAll(store.dir, await store.connect({ ttl: TTL })));
    } finally {
      await store.dispose();
    }
  }).timeout(240_000);

  it(`${RACES} times, in Redis: there is one writer at a time, whoever is stopped`, async function () {
    needRedis(this);
    const server: RedisServer = await startRedisServer();
    const store = await openRedisUnderTest(server.url);
    try {
      tell('Redis', await raceAll(store.url, await store.connect({ ttl: TTL })));
    } finally {
      await store.dispose();
      await server.stop();
    }
  }).timeout(240_000);
});

async function raceAll(place: string, reader: StoreClient): Promise<Race[]> {
  const runs = Array.from({ length: RACES }, (_, index) => index);
  const raced = Array.from({ length: PAIRS }, async (_, pair) => {
    const racers = await Promise.all([0, 1].map(() => startStoreProcess(place, { ttl: TTL })));
    try {
      const races: Race[] = [];
      for (const index of runs.filter((each) => each % PAIRS === pair)) {
        const race = await raceFor(`race-${index}`, Math.floor(index / PAIRS) % 2 === 0, racers, reader);
        await judge(race, reader);
        races.push(race);
      }
      return races;
    } finally {
      await Promise.all(racers.map((racer) => racer.end()));
    }
  });
  return (await Promise.all(raced)).flat();
}

/** Both want the run; whoever gets it writes, and is stopped past its lease or gives it back; then the other one writes. */
async function raceFor(
  runId: string,
  stopped: boolean,
  racers: readonly StoreProcess[],
  reader: StoreClient,
): Promise<Race> {
  const race: Race = { runId, stopped, refusals: [], confirmed: [] };
  const name = `run/${runId}`;
  const answers = await Promise.all(racers.map(async (racer) => ({ racer, lease: await racer.acquire(name) })));
  const [won, ...others] = answers
    .flatMap(({ racer, lease }) => ('heldBy' in lease ? [] : [{ racer, lease }]))
    // Where a slow machine let the first lease run out, the later grant counts.
    .sort((a, b) => b.lease.epoch - a.lease.epoch);
  assert.ok(won !== undefined, `${runId}: nobody won`);
  const loser = racers.find((racer) => racer !== won.racer) ?? assert.fail();
  for (const { racer, lease } of others) race.refusals.push(await racer.append(lease, written(lease, racer, 1)));

  const write = async (racer: StoreProcess, lease: Lease, from: number): Promise<string> => {
    const events = written(lease, racer, from);
    const outcome = await racer.append(lease, events);
    if (outcome === 'done') race.confirmed.push(...events);
    return outcome;
  };
  await write(won.racer, won.lease, 1);
  let inFlight: Promise<string> | undefined;
  if (stopped) {
    inFlight = write(won.racer, won.lease, 4);
    await sleep(Math.random() * 2);
    won.racer.kill('SIGSTOP');
  } else {
    await won.racer.release(won.lease);
  }

  const next = await granted(loser, name);
  const last = (await collect(reader.log.read(runId))).at(-1)?.seq ?? 0;
  assert.equal(await write(loser, next, last + 1), 'done', runId);
  if (stopped) won.racer.kill('SIGCONT');
  race.inFlight = await inFlight;
  for (const from of [last + 1, last + 4, 100])
    race.refusals.push(await won.racer.append(won.lease, written(won.lease, won.racer, from)));
  assert.equal(await write(loser, next, last + 4), 'done', runId);
  await loser.release(next);
  return race;
}

/** From the log as it is read back: one writer at a time, every confirmed event, no number twice. */
async function judge({ runId, stopped, refusals, confirmed }: Race, reader: StoreClient): Promise<void> {
  const events = await collect(reader.log.read(runId));
  const seqs = events.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    [...new Set(seqs)].sort((a, b) => a - b),
    `${runId}: the order of seqs`,
  );
  const writers = events.map((event) => (event.type === 'subtask.ready' ? event.subtask : assert.fail(event.type)));
  const turns = writers.filter((writer, index) => writer !== writers[index - 1]);
  const epochs = turns.map((writer) => Number(/^epoch (\d+) /.exec(writer)?.[1]));
  assert.ok(
    epochs.every((epoch, index) => index === 0 || epoch > (epochs[index - 1] ?? 0)),
    `${runId}: writers take turns: ${turns}`,
  );
  assert.equal(new Set(turns).size, 2, `${runId}: ${turns}`);
  for (const event of confirmed) {
    assert.deepEqual(
      events.find(({ seq }) => seq === event.seq),
      event,
      `${runId}: a confirmed event`,
    );
  }
  assert.ok(
    refusals.length >= 3 && refusals.every((refusal) => refusal === 'fenced'),
    `${runId}: ${refusals}, ${stopped}`,
  );
}

/** Three events that say who wrote them. */
function written({ name, epoch }: Lease, { pid }: StoreProcess, from: number): RunEvent[] {
  return [from, from + 1, from + 2].map((seq) =>
    ready(name.slice('run/'.length), seq, `epoch ${epoch} of process ${pid}`),
  );
}

async function granted(racer: StoreProcess, name: string): Promise<Lease> {
  for (;;) {
    const lease = await racer.acquire(name);
    if (!('heldBy' in lease)) return lease;
    await sleep(20);
  }
}

function tell(store: string, races: readonly Race[]): void {
  const stopped = races.filter((race) => race.stopped);
  const inFlight = stopped.filter((race) => race.inFlight === 'done').length;
  const refused = races.reduce((sum, race) => sum + race.refusals.length, 0);
  console.log(
    `      ${store}: ${races.length} races, the holder stopped past its lease in ${stopped.length} (its append under way was confirmed in ${inFlight}, refused in ${stopped.length - inFlight}); ${refused} late appends, all refused`,
  );
  assert.equal(races.length, RACES);
  assert.equal(stopped.length, RACES / 2);
}
