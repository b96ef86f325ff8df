import assert from 'node:assert/strict';
import { eachInTurn } from '../../src/core/survey/inTurn.ts';

describe('work for each of many things', () => {
  const things = Array.from({ length: 200 }, (_, at) => `thing ${at}`);
  const aMillisecond = (): void => {
    const until = performance.now() + 1;
    while (performance.now() < until);
  };

  it('is done for all, in their order, with their places', async () => {
    for (const some of [things, things.slice(0, 32), things.slice(0, 1), []]) {
      const seen: string[] = [];
      const look = (thing: string, place: number): void => {
        assert.equal(seen.push(thing), place + 1);
      };
      await eachInTurn(some, look, new AbortController().signal);
      assert.deepEqual(seen, some);
    }
  });

  it('lets others have their turn', async () => {
    let done = 0;
    const seen: number[] = [];
    const look = (): void => {
      aMillisecond();
      done += 1;
    };
    const work = eachInTurn(things, look, new AbortController().signal);
    const other = (): void => {
      seen.push(done);
      if (done < things.length) setImmediate(other);
    };
    setImmediate(other);
    await work;
    assert.ok(
      seen.some((count) => count > 0 && count < things.length),
      `${seen}`,
    );
  });

  it('ends where it is cancelled meanwhile', async () => {
    const abort = new AbortController();
    let done = 0;
    const look = (): void => {
      aMillisecond();
      done += 1;
    };
    const work = eachInTurn(things, look, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(work, /enough/);
    assert.ok(done < things.length, `${done}`);
  });
});
