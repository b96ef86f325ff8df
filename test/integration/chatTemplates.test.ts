import assert from 'node:assert/strict';
import { Template } from '@huggingface/jinja';
import fc from 'fast-check';
import { normalised } from '../../src/core/models/normalise.ts';
import { PLAINEST, traitsOf } from '../../src/core/models/traits.ts';
import type { Message } from '../../src/core/ports.ts';
import { skip } from '../skip.ts';
import { RegistryUnreachable } from '../support/cache.ts';
import { type ChatTemplate, fetchChatTemplates } from '../support/chatTemplates.ts';
import { whyNoPython } from '../support/python.ts';
import {
  difference,
  NEEDS_TOOLS,
  omission,
  onTheWire,
  type ProblemOf,
  refusal,
  TOOLS,
} from '../support/walkProblems.ts';
import { walk } from '../support/walks.ts';

/** What @huggingface/jinja cannot do and Jinja can; test/realModels/templates.test.ts renders these with Jinja itself. */
const NOT_RENDERED: Record<string, string> = {
  'Apriel-1.6-15b-Thinker-fixed': 'the filter "string" on objects',
  'ByteDance-Seed-OSS': 'numbers as keys of objects',
  'CohereForAI-c4ai-command-r-plus-tool_use': 'an undefined value in a sum',
  'Kimi-K2-Instruct': 'append() on arrays',
  'Kimi-K2-Thinking': 'append() on arrays',
  'meetkai-functionary-medium-v3.2': 'pairs of an object of objects',
  'openbmb-MiniCPM5-1B': 'the filter "min"',
  'tencent-Hy3': 'format() of strings',
  'unsloth-Apriel-1.5': 'the filter "string" on objects',
};

/** Where a request's prompt does not begin with the one before, whatever the messages are, and why. */
const UNSTABLE: Record<string, string> = {
  'Bielik-11B-v3.0-Instruct': 'what follows tool results depends on whether anything does',
  'CohereForAI-c4ai-command-r7b-12-2024-tool_use': 'the beginning of an answer is another one in the history',
  'Mistral-Small-3.2-24B-Instruct-2506': 'the tools stand above whatever the user said last',
  'NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use': 'what follows tool results depends on whether anything does',
  'NousResearch-Hermes-3-Llama-3.1-8B-tool_use': 'what follows tool results depends on whether anything does',
  'Qwen3.5-4B': 'empty thinking stands before calls until the user speaks again',
  'StepFun3.5-Flash': 'empty thinking stands before calls until the user speaks again',
  'fireworks-ai-llama-3-firefunction-v2': 'an answer is begun even where the user speaks next',
  'mistralai-Mistral-Nemo-Instruct-2407': 'the tools stand above whatever the user said last',
  'openai-gpt-oss-120b': 'text before a call stands as thinking, which goes when an answer follows',
};

type Normalise = (messages: readonly Message[], name: string) => Message[];

const byName: Normalise = (messages, name) => normalised(messages, traitsOf(name), 'off');
const byAlias: Normalise = (messages) => normalised(messages, traitsOf('planner'), 'off');
const plainest: Normalise = (messages) => normalised(messages, PLAINEST, 'off');

describe('the chat templates of real models', function () {
  this.timeout(600_000);
  let templates: { name: string; template: Template }[];

  before(async function () {
    const missing = await whyNoPython();
    if (missing !== undefined) skip(this, missing);
    const fetched = await fetchChatTemplates().catch((error: unknown) => {
      if (error instanceof RegistryUnreachable) return skip(this, error.message);
      throw error;
    });
    assert.equal(fetched.length, 71);
    templates = fetched
      .filter(({ name }) => NOT_RENDERED[name] === undefined)
      .map(({ name, text }: ChatTemplate) => ({ name, template: new Template(text) }));
    assert.equal(templates.length, 71 - Object.keys(NOT_RENDERED).length);
  });

  /** What goes wrong with each template on random walks; the first of it, with the shortest walk that shows it. */
  function problems(normalise: Normalise, numRuns: number, problemOf: ProblemOf): string[] {
    return templates.flatMap(({ name, template }) =>
      [true, false]
        .filter((withTools) => withTools || !NEEDS_TOOLS.includes(name))
        .flatMap((withTools) => {
          const prompt = (messages: readonly Message[], opens = true): string =>
            render(template, normalise(messages, name), { withTools, opens });
          const property = fc.property(walk, (requests) => {
            const problem = problemOf(requests, prompt);
            if (problem !== undefined) throw new Error(problem);
          });
          const { failed, errorInstance } = fc.check(property, { numRuns, seed: 5 });
          return failed ? [`${name}: ${errorInstance instanceof Error ? errorInstance.message : errorInstance}`] : [];
        }),
    );
  }

  it('take every walk of turns, calls, denials, stops and restarts, and leave nothing of it out', () => {
    assert.deepEqual(
      problems(byName, 12, (requests, prompt) => refusal(requests, prompt) ?? omission(requests, prompt)),
      [],
    );
  });

  it('take it from a model whose name tells nothing, but for one that refuses instructions: that one takes the plainest form', () => {
    const refusing = problems(byAlias, 5, refusal);
    assert.deepEqual(
      refusing.filter((problem) => !problem.startsWith('google-gemma-2-2b-it: System role not supported')),
      [],
    );
    assert.notEqual(refusing.length, 0);
    assert.deepEqual(
      problems(plainest, 5, (requests, prompt) => refusal(requests, prompt) ?? omission(requests, prompt)),
      [],
    );
  });

  it('switch thinking on and off by the variable that the name of the model tells', () => {
    const messages: Message[] = [{ role: 'user', content: 'Say hello.' }];
    const switched = templates.filter(({ name }) => traitsOf(name).thinkingVariable !== undefined);
    const deaf = switched.filter(({ name, template }) => {
      const variable = traitsOf(name).thinkingVariable ?? assert.fail();
      const [on, off] = [true, false].map((value) =>
        template.render({ messages, add_generation_prompt: true, [variable]: value }),
      );
      return on === off;
    });
    assert.deepEqual(
      deaf.map(({ name }) => name),
      [],
    );
    const families = ['Qwen3-0.6B', 'Qwen3.5-4B', 'GLM-4.6', 'Nemotron-3-Nano', 'gemma-4-31B', 'DeepSeek-V3.1'];
    const missing = families.filter((family) => !switched.some(({ name }) => name.includes(family)));
    assert.deepEqual(missing, []);
  });

  it('refuse many a walk as it is', () => {
    const refusing = new Set(
      problems((messages) => messages.map(asItIs), 6, refusal).map((each) => each.split(':')[0]),
    );
    for (const name of [
      'google-gemma-2-2b-it',
      'meta-llama-Llama-3.1-8B-Instruct',
      'mistralai-Mistral-Nemo-Instruct-2407',
      'mistralai-Ministral-3-14B-Reasoning-2512',
      'Mistral-Small-3.2-24B-Instruct-2506',
      'openai-gpt-oss-120b',
    ])
      assert.ok(refusing.has(name), `${name} takes everything`);
  });

  it('begin every prompt of a transcript with the prompt before, but for those that cannot', () => {
    const differing = problems(byName, 12, difference);
    assert.deepEqual(
      [...new Set(differing.map((each) => each.split(':')[0]))].sort(),
      Object.keys(UNSTABLE).sort(),
      differing.join('\n'),
    );
  });
});

function render(template: Template, messages: readonly Message[], how: { withTools: boolean; opens: boolean }): string {
  return template.render({
    messages: messages.map(onTheWire),
    ...(how.withTools ? { tools: TOOLS } : {}),
    add_generation_prompt: how.opens,
    bos_token: '<s>',
    eos_token: '</s>',
    // llama.cpp gives these to the few templates that want them.
    datetime: 'Jan 01 2026',
    functions: JSON.stringify(TOOLS),
  });
}

/** Not normalised, but for arguments that nobody could parse. */
function asItIs(message: Message): Message {
  if (message.role !== 'assistant' || !message.toolCalls) return message;
  return { ...message, toolCalls: message.toolCalls.map((call) => ({ ...call, arguments: '{}' })) };
}
