/**
 * One measurement in a process of its own, with the store that CONCLAVE_STORE names, or with `nothing`:
 *
 *     node --import tsx measure.ts persist|step|fold|fill|resume FILE [nothing]
 *
 * FILE holds the events of a run, one a line. Prints milliseconds.
 */
import { readFileSync } from 'node:fs';
import { finish } from '../../../src/core/orchestrator/finish.ts';
import { resumeRun } from '../../../src/core/orchestrator/session.ts';
import type { Lease } from '../../../src/core/ports.ts';
import { type Journal, openJournal } from '../../../src/core/store/journal.ts';
import { runLeaseName } from '../../../src/core/store/runLease.ts';
import type { RunEvent } from '../../../src/shared/events.ts';
import { foldEvent } from '../../../src/shared/fold.ts';
import { emptyRunState } from '../../../src/shared/runState.ts';
import { longRun } from '../../support/longRun.ts';
import { openBenchCrew } from '../crew.ts';
import { storeOfNothing } from './nothing.ts';

export const PERSISTED = 20_000;
export const STEPS = 300;
export const FOLDED = 100_000;
export const RESUMED = 10_000;

/** The events of a run that was interrupted, which `fill` writes and `resume` goes on with. */
const RUN = 'long';

async function measure(what: string, recorded: RunEvent[], isKept: boolean): Promise<number> {
  const opened = await openBenchCrew(process.env);
  const store = isKept
    ? await opened.store()
    : storeOfNothing(what === 'resume' ? longRun(recorded, RUN, RESUMED) : []);

  const take = async (runId: string): Promise<Lease> => {
    const lease = await store.leases.acquire(runLeaseName(runId), 'bench');
    if ('heldBy' in lease) throw new Error(`Held by ${lease.heldBy}.`);
    return lease;
  };
  const journalOf = (runId: string, lease: Lease): Journal =>
    openJournal({
      runId,
      log: store.log,
      lease: () => lease,
      mayBegin: async () => {},
      recorded: [],
      now: () => new Date(),
      onEvent: () => {},
      onFailure: (error) => {
        throw error;
      },
    });
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };

  /** A real run's events as fast as they come, until the last one is durable. */
  async function persist(): Promise<number> {
    const runId = `persist-${process.pid}`;
    const events = longRun(recorded, runId, PERSISTED);
    const journal = journalOf(runId, await take(runId));
    return timed(async () => {
      for (const [index, { runId: _, seq, at, step, ...body }] of events.entries()) {
        journal.emit(body);
        // As they come: other work gets its turn between them.
        if (index % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
      }
      await journal.flush();
    });
  }

  /** Steps one after the other, each durable before the next begins. */
  async function step(): Promise<number> {
    const runId = `step-${process.pid}`;
    const journal = journalOf(runId, await take(runId));
    journal.emit({ type: 'plan.started' });
    await journal.flush();
    return timed(async () => {
      for (let count = 0; count < STEPS; count += 1) {
        await journal.step(`step ${count}`, async () => ({ type: 'subtask.ready', subtask: `task_${count}` }));
      }
    });
  }

  async function foldAll(): Promise<number> {
    const events = longRun(recorded, RUN, FOLDED);
    return timed(async () => {
      let state = emptyRunState();
      for (const event of events) state = foldEvent(state, event);
      if (state.lastSeq < FOLDED) throw new Error('Not all was folded.');
    });
  }

  async function fill(): Promise<number> {
    const lease = await take(RUN);
    const events = longRun(recorded, RUN, RESUMED);
    const time = await timed(async () => {
      for (let from = 0; from < events.length; from += 100)
        await store.log.append(lease, events.slice(from, from + 100), true);
    });
    await store.leases.release(lease);
    return time;
  }

  /** To the moment at which the run can go on: its events are read and folded, and that it goes on is written down. */
  async function resume(): Promise<number> {
    let time = 0;
    const began = performance.now();
    const session: Parameters<typeof resumeRun>[2] = {
      holder: 'bench',
      signal: new AbortController().signal,
      onEvent: () => {},
      catchUp: (events) => {
        if (events.length < RESUMED) throw new Error(`Only ${events.length} events were read.`);
      },
      async work() {
        time = performance.now() - began;
        return finish('answered', { code: 'answered', message: 'Measured.' });
      },
    };
    const { ending } = await resumeRun(opened.crew, store, session, RUN, () => true);
    if (ending.code !== 'answered') throw new Error(ending.message);
    return time;
  }

  try {
    switch (what) {
      case 'persist':
        return await persist();
      case 'step':
        return await step();
      case 'fold':
        return await foldAll();
      case 'fill':
        return await fill();
      case 'resume':
        return await resume();
      default:
        throw new Error(`There is nothing to measure called "${what}".`);
    }
  } finally {
    await store.close();
    opened.remove();
  }
}

const [, script = '', what = '', file, kept] = process.argv;
if (/measure\.ts$/.test(script) && file !== undefined) {
  const recorded = readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RunEvent);
  console.log(await measure(what, recorded, kept !== 'nothing'));
  process.exit();
}
