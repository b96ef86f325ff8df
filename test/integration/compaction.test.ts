import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compactRun } from '../../src/node/fileStore/compaction.ts';
import { openFileEventLog } from '../../src/node/fileStore/fileEventLog.ts';
import type { EventBody, RunEvent } from '../../src/shared/events.ts';
import { type FileStoreUnderTest, openFileStore } from './contract/fileStoreUnderTest.ts';
import { killAtEveryStep } from './contract/killAtEveryStep.ts';
import { collect, eventAt, ready, seqs, started, take } from './contract/storeUnderTest.ts';

const FINISHED: EventBody = {
  type: 'run.finished',
  outcome: 'approved',
  ending: { code: 'approved', message: 'It is done.' },
};

/** A delta of one of two Coders that write at once. */
function delta(seq: number): RunEvent {
  const lane = `coder:task_${(seq % 2) + 1}`;
  return eventAt('a', seq, { type: 'agent.delta', role: 'coder', lane, channel: 'text', delta: `piece ${seq}\n` });
}

describe('compaction of a run in files', () => {
  let store: FileStoreUnderTest;
  beforeEach(async () => {
    store = await openFileStore();
  });
  afterEach(() => store.dispose());

  const folder = () => join(store.dir, 'runs', 'a');
  const never = new AbortController().signal;

  /** A finished run of three sessions, with deltas, a torn line and what a stopped process wrote too late. */
  async function writeRun(pieces = 100): Promise<RunEvent[]> {
    const { leases, log } = await store.connect();
    const late = openFileEventLog(store.dir, { ...leases, isNewest: async () => true });
    const first = await take(leases, 'run/a');
    const deltas = Array.from({ length: pieces }, (_, index) => delta(index + 3));
    await late.append(first, [started('a', '2025-01-01T00:00:00.000Z'), ready('a', 2), ...deltas], true);
    await leases.release(first);
    const second = await take(leases, 'run/a');
    await log.append(second, [ready('a', pieces + 3)], true);
    await late.append(first, [ready('a', pieces + 3, 'late')], true);
    await late.close();
    await leases.release(second);
    const third = await take(leases, 'run/a');
    await log.append(third, [delta(pieces + 5), delta(pieces + 6), eventAt('a', pieces + 7, FINISHED)], true);
    await log.close();
    await appendFile(join(folder(), 'events-00000003.jsonl'), '{"type":"torn');
    await leases.release(third);
    const events = await collect(log.read('a'));
    assert.equal(events.length, pieces + 6);
    return events;
  }

  it('leaves the events as they are, in one segment that is smaller by most of what told deltas apart', async () => {
    const before = await writeRun();
    const { leases, log } = await store.connect();
    const [summary] = await log.list();
    const bytes = async (): Promise<number> => {
      const sizes = await Promise.all((await readdir(folder())).map(async (file) => stat(join(folder(), file))));
      return sizes.reduce((sum, { size }) => sum + size, 0);
    };
    const large = await bytes();
    assert.equal(await compactRun(folder(), 'a', leases, never), true);
    assert.deepEqual(await readdir(folder()), ['events-00000004.jsonl']);
    assert.ok((await bytes()) < large / 3, `${await bytes()} of ${large} bytes`);

    const fresh = await store.connect();
    for (const reader of [log, fresh.log]) {
      assert.deepEqual(await collect(reader.read('a')), before);
      // In the midst of a line, at both its ends, and at the end of all.
      for (const { seq } of before) {
        const rest = before.filter((event) => event.seq > seq);
        assert.deepEqual(await collect(reader.read('a', seq)), rest, `since ${seq}`);
      }
      assert.deepEqual(await reader.list(), [summary]);
    }
    const next = await take(leases, 'run/a');
    await log.append(next, [ready('a', 200)], true);
    assert.deepEqual(await collect(fresh.log.read('a')), [...before, ready('a', 200)]);
    assert.deepEqual(await seqs(log.read('a', before.at(-1)?.seq)), [200]);
  });

  it('shows who reads or follows meanwhile every event once', async () => {
    const before = await writeRun(400);
    const { leases } = await store.connect();
    const stop = new AbortController();
    const follower = await store.connect();
    const followed: RunEvent[] = [];
    const following = (async () => {
      for await (const event of follower.log.follow('a', 0, stop.signal)) {
        followed.push(event);
        // Slow enough to be met by the compactions in the midst of a line.
        if (event.seq % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (event.seq === 1_000) stop.abort();
      }
    })();
    let compacting = true;
    const readers = Array.from({ length: 3 }, async () => {
      const { log } = await store.connect();
      for (let since = 0; compacting; since = (since + 97) % 400) {
        const read: RunEvent[] = [];
        for await (const event of log.read('a', since)) {
          read.push(event);
          if (event.seq % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        assert.deepEqual(
          read,
          before.filter(({ seq }) => seq > since),
        );
        assert.equal((await log.list())[0]?.state, 'approved');
      }
    });
    for (let count = 0; count < 20; count += 1) {
      assert.equal(await compactRun(folder(), 'a', leases, never), true);
      assert.equal((await readdir(folder())).length, 1);
    }
    compacting = false;
    await Promise.all(readers);
    const { log } = await store.connect();
    const last = await take(leases, 'run/a');
    await log.append(last, [ready('a', 1_000)], true);
    await following;
    assert.deepEqual(followed, [...before, ready('a', 1_000)]);
  });

  it('is not done to a run that is at work, and leaves nothing behind then', async () => {
    const before = await writeRun();
    const { leases, log } = await store.connect();
    const lease = await take(leases, 'run/a');
    const files = await readdir(folder());
    assert.equal(await compactRun(folder(), 'a', leases, never), false);
    assert.equal(await compactRun(folder(), 'a', leases, AbortSignal.abort()), false);
    assert.deepEqual(await readdir(folder()), files);
    await log.append(lease, [ready('a', 200)], true);
    assert.deepEqual(await collect(log.read('a')), [...before, ready('a', 200)]);
  });

  it('gives way to whoever takes the run over at any moment of it', async () => {
    const before = await writeRun();
    const { leases } = await store.connect();
    // Counts how often the compaction asks for its lease; the run is taken over just after one of these times.
    for (const at of [1, 2]) {
      let asked = 0;
      const watched = {
        ...leases,
        async isNewest(lease: Parameters<typeof leases.isNewest>[0]) {
          const answer = await leases.isNewest(lease);
          asked += 1;
          if (asked === at) {
            const { log } = await store.connect();
            const taker = await leases.acquire('run/a', 'a user', { takeOver: true });
            assert.ok(!('heldBy' in taker));
            const events = await collect(log.read('a'));
            const last = events.at(-1)?.seq ?? 0;
            await log.append(taker, [ready('a', last + 1)], true);
            before.push(ready('a', last + 1));
            await log.close();
            await leases.release(taker);
          }
          return answer;
        },
      };
      await compactRun(folder(), 'a', watched, never);
      const { log } = await store.connect();
      assert.deepEqual(await collect(log.read('a')), before, `taken over at check ${at}`);
    }
    assert.equal(await compactRun(folder(), 'a', leases, never), true);
    const { log } = await store.connect();
    assert.deepEqual(await collect(log.read('a')), before);
    assert.equal((await readdir(folder())).length, 1);
  });

  it('can be killed at every step of it', async function () {
    this.timeout(180_000);
    const before = await writeRun();
    const steps = await killAtEveryStep(folder(), async (step) => {
      const { log, leases } = await store.connect();
      assert.deepEqual(await collect(log.read('a')), before, `killed before ${step}`);
      assert.equal((await log.list())[0]?.state, 'approved');
      // Killed while it wrote its grant, nobody can know who it was.
      const lease = await leases.acquire('run/a', 'a user', { takeOver: true });
      assert.ok(!('heldBy' in lease));
      await leases.release(lease);
    });
    console.log(`      killed before each of ${steps.length} operations: ${[...new Set(steps)].join(', ')}`);
    assert.ok(steps.length >= 10);
    assert.deepEqual(new Set(steps.filter((step) => /rename|rm/.test(step))).size, 2);
    const { log } = await store.connect();
    assert.deepEqual(await collect(log.read('a')), before);
    assert.deepEqual((await readdir(folder())).length, 1, 'the leftovers of all of them are gone');
    assert.match(await readFile(join(folder(), (await readdir(folder()))[0] ?? ''), 'utf8'), /^\{"segment":.* +\n/);
  });
});
