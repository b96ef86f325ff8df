import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { type Fleet, type FleetOptions, startFleet } from '../models/fleet.ts';
import { loadScripts } from '../models/script.ts';
import { LLAMA_CPP } from '../models/traits.ts';

const MODELS = {
  planner: 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1',
  coder: 'mistralai/Devstral-Small-2-24B-Instruct-2512',
  reviewer: 'Qwen/Qwen3-Coder-30B-A3B-Instruct',
  preprocessor: 'google/gemma-2-2b-it',
};
const user = (content: string) => ({ role: 'user' as const, content });
const verdictFormat = {
  type: 'json_schema' as const,
  json_schema: {
    name: 'review',
    schema: {
      type: 'object',
      properties: { status: { type: 'string', enum: ['approved', 'failed'] } },
      required: ['status'],
      additionalProperties: false,
    },
  },
};
const readFileTool = {
  type: 'function' as const,
  function: { name: 'read_file', parameters: { type: 'object', properties: { path: { type: 'string' } } } },
};

describe('the scripted fleet', () => {
  let fleet: Fleet | undefined;

  async function start(options: FleetOptions): Promise<Fleet> {
    fleet = await startFleet(options);
    return fleet;
  }

  function openai(role: keyof typeof MODELS, apiKey = 'none'): OpenAI {
    return new OpenAI({ baseURL: urlOf(role), apiKey, maxRetries: 0, logLevel: 'off' });
  }

  function urlOf(role: keyof typeof MODELS): string {
    assert(fleet);
    return fleet.urls[role];
  }

  const post = (url: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });

  const chat = (role: keyof typeof MODELS, body: object, signal?: AbortSignal): Promise<Response> =>
    post(`${urlOf(role)}/chat/completions`, { model: MODELS[role], ...body }, signal);

  /** The body of a response, to be looked into freely. */
  const json = async (response: Response) => JSON.parse(await response.text());

  /** The message of an error response. */
  const said = async (response: Response): Promise<string> => {
    const body = await json(response);
    assert.equal(body.error.code, response.status);
    return body.error.message;
  };

  /** The data of a stream's events. */
  const events = async (response: Response): Promise<string[]> =>
    (await response.text()).split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []));

  afterEach(async () => {
    await fleet?.close();
    fleet = undefined;
  });

  it('streams an answer in the shape of vLLM', async () => {
    await start({ script: { coder: [{ reply: { reasoning: 'Hm, hm.', text: 'Hello there' } }] } });
    const response = await chat('coder', {
      messages: [user('Hi')],
      stream: true,
      stream_options: { include_usage: true },
    });
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    const data = await events(response);
    assert.equal(data.pop(), '[DONE]');
    const chunks = data.map((each) => JSON.parse(each));
    for (const chunk of chunks) {
      assert.match(chunk.id, /^chatcmpl-/);
      assert.equal(chunk.object, 'chat.completion.chunk');
      assert.equal(chunk.model, MODELS.coder);
    }
    assert.deepEqual(
      chunks.map(({ choices }) => choices[0] && [choices[0].delta, choices[0].finish_reason]),
      [
        [{ role: 'assistant', content: '' }, null],
        [{ reasoning: 'Hm, ' }, null],
        [{ reasoning: 'hm.' }, null],
        [{ content: 'Hell' }, null],
        [{ content: 'o th' }, null],
        [{ content: 'ere' }, 'stop'],
        undefined,
      ],
    );
    const { usage, choices } = chunks.at(-1);
    assert.deepEqual(choices, []);
    assert.equal(usage.completion_tokens, 5);
    assert.equal(usage.total_tokens, usage.prompt_tokens + 5);
    assert.deepEqual(usage.completion_tokens_details, { reasoning_tokens: 2 });
  });

  it('satisfies the openai package: several choices, tool calls, and answers in one piece', async () => {
    const call = { name: 'read_file', arguments: { path: 'src/add.ts' } };
    await start({
      script: {
        reviewer: [
          { name: 'votes', when: { last: 'vote' }, reply: [{ text: 'one' }, { text: 'two' }] },
          { name: 'reads', when: { last: 'read' }, reply: { text: 'I look.', toolCalls: [call] } },
        ],
      },
    });
    const client = openai('reviewer');
    const votes = await client.chat.completions.create({
      model: MODELS.reviewer,
      messages: [user('vote')],
      n: 3,
      seed: 1,
    });
    assert.deepEqual(
      votes.choices.map(({ message }) => message.content),
      ['two', 'one', 'two'],
    );
    const request = { model: MODELS.reviewer, messages: [user('read it')], tools: [readFileTool] };
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    const whole = await client.chat.completions.create(request);
    for (const { message, finish_reason } of [streamed.choices[0], whole.choices[0]].filter(
      (choice) => choice !== undefined,
    )) {
      const [toolCall] = message.tool_calls ?? [];
      assert(toolCall?.type === 'function');
      assert.deepEqual(JSON.parse(toolCall.function.arguments), call.arguments);
      assert.equal(toolCall.function.name, 'read_file');
      assert.equal(message.content, 'I look.');
      assert.equal(finish_reason, 'tool_calls');
    }
    assert.equal(
      streamed.choices[0]?.message.tool_calls?.[0]?.id,
      whole.choices[0]?.message.tool_calls?.[0]?.id,
      'the same request gets the same ids',
    );
    assert.deepEqual(
      fleet?.requests.map(({ reply, outcome }) => [reply, outcome]),
      [
        ['votes', 'served'],
        ['reads', 'served'],
        ['reads', 'served'],
      ],
    );
  });

  it('matches by last message, whole prompt and schema, and the first match wins', async () => {
    await start({
      script: {
        reviewer: [
          { name: 'once', when: { last: 'review' }, reply: { text: 'first' }, times: 1 },
          { name: 'json', when: { last: 'review', schema: 'review' }, reply: { json: { status: 'approved' } } },
          { name: 'context', when: { all: ['alpha', 'beta'], none: 'gamma', schema: false }, reply: { text: 'both' } },
          { name: 'rest', when: { schema: false }, reply: { text: 'rest' } },
        ],
      },
    });
    const ask = async (messages: object[], more: object = {}): Promise<string> => {
      const response = await chat('reviewer', { messages, ...more });
      return response.ok ? (await json(response)).choices[0].message.content : said(response);
    };
    assert.equal(await ask([user('review')]), 'first');
    assert.equal(await ask([user('review')], { response_format: verdictFormat }), '{"status":"approved"}');
    assert.equal(await ask([user('review')]), 'rest');
    assert.equal(await ask([user('alpha'), { role: 'assistant', content: 'x' }, user('beta')]), 'both');
    assert.equal(await ask([user('alpha beta gamma')]), 'rest');
    assert.deepEqual(fleet?.unmatched, []);
    assert.match(
      await ask([user('nobody knows')], { response_format: verdictFormat }),
      /script of the reviewer.*"review".*nobody knows/s,
    );
    assert.equal(fleet?.unmatched.length, 1);
  });

  it('does not let a script say what no server would send', async () => {
    await start({
      script: {
        reviewer: [
          { name: 'liar', when: { last: 'one' }, reply: { json: { status: 'maybe' } } },
          { name: 'open', when: { last: 'two' }, reply: { json: { status: 'maybe' } }, fault: 'schemaIgnored' },
          { name: 'tools', when: { last: 'three' }, reply: { toolCalls: [{ name: 'read_file', arguments: {} }] } },
        ],
      },
    });
    const lie = await chat('reviewer', { messages: [user('one')], response_format: verdictFormat });
    assert.equal(lie.status, 500);
    assert.match(await said(lie), /"liar".*\$\.status is "maybe"/);
    const open = await chat('reviewer', { messages: [user('two')], response_format: verdictFormat });
    assert.equal((await json(open)).choices[0].message.content, '{"status":"maybe"}');
    const tools = await chat('reviewer', { messages: [user('three')] });
    assert.match(await said(tools), /calls a tool/);
    assert.equal(fleet?.violations.length, 2);
  });

  it('refuses what vLLM refuses', async () => {
    await start({
      script: { coder: [{ reply: { text: 'yes' } }], preprocessor: [{ reply: { text: 'yes' } }] },
      roles: { coder: { window: 64 } },
    });
    const refused = async (role: 'coder' | 'preprocessor', body: object): Promise<[number, string]> => {
      const response = await chat(role, { messages: [user('Hi')], ...body });
      return [response.status, await said(response)];
    };
    const expect = async (actual: Promise<[number, string]>, status: number, text: RegExp): Promise<void> => {
      const [actualStatus, message] = await actual;
      assert.match(message, text);
      assert.equal(actualStatus, status);
    };
    await expect(refused('coder', { model: 'gpt' }), 404, /`gpt` does not exist/);
    await expect(refused('coder', { tools: [] }), 400, /too short/);
    await expect(refused('coder', { tool_choice: 'auto' }), 400, /`tools` must be set/);
    await expect(refused('coder', { stream_options: { include_usage: true } }), 400, /stream=True/);
    await expect(refused('coder', { tools: [readFileTool], response_format: verdictFormat }), 400, /not both/);
    await expect(refused('coder', { max_tokens: 65 }), 400, /max_tokens=65 cannot be greater than max_model_len=64/);
    await expect(
      refused('coder', { messages: [user('x'.repeat(400))] }),
      400,
      /maximum context length is 64 tokens.*at least 65 input tokens/,
    );
    await expect(refused('coder', { messages: [user('a'), user('b')] }), 400, /must alternate/);
    await expect(
      refused('preprocessor', { messages: [{ role: 'system', content: 'x' }, user('a')] }),
      400,
      /System role not supported/,
    );
    await expect(refused('coder', { messages: 'Hi' }), 400, /messages/);
    assert.equal(
      fleet?.requests.every(({ outcome }) => outcome === 'refused'),
      true,
    );
    const clamped = await chat('coder', { messages: [user('Hi')], max_tokens: 64 });
    assert.equal(clamped.status, 200, 'prompt and max_tokens together may exceed the window');
  });

  it('refuses schemas that grammars do not take', async () => {
    await start({ script: { coder: [{ reply: { json: {} } }] } });
    for (const schema of [
      { properties: { list: { type: 'array', uniqueItems: true } } },
      { items: { contains: {} } },
      { type: 'integer', multipleOf: 2 },
      { allOf: [{ type: 'object' }, { type: 'object' }] },
    ]) {
      const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
      const response = await chat('coder', { messages: [user('Hi')], response_format: format });
      assert.equal(response.status, 400);
      assert.match(await said(response), /not supported by xgrammar/);
    }
  });

  it('is like the server of llama.cpp, where it is to be', async () => {
    await start({
      script: {
        reviewer: [{ when: { schema: 'review' }, reply: { json: { status: 'approved' } } }, { reply: { text: 'yes' } }],
      },
      roles: { reviewer: { window: 64, traits: LLAMA_CPP } },
    });
    const content = async (body: object): Promise<string> =>
      (await json(await chat('reviewer', { messages: [user('Hi')], ...body }))).choices[0].message.content;
    assert.equal(await content({ model: 'whatever', tools: [], max_tokens: 9999 }), 'yes');
    const written = await content({ response_format: verdictFormat });
    assert.match(written, /"status"\n\n:\n\n"approved"/);
    assert.deepEqual(JSON.parse(written), { status: 'approved' });
    const { error } = await json(await chat('reviewer', { messages: [user('x'.repeat(400))] }));
    assert.equal(error.type, 'exceed_context_size_error');
    assert.equal(error.n_ctx, 64);
    assert.ok(error.n_prompt_tokens > 100, 'the true count');
  });

  it('cuts an answer at max_tokens, and leaves a cut tool call as text', async () => {
    const call = { name: 'read_file', arguments: { path: 'x'.repeat(100) } };
    await start({
      script: { coder: [{ when: { last: 'call' }, reply: { toolCalls: [call] } }, { reply: { text: 'abcdefghij' } }] },
    });
    const text = await json(await chat('coder', { messages: [user('Hi')], max_tokens: 2 }));
    assert.deepEqual([text.choices[0].message.content, text.choices[0].finish_reason], ['abcdefgh', 'length']);
    const cut = await json(await chat('coder', { messages: [user('call')], tools: [readFileTool], max_tokens: 10 }));
    assert.equal(cut.choices[0].finish_reason, 'length');
    assert.match(cut.choices[0].message.content, /^<tool_call>/);
    assert.equal(cut.choices[0].message.tool_calls, undefined);
  });

  it('reports a repeated prefix as cached, in whole blocks, and counts it in its metrics', async () => {
    const fleetNow = await start({ script: { planner: [{ reply: { text: 'An answer that is long enough.' } }] } });
    const first = [{ role: 'system', content: 'detailed thinking off' }, user('word '.repeat(100))];
    const answer = await json(await chat('planner', { messages: first }));
    assert.equal(answer.usage.prompt_tokens_details.cached_tokens, 0);
    const followUp = [...first, { role: 'assistant', content: answer.choices[0].message.content }, user('And now?')];
    const { usage } = await json(await chat('planner', { messages: followUp }));
    const { cached_tokens: cached } = usage.prompt_tokens_details;
    assert.equal(cached % 16, 0);
    assert(
      cached >= answer.usage.prompt_tokens - 16 && cached < usage.prompt_tokens,
      `${cached} of ${usage.prompt_tokens}`,
    );
    const changed = [{ role: 'system', content: 'detailed thinking on!' }, ...first.slice(1)];
    const other = await json(await chat('planner', { messages: changed }));
    assert.equal(other.usage.prompt_tokens_details.cached_tokens, 0, 'another beginning shares nothing');

    const metrics = await (await fetch(fleetNow.urls.planner.replace('/v1', '/metrics'))).text();
    const value = (name: string): number =>
      Number(new RegExp(`^vllm:${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(metrics)?.[1]);
    assert.equal(value('prefix_cache_hits_total'), cached);
    assert.equal(value('num_requests_running'), 0);
    assert.equal(value('prompt_tokens_total'), value('prefix_cache_queries_total'));
    assert.match(metrics, /vllm:request_success_total\{[^}]*finished_reason="stop"\} 3/);
  });

  it('tells what it serves and counts tokens as it bills them', async () => {
    await start({ script: { coder: [{ reply: { text: 'ok' } }] }, roles: { coder: { window: 8192 } } });
    const models = await openai('coder').models.list();
    assert.deepEqual(
      models.data.map((model) => [model.id, 'max_model_len' in model && model.max_model_len]),
      [[MODELS.coder, 8192]],
    );
    const root = urlOf('coder').replace('/v1', '');
    const messages = [user('How many tokens are in this?')];
    const counted = await json(await post(`${root}/tokenize`, { messages, tools: [readFileTool] }));
    const { usage } = await json(await chat('coder', { messages, tools: [readFileTool] }));
    assert.equal(counted.count, usage.prompt_tokens);
    assert.equal(counted.max_model_len, 8192);
    const plain = await json(await post(`${root}/tokenize`, { prompt: 'abcdefg' }));
    assert.equal(plain.count, 2);
    assert.equal((await json(await post(`${root}/detokenize`, { tokens: plain.tokens }))).prompt, 'abcdefg');
    for (const path of ['/health', '/ping', '/version']) assert.equal((await fetch(root + path)).status, 200);
    assert.equal((await fetch(`${root}/nowhere`)).status, 404);
  });

  it('guards /v1 and nothing else with its key', async () => {
    await start({ script: { coder: [{ reply: { text: 'ok' } }] }, apiKey: 'sesame' });
    const refused = await chat('coder', { messages: [user('Hi')] });
    assert.equal(refused.status, 401);
    assert.deepEqual(await json(refused), { error: 'Unauthorized' });
    assert.equal((await fetch(urlOf('coder').replace('/v1', '/metrics'))).status, 200);
    const let_in = await openai('coder', 'sesame').chat.completions.create({
      model: MODELS.coder,
      messages: [user('Hi')],
    });
    assert.equal(let_in.choices[0]?.message.content, 'ok');
  });

  it('lets requests wait in line, and forgets those whose client goes away', async () => {
    const fleetNow = await start({
      script: {
        coder: [
          { when: { last: 'hang' }, reply: { text: 'abcdefghijklmnop' }, fault: 'hangMidStream' },
          { reply: { text: 'ok' } },
        ],
      },
      timing: { maxRunning: 1 },
    });
    const client = new AbortController();
    const hanging = await chat('coder', { messages: [user('hang')], stream: true }, client.signal);
    const reader = hanging.body?.getReader();
    await reader?.read();
    assert.equal(fleetNow.running('coder'), 1);
    const waiting = chat('coder', { messages: [user('Hi')] });
    const metricsUrl = urlOf('coder').replace('/v1', '/metrics');
    for (;;) {
      if (/num_requests_waiting\{[^}]*\} 1/.test(await (await fetch(metricsUrl)).text())) break;
    }
    client.abort();
    assert.equal((await waiting).status, 200);
    await fleetNow.settled();
    assert.equal(fleetNow.running('coder'), 0);
    assert.deepEqual(
      fleetNow.requests.map(({ outcome, fault }) => [outcome, fault]),
      [
        ['cancelled', 'hangMidStream'],
        ['served', undefined],
      ],
    );
    assert.match(await (await fetch(metricsUrl)).text(), /finished_reason="abort"\} 1/);
  });

  it('takes the time that its timing says, only in real pace', async () => {
    const timing = { prefill: 1000, decode: 100 };
    const fleetNow = await start({ script: { coder: [{ reply: { text: 'x'.repeat(40) } }] }, timing, pace: 'real' });
    const started = performance.now();
    await (await chat('coder', { messages: [user('Hi')] })).text();
    const { modelMs = 0, promptTokens = 0 } = fleetNow.requests[0] ?? {};
    assert(Math.abs(modelMs - (promptTokens + 100)) < 20, `${modelMs} ms for ${promptTokens} tokens and 10 tokens`);
    assert(performance.now() - started >= 90);
  });

  it('breaks on demand, as real servers do', async () => {
    const fleetNow = await start({
      script: {
        coder: [
          {
            when: { last: 'call' },
            reply: { text: 'Now', toolCalls: [{ name: 'read_file', arguments: { path: 'a' } }] },
          },
          { reply: { text: 'abcdefghijklmnopqrst' } },
        ],
      },
    });
    const stream = { messages: [user('Hi')], stream: true };

    fleetNow.inject('coder', 'dropBeforeHeaders');
    await assert.rejects(chat('coder', stream));
    fleetNow.inject('coder', { kind: 'dropMidStream', afterTokens: 2 });
    const dropped = await chat('coder', stream);
    let received = '';
    await assert.rejects(async () => {
      for await (const part of dropped.body ?? []) received += new TextDecoder().decode(part);
    });
    assert.match(received, /abcd.*efgh/s);
    assert.doesNotMatch(received, /ijkl/);

    fleetNow.inject('coder', { kind: 'busy', retryAfter: 2 }, { times: 2 });
    for (const _ of [1, 2]) {
      const busy = await chat('coder', stream);
      assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '2']);
    }
    fleetNow.inject('coder', 'contextExceeded');
    assert.match(await said(await chat('coder', stream)), /maximum context length is 32768 tokens/);

    fleetNow.inject('coder', 'deadEngine');
    const dead = await events(await chat('coder', stream));
    assert.deepEqual([JSON.parse(dead.at(-2) ?? '').error.code, dead.at(-1)], [500, '[DONE]']);
    fleetNow.inject('coder', 'malformedChunk');
    const malformed = await events(await chat('coder', stream));
    assert.throws(() => JSON.parse(malformed.at(-2) ?? ''), SyntaxError);
    fleetNow.inject('coder', 'endWithoutFinish');
    assert.doesNotMatch((await events(await chat('coder', stream))).join(), /"finish_reason":"/);

    const message = async (fault: Parameters<Fleet['inject']>[1], body: object = {}) => {
      fleetNow.inject('coder', fault);
      const { choices } = await json(await chat('coder', { messages: [user('Hi')], ...body }));
      return { ...choices[0].message, finish: choices[0].finish_reason };
    };
    assert.equal((await message('empty')).content, null);
    assert.match(
      (await message('whitespaceLoop', { max_tokens: 50, response_format: verdictFormat })).content,
      /^\{ {199}$/,
    );
    const cut = await message({ kind: 'truncated', afterTokens: 2 });
    assert.deepEqual([cut.content, cut.finish], ['abcdefgh', 'length']);
    const thought = await message('reasoningOnly');
    assert.deepEqual([thought.content, thought.reasoning], [null, 'abcdefghijklmnopqrst']);
    const asText = await message('toolCallAsText', { messages: [user('call')], tools: [readFileTool] });
    assert.equal(asText.content, 'Now\n<tool_call>\n{"name": "read_file", "arguments": {"path":"a"}}\n</tool_call>');
    assert.equal(asText.tool_calls, undefined);
    assert.equal(asText.finish, 'stop');

    assert.equal((await json(await chat('coder', { messages: [user('Hi')] }))).choices[0].finish_reason, 'stop');
    assert.equal(fleetNow.requests.filter(({ outcome }) => outcome === 'faulted').length, fleetNow.requests.length - 1);
  });

  it('transcribes audio by the name of its file', async () => {
    await start({
      script: {
        preprocessor: [{ when: { audio: 'divide' }, reply: { text: 'Add a test.' } }, { reply: { text: 'chat' } }],
      },
    });
    const audio = openai('preprocessor').audio.transcriptions;
    const wav = (name: string, bytes = 'RIFF....WAVE') => new File([bytes], name);
    const { text } = await audio.create({ model: MODELS.preprocessor, file: wav('divide.wav') });
    assert.equal(text, 'Add a test.');
    await assert.rejects(
      audio.create({ model: MODELS.preprocessor, file: wav('divide.wav', 'no audio') }),
      /Invalid or unsupported audio/,
    );
    await assert.rejects(audio.create({ model: MODELS.preprocessor, file: wav('other.wav') }), /other\.wav/);
    assert.equal(fleet?.unmatched.length, 1);
  });

  it('answers from a function where a test makes up its requests', async () => {
    await start({ script: { coder: (request) => ({ text: `You sent ${request.messages.length}.` }) } });
    const answer = await json(await chat('coder', { messages: [user('Hi')] }));
    assert.equal(answer.choices[0].message.content, 'You sent 1.');
  });

  describe('with scripts in files', () => {
    let directory: string;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'fleet-'));
    });
    afterEach(() => rm(directory, { recursive: true, force: true }));

    it('names the file and the place of a mistake', async () => {
      await writeFile(join(directory, 'coder.yaml'), '- when: { lst: x }\n  reply: { text: hello }\n');
      assert.throws(() => loadScripts(directory), /coder\.yaml[\s\S]*lst/);
      assert.throws(() => loadScripts(join(directory, 'missing')), /no directory of scripts/);
    });

    it('runs as a process of its own that ends with its parent', async () => {
      await writeFile(
        join(directory, 'planner.yaml'),
        '- name: plan\n  when: { last: plan, schema: review }\n  reply:\n    json: { status: approved }\n- when: { last: busy }\n  fault: busy\n  reply: {}\n',
      );
      const log = join(directory, 'requests.jsonl');
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', 'test/models/main.ts', '--script', directory, '--pace', 'instant', '--log', log],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      );
      const exited = once(child, 'exit');
      try {
        const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
        const urls = JSON.parse(line);
        assert.deepEqual(Object.keys(urls).sort(), ['coder', 'planner', 'preprocessor', 'reviewer']);
        const ask = (content: string) =>
          post(`${urls.planner}/chat/completions`, { messages: [user(content)], response_format: verdictFormat });
        const answer = await json(await ask('plan'));
        assert.equal(answer.choices[0].message.content, '{"status":"approved"}');
        assert.equal((await ask('busy')).status, 503);
        child.stdin.end();
        assert.deepEqual(await exited, [0, null]);
        const records = (await readFile(log, 'utf8'))
          .trim()
          .split('\n')
          .map((each) => JSON.parse(each));
        assert.deepEqual(
          records.map(({ role, reply, outcome }) => [role, reply, outcome]),
          [
            ['planner', 'plan', 'served'],
            ['planner', '#2', 'faulted'],
          ],
        );
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
});
