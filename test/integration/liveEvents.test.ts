import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openJournal } from '../../src/core/store/journal.ts';
import { eventStream } from '../../src/core/store/liveEvents.ts';
import type { EventBody, RunEvent } from '../../src/shared/events.ts';
import { openFileStore } from './contract/fileStoreUnderTest.ts';
import { take } from './contract/storeUnderTest.ts';

/** What a view would show: the text of every lane, and everything else one after the other. */
function shown(events: readonly RunEvent[]): { texts: Record<string, string>; rest: string[] } {
  const texts: Record<string, string> = {};
  const rest: string[] = [];
  for (const event of events) {
    if (event.type === 'agent.delta') texts[event.lane] = (texts[event.lane] ?? '') + event.delta;
    else rest.push(`${event.seq} ${event.type}`);
  }
  return { texts, rest };
}

const delta = (lane: string, text: string): EventBody => ({
  type: 'agent.delta',
  role: 'coder',
  lane,
  channel: 'text',
  delta: text,
});

/** What happens one after the other: deltas of two lanes, other events, a pause that lets the disk catch up. */
const happening = fc.oneof(
  fc.record({ what: fc.constant('delta' as const), lane: fc.constantFrom('a', 'b') }),
  fc.record({ what: fc.constant('event' as const) }),
  fc.record({ what: fc.constant('pause' as const) }),
  fc.record({ what: fc.constant('attach' as const) }),
);

describe('the events of a run, live', () => {
  it('show a view that comes at any time everything once and in order', async function () {
    this.timeout(120_000);
    const store = await openFileStore();
    let run = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 40 }), async (happenings) => {
          run += 1;
          const runId = `run${run}`;
          const { log, leases } = await store.connect();
          const listeners = new Set<(event: RunEvent) => void>();
          const all: RunEvent[] = [];
          const stop = new AbortController();
          const views: { seen: RunEvent[]; ended: Promise<void> }[] = [];
          const attach = (): void => {
            const seen: RunEvent[] = [];
            const live = (listener: (event: RunEvent) => void) => {
              listeners.add(listener);
              return () => listeners.delete(listener);
            };
            const ended = (async () => {
              for await (const batch of eventStream(log, live, runId, stop.signal)) seen.push(...batch);
            })();
            views.push({ seen, ended });
          };
          const lease = await take(leases, `run/${runId}`);
          const journal = openJournal({
            runId,
            log,
            lease: () => lease,
            mayBegin: async () => {},
            recorded: [],
            now: () => new Date(),
            onEvent: (event) => {
              all.push(event);
              for (const listener of listeners) listener(event);
            },
            onFailure: assert.fail,
          });
          journal.emit({ type: 'subtask.ready', subtask: 'first' });
          await journal.flush();
          attach();
          for (const [index, one] of happenings.entries()) {
            if (one.what === 'delta') journal.emit(delta(one.lane, `${index} `));
            else if (one.what === 'event') journal.emit({ type: 'subtask.ready', subtask: `at_${index}` });
            else if (one.what === 'attach') attach();
            else await new Promise((resolve) => setTimeout(resolve, 3));
          }
          journal.emit({ type: 'subtask.ready', subtask: 'last' });
          await journal.close();
          const lastSeq = all.at(-1)?.seq;
          while (views.some(({ seen }) => seen.at(-1)?.seq !== lastSeq))
            await new Promise((resolve) => setTimeout(resolve, 5));
          stop.abort();
          for (const { seen, ended } of views) {
            await ended;
            assert.deepEqual(shown(seen), shown(all));
          }
        }),
        { numRuns: 60 },
      );
    } finally {
      await store.dispose();
    }
  });

  it('hand on what this process does at once, before it is on disk', async () => {
    const store = await openFileStore();
    const { log, leases } = await store.connect();
    let tell: (event: RunEvent) => void = () => {};
    const lease = await take(leases, 'run/a');
    const journal = openJournal({
      runId: 'a',
      log,
      lease: () => lease,
      mayBegin: async () => {},
      recorded: [],
      now: () => new Date(),
      onEvent: (event) => tell(event),
      onFailure: assert.fail,
    });
    journal.emit({ type: 'subtask.ready', subtask: 'first' });
    await journal.flush();
    const stop = new AbortController();
    const live = (listener: typeof tell) => {
      tell = listener;
      return () => true;
    };
    const stream = eventStream(log, live, 'a', stop.signal);
    assert.deepEqual(
      (await stream.next()).value?.map(({ seq }: RunEvent) => seq),
      [1],
    );
    const next = stream.next();
    journal.emit(delta('a', 'word'));
    assert.deepEqual(
      (await next).value?.map(({ seq }: RunEvent) => seq),
      [2],
    );
    assert.equal(
      await log
        .read('a', 1)
        [Symbol.asyncIterator]()
        .next()
        .then(({ done }) => done),
      true,
    );
    stop.abort();
    await stream.return(undefined);
    await journal.close();
    await store.dispose();
  });
});
