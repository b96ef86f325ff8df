import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inBackground } from '../../src/core/background.ts';

describe('work in the background', () => {
  /** Work that ends when it is told to. */
  function work() {
    const signals: AbortSignal[] = [];
    let end = (): void => undefined;
    const background = inBackground((signal) => {
      signals.push(signal);
      return new Promise((resolve) => {
        end = resolve;
      });
    });
    const finish = async (): Promise<void> => {
      end();
      await nextTurn();
    };
    return { background, signals, finish };
  }

  it('is done once more for all who asked while it went on', async () => {
    const { background, signals, finish } = work();
    background.ask();
    background.ask();
    background.ask();
    assert.equal(signals.length, 1);
    await finish();
    assert.equal(signals.length, 2);
    await finish();
    assert.equal(signals.length, 2);
  });

  it('begins again when it is asked for after its end', async () => {
    const { background, signals, finish } = work();
    background.ask();
    await finish();
    background.ask();
    assert.equal(signals.length, 2);
  });

  it('is stopped with what was asked for, and may be asked for again', async () => {
    const { background, signals, finish } = work();
    background.ask();
    background.ask();
    const stopped = background.stop();
    assert.equal(signals[0]?.aborted, true);
    await finish();
    await stopped;
    assert.equal(signals.length, 1);
    background.ask();
    assert.deepEqual([signals.length, signals[1]?.aborted], [2, false]);
  });

  it('need not go on to be stopped', async () => {
    await work().background.stop();
  });
});
