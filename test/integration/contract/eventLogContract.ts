import assert from 'node:assert/strict';
import { StoreError, type StoreFailure } from '../../../src/core/store/storeError.ts';
import type { EventBody, RunEvent } from '../../../src/shared/events.ts';
import { collect, eventAt, ready, type StoreUnderTest, seqs, started, take, takeOver } from './storeUnderTest.ts';

/** What every implementation of the EventLog port does. */
export function eventLogContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: event log`, () => {
    let store: StoreUnderTest;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.dispose());

    it('gives back what was appended, byte for byte, to every process', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const lease = await take(one.leases, 'run/a');
      const events = [
        started('a', '2025-01-01T00:00:00.000Z', 'Line 1\nline 2 \u2028 "ü" 🙂'),
        ready('a', 2),
        { ...ready('a', 9), step: 'subtask/9' },
      ];
      await one.log.append(lease, events.slice(0, 1), false);
      await one.log.append(lease, events.slice(1), true);
      assert.deepEqual(await collect(other.log.read('a')), events);
      assert.deepEqual(await seqs(other.log.read('a', 2)), [9]);
      assert.deepEqual(await seqs(other.log.read('a', 9)), []);
    });

    it('takes an empty durable append as a wish for what came before', async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [], true);
      await log.append(lease, [ready('a', 1)], false);
      await log.append(lease, [], true);
      assert.deepEqual(await seqs(log.read('a')), [1]);
    });

    it('keeps runs apart, whatever characters their ids have', async () => {
      const { leases, log } = await store.connect();
      const ids = ['a', 'A', '../a', 'a/b', 'ä'];
      for (const id of ids) await log.append(await take(leases, `run/${id}`), [ready(id, 1, `of ${id}`)], true);
      for (const id of ids) assert.deepEqual(await collect(log.read(id)), [ready(id, 1, `of ${id}`)]);
      assert.deepEqual((await log.list()).map((run) => run.runId).sort(), [...ids].sort());
    });

    it('refuses events whose seq does not rise, as a fault of the caller, and goes on', async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 3)], true);
      for (const wrong of [[ready('a', 3)], [ready('a', 2)], [ready('a', 5), ready('a', 4)], [ready('b', 4)]]) {
        await assert.rejects(log.append(lease, wrong, true), (error) => !(error instanceof StoreError));
      }
      await log.append(lease, [ready('a', 4)], true);
      assert.deepEqual(await seqs(log.read('a')), [3, 4]);
    });

    it('keeps the order of appends that are not waited for', async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      const order = Array.from({ length: 50 }, (_, index) => index + 1);
      await Promise.all(order.map((seq) => log.append(lease, [ready('a', seq)], seq % 7 === 0)));
      assert.deepEqual(await seqs(log.read('a')), order);
    });

    it('goes on in another process, and refuses the first one from then on', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const first = await take(one.leases, 'run/a');
      await one.log.append(first, [ready('a', 1), ready('a', 2)], true);
      await one.leases.release(first);

      const second = await take(other.leases, 'run/a');
      await assert.rejects(one.log.append(first, [ready('a', 3, 'late')], true), failsAs('fenced'));
      await other.log.append(second, [ready('a', 3)], true);
      await assert.rejects(one.log.append(first, [ready('a', 4, 'late')], false), failsAs('fenced'));
      await other.log.append(second, [ready('a', 4)], true);
      assert.deepEqual(
        await collect(one.log.read('a')),
        [1, 2, 3, 4].map((seq) => ready('a', seq)),
      );
    });

    it('lets one process after the other add to a run', async () => {
      for (let seq = 1; seq <= 6; seq += 1) {
        const { leases, log } = await store.connect();
        const lease = await take(leases, 'run/a');
        await log.append(lease, [ready('a', seq)], true);
        assert.deepEqual(
          await seqs(log.read('a', seq - 3)),
          [seq - 2, seq - 1, seq].filter((each) => each > 0),
        );
        await leases.release(lease);
      }
    });

    it('says of an unknown run that it is unknown, and where to look', async () => {
      const { log } = await store.connect();
      const nowhere = failsAs('unknownRun', /conclave runs/);
      await assert.rejects(collect(log.read('nowhere')), nowhere);
      await assert.rejects(collect(log.follow('nowhere', 0, new AbortController().signal)), nowhere);
      await assert.rejects(log.delete('nowhere'), nowhere);
      assert.deepEqual(await log.list(), []);
    });

    it('follows a run live, from any point and over a change of writers, until it is told to stop', async () => {
      const [one, other, reader] = [await store.connect(), await store.connect(), await store.connect()];
      const first = await take(one.leases, 'run/a');
      await one.log.append(first, [ready('a', 1), ready('a', 2)], true);

      const stop = new AbortController();
      const seen: RunEvent[] = [];
      const expected = [2, 3, 4, 5, 8, 9].map((seq) => ready('a', seq));
      const following = (async () => {
        for await (const event of reader.log.follow('a', 1, stop.signal)) {
          seen.push(event);
          if (event.seq === 2) await one.log.append(first, [ready('a', 3)], false);
          if (event.seq === 3) await one.log.append(first, [ready('a', 4), ready('a', 5)], true);
          if (event.seq === 5) {
            await one.leases.release(first);
            await other.log.append(await take(other.leases, 'run/a'), [ready('a', 8), ready('a', 9)], true);
          }
          if (event.seq === 9) setImmediate(() => stop.abort());
        }
      })();
      await following;
      assert.deepEqual(seen, expected);
      assert.deepEqual(await collect(reader.log.follow('a', 0, AbortSignal.abort())), []);
    });

    it('lists runs, newest first, with the state they are in', async () => {
      const { leases, log } = await store.connect();
      const ending = { code: 'aborted', message: 'You stopped it.' } as const;
      const finished = (outcome: 'approved' | 'not_approved' | 'nothing_to_do') =>
        ({ type: 'run.finished', outcome, ending }) as const;
      const lastOf: Record<string, EventBody[]> = {
        approved: [finished('approved')],
        not_approved: [finished('not_approved')],
        nothing_to_do: [finished('nothing_to_do')],
        paused: [{ type: 'run.paused', ending }],
        aborted: [{ type: 'run.aborted', ending }],
        interrupted: [
          { type: 'run.paused', ending },
          { type: 'run.resumed', epoch: 2 },
        ],
        running: [{ type: 'subtask.ready', subtask: 'task_1' }],
      };
      for (const [index, [runId, bodies]] of Object.entries(lastOf).entries()) {
        const lease = await take(leases, `run/${runId}`);
        const events = bodies.map((body, at) => eventAt(runId, at + 2, body));
        await log.append(lease, [started(runId, `2025-01-0${index + 1}T00:00:00.000Z`), ...events], true);
        if (runId !== 'running') await leases.release(lease);
      }

      const runs = await (await store.connect()).log.list();
      assert.deepEqual(
        runs.map(({ runId, state }) => [runId, state]),
        Object.keys(lastOf)
          .toReversed()
          .map((state) => [state, state]),
      );
      assert.deepEqual(runs.at(-1), {
        runId: 'approved',
        startedAt: '2025-01-01T00:00:00.000Z',
        task: 'Add a divide function',
        workspace: '/projects/calculator',
        state: 'approved',
        lastSeq: 2,
      });
    });

    it('tells the state of a long run from its end, however long its last events are', async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [started('a', '2025-01-01T00:00:00.000Z')], false);
      for (let seq = 2; seq < 60; seq += 1) await log.append(lease, [ready('a', seq, 'x'.repeat(5000))], false);
      await log.append(lease, [ready('a', 60, 'y'.repeat(900_000))], true);
      assert.equal((await log.list())[0]?.state, 'running');
      assert.equal((await log.list())[0]?.lastSeq, 60);
      await leases.release(lease);
      assert.equal((await log.list())[0]?.state, 'interrupted');
    });

    it('deletes a run that nobody works on, and no other', async () => {
      const [one, other] = [await store.connect({ ttl: 150 }), await store.connect({ ttl: 150 })];
      const lease = await take(one.leases, 'run/a', 'terminal');
      await one.log.append(lease, [ready('a', 1)], true);
      await one.log.append(await take(one.leases, 'run/b'), [ready('b', 1)], true);
      await assert.rejects(other.log.delete('a'), failsAs('fenced', /Stop the run first/));
      assert.deepEqual(await seqs(one.log.read('a')), [1]);

      await other.leases.release(await takeOver(other.leases, 'run/a'));
      await other.log.delete('a');
      await assert.rejects(collect(other.log.read('a')), failsAs('unknownRun'));
      assert.deepEqual(
        (await one.log.list()).map((run) => run.runId),
        ['b'],
      );
      await assert.rejects(one.log.append(lease, [ready('a', 2)], true), failsAs('fenced'));
      assert.deepEqual(
        (await one.log.list()).map((run) => run.runId),
        ['b'],
      );
    });
  });
}

/** For assert.rejects: a StoreError of this kind, with a remedy. */
export function failsAs(failure: StoreFailure, remedy = /./): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.failure, failure, error.message);
    assert.match(error.remedy, remedy);
    return true;
  };
}
