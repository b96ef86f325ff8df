import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openEndpoint } from '../../src/core/models/endpoint.ts';
import type { Message } from '../../src/core/ports.ts';
import { SERVED_MODELS, startFleet } from '../models/fleet.ts';

const never = new AbortController().signal;
const messages: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'What is in src/greet.js?' },
];
const tools = [{ name: 'read_file', description: 'Reads a file.', parameters: { type: 'object', properties: {} } }];

describe('tokens are counted by the server', () => {
  const servers: Server[] = [];
  const asked: { path: string; body: unknown }[] = [];

  async function serving(answer: (path: string, body: Record<string, unknown>) => unknown): Promise<string> {
    const server = createServer(async (request, response) => {
      const body = JSON.parse(await textOf(request)) as Record<string, unknown>;
      const path = request.url ?? '';
      asked.push({ path, body });
      const json = answer(path, body);
      response.writeHead(json === undefined ? 404 : 200).end(json === undefined ? 'Not Found' : JSON.stringify(json));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    asked.length = 0;
  });

  it('of vLLM, with the tools', async () => {
    const fleet = await startFleet({ script: { coder: () => ({ text: 'Fine.' }) } });
    try {
      const model = openEndpoint({ url: fleet.urls.coder, model: SERVED_MODELS.coder });
      const without = (await model.count({ messages }, never)) ?? 0;
      const withTools = (await model.count({ messages, tools }, never)) ?? 0;
      assert.ok(without > 10 && withTools > without, `${without} and, with tools, ${withTools}`);
      for await (const event of model.stream({ messages, tools, maxTokens: 9, temperature: 0 }, never)) {
        if (event.type === 'finished')
          assert.equal(event.usage?.promptTokens, withTools, 'as it counts the prompt itself');
      }
    } finally {
      await fleet.close();
    }
  });

  it('of llama.cpp, which renders and counts apart', async () => {
    const url = await serving((path, body) => {
      if (path === '/apply-template') return { prompt: `<|im_start|>${(body.messages as Message[]).length}` };
      if (path === '/tokenize') return { tokens: typeof body.content === 'string' ? [1, 2, 3] : [] };
      return undefined;
    });
    const model = openEndpoint({ url, model: 'm' });
    assert.equal(await model.count({ messages }, never), 3);
    assert.equal(await model.count({ messages }, never), 3);
    assert.deepEqual(
      asked.map(({ path }) => path),
      ['/tokenize', '/apply-template', '/tokenize', '/apply-template', '/tokenize'],
      'what the server can is found out once',
    );
    assert.deepEqual(asked[2]?.body, { content: '<|im_start|>2', add_special: true, parse_special: true });
  });

  it('or by nobody, where it cannot, and is not asked again', async () => {
    const url = await serving(() => undefined);
    const model = openEndpoint({ url, model: 'm' });
    assert.equal(await model.count({ messages }, never), undefined);
    const once = asked.length;
    assert.equal(await model.count({ messages }, never), undefined);
    assert.equal(asked.length, once);
    assert.equal(
      await openEndpoint({ url: 'http://127.0.0.1:9/v1', model: 'm' }).count({ messages }, never),
      undefined,
    );
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return text;
}
