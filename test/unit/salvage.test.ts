import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type KnownTool, salvage } from '../../src/core/agents/salvage/salvage.ts';
import { BROKEN_CALLS, NO_CALLS, WHOLE_CALLS } from '../fixtures/toolCallTexts.ts';

const TOOLS: KnownTool[] = [
  tool('read_file', { path: 'string', start_line: 'integer', end_line: 'integer' }),
  tool('search_docs', { query: 'string' }),
  tool('git_diff', {}),
  tool('todowrite', { todos: 'array' }),
];

function tool(name: string, types: Record<string, string>): KnownTool {
  const properties = Object.fromEntries(Object.entries(types).map(([key, type]) => [key, { type }]));
  return { name, parameters: { type: 'object', properties, additionalProperties: false } };
}

describe('a tool call as text', () => {
  for (const { what, text, calls } of WHOLE_CALLS) {
    it(`is read: ${what}`, () => {
      const found = salvage(text, TOOLS);
      assert.deepEqual(found?.kind === 'calls' ? found.calls : found, calls);
    });
  }

  for (const { what, text } of BROKEN_CALLS) {
    it(`is never run where it is not whole or right: ${what}`, () => {
      assert.equal(salvage(text, TOOLS)?.kind, 'broken');
    });
  }

  for (const { what, text } of NO_CALLS) {
    it(`is not seen in ${what}`, () => assert.equal(salvage(text, TOOLS), undefined));
  }

  it('says what is wrong', () => {
    const problem = (text: string): string => {
      const found = salvage(text, TOOLS);
      return found?.kind === 'broken' ? `${found.form}: ${found.problem}` : assert.fail(JSON.stringify(found));
    };
    assert.match(problem('{"action": "done", "args": {}}'), /"done" ends the looking up, and is no answer\.$/);
    assert.equal(
      problem('<tool_call>{"name": "write_file", "arguments": {}}</tool_call>'),
      '<tool_call>: There is no tool "write_file".',
    );
    assert.match(problem('[TOOL_CALLS]read_file[ARGS]{"path"'), /^\[TOOL_CALLS\]: It is not whole/);
    assert.match(
      problem('<tool_call>{"name": "read_file", "arguments": 7}</tool_call>'),
      /The arguments of read_file are no JSON object/,
    );
  });

  it('that is cut anywhere never runs with other arguments than the whole one', () => {
    for (const { what, text, calls } of WHOLE_CALLS) {
      for (let end = 0; end < text.length; end += 1) {
        const found = salvage(text.slice(0, end), TOOLS);
        if (found?.kind !== 'calls') continue;
        // A call before the cut is whole; what begins at the cut is not made up.
        assert.deepEqual(found.calls, calls.slice(0, found.calls.length), `${what}, cut at ${end}`);
      }
    }
  });

  it('is read whatever prose without markers stands before it', () => {
    const prose = fc.stringMatching(/^[A-Za-z0-9 .,!?\n]*$/);
    const marked = WHOLE_CALLS.filter(({ text }) => !/^(?:\{|TOOL_CALLS|read_file|```|<think>)/.test(text));
    fc.assert(
      fc.property(prose, fc.constantFrom(...marked), (before, { text, calls }) => {
        const found = salvage(`${before}\n${text}`, TOOLS);
        assert.deepEqual(found?.kind === 'calls' ? found.calls : found, calls);
      }),
    );
  });

  it('is looked for in any text in bounded time', () => {
    const nasty = fc.array(
      fc.constantFrom('<tool_call>', '{', '[', '"', '[TOOL_CALLS]', 'functions.read_file(', '```\n', '</think>', 'x'),
      {
        maxLength: 400,
      },
    );
    fc.assert(
      fc.property(nasty, (parts) => void salvage(parts.join(''), TOOLS)),
      { numRuns: 300 },
    );
  });
});
