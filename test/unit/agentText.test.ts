import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { toolHelp } from '../../src/core/agents/agent.ts';
import { callIn } from '../../src/core/agents/answerFormat.ts';
import {
  checklistAnswer,
  escalationAnswer,
  type JsonAnswer,
  planAnswer,
  preprocessedAnswer,
  reviewAnswer,
} from '../../src/core/agents/answers.ts';
import { jsonIn, withoutThinking } from '../../src/core/agents/jsonText.ts';
import { fillPrompt } from '../../src/core/agents/prompts.ts';
import { onDiet } from '../../src/core/models/schemaDiet.ts';
import { normalise } from '../../src/core/orchestrator/preprocessing.ts';
import { toolsNamed } from '../../src/core/tools/index.ts';
import { ROLES } from '../../src/shared/events.ts';

const plan = planAnswer({ questions: true, redChecks: true });

describe('JSON in what a model wrote', () => {
  for (const [what, text] of [
    ['alone', '{"a": {"b": [1]}}'],
    ['in a fence', 'Here it is:\n```json\n{"a": {"b": [1]}}\n```\nThat is all.'],
    ['in a fence without a name', '```\n{"a": {"b": [1]}}\n```'],
    ['between prose', 'I think {"a": {"b": [1]}} is right.'],
    ['behind a thought', '<think>{"a": "no"}</think>\n{"a": {"b": [1]}}'],
    ['with white space around it', '\n\n  {"a": {"b": [1]}}  \n'],
  ] as const)
    it(`is found ${what}`, () => assert.deepEqual(jsonIn(text), { a: { b: [1] } }));

  it('may hold line ends and tabs as they are within its texts, which grammars let through', () => {
    assert.deepEqual(jsonIn('{"a": "one\ttab", "b": ["two\nlines\r\n"],\n\t"c": "\\t\\\\"}'), {
      a: 'one\ttab',
      b: ['two\nlines\r\n'],
      c: '\t\\',
    });
    assert.equal(jsonIn('{"a": "a stroke and a line end \\\n"}'), undefined, 'that one could mean two things');
  });

  for (const text of ['', 'no', '42', '"text"', 'null', '{"a": ', '{"a": 1,}', '{a: 1}', 'first } then {'])
    it(`is not guessed from ${JSON.stringify(text)}`, () => assert.equal(jsonIn(text), undefined));

  it('may hold braces and quotes in its texts', () => {
    const value = { text: 'a } "quoted" { \\ end', other: '```' };
    assert.deepEqual(jsonIn(`So: ${JSON.stringify(value)}.`), value);
  });

  it('comes back for every value, whatever prose without braces stands around it', () => {
    const prose = fc.string().map((text) => text.replace(/[{}[\]`<]/g, ''));
    fc.assert(
      fc.property(prose, fc.dictionary(fc.string(), fc.jsonValue()), prose, (before, value, after) => {
        const text = JSON.stringify(value);
        assert.deepEqual(jsonIn(`${before}\n${text}\n${after}`), JSON.parse(text));
      }),
    );
  });

  it('leaves a thought that never ends alone', () =>
    assert.equal(withoutThinking('<think> on and on'), '<think> on and on'));
});

describe('a tool call in JSON', () => {
  it('is one with an action that is not "done"', () => {
    assert.deepEqual(callIn({ action: 'read_file', args: { path: 'a' } }), {
      kind: 'call',
      tool: 'read_file',
      args: { path: 'a' },
    });
    assert.deepEqual(callIn({ action: 'git_diff' }), { kind: 'call', tool: 'git_diff', args: {} });
    for (const value of [{ action: 'done' }, { action: 3 }, { tool: 'read_file' }, null, undefined, 'read_file', []])
      assert.equal(callIn(value), undefined);
  });
});

/** The value, or the complaint. */
function read<T>(answer: JsonAnswer<T>, value: unknown): T | string {
  const result = answer.read(value);
  return result.ok ? result.value : result.complaint;
}

describe('a plan as a model writes it', () => {
  const subtask = { id: 'task_1', description: 'Do it.', success_criteria: 'It is done.' };

  it('may leave out everything but id, description and criterion, and give plain file names', () => {
    assert.deepEqual(read(plan, { plan: [{ ...subtask, files: ['a.js', { path: 'b.js', action: 'create' }] }] }), {
      plan: {
        task_understood: '',
        clarifications_needed: [],
        known_failures: [],
        risks: [],
        plan: [
          {
            ...subtask,
            depends_on: [],
            files: [
              { path: 'a.js', action: 'modify' },
              { path: 'b.js', action: 'create' },
            ],
          },
        ],
      },
      questions: [],
    });
  });

  it('may number its subtasks, list its criteria and keep assigned_to', () => {
    const value = read(plan, {
      plan: [{ ...subtask, id: 1, success_criteria: ['one', 'two'], assigned_to: 'reviewer', extra: 1 }],
    });
    assert.ok(typeof value !== 'string');
    const [only] = value.plan.plan;
    assert.deepEqual([only?.id, only?.success_criteria, only?.assigned_to], ['1', 'one; two', 'reviewer']);
  });

  it('may ask in plain words or with choices; the same thing once', () => {
    const value = read(plan, {
      plan: [],
      clarifications_needed: ['Why?', { question: 'How?', choices: ['a', 'a', 'b'] }, ' Why? ', ''],
    });
    assert.ok(typeof value !== 'string');
    assert.deepEqual(value.questions, [
      { question: 'Why?', choices: [] },
      { question: 'How?', choices: ['a', 'b'] },
    ]);
  });

  for (const [what, value, words] of [
    ['no plan', {}, /^plan: /],
    ['a list in its place', [], /expected object/],
    ['a subtask without words', { plan: [{ ...subtask, description: ' ' }] }, /^plan\.0\.description: /],
    [
      'an id that is a sentence',
      { plan: [{ ...subtask, id: 'do this first' }] },
      /plan\.0\.id: must be a short name such as "task_1"/,
    ],
  ] as const)
    it(`with ${what} is told where`, () => assert.match(String(read(plan, value)), words));
});

describe('a review as a model writes it', () => {
  it('may shout, and leave out what does not matter', () => {
    assert.deepEqual(
      read(reviewAnswer, {
        status: 'FAILED',
        issues: [{ severity: 'High', message: 'No.', quote: ' ', evidence: '', suggested_fix: 'x' }],
      }),
      { status: 'failed', feedback: '', issues: [{ severity: 'high', type: 'other', location: '', message: 'No.' }] },
    );
    assert.deepEqual(read(reviewAnswer, { status: 'approved' }), { status: 'approved', feedback: '', issues: [] });
  });

  it('never becomes an approval by a mistake', () => {
    for (const value of [
      {},
      { status: 'ok' },
      { status: 'approved', issues: 'none' },
      { status: 'approved', issues: [{ severity: 'grave', message: 'No.' }] },
    ])
      assert.equal(typeof read(reviewAnswer, value), 'string', JSON.stringify(value));
  });
});

describe('the other answers', () => {
  it('are read the same way', () => {
    const decided = read(escalationAnswer, { decision: 'waive' });
    assert.ok(typeof decided !== 'string' && decided.decision === 'waive' && decided.plan.plan.length === 0);
    assert.equal(typeof read(escalationAnswer, { decision: 'approve' }), 'string');
    assert.deepEqual(read(checklistAnswer, { items: [{ subtask: 'a', met: true }] }), {
      items: [{ subtask: 'a', met: true, evidence: '' }],
      notes: '',
    });
    assert.deepEqual(read(preprocessedAnswer, { preprocessed_text: ' Do it. ', confidence: 7 }), {
      preprocessed_text: 'Do it.',
      confidence: 1,
    });
    assert.equal(typeof read(preprocessedAnswer, { preprocessed_text: '  ' }), 'string');
  });

  it('of a plan have no room for what there can be none of', () => {
    const { schema } = planAnswer({ questions: false, redChecks: false });
    const { clarifications_needed, known_failures } = schema.properties as Record<string, { maxItems: number }>;
    assert.deepEqual([clarifications_needed?.maxItems, known_failures?.maxItems], [0, 0]);
  });

  it('have schemas that every constrained decoder takes: nothing of them is lost on the diet', () => {
    for (const { schema } of [plan, reviewAnswer, escalationAnswer, checklistAnswer, preprocessedAnswer]) {
      assert.deepEqual(onDiet(schema), schema);
      assert.match(JSON.stringify(schema), /"additionalProperties":false/);
    }
  });
});

describe('a prompt', () => {
  for (const role of ROLES) {
    it(`of the ${role} has all its parts, and nothing that is not filled`, () => {
      const template = readFileSync(`prompts/${role}.md`, 'utf8');
      for (const part of ['Identity', 'Objectives', 'Tools', 'Output format', 'Constraints', 'Awareness', 'Example'])
        assert.match(template, new RegExp(`^## ${part}$`, 'm'));
      const filled = fillPrompt(template, { tools: toolHelp(toolsNamed(['read_file', 'run_tests'])) });
      assert.doesNotMatch(filled, /\{\{/);
      assert.match(filled, /`read_file\(path\?: string/);
    });
  }

  it('with a placeholder that nothing fills throws, and takes values as they are', () => {
    assert.throws(
      () => fillPrompt('{{tools}} {{toolz}}', { tools: '' }),
      /\{\{toolz\}\} that nothing fills; known: tools/,
    );
    assert.equal(fillPrompt('a {{x}} b', { x: '$& {{y}}' }), 'a $& {{y}} b');
  });
});

describe('a text of the user', () => {
  it('keeps its words in one form of white space and letters', () => {
    assert.equal(
      normalise('\ufeffCafe\u0301 \t\r\nline two\r\rline four\n\n\n\n\nend\u0000\u0007 \n'),
      'Café\nline two\n\nline four\n\nend',
    );
    assert.equal(normalise('if x:\n\tindented\n'), 'if x:\n\tindented');
  });
});
