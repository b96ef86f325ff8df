import assert from 'node:assert/strict';
import { type Clock, openPlayback, type Pace } from '../../src/core/store/playback.ts';
import type { RunEvent } from '../../src/shared/events.ts';

/** Time that passes only where somebody waits for it. */
function fakeClock(): Clock & { time: number; waits: number[]; during: (wait: number) => void } {
  const clock = {
    time: 0,
    waits: [] as number[],
    during: (_wait: number): void => {},
    now: () => clock.time,
    async sleep(ms: number, signal: AbortSignal) {
      clock.waits.push(ms);
      clock.during(clock.waits.length);
      if (!signal.aborted) clock.time += ms;
    },
  };
  return clock;
}

async function* events(...seconds: number[]): AsyncGenerator<RunEvent> {
  for (const [at, second] of seconds.entries()) {
    const time = new Date(Date.parse('2026-11-23T20:00:00Z') + second * 1000).toISOString();
    yield { type: 'plan.delta', delta: String(at), runId: 'run-1', seq: at + 1, at: time };
  }
}

async function played(
  pace: Pace,
  seconds: number[],
  during: (
    wait: number,
    playback: ReturnType<typeof openPlayback>,
    clock: ReturnType<typeof fakeClock>,
  ) => void = () => {},
): Promise<{ shown: [number, number][]; waits: number[] }> {
  const clock = fakeClock();
  const playback = openPlayback(pace, clock);
  clock.during = (wait) => during(wait, playback, clock);
  const shown: [number, number][] = [];
  for await (const batch of playback.play(events(...seconds), new AbortController().signal)) {
    for (const { seq } of batch) shown.push([seq, clock.time]);
  }
  return { shown, waits: clock.waits };
}

describe('a run that is played again', () => {
  it('comes in the rhythm in which it happened, long waits cut short', async () => {
    const { waits } = await played(1, [0, 1, 1.5, 600]);
    assert.deepEqual(waits, [1000, 500, 4000]);
  });

  it('comes as many times as fast as is asked for', async () => {
    assert.deepEqual((await played(4, [0, 1, 1.5, 600])).waits, [250, 125, 1000]);
  });

  it('comes at once where no time is to be lost, also where its clock was set back', async () => {
    assert.deepEqual((await played('instant', [0, 60, 30])).waits, []);
    assert.deepEqual((await played(1, [60, 30, 30])).waits, []);
    assert.equal((await played('instant', [0, 60, 30])).shown.length, 3);
  });

  it('changes its pace in the midst of a wait', async () => {
    const { waits, shown } = await played(1, [0, 2, 4], (wait, playback, clock) => {
      if (wait !== 1) return;
      clock.time += 500;
      playback.set(3);
    });
    assert.deepEqual(waits, [2000, 500, 2000 / 3]);
    assert.deepEqual(shown[1], [2, 1000]);
  });

  it('stands still until it is let go on, and misses nothing', async () => {
    const { waits, shown } = await played(1, [0, 2, 4], (wait, playback, clock) => {
      if (wait === 1) {
        clock.time += 500;
        playback.set('paused');
      }
      if (wait === 2) {
        clock.time += 60_000;
        playback.set('instant');
      }
    });
    assert.deepEqual(waits, [2000, Number.POSITIVE_INFINITY]);
    assert.deepEqual(
      shown.map(([seq]) => seq),
      [1, 2, 3],
    );
  });

  it('ends where it is stopped', async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    clock.during = () => stop.abort();
    const seqs: number[] = [];
    for await (const batch of openPlayback(1, clock).play(events(0, 2, 4), stop.signal))
      for (const { seq } of batch) seqs.push(seq);
    assert.deepEqual(seqs, [1]);
  });
});
