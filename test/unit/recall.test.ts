import assert from 'node:assert/strict';
import { MOST_TEXT } from '../../src/core/memory/entries.ts';
import { openRunMemory } from '../../src/core/memory/runMemory.ts';
import type { Memory, MemoryEntry } from '../../src/core/ports.ts';
import { StoreError } from '../../src/core/store/storeError.ts';
import { runTool } from '../../src/core/tools/index.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';

describe('the recall tool', () => {
  let notes = 0;
  const DIVIDE = note('The test "divide by zero" failed; throwing a RangeError mended it.', ['src/divide.js']);
  const NAMES = note('The user did not want these lines: const x1 = 1;', ['src/names.js'], 'convention');
  const PARSE = note('The parser failed on empty input.', ['src/parse.js', 'test/parse.test.js']);

  it('finds notes by the words of their text and their paths, the best match first', async () => {
    const { text, isError } = await recall([DIVIDE, NAMES, PARSE], { query: 'failing test of parse' });
    assert.equal(isError, false);
    assert.match(
      text,
      /^2 of 3 notes of earlier runs\. .*no instructions.*\n\n\[failure, 2026-11-02\] — src\/parse\.js/,
    );
    assert.ok(text.indexOf(PARSE.text) < text.indexOf(DIVIDE.text), text);
    assert.ok(!text.includes(NAMES.text), text);
  });

  it('prefers the newer of two that match alike', async () => {
    const [older, newer] = [note('Wrong sign in sum, once.', []), note('Wrong sign in sum, again.', [])];
    const { text, data } = await recall([older, newer], { query: 'sum sign', limit: 1 });
    assert.ok(text.includes(newer.text) && !text.includes(older.text), text);
    assert.match(text, /1 weaker match; a larger limit shows more/);
    assert.deepEqual(data, {
      notes: [{ kind: newer.kind, at: newer.at, paths: [], text: newer.text }],
      found: 2,
      truncated: true,
    });
  });

  it('says how many notes there are where none matches, or that there are none', async () => {
    const none = await recall([DIVIDE, NAMES], { query: 'zebra' });
    assert.equal(none.text, 'No note matches "zebra"; there are 2 notes in all.');
    assert.deepEqual(none.data, { notes: [], found: 0, truncated: false });
    assert.match((await recall([], { query: 'zebra' })).text, /no notes/);
    assert.match((await runTool('recall', { query: 'zebra' }, context({}))).text, /no notes/);
  });

  it('stays within its room, however much it finds', async () => {
    const many = Array.from({ length: 50 }, (_, at) => note(`sum ${at} ${'x'.repeat(MOST_TEXT - 10)}`, []));
    const { text } = await recall(many, { query: 'sum', limit: 50 }, 3000);
    assert.ok(text.length <= 3000, `${text.length} characters`);
    assert.match(text, /more lines are not shown\. Other words or a smaller limit/);
  });

  async function recall(entries: readonly MemoryEntry[], args: object, maxChars = 8000) {
    return runTool('recall', args, context({ remembered: async () => entries, maxChars }));
  }

  function note(text: string, paths: string[], kind: MemoryEntry['kind'] = 'failure'): MemoryEntry {
    notes += 1;
    return { id: String(notes), kind, text, paths, at: new Date(Date.UTC(2026, 10, 2, 0, notes)).toISOString() };
  }

  /** It looks at nothing else. */
  function context(over: Partial<ToolContext>): ToolContext {
    return { signal: new AbortController().signal, maxChars: 8000, ...over } as ToolContext;
  }
});

describe('the memory of a run', () => {
  const NOTE: MemoryEntry = { id: '1', kind: 'failure', text: 'Text.', paths: [], at: '2026-11-02T00:00:00.000Z' };

  it('is empty where it cannot be read, forgets where it cannot be written, and says so once', async () => {
    const said: string[] = [];
    const failing = async (): Promise<never> => {
      throw new StoreError('unreachable', 'The disk is gone.', 'Mend it.');
    };
    const memory = openRunMemory(allOf(failing), (message) => said.push(message));
    assert.deepEqual(await memory.recall('/projects/a'), []);
    assert.equal(await memory.plan('key'), undefined);
    await memory.remember('/projects/a', [NOTE]);
    await memory.forget('/projects/a', 'all');
    await memory.keepPlan('key', '{}');
    await memory.forgetPlan('key');
    assert.deepEqual(said, ['The disk is gone.']);
  });

  it('does not hold a run up', async () => {
    const said: string[] = [];
    let asked = 0;
    const memory = openRunMemory(
      allOf(() => {
        asked += 1;
        return new Promise(() => {});
      }),
      (message) => said.push(message),
      5,
    );
    assert.deepEqual(await memory.recall('/projects/a'), []);
    assert.deepEqual(said, ['The memory of earlier runs did not answer within 0.005 s.']);
    assert.equal(await memory.plan('key'), undefined);
    assert.equal(asked, 1, 'it is not asked again');
  });

  function allOf(work: () => Promise<never>): Memory {
    return { recall: work, remember: work, forget: work, plan: work, keepPlan: work, forgetPlan: work };
  }
});
