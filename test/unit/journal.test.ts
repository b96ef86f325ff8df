import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { EventLog, Lease } from '../../src/core/ports.ts';
import { type Journal, openJournal } from '../../src/core/store/journal.ts';
import { StoreError } from '../../src/core/store/storeError.ts';
import { type FileEventLog, openFileEventLog } from '../../src/node/fileStore/fileEventLog.ts';
import { type FileLeases, openFileLeases } from '../../src/node/fileStore/fileLeases.ts';
import type { EventBody, EventOf, RunEvent } from '../../src/shared/events.ts';

const DELTA_TYPES = new Set(['agent.delta', 'plan.delta', 'checks.output']);

describe('the journal of a run', () => {
  let dir: string;
  let leases: FileLeases;
  let log: FileEventLog;
  let lease: Lease;
  /** What the front end was shown, and every append with its durability. */
  let shown: RunEvent[];
  let appends: { seqs: number[]; durable: boolean }[];
  let failures: StoreError[];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'conclave-journal-'));
    leases = openFileLeases(dir);
    log = openFileEventLog(dir, leases);
    lease = await take('run/a');
    shown = [];
    appends = [];
    failures = [];
  });
  afterEach(async () => {
    await log.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function take(name: string): Promise<Lease> {
    const taken = await leases.acquire(name, 'a test');
    assert.ok(!('heldBy' in taken));
    return taken;
  }

  function open(recorded: readonly RunEvent[] = [], runId = 'a'): Journal {
    const counted: EventLog = {
      ...log,
      append(to, events, durable) {
        appends.push({ seqs: events.map((event) => event.seq), durable });
        return log.append(to, events, durable);
      },
    };
    return openJournal({
      runId,
      log: counted,
      lease: () => lease,
      mayBegin: async () => {},
      recorded,
      now: () => new Date('2025-01-01T00:00:00.000Z'),
      onEvent: (event) => void shown.push(event),
      onFailure: (error) => void failures.push(error),
    });
  }

  async function stored(runId = 'a'): Promise<RunEvent[]> {
    const events: RunEvent[] = [];
    for await (const event of log.read(runId)) events.push(event);
    return events;
  }

  const ready = (subtask: string): EventOf<'subtask.ready'> => ({ type: 'subtask.ready', subtask });
  const text = (lane: string, delta: string): EventBody => ({
    type: 'agent.delta',
    role: 'coder',
    lane,
    channel: 'text',
    delta,
  });

  it('numbers events, shows them before emit returns, and writes them down', async () => {
    const journal = open();
    journal.emit(ready('one'));
    assert.deepEqual(shown, [{ ...ready('one'), runId: 'a', seq: 1, at: '2025-01-01T00:00:00.000Z' }]);
    assert.deepEqual(appends, [], 'nobody waits for the log');
    journal.emit(ready('two'));
    await journal.flush();
    assert.deepEqual(await stored(), shown);
    assert.deepEqual(appends, [{ seqs: [1, 2], durable: true }]);
    await journal.close();
    assert.throws(() => journal.emit(ready('three')), /closed/);
  });

  it('does the work of a step once, and shares it while it is in flight', async () => {
    const journal = open();
    let done = 0;
    const work = async () => {
      done += 1;
      return ready(`work ${done}`);
    };
    assert.equal(journal.recordedStep('key'), undefined);
    const outcomes = await Promise.all([journal.step('key', work), journal.step('key', work)]);
    outcomes.push(await journal.step('key', work));
    assert.equal(done, 1);
    assert.deepEqual(new Set(outcomes.map((outcome) => outcome.subtask)), new Set(['work 1']));
    assert.equal(journal.recordedStep('key')?.step, 'key');
    assert.equal(shown.length, 1);
    assert.deepEqual(await stored(), shown, 'durable when it resolves');
  });

  it('records nothing of work that fails, and lets it be tried again', async () => {
    const journal = open();
    const failed = journal.step('key', async () => {
      throw new Error('no server');
    });
    await assert.rejects(failed, /no server/);
    assert.deepEqual(shown, []);
    assert.equal((await journal.step('key', async () => ready('second try'))).subtask, 'second try');
  });

  it('does no recorded step again when the run is resumed, and numbers on', async () => {
    const before = open();
    before.emit(ready('shown'));
    await before.step('one', async () => ready('one'));
    before.emit(text('coder:a', 'cut off'));
    await before.close();
    await leases.release(lease);

    lease = await take('run/a');
    const recorded = await stored();
    shown = [];
    const after = open(recorded);
    after.emit({ type: 'run.resumed', epoch: lease.epoch });
    const one = await after.step('one', async (): Promise<EventOf<'subtask.ready'>> => {
      throw new Error('was done before');
    });
    assert.equal(one.subtask, 'one');
    await after.step('two', async () => ready('two'));
    assert.deepEqual(
      shown.map((event) => [event.seq, event.type]),
      [
        [4, 'run.resumed'],
        [5, 'subtask.ready'],
      ],
    );
    assert.deepEqual(await stored(), [...recorded, ...shown]);
  });

  it('makes a group of steps durable with one fsync', async () => {
    const journal = open();
    await journal.step('first', async () => ready('first'));
    appends = [];
    const keys = Array.from({ length: 20 }, (_, index) => `step ${index}`);
    await Promise.all(keys.map((key) => journal.step(key, async () => ready(key))));
    assert.equal(appends.filter((append) => append.durable).length, 1);
    appends = [];
    for (let index = 0; index < 10; index += 1) journal.emit(ready('no step'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      appends.map((append) => append.durable),
      [false],
      'events outside of steps cost none',
    );
    await journal.flush();
    await journal.flush();
    assert.equal(appends.filter((append) => append.durable).length, 1, 'flushing twice syncs once');
  });

  it('flushes what was emitted while steps were being written', async () => {
    const journal = open();
    const step = journal.step('one', async () => ready('one'));
    while (appends.length === 0) await Promise.resolve();
    journal.emit(ready('meanwhile'));
    await step;
    await journal.flush();
    assert.deepEqual(await stored(), shown);
    assert.equal(appends.at(-1)?.durable, true);
  });

  it('joins deltas of one source, in order, and flushes them before anything else', async () => {
    const journal = open();
    for (const [lane, delta] of ['a1', 'b1', 'b2', 'a2', 'c1', 'b3'].map((each) => [each.charAt(0), each])) {
      journal.emit(text(String(lane), String(delta)));
    }
    journal.emit(ready('then'));
    await journal.flush();
    const parts = (await stored()).map((event) => [event.seq, event.type === 'agent.delta' ? event.delta : event.type]);
    assert.deepEqual(parts, [
      [4, 'a1a2'],
      [5, 'c1'],
      [6, 'b1b2b3'],
      [7, 'subtask.ready'],
    ]);
    assert.equal(shown.length, 7);
  });

  it('does not keep deltas back for long, nor in bulk', async () => {
    const journal = open();
    journal.emit(text('a', 'a little'));
    const stop = new AbortController();
    await journal.step('start', async () => ready('start'));
    journal.emit(text('a', 'waits for the timer'));
    for await (const event of log.follow('a', 2, stop.signal)) {
      assert.equal(event.seq, 3);
      stop.abort();
    }
    appends = [];
    for (let index = 0; index < 50; index += 1) journal.emit(text('a', 'x'.repeat(100)));
    await Promise.resolve();
    assert.deepEqual(appends, [{ seqs: [44], durable: false }], '4 KB are 41 deltas of 100 characters');
    await journal.close();
  });

  it('goes on showing where the log has failed', async () => {
    const journal = open();
    await journal.step('one', async () => ready('one'));
    await log.close();
    await rm(join(dir, 'runs'), { recursive: true });
    await writeFile(join(dir, 'runs'), 'no folder');
    await assert.rejects(
      journal.step('two', async () => ready('two')),
      (error) => error instanceof StoreError && error.failure === 'unreachable',
    );
    journal.emit(text('a', 'still shown'));
    journal.emit(ready('still shown'));
    await journal.close();
    assert.deepEqual(
      shown.map(({ seq }) => seq),
      [1, 2, 3, 4],
    );
  });

  it('tells once that another process has the run, refuses every later step, and shows nothing more of it', async () => {
    const journal = open();
    await journal.step('one', async () => ready('one'));
    await leases.release(lease);
    await take('run/a');

    let begun = 0;
    const work = async () => {
      begun += 1;
      return ready('work');
    };
    const isFenced = (error: unknown) => error instanceof StoreError && error.failure === 'fenced';
    journal.emit(ready('shown, not kept'));
    const together = await Promise.allSettled([
      journal.step('two', work),
      journal.step('three', work),
      journal.flush(),
    ]);
    for (const each of together) assert.ok(each.status === 'rejected' && isFenced(each.reason));
    assert.equal(begun, 2);
    await assert.rejects(journal.step('four', work), isFenced);
    await assert.rejects(journal.flush(), isFenced);
    assert.equal(begun, 2, 'no work is begun whose outcome cannot be kept');
    assert.equal(journal.recordedStep('two'), undefined);
    journal.emit(text('a', 'not shown'));
    journal.emit(ready('not shown'));
    await journal.close();
    assert.equal(shown.at(-1)?.seq, 4);
    assert.equal(failures.length, 1);
    assert.ok(isFenced(failures[0]));
    assert.deepEqual(
      (await stored()).map((event) => event.seq),
      [1],
    );
  });

  it('takes a fault of the log that is no StoreError for one that the user can report', async () => {
    lease = { ...lease, name: 'workspace/other' };
    const journal = open();
    await assert.rejects(
      journal.step('one', async () => ready('one')),
      /not the lease of a run/,
    );
    assert.equal(failures[0]?.failure, 'unreachable');
  });

  describe('whatever happens in whatever order', () => {
    type Act =
      | { act: 'step'; group: number }
      | { act: 'emit' }
      | { act: 'delta'; source: number; length: number }
      | { act: 'pause' };
    const acts = fc.array(
      fc.oneof(
        fc.record({ act: fc.constant('step' as const), group: fc.integer({ min: 1, max: 3 }) }),
        fc.record({ act: fc.constant('emit' as const) }),
        fc.record({
          act: fc.constant('delta' as const),
          source: fc.nat({ max: 3 }),
          length: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.constant(3000)),
        }),
        fc.record({ act: fc.constant('pause' as const) }),
      ) satisfies fc.Arbitrary<Act>,
      { minLength: 1, maxLength: 30 },
    );
    /** So that every run has an event. */
    const LAST: Act = { act: 'step', group: 1 };
    let runs = 0;

    /** Plays the acts into a new run, and reports how long its file was when each step had resolved. */
    async function play(played: readonly Act[]): Promise<{ runId: string; file: string; durable: [string, number][] }> {
      runs += 1;
      const runId = `p${runs}`;
      lease = await take(`run/${runId}`);
      shown = [];
      const journal = open([], runId);
      const file = join(dir, 'runs', runId, 'events-00000001.jsonl');
      const durable: [string, number][] = [];
      const pending: Promise<void>[] = [];
      for (const [index, act] of played.entries()) {
        switch (act.act) {
          case 'step':
            for (let member = 0; member < act.group; member += 1) {
              const key = `${index}/${member}`;
              const step = journal.step(key, async () => ready(key));
              pending.push(step.then(async () => void durable.push([key, (await stat(file)).size])));
            }
            break;
          case 'emit':
            journal.emit(ready('no step'));
            break;
          case 'delta':
            journal.emit(deltaOf(act.source, `${index}:${'ü'.repeat(act.length)}`));
            break;
          case 'pause':
            await Promise.race([...pending, new Promise((resolve) => setImmediate(resolve))]);
            break;
          default:
            act satisfies never;
        }
      }
      await Promise.all(pending);
      await journal.close();
      assert.deepEqual(failures, []);
      return { runId, file, durable };
    }

    function deltaOf(source: number, delta: string): EventBody {
      if (source === 0) return { type: 'plan.delta', delta };
      if (source === 1) return { type: 'checks.output', scope: 'attempt', subtask: 'task_1', delta };
      return text(`coder:task_${source}`, delta);
    }

    it('keeps every text, every event and the order, and stands for the last delta it joined', async () => {
      await fc.assert(
        fc.asyncProperty(acts, async (played) => {
          const { runId } = await play([...played, LAST]);
          const events = await stored(runId);
          assertRising(events);
          const isDelta = (event: RunEvent) => DELTA_TYPES.has(event.type);
          assert.deepEqual(
            events.filter((event) => !isDelta(event)),
            shown.filter((event) => !isDelta(event)),
          );
          for (const source of new Set(shown.filter(isDelta).map(sourceOf))) {
            const live = shown.filter((event) => isDelta(event) && sourceOf(event) === source);
            let next = 0;
            for (const joined of events.filter((event) => isDelta(event) && sourceOf(event) === source)) {
              const upTo = live.findIndex((event) => event.seq === joined.seq);
              assert.ok(upTo >= next, `seq ${joined.seq} is that of a live delta of ${source}`);
              assert.equal(
                textOf(joined),
                live
                  .slice(next, upTo + 1)
                  .map(textOf)
                  .join(''),
              );
              next = upTo + 1;
            }
            assert.equal(next, live.length, 'nothing is left out');
          }
        }),
        { numRuns: 40 },
      );
    });

    it('cut at any byte, gives a rising beginning of the log with every step that was durable by then', async () => {
      await fc.assert(
        fc.asyncProperty(
          acts,
          fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
          async (played, cuts) => {
            const { runId, file, durable } = await play([...played, LAST]);
            await log.close();
            const whole = await readFile(file);
            const all = await stored(runId);
            const edges = durable.flatMap(([, size]) => [size - 1, size, size + 1]);
            for (const bytes of new Set([...cuts.map((cut) => Math.round(cut * whole.length)), ...edges])) {
              await writeFile(file, whole.subarray(0, bytes));
              const kept = await stored(runId);
              assertRising(kept);
              assert.deepEqual(kept, all.slice(0, kept.length));
              const steps = new Set(kept.map((event) => event.step));
              for (const [key, size] of durable) if (size <= bytes) assert.ok(steps.has(key), `${key} at ${bytes}`);
            }
          },
        ),
        { numRuns: 30 },
      );
    });

    function assertRising(events: readonly RunEvent[]): void {
      for (const [index, event] of events.entries()) assert.ok(event.seq > (events[index - 1]?.seq ?? 0));
    }

    function sourceOf(event: RunEvent): string {
      return event.type === 'agent.delta' ? event.lane : event.type;
    }

    function textOf(event: RunEvent): string {
      return 'delta' in event ? event.delta : '';
    }
  });
});
