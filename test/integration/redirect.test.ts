import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openEndpoint } from '../../src/core/models/endpoint.ts';
import { ModelError } from '../../src/core/models/modelError.ts';

describe('an endpoint that redirects', () => {
  const servers: Server[] = [];
  const listen = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  };

  after(() => {
    for (const server of servers) server.close();
  });

  it('does not carry a prompt to a server that nobody configured', async () => {
    const arrived: string[] = [];
    const elsewhere = await listen((request, response) => {
      arrived.push(request.url ?? '');
      response.end('{}');
    });
    const url = await listen((request, response) => {
      response.writeHead(307, { location: `${elsewhere}${request.url?.slice(3)}` }).end();
    });
    const model = openEndpoint({ url, model: 'any' });
    const signal = new AbortController().signal;
    const ask = async (): Promise<void> => {
      const request = { messages: [{ role: 'user' as const, content: 'our code' }], maxTokens: 16, temperature: 0 };
      for await (const event of model.stream(request, signal)) void event;
    };
    await assert.rejects(ask(), ModelError);
    await assert.rejects(model.served(signal), ModelError);
    assert.deepEqual(arrived, []);
  });
});
