import assert from 'node:assert/strict';
import type { RunEvent } from '../../src/shared/events.ts';
import type { FaultInput } from '../models/faults.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import type { ServerTraits } from '../models/traits.ts';
import { VLLM } from '../models/traits.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { chats, endingOf, idOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const readGreet = { name: 'read_file', arguments: { path: 'src/greet.js' } };
const readLeave = { name: 'read_file', arguments: { path: 'src/leave.js' } };
const asAction = { json: { action: 'read_file', args: { path: 'src/greet.js' } } };
/** In the result of read_file, and nowhere else. */
const SEEN = '(lines 1-';

/** A Coder's server whose native tool calls work. */
const NATIVE = {
  roles: {
    coder: { traits: { tools: { ...VLLM.tools, streamed: 'works', whole: 'works' } } satisfies Partial<ServerTraits> },
  },
} as const;

/** The Coder looks a file up, with this fault, and then writes its change. */
function looksUp(what: { call?: ScriptEntryInput['reply']; fault?: FaultInput; more?: ScriptEntryInput[] } = {}) {
  const look: ScriptEntryInput = {
    name: 'look',
    when: { tools: true, none: SEEN },
    reply: what.call ?? { toolCalls: [readGreet] },
    ...(what.fault === undefined ? {} : { fault: what.fault }),
  };
  return crewScripts({ plan: onePlan, edits: { task_1: [greetByName] }, coder: [...(what.more ?? []), look] });
}

function lowered(events: readonly RunEvent[]): string[] {
  return ofType(events, 'protocol.lowered').map(({ role, from, to }) => `${role}: ${from} to ${to}`);
}

function flags(events: readonly RunEvent[]): string[] {
  return ofType(events, 'redflag.raised').map(({ flag }) => flag);
}

describe('native tool calls', () => {
  const given = scenarios();

  it('are offered in one order, streamed, and answered as results of these calls; an answer without one is the change', async () => {
    const { run, fleet, project } = await given(looksUp(), NATIVE);
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(lowered(events), []);
    assert.deepEqual(flags(events), []);
    const [first, second, ...none] = chats(fleet, 'coder');
    assert.deepEqual(none, [], 'no turn only to say that it is done');
    const names = first?.tools?.map(({ function: { name } }) => name) ?? [];
    assert.deepEqual(names, [...names].sort());
    assert.deepEqual([first?.stream, first?.response_format], [true, undefined]);
    assert.deepEqual(second?.tools, first?.tools);
    assert.deepEqual(second?.messages.slice(0, first?.messages.length), first?.messages);
    const [called, result] = second?.messages.slice(first?.messages.length) ?? [];
    assert.match(called?.tool_calls?.[0]?.id ?? '', /^[a-z0-9]{9}$/);
    assert.deepEqual([result?.role, result?.tool_call_id], ['tool', called?.tool_calls?.[0]?.id]);
    assert.match(result?.content ?? '', /return 'Hello!';/);
    assert.match(project.read('src/greet.js'), /'Hello, ' \+ name/);
  });

  it('several in one answer are all answered, in order', async () => {
    const { run } = await given(looksUp({ call: { toolCalls: [readGreet, readLeave] } }), {
      roles: { coder: { traits: { ...NATIVE.roles.coder.traits, parallelCalls: 'ignored' } } },
    });
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'tool.returned').map(({ text }) => text.split(' ')[0]),
      ['src/greet.js', 'src/leave.js'],
    );
  });

  it('beside an edit are answered, and the edit stands', async () => {
    const both = { text: greetByName, toolCalls: [readLeave] };
    const { run, project } = await given(
      looksUp({
        call: both,
        more: [{ name: 'over', when: { tools: true, all: SEEN }, reply: { text: 'That is all.' } }],
      }),
      NATIVE,
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'tool.called').length, 1);
    assert.match(project.read('src/greet.js'), /'Hello, ' \+ name/);
  });

  it('of a cut answer are never made, and the model is told where it was cut', async () => {
    const { run, prompts } = await given(
      looksUp({
        more: [
          {
            name: 'cut',
            when: { tools: true },
            reply: { toolCalls: [readGreet] },
            fault: { kind: 'truncated', afterTokens: 4 },
            times: 1,
          },
        ],
      }),
      NATIVE,
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'tool.called').length, 1, 'only the whole one');
    assert.deepEqual(flags(events), ['truncated']);
    assert.match(prompts('coder')[1] ?? '', /cut off at the length limit \(4 tokens\)[\s\S]*in parts/);
    assert.deepEqual(lowered(events), [], 'a cut says nothing about the protocol');
  });
});

describe('a lower rung', () => {
  const given = scenarios();
  const asText: [string, FaultInput][] = (['hermes', 'mistral', 'qwenCoder', 'llama'] as const).map((form) => [
    `a call came as text (${form})`,
    { kind: 'toolCallAsText', form },
  ]);

  for (const [what, fault] of [
    ...asText,
    ['a call was lost in the thoughts', 'callInReasoning'] as [string, FaultInput],
  ]) {
    it(`is taken where ${what}; the call is made all the same, and its result is known there`, async () => {
      const { run, fleet, prompts } = await given(looksUp({ fault }), NATIVE);
      const { status, events } = await run(['run', 'Greet']);
      assert.equal(status, 0);
      assert.deepEqual(lowered(events), ['coder: native_streamed to native']);
      assert.deepEqual(flags(events), ['foreign_tool_call']);
      assert.equal(ofType(events, 'tool.called').length, 1);
      const [, second] = chats(fleet, 'coder');
      assert.equal(second?.stream, false);
      assert.deepEqual(
        second?.messages.map(({ role }) => role),
        ['system', 'user'],
        'a new transcript',
      );
      assert.match(
        prompts('coder')[1] ?? '',
        /Result of read_file \{"path":"src\/greet\.js"\}:[\s\S]*return 'Hello!';/,
      );
    });
  }

  it('is taken where a call is announced and never comes', async () => {
    const { run } = await given(
      looksUp({ more: [{ when: { tools: true }, reply: { text: '' }, fault: 'noCall', times: 1 }] }),
      NATIVE,
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(lowered(events), ['coder: native_streamed to native']);
    assert.equal(ofType(events, 'tool.called').length, 1);
  });

  it('is taken where the stream of calls breaks twice; in one piece they come', async () => {
    const { run } = await given(looksUp({ fault: 'brokenCallStream' }), NATIVE);
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(lowered(events), ['coder: native_streamed to native']);
    assert.equal(ofType(events, 'tool.called').length, 1);
  });

  for (const [what, args] of [
    ['are no JSON', 'src/greet.js, please'],
    ['are no object', '["src/greet.js"]'],
    ['break their schema', '{"path": 7}'],
  ] as const) {
    it(`is taken where arguments ${what}, the second time`, async () => {
      const fault: FaultInput = { kind: 'wrongArguments', arguments: args };
      const bad = (at: number): ScriptEntryInput => ({
        when: { tools: true },
        reply: { toolCalls: [at === 1 ? readGreet : readLeave] },
        fault: at === 1 ? fault : { ...fault, arguments: args.replace('7', '8') },
        times: 1,
      });
      const { run, prompts } = await given(looksUp({ more: [bad(1), bad(2)] }), NATIVE);
      const { status, events } = await run(['run', 'Greet']);
      assert.equal(status, 0);
      assert.deepEqual(lowered(events), ['coder: native_streamed to native']);
      assert.match(prompts('coder')[1] ?? '', /no JSON object|Wrong arguments/);
    });
  }

  it('is the lowest but one where tools are refused, and the lowest where a schema is too: three steps at most', async () => {
    const look: ScriptEntryInput = {
      name: 'look',
      when: { tools: false, none: [SEEN, 'Write the change now'] },
      reply: asAction,
    };
    const refused: ScriptEntryInput[] = [
      { name: 'no tools', when: { tools: true }, reply: {}, fault: 'toolsRefused' },
      { name: 'no schema', when: { schema: 'action' }, reply: {}, fault: 'schemaRefused' },
      look,
      {
        name: 'done',
        when: { tools: false, all: SEEN, none: 'Write the change now' },
        reply: { json: { action: 'done', args: {} } },
      },
    ];
    const { run, fleet } = await given(looksUp({ more: refused }), NATIVE);
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(lowered(events), [
      'coder: native_streamed to native',
      'coder: native to json',
      'coder: json to text',
    ]);
    assert.match(
      ofType(events, 'protocol.lowered')[0]?.reason ?? '',
      /refuses the request \(HTTP 400: "auto" tool choice/,
    );
    assert.equal(ofType(events, 'tool.called').length, 1);
    assert.deepEqual(ofType(events, 'server.lost'), [], 'the server is well');
    const last = chats(fleet, 'coder').at(-1);
    assert.deepEqual([last?.tools, last?.response_format], [undefined, undefined]);
  });

  it('goes on with the schema in words for Planner and Reviewer, whose server refuses it', async () => {
    const noSchema: ScriptEntryInput = {
      name: 'no schema',
      when: { schema: 'plan' },
      reply: {},
      fault: 'schemaRefused',
    };
    const { run, prompts } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        planner: [
          noSchema,
          { when: { schema: false, last: '"success_criteria": string' }, reply: { json: onePlan } },
          { when: { schema: false, last: '"items"' }, reply: { json: { items: [], notes: '' } } },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(lowered(events), ['planner: json to text']);
    assert.ok(prompts('planner').some((prompt) => prompt.includes('"action": "create" | "modify" | "delete"')));
  });

  it('stays for the run: a resumed one begins there, and asks nothing again', async () => {
    const { run, fleet } = await given(looksUp({ fault: { kind: 'toolCallAsText', form: 'hermes' } }), NATIVE);
    fleet.inject('reviewer', 'serverError', { times: 4 });
    const first = await run(['run', 'Greet']);
    assert.equal(endingOf(first.events).code, 'server_unavailable');
    assert.deepEqual(lowered(first.events), ['coder: native_streamed to native']);
    const asked = chats(fleet, 'coder').length;
    const again = await run(['run', '--resume', idOf(first.events)]);
    assert.equal(again.status, 0);
    assert.equal(chats(fleet, 'coder').length, asked);
    assert.deepEqual(
      flags(again.events).filter((flag) => flag === 'transcript_differs'),
      [],
    );
  });
});
