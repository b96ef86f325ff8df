import assert from 'node:assert/strict';
import fc from 'fast-check';
import { normalised } from '../../src/core/models/normalise.ts';
import { PLAINEST, traitsOf } from '../../src/core/models/traits.ts';
import type { Message, ToolCall } from '../../src/core/ports.ts';
import { walk } from '../support/walks.ts';

const system = (content: string): Message => ({ role: 'system', content });
const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string, ...toolCalls: ToolCall[]): Message =>
  toolCalls.length === 0 ? { role: 'assistant', content } : { role: 'assistant', content, toolCalls };
const tool = (callId: string, content: string): Message => ({ role: 'tool', callId, content });
const call = (id: string, args = '{"path": "a.ts"}', name = 'read_file'): ToolCall => ({ id, name, arguments: args });

const qwen = traitsOf('Qwen/Qwen3-Coder-30B-A3B-Instruct');
const devstral = traitsOf('mistralai/Devstral-Small-2507');
const llama = traitsOf('meta-llama/Llama-3.1-8B-Instruct');
const gemma2 = traitsOf('google/gemma-2-2b-it');
const nemotron = traitsOf('nvidia/Llama-3.1-Nemotron-Nano-8B-v1');

describe('the messages that a model gets', () => {
  it('are what was said, where a template takes that', () => {
    const messages = [
      system('Code.'),
      user('Go.'),
      assistant('', call('call_1'), call('call_2')),
      tool('call_1', 'one'),
      tool('call_2', 'two'),
      assistant('Done.'),
      user('Thanks.'),
    ];
    assert.deepEqual(normalised(messages, qwen), messages);
  });

  it('begin with the instructions in the place that the template has for them', () => {
    const messages = [system('Plan.'), system('Be brief.'), user('Go.')];
    assert.deepEqual(normalised(messages, qwen), [system('Plan.\n\nBe brief.'), user('Go.')]);
    assert.deepEqual(normalised(messages, gemma2), [user('Plan.\n\nBe brief.\n\nGo.')]);
    assert.deepEqual(normalised(messages, nemotron, 'on'), [
      system('detailed thinking on'),
      user('Plan.\n\nBe brief.\n\nGo.'),
    ]);
    assert.deepEqual(normalised(messages, nemotron)[0], system('detailed thinking off'));
    const nano2 = traitsOf('nvidia/NVIDIA-Nemotron-Nano-9B-v2');
    assert.deepEqual(normalised(messages, nano2, 'on')[0], system('Plan.\n\nBe brief.\n/think'));
    assert.deepEqual(normalised(messages, nano2, 'off')[0], system('Plan.\n\nBe brief.\n/no_think'));
    assert.deepEqual(normalised([user('Go.'), system('Be brief.')], qwen), [
      user('Go.'),
      assistant('(no answer)'),
      user('Be brief.'),
    ]);
    assert.deepEqual(normalised([user('Go.')], qwen), [user('Go.')]);
    assert.deepEqual(normalised([system('Plan.')], gemma2), [user('Plan.')]);
  });

  it('alternate: who was stopped has said nothing, and nobody speaks twice', () => {
    assert.deepEqual(normalised([user('One.'), user('Two.'), assistant(' '), user('')], qwen), [
      user('One.'),
      assistant('(no answer)'),
      user('Two.'),
      assistant('(no answer)'),
      user('Go on.'),
    ]);
    assert.deepEqual(normalised([assistant('A.'), assistant('B.'), user('C.')], gemma2), [
      user('Go on.'),
      assistant('A.'),
      user('Go on.'),
      assistant('B.'),
      user('C.'),
    ]);
  });

  it('have a result right behind every call, wherever it came, and tell others in words', () => {
    const messages = [
      user('Go.'),
      assistant('Looking.', call('c1'), call('c2')),
      tool('c2', 'two'),
      tool('unknown', 'stray'),
      user('Rather not.'),
      tool('c1', 'late'),
    ];
    const repaired = [
      user('Go.'),
      assistant('Looking.', call('c1'), call('c2')),
      tool('c1', '(There is no result: the call was not run.)'),
      tool('c2', 'two'),
      user('Result of an earlier tool call:\nstray'),
      assistant('(no answer)'),
      user('Rather not.'),
      assistant('(no answer)'),
      user('Result of read_file:\nlate'),
    ];
    assert.deepEqual(normalised(messages, qwen), repaired);
    assert.deepEqual(
      normalised([user('Go.'), assistant('', call('c1')), tool('c1', '')], qwen).at(-1),
      tool('c1', '(empty)'),
    );
  });

  it('hold one call each, and an answer between results and the user, where a template wants that', () => {
    const messages = [
      user('Go.'),
      assistant('Looking.', call('abcdefgh1'), call('abcdefgh2')),
      tool('abcdefgh2', 'two'),
      tool('abcdefgh1', 'one'),
      user('And now?'),
    ];
    const oneByOne = [
      user('Go.'),
      assistant('Looking.', call('abcdefgh1')),
      tool('abcdefgh1', 'one'),
      assistant('', call('abcdefgh2')),
      tool('abcdefgh2', 'two'),
    ];
    assert.deepEqual(normalised(messages, llama), [...oneByOne, user('And now?')]);
    assert.deepEqual(normalised(messages, devstral), [...oneByOne, assistant('(no answer)'), user('And now?')]);
  });

  it('have no text beside calls, where a template takes only one of them', () => {
    const nemo = traitsOf('mistralai/Mistral-Nemo-Instruct-2407');
    assert.deepEqual(
      normalised([user('Go.'), assistant('Looking.', call('abcdefgh1')), tool('abcdefgh1', 'one')], nemo),
      [user('Go.'), assistant('', call('abcdefgh1')), tool('abcdefgh1', 'one')],
    );
  });

  it('name calls as the template wants, each once, and the same in every request', () => {
    const ids = (traits: typeof qwen, ...given: string[]) =>
      normalised([user('Go.'), ...given.flatMap((id) => [assistant('', call(id)), tool(id, 'x')])], traits).flatMap(
        (message) => (message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : []),
      );
    assert.deepEqual(ids(devstral, 'D681PevKs', 'call_1', 'D681PevKs', 'c00000004', ''), [
      'D681PevKs',
      'c00000002',
      'c00000003',
      'c00000004',
      'c00000005',
    ]);
    assert.deepEqual(ids(devstral, 'c00000002', 'call_1'), ['c00000002', 'c00000003']);
    assert.deepEqual(ids(qwen, 'functions.read_file:0', '0', '0'), ['functions.read_file:0', '0', 'c00000003']);
  });

  it('have names and arguments that every server can read', () => {
    const [, said] = normalised(
      [
        user('Go.'),
        assistant('', call('1', ''), call('2', '{"path": "a', 'functions.read file'), call('3', '[1]', '')),
        user('Stop.'),
      ],
      qwen,
    );
    assert(said?.role === 'assistant');
    assert.deepEqual(
      said.toolCalls?.map(({ name, arguments: args }) => [name, JSON.parse(args)]),
      [
        ['read_file', {}],
        ['functions_read_file', { unreadable: '{"path": "a' }],
        ['unknown', { unreadable: '[1]' }],
      ],
    );
  });

  it('tell calls and results in words to a template that knows no tools', () => {
    const messages = [
      system('Code.'),
      user('Go.'),
      assistant('Looking.', call('1'), call('2', '{}', 'git_diff')),
      tool('1', 'one'),
      tool('2', 'two'),
    ];
    assert.deepEqual(normalised(messages, gemma2), [
      user('Code.\n\nGo.'),
      assistant('Looking.\n{"action": "read_file", "args": {"path": "a.ts"}}\n{"action": "git_diff", "args": {}}'),
      user('Result of read_file:\none\n\nResult of git_diff:\ntwo'),
    ]);
  });

  it('leave out what was thought, and nothing else', () => {
    const answers = [
      ['<think>\nHm.\n</think>\n\nYes.', 'Yes.'],
      ['Hm.\n</think>\n\nYes.', 'Yes.'],
      ['[THINK]Hm.[/THINK]Yes.', 'Yes.'],
      ['<think>never ends', '(no answer)'],
      ['<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.', 'Yes.'],
      ['See `<think>` and `</think>`.', 'See `<think>` and `</think>`.'],
      ['const end = "</think>";\n', 'const end = "</think>";\n'],
      ['"<|channel|>final<|message|>"', '"<|channel|> final <|message|>"'],
    ];
    for (const [said = '', kept] of answers)
      assert.equal(normalised([user('Go.'), assistant(said), user('On.')], qwen)[1]?.content, kept);
  });

  it('begin with those of the request before, on every walk, and leave what they are made of as it is', () => {
    for (const traits of [qwen, devstral, llama, gemma2, nemotron, PLAINEST]) {
      const holds = fc.property(walk, (requests) => {
        let before: Message[] = [];
        for (const { messages, begins } of requests) {
          const given = structuredClone(messages);
          const now = normalised(messages, traits, 'off');
          assert.deepEqual(messages, given, 'what is given stays as it is');
          if (!begins) assert.deepEqual(now.slice(0, before.length), before);
          before = now;
        }
      });
      fc.assert(holds, { numRuns: 150 });
    }
  });
});
