import assert from 'node:assert/strict';
import { openEndpoint } from '../../src/core/models/endpoint.ts';
import { ModelError, type ModelFailure } from '../../src/core/models/modelError.ts';
import { onDiet, schemaCheck } from '../../src/core/models/schemaDiet.ts';
import { openPages, readFacts } from '../../src/core/models/serverPages.ts';
import { unpooledFetch } from '../../src/core/models/unpooledFetch.ts';
import type { JsonSchema, Model, ModelEvent, ModelRequest } from '../../src/core/ports.ts';
import { findLocalServers } from '../../src/node/localServers.ts';
import { type Fleet, SERVED_MODELS, startFleet } from '../models/fleet.ts';
import { FASTER_WHISPER, LLAMA_CPP, type ServerTraits } from '../models/traits.ts';

// What real servers were seen to do, line by line: each is a trait or a fault of the scripted fleet, and is got over by
// the part of Conclave that meets it first. The titles are the words in which it was written down. What whole runs make of
// it is in realMannersInRuns.test.ts and, for what an answer can be, in the fault matrix.

const never = new AbortController().signal;
const user = (content: string) => ({ role: 'user' as const, content });
const asked = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [user('Hi')],
  maxTokens: 1000,
  temperature: 0,
  ...more,
});
const tool = (name: string) => ({
  name,
  description: 'Reads.',
  parameters: { type: 'object', properties: { path: { type: 'string' } } },
});
const wireTool = (name: string) => ({ type: 'function', function: tool(name) });
const read = (path: string) => ({ name: 'read_file', arguments: { path } });
const TOOLS = [tool('read_file')];
const schema = (of: JsonSchema) => ({ name: 'x', schema: of });
const NOTE = schema({ type: 'object', properties: { note: { type: 'string', maxLength: 40 } }, required: ['note'] });

let fleet: Fleet;
const open: Fleet[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function given(
  script: NonNullable<Parameters<typeof startFleet>[0]['script']>,
  traits: Partial<ServerTraits> = {},
  more: { window?: number; apiKey?: string } = {},
): Promise<Model> {
  const { window, apiKey } = more;
  const role = { traits, ...(window === undefined ? {} : { window }) };
  fleet = await startFleet({
    script,
    roles: { coder: role, reviewer: role, preprocessor: role },
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  open.push(fleet);
  return openEndpoint({ role: 'coder', url: fleet.urls.coder, ...(apiKey === undefined ? {} : { apiKey }) });
}

async function said(stream: AsyncIterable<ModelEvent>): Promise<{
  text: string;
  reasoning: string;
  calls: string[];
  end: Extract<ModelEvent, { type: 'finished' }> | undefined;
}> {
  const all = { text: '', reasoning: '', calls: [] as string[] };
  let end: Extract<ModelEvent, { type: 'finished' }> | undefined;
  for await (const event of stream) {
    if (event.type === 'text') all.text += event.delta;
    else if (event.type === 'reasoning') all.reasoning += event.delta;
    else if (event.type === 'finished') end = event;
    else all.calls[event.index] = `${all.calls[event.index] ?? ''}${event.name ?? ''}${event.argumentsDelta}`;
  }
  return { ...all, end };
}

async function failure(stream: AsyncIterable<ModelEvent>): Promise<{ failure: ModelFailure; message: string }> {
  const error = await said(stream).then(
    (all) => assert.fail(`no failure but ${JSON.stringify(all)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ModelError, String(error));
  return error;
}

/** A request as no part of Conclave would make it. */
const post = (path: string, body: object, role: 'coder' | 'reviewer' = 'coder'): Promise<Response> =>
  fetch(`${fleet.urls[role].replace(/\/v1$/, '')}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const chat = (body: object, role: 'coder' | 'reviewer' = 'coder'): Promise<Response> =>
  post('/v1/chat/completions', { model: SERVED_MODELS[role], messages: [user('Hi')], ...body }, role);
// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
const json = async (response: Response): Promise<any> => response.json();
const events = async (response: Response): Promise<string[]> =>
  (await response.text()).split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []));
const format = (of: JsonSchema) => ({ response_format: { type: 'json_schema', json_schema: schema(of) } });

describe('vLLM 0.32', () => {
  it('"`delta.reasoning`; `tool_calls` absent when none; the last text chunk may carry content and finish_reason; then `choices: []` with usage, then `[DONE]`"', async () => {
    const model = await given({ coder: [{ reply: { reasoning: 'Hm.', text: 'Hello there' } }] });
    const data = await events(await chat({ stream: true, stream_options: { include_usage: true } }));
    assert.equal(data.pop(), '[DONE]');
    const chunks = data.map((each) => JSON.parse(each));
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.deepEqual(chunks.at(-1).usage.completion_tokens_details, { reasoning_tokens: 1 });
    const { delta, finish_reason } = chunks.at(-2).choices[0];
    assert.deepEqual([delta, finish_reason], [{ content: 'ere' }, 'stop']);
    const { message } = (await json(await chat({}))).choices[0];
    assert.deepEqual([message.reasoning, 'tool_calls' in message], ['Hm.', false]);
    const { text, reasoning, end } = await said(model.stream(asked(), never));
    assert.deepEqual([text, reasoning, end?.stopReason], ['Hello there', 'Hm.', 'stop']);
    assert.equal(end?.usage?.reasoningTokens, 1);
  });

  it('"`cached_tokens` only with `--enable-prompt-tokens-details`, in blocks (512 of 587); short prompts never hit"', async () => {
    const long = { messages: [user('word '.repeat(468))] };
    const model = await given({ coder: [{ reply: { text: 'ok' } }] }, { cacheBlock: 128 });
    const cached = async (more: Partial<ModelRequest>) => (await said(model.stream(asked(more), never))).end?.usage;
    await cached(long);
    const usage = await cached(long);
    assert.deepEqual([usage?.cachedTokens, Math.floor((usage?.promptTokens ?? 0) / 128)], [512, 4]);
    await cached({});
    assert.equal((await cached({}))?.cachedTokens, 0);
    const silent = await given({ coder: [{ reply: { text: 'ok' } }] }, { reportsCached: false });
    assert.equal((await said(silent.stream(asked(long), never))).end?.usage?.cachedTokens, undefined);
  });

  it('"Schema answers, default backend: whitespace runaway (all `finish_reason: length`)"', async () => {
    const model = await given({ coder: [{ reply: { json: { note: 'ok' } }, fault: 'whitespaceLoop' }] });
    const { choices } = await json(await chat({ ...format(NOTE.schema), max_tokens: 50 }));
    assert.equal(choices[0].finish_reason, 'length');
    const error = await failure(model.stream(asked({ schema: NOTE }), never));
    assert.deepEqual(error.failure, { kind: 'whitespaceLoop' });
    assert.match(error.message, /"disable_any_whitespace": true/);
  });

  it('"`maxLength` strings can contain a raw TAB: JSON.parse fails with finish `stop`"', async () => {
    const model = await given({ coder: [{ reply: { json: { note: 'a b' } }, fault: 'rawControls' }] });
    const { text, end } = await said(model.stream(asked({ schema: NOTE }), never));
    assert.deepEqual([text, end?.stopReason], ['{"note":"a\tb"}', 'stop']);
    assert.throws(() => JSON.parse(text), SyntaxError);
  });

  it('"Recursive `$ref` runs to max_tokens": no schema on the diet has one', async () => {
    const tree = {
      type: 'object',
      properties: { tree: { $ref: '#/$defs/tree' } },
      $defs: { tree: { type: 'object', properties: { left: { $ref: '#/$defs/tree' } } } },
    };
    const model = await given({ coder: [{ reply: { json: { tree: { left: {} } } } }] });
    const endless = await said(model.stream(asked({ schema: schema(tree), maxTokens: 60 }), never));
    assert.equal(endless.end?.stopReason, 'length');
    assert.match(endless.text, /^\{"n0":\{"n1":\{/);
    const dieted = await said(model.stream(asked({ schema: schema(onDiet(tree)) }), never));
    assert.deepEqual([dieted.text, dieted.end?.stopReason], ['{"tree":{"left":{}}}', 'stop']);
    assert.match(
      schemaCheck(tree)({ tree: { left: { left: 3 } } }) ?? '',
      /tree\.left\.left/,
      'the original is checked',
    );
  });

  for (const [keyword, given400, wrong] of [
    ['uniqueItems', { type: 'array', items: { type: 'string' }, uniqueItems: true }, ['a', 'a']],
    ['contains', { type: 'array', items: { type: 'string' }, contains: { const: 'z' } }, ['a']],
    ['multipleOf', { type: 'integer', multipleOf: 2 }, 3],
    ['two-part allOf', { allOf: [{ type: 'object' }, { type: 'object', required: ['a'] }] }, {}],
  ] as const) {
    it(`"\`uniqueItems\`, \`contains\`, \`multipleOf\`, two-part \`allOf\`: 400": ${keyword} is left out, and checked afterwards`, async () => {
      const of = given400 as unknown as JsonSchema;
      const model = await given({ coder: [{ reply: { json: wrong } }] });
      const error = await failure(model.stream(asked({ schema: schema(of) }), never));
      assert.deepEqual(error.failure, { kind: 'badRequest', about: 'schema' });
      const { text } = await said(model.stream(asked({ schema: schema(onDiet(of)) }), never));
      assert.notEqual(schemaCheck(of)(JSON.parse(text)), undefined);
    });
  }

  it('"Lookahead patterns, `allOf` (default backend): accepted and not enforced": what comes back is checked', async () => {
    const of = {
      type: 'object',
      properties: { id: { type: 'string', pattern: '^(?=.*\\d)' } },
      allOf: [{ required: ['id'] }],
    };
    const model = await given({ coder: [{ reply: { json: { id: 'none' } } }] });
    const { text } = await said(model.stream(asked({ schema: schema(of) }), never));
    assert.match(schemaCheck(of)(JSON.parse(text)) ?? '', /^id: /);
    assert.notEqual(schemaCheck(of)({}), undefined);
  });

  it('"The grammar starts only after `</think>`: a reasoning model that never ends thinking gives content null, all in `reasoning`"', async () => {
    const model = await given({ coder: [{ reply: { json: { note: 'ok' } }, fault: 'endlessThinking' }] });
    const { choices } = await json(await chat({ ...format(NOTE.schema), max_tokens: 20 }));
    assert.deepEqual([choices[0].message.content, choices[0].finish_reason], [null, 'length']);
    const { text, reasoning, end } = await said(model.stream(asked({ schema: NOTE, maxTokens: 20 }), never));
    assert.deepEqual([text, end?.stopReason], ['', 'length']);
    assert.match(reasoning, /Hm/);
  });

  it('"With the wrong reasoning parser the JSON itself arrives in `reasoning`"', async () => {
    const model = await given({ coder: [{ reply: { json: { note: 'ok' } }, fault: 'reasoningOnly' }] });
    const { text, reasoning } = await said(model.stream(asked({ schema: NOTE }), never));
    assert.deepEqual([text, reasoning], ['', '{"note":"ok"}']);
  });

  it('"arguments are not held to the schema unless the function has `strict: true`": it always has', async () => {
    const model = await given({ coder: [{ reply: { toolCalls: [read('a')] } }] });
    for (const args of ['"a"', '["a"]', 'the file a, please']) {
      fleet.inject('coder', { kind: 'wrongArguments', arguments: args });
      assert.deepEqual((await said(model.stream(asked({ tools: TOOLS }), never))).calls, [`read_file${args}`]);
    }
    const { tools } = (fleet.requests[0]?.body ?? {}) as { tools: { function: { strict: boolean } }[] };
    assert.equal(tools[0]?.function.strict, true);
  });

  it('"`required` → finish `tool_calls`, named → `stop`": both are calls', async () => {
    const model = await given({ coder: [{ reply: { toolCalls: [read('a')] } }] });
    const finish = async (choice: unknown): Promise<unknown> =>
      (await json(await chat({ tools: [wireTool('read_file')], tool_choice: choice }))).choices[0].finish_reason;
    assert.equal(await finish('required'), 'tool_calls');
    assert.equal(await finish({ type: 'function', function: { name: 'read_file' } }), 'stop');
    const { calls } = await said(model.stream(asked({ tools: TOOLS, toolChoice: 'required' }), never));
    assert.deepEqual(calls, ['read_file{"path":"a"}']);
    await given({ coder: [{ reply: { text: 'no' } }] });
    assert.match(
      (await json(await chat({ tools: [wireTool('read_file')], tool_choice: 'required' }))).error.message,
      /calls no tool/,
    );
  });

  it('"Cut by max_tokens → raw `<tool_call>` text in content, or a call with `{}`"', async () => {
    const model = await given({ coder: [{ reply: { toolCalls: [read('src/a/long/path.ts')] } }] });
    for (const whole of [{}, { whole: true as const }]) {
      const cut = await said(model.stream(asked({ tools: TOOLS, maxTokens: 8, ...whole }), never));
      assert.match(cut.text, /^<tool_call>/);
      assert.deepEqual([cut.calls, cut.end?.stopReason], [[], 'length']);
      fleet.inject('coder', 'truncatedCall');
      const empty = await said(model.stream(asked({ tools: TOOLS, ...whole }), never));
      assert.deepEqual([empty.calls, empty.end?.stopReason], [['read_file{}'], 'length']);
    }
  });

  it('"finish `tool_calls` with no tool call at all was seen"', async () => {
    const model = await given({ coder: [{ reply: { toolCalls: [read('a')] }, fault: 'noCall' }] });
    const { calls, end } = await said(model.stream(asked({ tools: TOOLS }), never));
    assert.deepEqual([calls, end?.stopReason], [[], 'tool_calls']);
  });

  it('"Many parallel calls unless `parallel_tool_calls: false`": which is always said', async () => {
    const model = await given({ coder: [{ reply: { toolCalls: [read('a'), read('b')] } }] });
    const { choices } = await json(await chat({ tools: [wireTool('read_file')] }));
    assert.equal(choices[0].message.tool_calls.length, 2);
    assert.deepEqual((await said(model.stream(asked({ tools: TOOLS }), never))).calls, ['read_file{"path":"a"}']);
  });

  it('"`tools: []` → 400": none are sent where there are none', async () => {
    const model = await given({ coder: [{ reply: { text: 'ok' } }] });
    assert.equal((await chat({ tools: [] })).status, 400);
    assert.equal((await said(model.stream(asked({ tools: [] }), never))).text, 'ok');
  });

  it('"Too long: 400 (capped, not the true count); max_tokens > window: 400; prompt + max_tokens > window: 200, silently clamped. Ask `/tokenize`"', async () => {
    const model = await given({ coder: [{ reply: { text: 'ok' } }] }, {}, { window: 64 });
    const long = await failure(model.stream(asked({ messages: [user('x'.repeat(4000))], maxTokens: 8 }), never));
    assert.deepEqual(long.failure, { kind: 'contextExceeded', window: 64 });
    assert.match(long.message, /at least 65 input tokens/);
    const greedy = await failure(model.stream(asked({ maxTokens: 65 }), never));
    assert.deepEqual(greedy.failure, { kind: 'contextExceeded', window: 64 });
    const { end } = await said(model.stream(asked({ maxTokens: 64 }), never));
    assert.equal(end?.stopReason, 'stop');
    assert.equal(await model.count(asked(), never), end?.usage?.promptTokens);
  });

  it('"Busy: 503 `Service Unavailable` without Retry-After"', async () => {
    const model = await given({ coder: [{ reply: { text: 'ok' }, fault: 'busy' }] });
    const response = await chat({});
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, null]);
    assert.equal(await response.text(), 'Service Unavailable');
    const error = await failure(model.stream(asked(), never));
    assert.deepEqual(error.failure, { kind: 'overloaded' });
    assert.match(error.message, /is busy \(HTTP 503: Service Unavailable\)/);
  });

  it('"Unknown model 404. Errors are `{"error":{message,type,param,code}}`, but 401 is `{"error":"Unauthorized"}`"', async () => {
    await given({ coder: [{ reply: { text: 'ok' } }] }, {}, { apiKey: 'sesame' });
    const url = fleet.urls.coder;
    const unknown = await failure(openEndpoint({ url, apiKey: 'sesame', model: 'gpt' }).stream(asked(), never));
    assert.deepEqual(unknown.failure, { kind: 'wrongServer' });
    assert.match(unknown.message, /HTTP 404: The model `gpt` does not exist/);
    assert.deepEqual(await json(await chat({})), { error: 'Unauthorized' });
    const keyless = await failure(openEndpoint({ url }).stream(asked(), never));
    assert.deepEqual(keyless.failure, { kind: 'unauthorised' });
    assert.match(keyless.message, /HTTP 401: Unauthorized/);
  });

  it('"A dead engine: HTTP 200 and `data: {"error":{…"code":500}}` inside the stream, then `[DONE]`"', async () => {
    const model = await given({ coder: [{ reply: { text: 'abcdefghijklmnop' }, fault: 'deadEngine' }] });
    const response = await chat({ stream: true });
    const data = await events(response);
    assert.deepEqual([response.status, JSON.parse(data.at(-2) ?? '').error.code, data.at(-1)], [200, 500, '[DONE]']);
    assert.deepEqual((await failure(model.stream(asked(), never))).failure, { kind: 'lost' });
  });

  it('"Killed server: peer closed connection"', async () => {
    const model = await given({ coder: [{ reply: { text: 'abcdefghijklmnop' }, fault: 'dropMidStream' }] });
    const error = await failure(model.stream(asked(), never));
    assert.deepEqual(error.failure, { kind: 'lost' });
    assert.match(error.message, /broke off its answer/);
  });

  it('"Client hangs up: `num_requests_running` is 0"', async () => {
    const model = await given({ coder: [{ reply: { text: 'abcdefghijklmnop' }, fault: 'hangMidStream' }] });
    for await (const _ of model.stream(asked(), never)) break;
    await fleet.settled();
    assert.deepEqual(await model.load(never), { running: 0, waiting: 0, own: 0 });
  });

  it('"`--api-key` protects `/v1/*` only: /metrics, /tokenize and `/invocations` (a full chat!) stay open": see the doctor', async () => {
    await given({ coder: [{ reply: { text: 'ok' } }] }, {}, { apiKey: 'sesame' });
    assert.equal((await chat({})).status, 401);
    const body = { model: SERVED_MODELS.coder, messages: [user('Hi')] };
    assert.equal((await json(await post('/invocations', body))).choices[0].message.content, 'ok');
    assert.equal((await post('/tokenize', body)).status, 200);
    assert.equal((await fetch(fleet.urls.coder.replace('/v1', '/metrics'))).status, 200);
  });
});

describe('llama-server 11434', () => {
  it('"Window: `/v1/models` → `data[0].meta.n_ctx`, no max_model_len; `/props`. No /version. `timings` beside `usage`. Metrics are `llamacpp:*`"', async () => {
    const model = await given({ coder: [{ reply: { text: 'Hello there' } }] }, LLAMA_CPP, { window: 16_384 });
    const root = fleet.urls.coder.replace(/\/v1$/, '');
    const [entry] = (await json(await fetch(`${fleet.urls.coder}/models`))).data;
    assert.deepEqual([entry.meta, 'max_model_len' in entry], [{ n_ctx: 16_384 }, false]);
    assert.equal((await model.served(never)).window, 16_384);
    assert.equal((await fetch(`${root}/version`)).status, 404);
    const pages = openPages({ url: fleet.urls.coder, fetch: unpooledFetch(1000) });
    const { product, window } = await readFacts(pages, SERVED_MODELS.coder, never);
    assert.deepEqual([product, window], ['llama.cpp', 16_384]);
    const data = await events(await chat({ stream: true, stream_options: { include_usage: true } }));
    assert.equal(JSON.parse(data.at(-2) ?? '').timings.predicted_n, 3);
    assert.equal((await json(await chat({}))).timings.predicted_n, 3);
    for (const whole of [{}, { whole: true as const }]) {
      const { text, end } = await said(model.stream(asked(whole), never));
      assert.deepEqual([text, end?.usage?.completionTokens], ['Hello there', 3]);
    }
    assert.match(await (await fetch(`${root}/metrics`)).text(), /^llamacpp:prompt_tokens_cached_total \d+$/m);
    assert.deepEqual(await model.load(never), { running: 0, waiting: 0, own: 0 });
    assert.equal(await model.count(asked(), never), fleet.requests.at(-1)?.promptTokens, 'in two requests');
  });

  it('"`tool_choice: "required"` was ignored without a word (prose, 200); a named choice is dropped"', async () => {
    const model = await given(
      { coder: [{ when: { last: 'call' }, reply: { toolCalls: [read('a')] } }, { reply: { text: 'Hello.' } }] },
      LLAMA_CPP,
    );
    const { text, calls, end } = await said(model.stream(asked({ tools: TOOLS, toolChoice: 'required' }), never));
    assert.deepEqual([text, calls, end?.stopReason], ['Hello.', [], 'stop']);
    const named = {
      messages: [user('call')],
      tools: [wireTool('read_file')],
      tool_choice: { type: 'function', function: { name: 'x' } },
    };
    assert.equal((await json(await chat(named))).choices[0].finish_reason, 'tool_calls');
  });

  it('"`patternProperties` and `required` of an undeclared property: not enforced": what comes back is checked', async () => {
    const of = {
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a', 'b'],
      patternProperties: { '^x': { type: 'string' } },
    };
    const model = await given(
      { coder: [{ when: { last: 'first' }, reply: { json: { a: 1 } } }, { reply: { json: { a: 1, b: 2, x1: 3 } } }] },
      LLAMA_CPP,
    );
    const answer = async (content: string): Promise<unknown> =>
      JSON.parse((await said(model.stream(asked({ messages: [user(content)], schema: schema(of) }), never))).text);
    assert.match(schemaCheck(of)(await answer('first')) ?? '', /"b" is missing/);
    assert.match(schemaCheck(of)(await answer('second')) ?? '', /^x1: /);
    await given({ coder: [{ reply: { json: { a: 1 } } }] });
    assert.match((await json(await chat(format(of)))).error.message, /\$\.b is missing/, 'vLLM would not answer so');
  });

  it('"`tools: []`, unknown model names, two assistants in a row: accepted"', async () => {
    await given({ reviewer: [{ reply: { text: 'yes' } }] }, LLAMA_CPP);
    const messages = [user('a'), { role: 'assistant', content: 'b' }, { role: 'assistant', content: 'c' }];
    const { choices } = await json(await chat({ model: 'whatever', tools: [], messages }, 'reviewer'));
    assert.equal(choices[0].message.content, 'yes');
  });

  it('"Schema answers: valid but ragged (`"risk"\\n\\n:\\n\\n"low"`)"', async () => {
    const model = await given({ coder: [{ reply: { json: { note: 'low', more: ['a', 'b'] } } }] }, LLAMA_CPP);
    const { text } = await said(model.stream(asked({ schema: NOTE }), never));
    assert.match(text, /"note"\n\n:\n\n"low"/);
    assert.deepEqual(JSON.parse(text), { note: 'low', more: ['a', 'b'] });
  });

  it('"the base model pads with hundreds of tabs until max_tokens"', async () => {
    const model = await given(
      { coder: [{ reply: { json: { note: 'ok' } }, fault: { kind: 'whitespaceLoop', pad: '\t' } }] },
      LLAMA_CPP,
    );
    assert.deepEqual((await failure(model.stream(asked({ schema: NOTE }), never))).failure, { kind: 'whitespaceLoop' });
  });

  it('"Too long: 400 `exceed_context_size_error`. Too large max_tokens: accepted. Cancel: slot free. `cached_tokens` always reported"', async () => {
    const model = await given(
      {
        coder: [
          { when: { last: 'hang' }, reply: { text: 'abcdefghijklmnop' }, fault: 'hangMidStream' },
          { reply: { text: 'ok' } },
        ],
      },
      LLAMA_CPP,
      { window: 64 },
    );
    const long = await failure(model.stream(asked({ messages: [user('x'.repeat(4000))] }), never));
    assert.deepEqual(long.failure, { kind: 'contextExceeded', window: 64 });
    assert.match(long.message, /request \(10\d\d tokens\)/, 'the true count');
    await said(model.stream(asked({ maxTokens: 5000 }), never));
    const { end } = await said(model.stream(asked({ maxTokens: 5000 }), never));
    assert.equal(end?.usage?.cachedTokens, (end?.usage?.promptTokens ?? 0) - 1, 'token by token, all but the last');
    for await (const _ of model.stream(asked({ messages: [user('hang')] }), never)) break;
    await fleet.settled();
    assert.equal((await model.load(never))?.running, 0);
  });
});

describe('faster-whisper-server', () => {
  const script = { preprocessor: [{ when: { audio: 'divide' }, reply: { text: 'Add a test.' } }] };
  const transcribe = (fields: Record<string, string>, bytes = 'RIFF....WAVE'): Promise<Response> => {
    const form = new FormData();
    form.set('file', new File([bytes], 'divide.wav'));
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    return fetch(`${fleet.urls.preprocessor}/audio/transcriptions`, { method: 'POST', body: form });
  };

  it('"no /v1/models; any model name accepted; a file that is no audio → 500 `Internal Server Error` (plain text)"', async () => {
    await given(script, FASTER_WHISPER);
    assert.equal((await fetch(`${fleet.urls.preprocessor}/models`)).status, 404);
    assert.deepEqual(await json(await transcribe({ model: 'whatever' })), { text: 'Add a test.' });
    const refused = await transcribe({ model: 'whatever' }, 'no audio');
    assert.deepEqual([refused.status, await refused.text()], [500, 'Internal Server Error']);
    assert.match(refused.headers.get('content-type') ?? '', /^text\/plain/);
    assert.deepEqual(await findLocalServers(never, [fleet.urls.preprocessor]), [], 'nobody takes it for a chat server');
  });

  it('"vLLM’s own: `{"text"}`, verbose_json without words, stream chunks `transcription.chunk`, 400 for bad audio"', async () => {
    await given(script);
    const model = SERVED_MODELS.preprocessor;
    assert.equal((await json(await transcribe({ model }))).text, 'Add a test.');
    assert.equal((await transcribe({ model: 'whatever' })).status, 404);
    const verbose = await json(
      await transcribe({ model, response_format: 'verbose_json', 'timestamp_granularities[]': 'word' }),
    );
    assert.deepEqual([verbose.text, verbose.words, verbose.segments.length], ['Add a test.', null, 1]);
    const data = await events(await transcribe({ model, stream: 'true' }));
    assert.equal(data.pop(), '[DONE]');
    const chunks = data.map((each) => JSON.parse(each));
    assert.ok(chunks.every(({ object }) => object === 'transcription.chunk'));
    assert.equal(chunks.map(({ choices }) => choices[0].delta.content).join(''), 'Add a test.');
    assert.equal((await transcribe({ model }, 'no audio')).status, 400);
  });
});
