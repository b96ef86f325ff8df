import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { type EndpointOptions, openEndpoint } from '../../src/core/models/endpoint.ts';
import { ModelError, type ModelFailure } from '../../src/core/models/modelError.ts';
import { REPETITION_LIMITS, repetitionGuard } from '../../src/core/models/repetitionGuard.ts';
import { samplingOf, traitsOf } from '../../src/core/models/traits.ts';
import { WHITESPACE_LIMIT, whitespaceGuard } from '../../src/core/models/whitespaceGuard.ts';
import type { Model, ModelEvent, ModelRequest } from '../../src/core/ports.ts';
import { nameInTerminal } from '../../src/node/settingNames.ts';
import type { Role } from '../../src/shared/events.ts';
import { type Fleet, type FleetOptions, SERVED_MODELS, startFleet } from '../models/fleet.ts';

const never = new AbortController().signal;
const ask = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: 'user', content }],
  maxTokens: 1000,
  temperature: 0,
  ...more,
});
const reviewSchema = {
  name: 'review',
  schema: {
    type: 'object',
    properties: { status: { type: 'string' } },
    required: ['status'],
    additionalProperties: false,
  },
};
const readFileTool = {
  name: 'read_file',
  description: 'Reads a file.',
  parameters: { type: 'object', properties: {} },
};

/** A Coder's server that makes several calls in one answer, though it is asked for one. */
const SEVERAL_CALLS: Partial<FleetOptions> = { roles: { coder: { traits: { parallelCalls: 'ignored' } } } };

/** Everything a stream says. */
async function collect(stream: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

const textOf = (events: readonly ModelEvent[], type: 'text' | 'reasoning'): string =>
  events.map((event) => (event.type === type ? event.delta : '')).join('');

/** The tool calls of a stream, put together from their pieces. */
function callsOf(events: readonly ModelEvent[]): { id: string; name: string; arguments: string }[] {
  const calls: { id: string; name: string; arguments: string }[] = [];
  for (const event of events) {
    if (event.type !== 'toolCall') continue;
    const call = calls[event.index];
    if (call) call.arguments += event.argumentsDelta;
    else calls[event.index] = { id: event.id ?? '', name: event.name ?? '', arguments: event.argumentsDelta };
  }
  return calls;
}

async function failureOf(work: Promise<unknown>): Promise<ModelError> {
  const error = await work.then(
    (value) => assert.fail(`no failure but ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  assert(error instanceof ModelError, String(error));
  return error;
}

describe('an endpoint', () => {
  let fleet: Fleet | undefined;
  const others: (Server | TcpServer)[] = [];

  async function start(script: FleetOptions['script'], more: Partial<FleetOptions> = {}): Promise<Fleet> {
    fleet = await startFleet({ script, ...more });
    return fleet;
  }

  function open(role: Role, more: Partial<EndpointOptions> = {}): Model {
    assert(fleet);
    return openEndpoint({ role, url: fleet.urls[role], nameOf: nameInTerminal, ...more });
  }

  async function listening(server: Server | TcpServer): Promise<string> {
    others.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  /** A server that is not vLLM. */
  const answering = (listener: RequestListener): Promise<string> => listening(createServer(listener));
  const answeringJson = (status: number, body: unknown, headers: Record<string, string> = {}): Promise<string> =>
    answering((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  const answeringStream = (...chunks: unknown[]): Promise<string> =>
    answering((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      response.end('data: [DONE]\n\n');
    });

  /** A server whose model has a chat template that may refuse what it gets. @param asked gets the messages of each request */
  function templated(
    asked: unknown[],
    served: { id: string; root?: string; max_model_len?: number },
    refuse: (
      messages: { role: string }[],
      body: { chat_template_kwargs?: unknown },
    ) => { status: number; words: string } | undefined,
  ): RequestListener {
    return async (request, response) => {
      const json = (status: number, body: unknown): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (request.method === 'GET') return json(200, { data: [served] });
      let text = '';
      for await (const chunk of request) text += chunk;
      const body = JSON.parse(text) as { messages: { role: string }[]; chat_template_kwargs?: unknown };
      asked.push(body.messages);
      const refusal = refuse(body.messages, body);
      if (refusal) return json(refusal.status, { error: { message: refusal.words } });
      const chunk = { choices: [{ delta: { content: 'Hi.' }, finish_reason: 'stop' }] };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
    };
  }

  afterEach(async () => {
    await fleet?.close();
    fleet = undefined;
    for (const server of others.splice(0)) server.close();
  });

  describe('streams', () => {
    it('text and reasoning, under both names of it, and ends with the usage', async () => {
      const script = [{ reply: { reasoning: 'Let me see: 🙂.', text: 'Grüße, Welt!' } }];
      await start(
        { coder: script, reviewer: script },
        { roles: { reviewer: { reasoningField: 'reasoning_content' } } },
      );
      for (const role of ['coder', 'reviewer'] as const) {
        const events = await collect(open(role).stream(ask('Hi'), never));
        assert.equal(textOf(events, 'reasoning'), 'Let me see: 🙂.');
        assert.equal(textOf(events, 'text'), 'Grüße, Welt!');
        assert.deepEqual(events.at(-1), {
          type: 'finished',
          stopReason: 'stop',
          usage: {
            promptTokens: fleet?.requests.at(-1)?.promptTokens,
            completionTokens: 7,
            cachedTokens: 0,
            reasoningTokens: 4,
          },
        });
      }
    });

    it('what it was asked to send: sampling, schema, tools, and whole transcripts', async () => {
      const { requests } = await start({
        coder: [
          { when: { tools: true }, reply: { toolCalls: [{ name: 'read_file', arguments: {} }] } },
          { reply: { json: { status: 'ok' } } },
        ],
      });
      const model = open('coder');
      await collect(
        model.stream(
          {
            messages: [
              { role: 'system', content: 'Be brief.' },
              { role: 'user', content: 'Read a.' },
              {
                role: 'assistant',
                content: '',
                toolCalls: [{ id: 'abcdefgh1', name: 'read_file', arguments: '{"path":"a"}' }],
              },
              { role: 'tool', content: 'contents', callId: 'abcdefgh1' },
            ],
            maxTokens: 77,
            temperature: 0.6,
            topP: 0.95,
            seed: 5,
            tools: [readFileTool],
            toolChoice: 'required',
          },
          never,
        ),
      );
      assert.deepEqual(requests[0]?.body, {
        model: SERVED_MODELS.coder,
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Read a.' },
          {
            role: 'assistant',
            content: '',
            tool_calls: [
              { id: 'abcdefgh1', type: 'function', function: { name: 'read_file', arguments: '{"path":"a"}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'abcdefgh1', content: 'contents' },
        ],
        max_tokens: 77,
        temperature: 0.6,
        top_p: 0.95,
        seed: 5,
        tools: [{ type: 'function', function: { ...readFileTool, strict: true } }],
        parallel_tool_calls: false,
        tool_choice: 'required',
        stream: true,
        stream_options: { include_usage: true },
      });
      const events = await collect(model.stream(ask('Now', { schema: reviewSchema }), never));
      assert.equal(textOf(events, 'text'), '{"status":"ok"}');
      const second = requests[1]?.body as { response_format: unknown } | undefined;
      assert.deepEqual(second?.response_format, {
        type: 'json_schema',
        json_schema: { ...reviewSchema, strict: true },
      });
      await assert.rejects(
        collect(model.stream(ask('Both', { schema: reviewSchema, tools: [readFileTool] }), never)),
        TypeError,
      );
      assert.equal(requests.length, 2, 'schema and tools together are never sent');
    });

    it('messages as the chat template of the model wants them, which its name tells, or what stands behind an alias', async () => {
      const { requests } = await start({ preprocessor: [{ reply: { text: 'Hi.' } }] });
      const messages: ModelRequest['messages'] = [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello.' },
      ];
      const folded = [{ role: 'user', content: 'Be brief.\n\nHello.' }];
      await collect(open('preprocessor').stream({ ...ask(''), messages }, never));
      assert.deepEqual((requests[0]?.body as { messages: unknown } | undefined)?.messages, folded);

      const asked: unknown[] = [];
      const url = await answering(
        templated(asked, { id: 'planner', root: 'google/gemma-2-2b-it', max_model_len: 8192 }, () => undefined),
      );
      const aliased = openEndpoint({ url, model: 'planner' });
      assert.deepEqual(await aliased.served(never), {
        model: 'planner',
        root: 'google/gemma-2-2b-it',
        window: 8192,
      });
      await collect(aliased.stream({ ...ask(''), messages }, never));
      assert.deepEqual(asked, [folded]);
    });

    it('whether to think, where the template has a variable for it; without it where the server takes none', async () => {
      const asked: unknown[] = [];
      const kwargs: unknown[] = [];
      const strict = templated(asked, { id: 'Qwen/Qwen3-32B' }, (_, body) => {
        kwargs.push(body.chat_template_kwargs);
        const words = 'Unknown parameter: "chat_template_kwargs".';
        return kwargs.length > 2 && body.chat_template_kwargs !== undefined ? { status: 400, words } : undefined;
      });
      const model = openEndpoint({ url: await answering(strict) });
      for (const thinking of ['on', 'off', 'off'] as const) {
        assert.equal(textOf(await collect(model.stream({ ...ask('Hello.'), thinking }, never)), 'text'), 'Hi.');
      }
      assert.deepEqual(kwargs, [
        { enable_thinking: true },
        { enable_thinking: false },
        { enable_thinking: false },
        undefined,
      ]);
      assert.deepEqual(traitsOf('Qwen/Qwen3-Coder-30B-A3B-Instruct').thinkingVariable, undefined);
    });

    it('messages in the plainest form, once and for all, where the template refuses them', async () => {
      const messages: ModelRequest['messages'] = [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello.' },
      ];
      const plain = [{ role: 'user', content: 'Be brief.\n\nHello.' }];
      for (const [status, words] of [
        [400, 'System role not supported'],
        [500, 'Value is not callable: raise_exception at row 1: System role not supported'],
      ] as const) {
        const asked: unknown[] = [];
        const refusing = templated(asked, { id: 'planner' }, (sent) =>
          sent[0]?.role === 'system' ? { status, words } : undefined,
        );
        const model = openEndpoint({ url: await answering(refusing) });
        assert.equal(textOf(await collect(model.stream({ ...ask(''), messages }, never)), 'text'), 'Hi.');
        await collect(model.stream({ ...ask(''), messages }, never));
        assert.deepEqual(asked, [messages, plain, plain]);
      }
      const asked: unknown[] = [];
      const hopeless = templated(asked, { id: 'planner' }, () => ({
        status: 400,
        words: 'Conversation roles must alternate user/assistant/user/assistant/...',
      }));
      const model = openEndpoint({ url: await answering(hopeless) });
      for (const _ of [1, 2]) {
        const error = await failureOf(collect(model.stream({ ...ask(''), messages }, never)));
        assert.deepEqual(error.failure, { kind: 'badRequest', template: true });
        assert.match(error.message, /refuses the form of the messages.*must alternate/);
      }
      assert.deepEqual(asked, [messages, plain, messages, plain], 'the form was not to blame');
    });

    it('parallel tool calls, their arguments in pieces', async () => {
      const toolCalls = [
        { name: 'read_file', arguments: { path: 'src/a/long/path.ts' } },
        { name: 'read_file', arguments: { path: 'b' } },
      ];
      await start({ coder: [{ reply: { toolCalls } }] }, SEVERAL_CALLS);
      const events = await collect(open('coder').stream(ask('Read', { tools: [readFileTool] }), never));
      const calls = callsOf(events);
      assert.deepEqual(
        calls.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
        toolCalls,
      );
      assert.equal(new Set(calls.map(({ id }) => id)).size, 2);
      const last = events.at(-1);
      assert(last?.type === 'finished' && last.stopReason === 'tool_calls');
    });

    it('the same of an answer that was asked for in one piece', async () => {
      const toolCalls = [
        { name: 'read_file', arguments: { path: 'src/a/long/path.ts' } },
        { name: 'read_file', arguments: { path: 'b' } },
      ];
      const { requests } = await start(
        { coder: [{ reply: { reasoning: 'Both of them.', text: 'Reading.', toolCalls } }] },
        SEVERAL_CALLS,
      );
      const request = ask('Read', { tools: [readFileTool] });
      const streamed = await collect(open('coder').stream(request, never));
      const whole = await collect(open('coder').stream({ ...request, whole: true }, never));
      for (const type of ['text', 'reasoning'] as const) assert.equal(textOf(whole, type), textOf(streamed, type));
      assert.deepEqual(callsOf(whole), callsOf(streamed));
      assert.equal(callsOf(whole).length, 2);
      const ends = [streamed, whole].map((events) => {
        const last = events.at(-1);
        assert(last?.type === 'finished');
        return { ...last, usage: { ...last.usage, cachedTokens: 0 } };
      });
      assert.deepEqual(ends[1], ends[0]);
      const body = requests[1]?.body as Record<string, unknown>;
      assert.deepEqual([body.stream, body.stream_options], [false, undefined]);
    });

    it('arguments that a server gives as an object, as their text', async () => {
      const call = { id: 'a', type: 'function', function: { name: 'read_file', arguments: { path: 'a' } } };
      const url = await answeringJson(200, {
        choices: [{ index: 0, message: { content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }],
      });
      const model = openEndpoint({ url, model: 'm' });
      const events = await collect(model.stream(ask('Hi', { tools: [readFileTool], whole: true }), never));
      assert.deepEqual(callsOf(events), [{ id: 'a', name: 'read_file', arguments: '{"path":"a"}' }]);
    });

    it('tells a cut answer and the tokens that came from the cache', async () => {
      await start({ coder: [{ reply: { text: 'a long answer' } }] });
      const model = open('coder');
      const request = ask('word '.repeat(100), { maxTokens: 2 });
      await collect(model.stream(request, never));
      const last = (await collect(model.stream(request, never))).at(-1);
      assert(last?.type === 'finished');
      assert.equal(last.stopReason, 'length');
      assert.equal(last.usage?.cachedTokens, Math.floor((last.usage?.promptTokens ?? 0) / 16) * 16);
    });

    it('from a server that reports no usage', async () => {
      const url = await answeringStream(
        { choices: [{ index: 0, delta: { role: 'assistant', content: null }, finish_reason: null }] },
        { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] },
      );
      assert.deepEqual(await collect(openEndpoint({ url, model: 'm' }).stream(ask('Hi'), never)), [
        { type: 'text', delta: 'Hi' },
        { type: 'finished', stopReason: 'stop' },
      ]);
    });
  });

  describe('stops', () => {
    /** A request that hangs, and the events that came until then. */
    async function untilItHangs(
      fault: 'hangMidStream' | 'hangBeforeFirstByte',
      stop: (model: Model) => Promise<void>,
    ): Promise<Fleet> {
      const fleetNow = await start({ coder: [{ reply: { text: 'abcdefghijklmnopqrstuvwxyz' }, fault }] });
      await stop(open('coder'));
      await fleetNow.settled();
      assert.equal(fleetNow.running('coder'), 0);
      assert.deepEqual(
        fleetNow.requests.map(({ outcome }) => outcome),
        ['cancelled'],
      );
      return fleetNow;
    }

    it('when its signal aborts in the middle of an answer, and the server sees it', async () => {
      await untilItHangs('hangMidStream', async (model) => {
        const controller = new AbortController();
        const reason = new Error('the user pressed stop');
        const reading = (async () => {
          let text = '';
          for await (const event of model.stream(ask('Hi'), controller.signal)) {
            if (event.type === 'text') text += event.delta;
            if (text === 'abcdefghijkl') setImmediate(() => controller.abort(reason));
          }
        })();
        await assert.rejects(reading, (error) => error === reason);
      });
    });

    it('when its signal aborts before the answer begins', async () => {
      await untilItHangs('hangBeforeFirstByte', async (model) => {
        const controller = new AbortController();
        const reading = collect(model.stream(ask('Hi'), controller.signal));
        while (fleet?.running('coder') === 0) await new Promise(setImmediate);
        controller.abort();
        await assert.rejects(reading, { name: 'AbortError' });
      });
    });

    it('when its signal aborts while an answer in one piece is written', async () => {
      await untilItHangs('hangMidStream', async (model) => {
        const controller = new AbortController();
        const reading = collect(model.stream(ask('Hi', { whole: true }), controller.signal));
        while (fleet?.running('coder') === 0) await new Promise(setImmediate);
        controller.abort();
        await assert.rejects(reading, { name: 'AbortError' });
      });
    });

    it('when its reader has had enough', async () => {
      await untilItHangs('hangMidStream', async (model) => {
        for await (const event of model.stream(ask('Hi'), never)) if (event.type === 'text') break;
      });
    });

    it('without asking at all where it was aborted before', async () => {
      const { requests } = await start({});
      const reason = new Error('too late');
      await assert.rejects(collect(open('coder').stream(ask('Hi'), AbortSignal.abort(reason))), reason);
      await assert.rejects(open('coder').served(AbortSignal.abort(reason)), reason);
      assert.equal(requests.length, 0);
    });

    it('and leaves no listener on a signal that lives on', async () => {
      await start({ coder: [{ reply: { text: 'ok' } }] });
      const { signal } = new AbortController();
      let listeners = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners += 1;
        add(...args);
      };
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners -= 1;
        remove(...args);
      };
      const model = open('coder');
      for (const _ of [1, 2, 3]) await collect(model.stream(ask('Hi'), signal));
      assert.equal(listeners, 0);
    });
  });

  describe('fails by kind', () => {
    const script: FleetOptions['script'] = {
      coder: [
        { when: { schema: false }, reply: { text: 'abcdefghijklmnopqrst' } },
        { reply: { json: { status: 'ok' } } },
      ],
    };
    const streamed = (model: Model, more: Partial<ModelRequest> = {}): Promise<unknown> =>
      collect(model.stream(ask('Hi', more), never));

    it('on every fault of a server', async () => {
      const fleetNow = await start(script);
      const model = open('coder');
      const cases: [Parameters<Fleet['inject']>[1], ModelFailure, RegExp][] = [
        [
          'dropBeforeHeaders',
          { kind: 'unreachable' },
          /does not answer \((ECONNRESET|UND_ERR_SOCKET)\).*CONCLAVE_CODER_URL/,
        ],
        ['dropMidStream', { kind: 'lost' }, /broke off its answer/],
        ['busy', { kind: 'overloaded' }, /is busy \(HTTP 503: Service Unavailable\)/],
        [{ kind: 'busy', retryAfter: 1.5 }, { kind: 'overloaded', retryAfter: 1500 }, /is busy/],
        ['serverError', { kind: 'lost' }, /HTTP 500: EngineCore encountered an issue/],
        ['contextExceeded', { kind: 'contextExceeded', window: 32768 }, /too long.*maximum context length/],
        ['malformedChunk', { kind: 'malformed' }, /no JSON/],
        ['deadEngine', { kind: 'lost' }, /EngineCore encountered an issue/],
        ['endWithoutFinish', { kind: 'lost' }, /without a finish_reason/],
      ];
      for (const [fault, failure, message] of cases) {
        fleetNow.inject('coder', fault);
        const error = await failureOf(streamed(model));
        assert.deepEqual(error.failure, failure);
        assert.match(error.message, message);
        assert(error.message.startsWith(`The coder server at ${model.url} `), error.message);
      }
      fleetNow.inject('coder', 'whitespaceLoop');
      const endless = await failureOf(streamed(model, { schema: reviewSchema }));
      assert.deepEqual(endless.failure, { kind: 'whitespaceLoop' });
      fleetNow.inject('coder', 'repetitionLoop');
      const repeating = await failureOf(streamed(model, { schema: reviewSchema }));
      assert.deepEqual(repeating.failure, { kind: 'repetitionLoop' });
      fleetNow.inject('coder', 'whitespaceLoop');
      await streamed(model, { maxTokens: 50 });
      await streamed(model);
      assert.deepEqual(
        fleetNow.requests.at(-1)?.outcome,
        'served',
        'it never retries by itself, and goes on afterwards',
      );
      assert.equal(fleetNow.requests.length, cases.length + 4);
    });

    it('the same where the answer was asked for in one piece', async () => {
      const fleetNow = await start(script);
      const model = open('coder', { timeouts: { whole: 300 } });
      const cases: [Parameters<Fleet['inject']>[1], ModelFailure][] = [
        ['dropBeforeHeaders', { kind: 'unreachable' }],
        ['dropMidStream', { kind: 'lost' }],
        ['busy', { kind: 'overloaded' }],
        ['contextExceeded', { kind: 'contextExceeded', window: 32768 }],
        ['malformedChunk', { kind: 'malformed' }],
        ['deadEngine', { kind: 'lost' }],
        ['endWithoutFinish', { kind: 'lost' }],
        ['hangMidStream', { kind: 'timedOut', waited: 1500 }],
      ];
      for (const [fault, failure] of cases) {
        fleetNow.inject('coder', fault);
        assert.deepEqual((await failureOf(streamed(model, { whole: true }))).failure, failure);
      }
      for (const fault of ['whitespaceLoop', 'repetitionLoop'] as const) {
        fleetNow.inject('coder', fault);
        const endless = await failureOf(streamed(model, { schema: reviewSchema, whole: true }));
        assert.deepEqual(endless.failure, { kind: fault });
      }
    });

    it('where an answer in one piece is an error after all, or something else', async () => {
      const whole = async (body: unknown): Promise<ModelError> => {
        const url = await answeringJson(200, body);
        return failureOf(collect(openEndpoint({ url, model: 'm' }).stream(ask('Hi', { whole: true }), never)));
      };
      const dead = await whole({ error: { message: 'EngineCore died', code: 500 } });
      assert.deepEqual(dead.failure, { kind: 'lost' });
      assert.match(dead.message, /EngineCore died/);
      assert.deepEqual((await whole({ choices: [] })).failure, { kind: 'malformed' });
      assert.deepEqual((await whole(['no', 'completion'])).failure, { kind: 'malformed' });
    });

    it('on silence, with time-outs of its own for the first token and between tokens', async () => {
      const fleetNow = await start(script);
      const model = open('coder', { model: SERVED_MODELS.coder, timeouts: { firstToken: 60, betweenTokens: 40 } });
      fleetNow.inject('coder', 'hangBeforeFirstByte');
      assert.deepEqual((await failureOf(streamed(model))).failure, { kind: 'timedOut', waited: 300 });
      fleetNow.inject('coder', 'hangMidStream');
      assert.deepEqual((await failureOf(streamed(model))).failure, { kind: 'timedOut', waited: 200 });
      await fleetNow.settled();
      assert.deepEqual(
        fleetNow.requests.map(({ outcome }) => outcome),
        ['cancelled', 'cancelled'],
      );
      const slowReader = model.stream(ask('Hi'), never);
      for await (const event of slowReader) {
        if (event.type === 'text') await new Promise((resolve) => setTimeout(resolve, 45));
      }
    });

    it('on a server that refuses', async () => {
      await start(script, { apiKey: 'sesame', roles: { coder: { window: 64 } } });
      const unauthorised = await failureOf(streamed(open('coder')));
      assert.deepEqual(unauthorised.failure, { kind: 'unauthorised' });
      assert.match(unauthorised.message, /CONCLAVE_API_KEY/);
      const model = open('coder', { apiKey: 'sesame' });
      const tooLong = await failureOf(collect(model.stream(ask('x'.repeat(400), { maxTokens: 10 }), never)));
      assert.deepEqual(tooLong.failure, { kind: 'contextExceeded', window: 64 });
      const tooMuch = await failureOf(streamed(model, { maxTokens: 65 }));
      assert.deepEqual(tooMuch.failure, { kind: 'contextExceeded', window: 64 });
      const unmatched = await failureOf(
        streamed(model, { maxTokens: 10, schema: { ...reviewSchema, name: 'x' }, messages: [] }),
      );
      assert.deepEqual(unmatched.failure, { kind: 'badRequest' });
      const unknown = await failureOf(streamed(open('coder', { apiKey: 'sesame', model: 'gpt' })));
      assert.deepEqual(unknown.failure, { kind: 'wrongServer' });
      assert.match(unknown.message, /`gpt` does not exist/);
    });

    it('on the windows that other texts and other servers name', async () => {
      const texts: [unknown, ModelFailure][] = [
        [
          {
            object: 'error',
            message: "However, the model's context length is only 4096 tokens, resulting in",
            type: 'BadRequestError',
          },
          { kind: 'contextExceeded', window: 4096 },
        ],
        [
          {
            error: {
              message: 'The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make',
            },
          },
          { kind: 'contextExceeded', window: 8192 },
        ],
        [
          {
            error: {
              code: 400,
              message: 'request (12031 tokens) exceeds',
              type: 'exceed_context_size_error',
              n_prompt_tokens: 12031,
              n_ctx: 4096,
            },
          },
          { kind: 'contextExceeded', window: 4096 },
        ],
        [
          { object: 'error', message: 'Grammar error: uniqueItems', type: 'BadRequestError' },
          { kind: 'badRequest', about: 'schema' },
        ],
        [
          {
            error: {
              message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
            },
          },
          { kind: 'badRequest', about: 'tools' },
        ],
        [
          { error: { message: 'registry.ollama.ai/library/gemma2 does not support tools' } },
          { kind: 'badRequest', about: 'tools' },
        ],
        [{ error: { message: 'Something else.' } }, { kind: 'badRequest' }],
      ];
      for (const [body, failure] of texts) {
        const error = await failureOf(streamed(openEndpoint({ url: await answeringJson(400, body), model: 'm' })));
        assert.deepEqual(error.failure, failure);
      }
      const jinja = { error: { code: 500, message: 'tools param requires --jinja flag', type: 'server_error' } };
      const refusing = openEndpoint({ url: await answeringJson(500, jinja), model: 'm' });
      assert.deepEqual((await failureOf(streamed(refusing))).failure, { kind: 'badRequest', about: 'tools' });
      const flat = openEndpoint({ url: await answeringJson(400, texts[3]?.[0]), model: 'm' });
      assert.match((await failureOf(streamed(flat))).message, /HTTP 400: Grammar error: uniqueItems/);
      const inStream = await answeringStream({
        error: { message: "This model's maximum context length is 2048 tokens.", code: 400 },
      });
      const error = await failureOf(streamed(openEndpoint({ url: inStream, model: 'm' })));
      assert.deepEqual(error.failure, { kind: 'contextExceeded', window: 2048 });
    });

    it('on streams that are none, or of something else', async () => {
      const other = await failureOf(
        streamed(openEndpoint({ url: await answeringStream({ hello: 'world' }), model: 'm' })),
      );
      assert.deepEqual(other.failure, { kind: 'malformed' });
      const aborted = { choices: [{ index: 0, delta: {}, finish_reason: 'abort' }] };
      const gaveUp = await failureOf(streamed(openEndpoint({ url: await answeringStream(aborted), model: 'm' })));
      assert.deepEqual(gaveUp.failure, { kind: 'lost' });
      const whole = await failureOf(
        streamed(openEndpoint({ url: await answeringJson(200, { choices: [] }), model: 'm' })),
      );
      assert.deepEqual(whole.failure, { kind: 'wrongServer' });
      const gateway = await failureOf(
        streamed(openEndpoint({ url: await answeringJson(504, 'upstream timed out'), model: 'm' })),
      );
      assert.deepEqual(gateway.failure, { kind: 'unreachable' });
      const dated = await answeringJson(429, {}, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
      const { failure } = await failureOf(streamed(openEndpoint({ url: dated, model: 'm' })));
      assert(failure.kind === 'overloaded' && failure.retryAfter && failure.retryAfter > 30_000);
    });

    it('where nobody listens, or nobody who speaks HTTP', async () => {
      const gone = createServer();
      const url = await listening(gone);
      await new Promise((resolve) => gone.close(resolve));
      const error = await failureOf(openEndpoint({ role: 'planner', url, nameOf: nameInTerminal }).served(never));
      assert.deepEqual(error.failure, { kind: 'unreachable' });
      assert.equal(
        error.message,
        `The planner server at ${url} does not answer (ECONNREFUSED); start it, or set CONCLAVE_PLANNER_URL to where it runs.`,
      );
      const redis = createTcpServer((socket) => socket.once('data', () => socket.end('-ERR unknown command\r\n')));
      const noHttp = await failureOf(openEndpoint({ url: await listening(redis) }).served(never));
      assert.deepEqual(noHttp.failure, { kind: 'wrongServer' });
    });
  });

  describe('asks what is served', () => {
    const served = async (body: unknown, model?: string) =>
      openEndpoint({ url: await answeringJson(200, body), ...(model === undefined ? {} : { model }) }).served(never);

    it('and reads the window under the names that servers give it', async () => {
      await start({}, { roles: { planner: { window: 16_384 } } });
      assert.deepEqual(await open('planner').served(never), { model: SERVED_MODELS.planner, window: 16_384 });
      assert.deepEqual(await served({ data: [{ id: 'gguf', meta: { n_ctx: 4096, n_ctx_train: 131072 } }] }), {
        model: 'gguf',
        window: 4096,
      });
      assert.deepEqual(await served({ data: [{ id: 'a' }, { id: 'b', max_input_tokens: 9000 }] }, 'b'), {
        model: 'b',
        window: 9000,
      });
      assert.deepEqual(await served({ data: [{ id: 'silent', meta: null }] }), {
        model: 'silent',
        window: 8192,
        assumed: true,
      });
    });

    it('once it was told, never again; a failure is not remembered', async () => {
      let asked = 0;
      const url = await answering((_, response) => {
        asked += 1;
        if (asked === 1) response.writeHead(503).end('loading');
        else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"m"}]}');
      });
      const model = openEndpoint({ url });
      assert.deepEqual((await failureOf(model.served(never))).failure, { kind: 'overloaded' });
      await model.served(never);
      await model.served(never);
      assert.equal(asked, 2);
    });

    it('and says so where it is not what was wanted, or no model server', async () => {
      const other = await failureOf(served({ data: [{ id: 'a' }, { id: 'b' }] }, 'c'));
      assert.deepEqual(other.failure, { kind: 'wrongServer' });
      assert.match(other.message, /does not serve "c" but "a", "b"/);
      const html: RequestListener = (_, response) =>
        void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
      const missing: RequestListener = (_, response) =>
        void response.writeHead(404, { 'content-type': 'text/html' }).end('<html>');
      for (const url of [
        await answering(html),
        await answering(missing),
        await answeringJson(200, { name: 'my app' }),
      ]) {
        const error = await failureOf(openEndpoint({ role: 'coder', url, nameOf: nameInTerminal }).served(never));
        assert.deepEqual(error.failure, { kind: 'wrongServer' });
        assert.match(error.message, /set CONCLAVE_CODER_URL to a base URL that ends in \/v1/);
        assert.doesNotMatch(error.message, /<html>/);
      }
    });
  });
});

describe('the traits of a model', () => {
  it('follow from its name, or from what stands behind an alias', () => {
    assert.equal(traitsOf('planner', 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1').systemRole, 'thinkingToggle');
    assert.equal(traitsOf('planner', '/models/gemma-2-2b-it').systemRole, 'none');
    assert.equal(traitsOf('nvidia/NVIDIA-Nemotron-Nano-9B-v2').systemRole, 'thinkingSuffix');
    const systemRoles = (names: string[]) => names.map((name) => traitsOf(name).systemRole);
    assert.deepEqual(
      systemRoles(['google/gemma-2-2b-it', 'gemma2:2b', 'google/gemma-7b-it', 'google/codegemma-7b-it']),
      Array(4).fill('none'),
    );
    assert.deepEqual(
      systemRoles([
        'nvidia/Llama-3.1-Nemotron-Nano-8B-v1',
        'nvidia/Llama-3.1-Nemotron-Nano-4B-v1.1',
        'nvidia/Llama-3_3-Nemotron-Super-49B-v1',
        'Llama-3.1-Nemotron-Nano-8B-v1-Q4_K_M.gguf',
      ]),
      Array(4).fill('thinkingToggle'),
    );
    assert.deepEqual(
      systemRoles([
        'google/gemma-3-27b-it',
        'google/gemma-4-E4B-it',
        'nvidia/Llama-3_3-Nemotron-Super-49B-v1_5',
        'Qwen/Qwen3-Coder-30B-A3B-Instruct',
        'mistralai/Devstral-Small-2-24B-Instruct-2512',
        'planner',
      ]),
      Array(6).fill('normal'),
    );
  });

  it('decide how it is sampled', () => {
    assert.deepEqual([samplingOf('on'), samplingOf('off')], [{ temperature: 0.6, topP: 0.95 }, { temperature: 0 }]);
  });
});

describe('the white space guard', () => {
  it('counts across pieces and starts anew at every other character', () => {
    const runsAway = whitespaceGuard();
    assert.equal(runsAway(`{${' '.repeat(WHITESPACE_LIMIT)}`), false);
    assert.equal(runsAway('"'), false);
    assert.equal(runsAway('\n\t'.repeat(WHITESPACE_LIMIT / 2)), false);
    assert.equal(runsAway(' '), true);
  });
});

describe('the repetition guard', () => {
  const piecesOf = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];

  for (const [form, limit] of Object.entries(REPETITION_LIMITS)) {
    for (const piece of ['x', '8Z_', '"modify"}, {"path": "src/greet.js", "action": ', 'So the plan is to plan.\n\n']) {
      it(`sees in ${form} that ${JSON.stringify(piece)} is all that comes, in pieces of any size`, () => {
        for (const size of [1, 7, 5000]) {
          const isRepeated = repetitionGuard(limit);
          const text = `It begins, and then: ${piece.repeat(Math.ceil((limit.chars + 100) / piece.length))}`;
          assert.ok(piecesOf(text, size).some(isRepeated), `pieces of ${size}`);
        }
      });
    }

    it(`leaves alone in ${form} what only resembles itself, and what is repeated and then goes on`, () => {
      const rows = Array.from({ length: 400 }, (_, index) => `{"id": "task_${index}", "what": "Do it."}`).join(', ');
      const dashes = `${'-'.repeat(limit.chars - 100)}|`.repeat(4);
      for (const text of [rows, dashes]) {
        const isRepeated = repetitionGuard(limit);
        assert.ok(!piecesOf(text, 5).some(isRepeated));
      }
    });
  }
});
