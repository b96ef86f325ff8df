import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AnswerFormat, jsonFormat } from '../../src/core/agents/answerFormat.ts';
import { reviewAnswer } from '../../src/core/agents/answers.ts';
import { editFormat } from '../../src/core/agents/coderAnswer.ts';
import type { Said } from '../../src/core/agents/turn.ts';
import { type TurnReading, turnReader } from '../../src/core/agents/turnReader.ts';
import { emptyChangeSet } from '../../src/core/changes/changeSet.ts';
import type { RunContext } from '../../src/core/orchestrator/runContext.ts';
import type { Rung } from '../../src/shared/events.ts';
import { BROKEN_CALLS, NO_CALLS, WHOLE_CALLS } from '../fixtures/toolCallTexts.ts';
import { parse } from '../support/readAnswer.ts';

const RUNGS: readonly Rung[] = ['native_streamed', 'native', 'json', 'text'];

const TOOLS = (
  [
    ['read_file', { path: 'string', start_line: 'integer', end_line: 'integer' }],
    ['search_docs', { query: 'string' }],
    ['git_diff', {}],
    ['todowrite', { todos: 'array' }],
  ] as const
).map(([name, types]) => ({
  name,
  parameters: {
    type: 'object',
    properties: Object.fromEntries(Object.entries(types).map(([key, type]) => [key, { type }])),
    additionalProperties: false,
  },
}));

/** Without edit blocks, nothing of the run is asked for. */
const noRun = {} as RunContext;
const coder = (): AnswerFormat<unknown> =>
  editFormat(noRun, { lane: 'coder:task_1', subtask: 'task_1', changes: emptyChangeSet });
const reviewer = (): AnswerFormat<unknown> => jsonFormat(reviewAnswer, 'Answer now.');

const turns = fc.record({
  rung: fc.constantFrom(...RUNGS),
  phase: fc.constantFrom('gather' as const, 'answer' as const),
  format: fc.constantFrom(coder, reviewer),
  where: fc.constantFrom('text' as const, 'reasoning' as const),
});
type Turn = typeof turns extends fc.Arbitrary<infer T> ? T : never;

async function read(
  { rung, phase, format, where }: Turn,
  text: string,
  more: Partial<Said> = {},
): Promise<TurnReading<unknown>> {
  const reader = turnReader({ rung, phase, format: format(), tools: TOOLS })({ turnKey: 'turn-1', emit: () => {} });
  const said: Said = { text: '', reasoning: '', stopReason: 'stop', toolCalls: [], tokens: 9, [where]: text, ...more };
  for (const piece of said.text.match(/[\s\S]{1,7}/g) ?? []) reader.push(piece);
  return reader.end(said);
}

describe('a turn whose text looks like a tool call', () => {
  it('is that call, wherever it comes and whatever was asked for', () =>
    fc.assert(
      fc.asyncProperty(turns, fc.constantFrom(...WHOLE_CALLS), async (turn, { text, calls }) => {
        const reading = await read(turn, text);
        assert.equal(reading.kind, 'calls', JSON.stringify(reading));
        assert.deepEqual(reading.kind === 'calls' && reading.calls.map(({ tool, args }) => ({ tool, args })), calls);
      }),
      { numRuns: 1000 },
    ));

  it('is a complaint with a flag where it cannot be run: never an answer, never the end', () =>
    fc.assert(
      fc.asyncProperty(turns, fc.constantFrom(...BROKEN_CALLS), async (turn, { text }) => {
        const reading = await read(turn, text);
        if (reading.kind === 'calls') assert.fail(JSON.stringify(reading.calls));
        assert.ok(reading.kind === 'again' && reading.flag !== undefined, JSON.stringify(reading));
      }),
      { numRuns: 1000 },
    ));

  it('is never a call where it was cut off, native or not, whole as it may look', () =>
    fc.assert(
      fc.asyncProperty(turns, fc.constantFrom(...WHOLE_CALLS), fc.boolean(), async (turn, { text }, isNative) => {
        const toolCalls = isNative ? [{ id: 'c00001000', name: 'read_file', arguments: '{"path": "a"}' }] : [];
        const reading = await read(turn, isNative ? '' : text, { stopReason: 'length', toolCalls });
        assert.ok(reading.kind === 'again' && reading.flag === 'truncated', JSON.stringify(reading));
        assert.match(reading.message, /9 tokens/);
      }),
      { numRuns: 500 },
    ));

  it('speaks against the rung where tools are native, and nowhere else at once', async () => {
    const call = WHOLE_CALLS.find(({ what }) => what === 'Hermes')?.text ?? '';
    for (const rung of RUNGS) {
      const reading = await read({ rung, phase: 'gather', format: coder, where: 'text' }, call);
      assert.equal(
        reading.doubt?.kind,
        { native_streamed: 'call', native: 'call', json: 'schema', text: undefined }[rung],
      );
    }
  });
});

describe('a turn that only speaks of tools', () => {
  it('is no call, whatever was asked for', () => {
    const withoutBlocks = NO_CALLS.filter(({ text }) => !/code_chunk/.test(text) && parse(text).length === 0);
    return fc.assert(
      fc.asyncProperty(turns, fc.constantFrom(...withoutBlocks), async (turn, { text }) => {
        assert.notEqual((await read(turn, text)).kind, 'calls');
      }),
      { numRuns: 500 },
    );
  });

  it('is a review where it is one', async () => {
    const review = NO_CALLS.find(({ what }) => what === 'a review')?.text ?? '';
    for (const rung of ['json', 'text'] as const) {
      assert.equal((await read({ rung, phase: 'answer', format: reviewer, where: 'text' }, review)).kind, 'answer');
    }
  });
});
