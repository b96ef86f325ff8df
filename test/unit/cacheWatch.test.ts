import assert from 'node:assert/strict';
import { watchCache } from '../../src/core/agents/cacheWatch.ts';

type Watched = Parameters<typeof watchCache>;

describe('the watch over a prefix cache', () => {
  /** Of a follow-up request of 2,000 tokens. */
  async function tells(before: number, cached: number): Promise<boolean> {
    let told = false;
    const journal = {
      step: async () => {
        told = true;
      },
    };
    const usage = { promptTokens: 2000, completionTokens: 1, cachedTokens: cached };
    const transcript = { role: 'coder', lane: 'coder:task_1' } as Watched[1];
    await watchCache(
      { journal } as unknown as Watched[0],
      transcript,
      { text: 'a', promptTokens: before },
      { text: 'ab', usage },
    );
    return told;
  }

  it('takes what is lost to whole blocks, of 16 tokens or 128, for no loss', async () => {
    for (const block of [16, 128]) {
      for (let before = 1; before < 2000; before += 1)
        assert.equal(await tells(before, Math.floor((before - 1) / block) * block), false, `${before} in ${block}`);
    }
  });

  it('tells of much less than that', async () => {
    assert.equal(await tells(1000, 400), true);
    assert.equal(await tells(300, 0), true);
    assert.equal(await tells(1000, 700), false);
  });
});
