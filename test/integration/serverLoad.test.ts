import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openEndpoint } from '../../src/core/models/endpoint.ts';
import { startFleet } from '../models/fleet.ts';

const never = new AbortController().signal;
const VLLM = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a"} 2.0
vllm:num_requests_running{engine="1",model_name="a"} 1.0
vllm:num_requests_waiting{engine="0",model_name="a"} 4.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="a",reason="capacity"} 4.0
`;
const LLAMA = `# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 1
# TYPE llamacpp:requests_deferred gauge
llamacpp:requests_deferred 3
`;

describe('the load of a server', () => {
  const servers: Server[] = [];

  /** A server with these pages and no other, at a base URL as users write it. */
  async function serving(pages: Record<string, { status?: number; text: string }>): Promise<string> {
    const server = createServer(({ url = '' }, response) => {
      const page = pages[url];
      response.writeHead(page ? (page.status ?? 200) : 404).end(page?.text ?? 'Not Found');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  const loadOf = (url: string) => openEndpoint({ url }).load(never);

  after(() => {
    for (const server of servers) server.close();
  });

  it('is read from the metrics of vLLM, of all its engines together, and of llama.cpp', async () => {
    assert.deepEqual(await loadOf(await serving({ '/metrics': { text: VLLM } })), { running: 3, waiting: 4, own: 0 });
    assert.deepEqual(await loadOf(`${await serving({ '/metrics': { text: LLAMA } })}/`), {
      running: 1,
      waiting: 3,
      own: 0,
    });
  });

  it('is read from the slots of a llama.cpp without metrics', async () => {
    const slots = JSON.stringify([
      { id: 0, is_processing: true },
      { id: 1, is_processing: false },
    ]);
    const url = await serving({ '/metrics': { status: 501, text: '{"error":{}}' }, '/slots': { text: slots } });
    assert.deepEqual(await loadOf(url), { running: 1, waiting: 0, own: 0 });
  });

  it('is not known where no page tells it, or nobody answers', async () => {
    assert.equal(await loadOf(await serving({})), undefined);
    assert.equal(await loadOf(await serving({ '/metrics': { text: 'process_cpu_seconds_total 3\n' } })), undefined);
    assert.equal(await loadOf(await serving({ '/slots': { text: '<html>' } })), undefined);
    assert.equal(await loadOf('http://127.0.0.1:9/v1'), undefined);
  });

  it('of the scripted fleet is that of vLLM', async () => {
    const fleet = await startFleet({ script: { coder: () => ({ text: 'Fine.' }) } });
    try {
      assert.deepEqual(await loadOf(fleet.urls.coder), { running: 0, waiting: 0, own: 0 });
    } finally {
      await fleet.close();
    }
  });
});
