import assert from 'node:assert/strict';
import { MOST_ENTRIES, MOST_PLANS, MOST_TEXT } from '../../../src/core/memory/entries.ts';
import type { MemoryEntry } from '../../../src/core/ports.ts';
import type { StoreUnderTest } from './storeUnderTest.ts';

/** What every implementation of the Memory port does. */
export function memoryContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: memory`, () => {
    let store: StoreUnderTest;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.dispose());

    it('gives back what was remembered to every process, oldest first', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const late = entry(2, { text: 'Line 1\nline 2 \u2028 "ü" 🙂', paths: ['src/a b.ts', 'ü.md'] });
      const early: MemoryEntry = { ...entry(1), kind: 'convention', run: '20261123-224501-k3f9' };
      assert.deepEqual(await one.memory.recall('/projects/a'), []);
      await one.memory.remember('/projects/a', [late, early]);
      assert.deepEqual(await other.memory.recall('/projects/a'), [early, late]);
    });

    it('keeps workspaces apart', async () => {
      const { memory } = await store.connect();
      await memory.remember('/projects/a', [entry(1, { text: 'of a' })]);
      await memory.remember('/projects/A', [entry(1, { text: 'of A' })]);
      await memory.forget('/projects/b', 'all');
      assert.deepEqual(await texts(memory.recall('/projects/a')), ['of a']);
      assert.deepEqual(await texts(memory.recall('/projects/A')), ['of A']);
    });

    it('puts an entry in the place of the one with the same id, as the newest', async () => {
      const { memory } = await store.connect();
      await memory.remember('/projects/a', [entry(1), entry(2)]);
      await memory.remember('/projects/a', [{ ...entry(3), id: entry(1).id, text: 'again' }]);
      assert.deepEqual(await texts(memory.recall('/projects/a')), [entry(2).text, 'again']);
    });

    it('forgets by id, and everything', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      await one.memory.remember('/projects/a', [entry(1), entry(2), entry(3)]);
      await other.memory.forget('/projects/a', [entry(2).id, 'unknown']);
      assert.deepEqual(await one.memory.recall('/projects/a'), [entry(1), entry(3)]);
      await other.memory.forget('/projects/a', 'all');
      assert.deepEqual(await one.memory.recall('/projects/a'), []);
    });

    it('drops the oldest entries beyond the bound, and cuts long texts', async () => {
      const { memory } = await store.connect();
      const many = Array.from({ length: MOST_ENTRIES }, (_, index) => entry(index));
      await memory.remember('/projects/a', many.toReversed());
      await memory.remember('/projects/a', [entry(MOST_ENTRIES, { text: '🙂'.repeat(MOST_TEXT) })]);
      const kept = await memory.recall('/projects/a');
      assert.deepEqual(kept.slice(0, -1), many.slice(1));
      const long = kept.at(-1)?.text ?? '';
      assert.ok(long.length <= MOST_TEXT, `${long.length} characters`);
      assert.match(long, /^(?:🙂)+…$/u);
    });

    it('loses nothing where several write at the same time', async () => {
      const writers = await Promise.all([1, 2, 3].map(() => store.connect()));
      const count = 30;
      await Promise.all(
        writers.flatMap(({ memory }, writer) =>
          Array.from({ length: count }, (_, index) => memory.remember('/projects/a', [entry(writer * count + index)])),
        ),
      );
      const expected = Array.from({ length: writers.length * count }, (_, index) => entry(index));
      assert.deepEqual(await (await store.connect()).memory.recall('/projects/a'), expected);
    });

    it('keeps plans by their key', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const key = 'a'.repeat(64);
      assert.equal(await one.memory.plan(key), undefined);
      await one.memory.keepPlan(key, '{"plan":"ü"}');
      assert.equal(await other.memory.plan(key), '{"plan":"ü"}');
      await other.memory.keepPlan(key, '{}');
      assert.equal(await one.memory.plan(key), '{}');
      await one.memory.forgetPlan(key);
      await one.memory.forgetPlan(key);
      assert.equal(await other.memory.plan(key), undefined);
    });

    it('keeps so many plans and no more', async () => {
      const { memory } = await store.connect();
      const keys = Array.from({ length: MOST_PLANS + 5 }, (_, index) => index.toString(16).padStart(64, '0'));
      for (const key of keys) await memory.keepPlan(key, key);
      const kept = await Promise.all(keys.map((key) => memory.plan(key)));
      assert.equal(kept.filter((plan) => plan !== undefined).length, MOST_PLANS);
      assert.equal(kept.at(-1), keys.at(-1));
    });
  });
}

/** An entry that is older than those with a higher number. */
export function entry(number: number, over: Partial<MemoryEntry> = {}): MemoryEntry {
  return {
    id: number.toString(16).padStart(16, '0'),
    kind: 'failure',
    text: `What entry ${number} is about.`,
    paths: [`src/file${number}.ts`],
    at: new Date(Date.UTC(2025, 0, 1, 0, 0, number)).toISOString(),
    ...over,
  };
}

async function texts(entries: Promise<MemoryEntry[]>): Promise<string[]> {
  return (await entries).map(({ text }) => text);
}
