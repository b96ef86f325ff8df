import assert from 'node:assert/strict';
import { ROLES, type RunEvent } from '../../src/shared/events.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import { greetWrong, mendWrong, onGreet } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { endingOf, ofType, type Scenario, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

/**
 * Every window that is supported, with more in the workspace than any of them holds: a file of 4 MB, another that is read
 * part by part, a test log of 100,000 lines, and a tokenizer that makes twice as many tokens of a text as usual.
 */

const LINE = 'const value = "aXb9".repeat(3); // ';
const lines = (count: number): string => Array.from({ length: count }, (_, at) => `${LINE}${at}`).join('\n');
const LOUD_TEST = `
import { test } from 'node:test';
import { greet } from '../src/greet.js';
test('greets whoever comes', () => {
  for (let line = 0; line < 100_000; line += 1) console.log('a line of the log, number ' + line);
  if (/undefined/.test(greet())) throw new Error('greets undefined');
});
`;
const FILES = {
  ...GREETER,
  'src/huge.js': lines(110_000),
  'src/large.js': lines(45_000),
  'test/loud.test.js': LOUD_TEST,
};
const subtask = { id: 'task_1', files: [...onGreet.files, { path: 'src/huge.js', action: 'modify' as const }] };

/** Tool calls that each bring as much as a tool gives. */
function reads(parts: number): ScriptEntryInput[] {
  return Array.from({ length: parts }, (_, at): ScriptEntryInput => {
    const from = 1 + at * 5000;
    const args = { path: 'src/large.js', start_line: from, end_line: from + 4999 };
    return { name: `read ${at}`, when: { schema: 'action' }, reply: { json: { action: 'read_file', args } }, times: 1 };
  });
}

const WINDOWS = [8_192, 16_384, 32_768, 131_072];

describe('a window', () => {
  const given = scenarios();
  /** The Coder looks at so many parts in each round. */
  const greeting = (parts = 5) =>
    crewScripts({
      plan: plan([subtask]),
      edits: { task_1: [greetWrong, mendWrong] },
      planner: reads(2),
      coder: reads(parts),
      reviewer: reads(3),
    });

  for (const window of WINDOWS) {
    for (const charactersPerToken of [4, 2]) {
      const dense = charactersPerToken === 4 ? '' : ', where every other character is a token';
      it(`of ${window} tokens holds every prompt with its answer${dense}`, async () => {
        const role = { window, traits: { charactersPerToken } };
        const { run, fleet } = await given(greeting(), {
          files: FILES,
          roles: Object.fromEntries(ROLES.map((one) => [one, role])),
        });
        const { status, events, stderr } = await run(['run', 'Greet by name']);
        assert.equal(status, 0, stderr);
        assertFits(fleet.requests, window);
        assert.deepEqual(ofType(events, 'window.learnt'), [], 'no server had to refuse anything');
        assertReinjected(events, fleet.requests);
      });
    }
  }

  it('that is full begins anew with what counts, much smaller', async () => {
    const { run } = await given(greeting(8), { files: FILES, roles: { coder: { window: 8192 } } });
    const { status, events } = await run(['run', 'Greet by name']);
    assert.equal(status, 0);
    const compacted = ofType(events, 'transcript.compacted');
    assert.deepEqual(
      compacted.map(({ lane }) => lane),
      ['coder:task_1'],
    );
    for (const { before, after } of compacted) assert.ok(after <= before * 0.7, `${after} of ${before}`);
  });

  it('that is full again and again ends the looking up: the Coder answers with what it has', async () => {
    const { run } = await given(greeting(12), {
      files: { ...FILES, '.conclave/config.json': JSON.stringify({ limits: { gatherTurns: 20 } }) },
      roles: { coder: { window: 8192, traits: { charactersPerToken: 2 } } },
    });
    const { status, events } = await run(['run', 'Greet by name']);
    assert.equal(status, 0);
    const first = events.findIndex(({ type }) => type === 'edit.applied');
    const called = ofType(events.slice(0, first), 'tool.called').filter(({ lane }) => lane === 'coder:task_1');
    assert.ok(called.length > 4 && called.length < 12, `${called.length} calls`);
    for (const { before, after } of ofType(events, 'transcript.compacted')) {
      assert.ok(after <= before * 0.7, `${after} of ${before}`);
    }
  });

  it('of 4,096 tokens is too small, and is refused by the role and by name', async () => {
    const { run } = await given(greeting(), { roles: { coder: { window: 4096 } } });
    const { status, events } = await run(['run', 'Greet by name']);
    assert.equal(status, 2);
    assert.match(
      endingOf(events).message,
      /The coder's server .* serves a window of 4096 tokens; the smallest supported is 8192/,
    );
  });
});

type Requests = Scenario['fleet']['requests'];

function assertFits(requests: Requests, window: number): void {
  const chats = requests.filter(({ path }) => path.endsWith('/chat/completions'));
  assert.ok(chats.length > 8, `${chats.length} requests`);
  for (const { role, outcome, problem, promptTokens = 0, body } of chats) {
    assert.equal(outcome, 'served', `${role}: ${problem}`);
    const { max_tokens: most } = body as { max_tokens: number };
    assert.ok(promptTokens + most <= window, `${role}: ${promptTokens} and up to ${most} more in ${window}`);
  }
}

/** What a transcript begins with, however often it does: the task and the contract, word for word. */
function assertReinjected(events: readonly RunEvent[], requests: Requests): void {
  const coder = requests.filter(({ role, path }) => role === 'coder' && path.endsWith('/chat/completions'));
  for (const { body } of coder) {
    const { messages } = body as { messages: { content: string }[] };
    const prompt = messages.map(({ content }) => content).join('\n');
    for (const told of ['Greet by name', 'task_1 is done and tested.', 'src/huge.js']) {
      assert.ok(prompt.includes(told), `"${told}" is told in every transcript`);
    }
  }
  assert.ok(ofType(events, 'turn.finished').some(({ openingChars }) => openingChars !== undefined));
}
