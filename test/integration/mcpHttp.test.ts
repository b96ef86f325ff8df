import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../../src/mcp/httpServer.ts';
import { fixtureServer } from '../conformance/fixtureServer.ts';
import { type Conclave, openConclave } from '../support/conclave.ts';
import { type ServedMcp, serveMcp } from '../support/mcp.ts';
import { called, httpClient } from '../support/mcpClient.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** As it is written: fetch would neither take a foreign Host nor send a broken body. */
async function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  const asked = request(url, { method, headers });
  asked.end(body);
  const [response] = await once(asked, 'response');
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return { status: response.statusCode, headers: response.headers, text };
}

const BOTH = 'application/json, text/event-stream';
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
});

describe('conclave serve', () => {
  let project: Project;
  let conclave: Conclave;
  let served: ServedMcp;
  let bearer: Record<string, string>;

  before(async () => {
    project = makeProject(GREETER);
    conclave = openConclave({});
    served = await serveMcp(conclave, project.dir);
    bearer = { Authorization: `Bearer ${served.token}` };
  });
  after(async () => {
    await served.stop();
    conclave.remove();
    project.remove();
  });

  const initialize = (headers: Record<string, string> = {}): Promise<Answer> =>
    ask(`${served.url}/mcp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: BOTH, ...headers },
      body: INITIALIZE,
    });
  const call = (body: string, headers: Record<string, string> = bearer): Promise<Answer> =>
    ask(`${served.url}/api/mcp/tool`, { method: 'POST', headers, body });

  it('says without a token that it is well, and nothing else', async () => {
    const { status, text } = await ask(`${served.url}/health`);
    assert.deepEqual([status, JSON.parse(text).status], [200, 'ok']);
    for (const path of ['/mcp', '/api/mcp/tool', '/nothing', '/health/..', '/']) {
      const answer = await ask(served.url + path);
      assert.equal(answer.status, 401, path);
      assert.equal(answer.headers['www-authenticate'], 'Bearer');
    }
    assert.equal((await initialize()).status, 401);
  });

  it('keeps its token in a file that only the user can read', () => {
    const file = `${conclave.data}/token`;
    assert.ok(served.said().includes(file));
    assert.ok(!served.said().includes(served.token));
    assert.ok(served.token.length >= 40);
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('takes no other token', async () => {
    const almost = `${served.token.slice(0, -1)}${served.token.endsWith('a') ? 'b' : 'a'}`;
    for (const Authorization of ['', 'Bearer', 'Bearer ', `Bearer ${almost}`, `Basic ${served.token}`, served.token]) {
      assert.equal((await initialize({ Authorization })).status, 401, Authorization);
    }
    assert.equal((await initialize(bearer)).status, 200);
  });

  it('refuses other hosts and the pages of other origins, whatever they know', async () => {
    const foreign = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:9001', '127.0.0.1@evil.example'];
    for (const host of foreign) {
      assert.equal((await initialize({ ...bearer, Host: host })).status, 403, host);
      assert.equal((await ask(`${served.url}/health`, { headers: { Host: host } })).status, 403, host);
    }
    for (const origin of [...foreign.map((host) => `http://${host}`), 'null', 'file://', 'http://[::2]']) {
      assert.equal((await initialize({ ...bearer, Origin: origin })).status, 403, origin);
    }
    for (const host of ['localhost', 'localhost:1234', '127.0.0.1', '[::1]:80']) {
      assert.equal((await initialize({ ...bearer, Host: host, Origin: `http://${host}` })).status, 200, host);
    }
  });

  it('knows only the sessions that it has begun and that were not deleted', async () => {
    const request = (session: string | undefined, method = 'POST'): Promise<Answer> =>
      ask(`${served.url}/mcp`, {
        method,
        headers: {
          ...bearer,
          'Content-Type': 'application/json',
          Accept: BOTH,
          ...(session === undefined ? {} : { 'Mcp-Session-Id': session }),
        },
        ...(method === 'POST' ? { body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' }) } : {}),
      });
    const session = String((await initialize(bearer)).headers['mcp-session-id']);
    const other = String((await initialize(bearer)).headers['mcp-session-id']);
    assert.notEqual(session, other);
    assert.equal((await request(undefined)).status, 400);
    assert.equal((await request('of-nobody')).status, 404);
    assert.equal((await request(session)).status, 200);
    assert.equal((await request(session, 'DELETE')).status, 200);
    assert.equal((await request(session)).status, 404);
    assert.equal((await request(session, 'GET')).status, 404);
    assert.equal((await request(other)).status, 200);
  });

  it('answers single calls as the blueprint has them', async () => {
    const good = await call(JSON.stringify({ tool: 'read_file', args: { path: 'src/greet.js' } }));
    assert.equal(good.status, 200);
    const { tool, text, isError, data } = JSON.parse(good.text);
    assert.deepEqual([tool, isError], ['read_file', false]);
    assert.match(text, /return 'Hello!';/);
    assert.equal(typeof data, 'object');
    assert.equal(JSON.parse((await call('{"tool": "analyze_codebase"}')).text).isError, false);

    const failed = JSON.parse((await call('{"tool": "read_file", "args": {"path": "../x"}}')).text);
    assert.equal(failed.isError, true);
    const wrong = JSON.parse((await call('{"tool": "read_file", "args": {"path": 7}}')).text);
    assert.match(wrong.text, /Wrong arguments: path/);
    const unknown = await call('{"tool": "write_file", "args": {}}');
    assert.equal(unknown.status, 404);
    assert.match(unknown.text, /no tool .*write_file.*read_file/);
    for (const body of ['', '{', '[]', '{"args": {}}', '{"tool": "read_file", "args": []}', 'x'.repeat(2_000_000)]) {
      assert.equal((await call(body)).status, 400, body.slice(0, 40));
    }
    assert.equal((await ask(`${served.url}/api/mcp/tool`, { headers: bearer })).status, 405);
    assert.equal((await call('{"tool": "read_file"}', {})).status, 401);
  });

  it('serves several clients at once, each its own answers', async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => httpClient(served)));
    const files = ['src/greet.js', 'src/leave.js', 'package.json', 'test/greet.test.js'];
    const texts = await Promise.all(
      clients.flatMap(({ client }, at) =>
        [0, 1, 2].map(() => called(client, 'read_file', { path: files[at] ?? '' }).then(({ text }) => [at, text])),
      ),
    );
    for (const [at, text] of texts) assert.ok(String(text).startsWith(`${files[Number(at)]} (`), String(text));
    for (const { client, transport } of clients) {
      await transport.terminateSession();
      await client.close();
    }
  });

  it('says in words that its port is taken', async () => {
    const port = new URL(served.url).port;
    const { status, stderr } = await conclave.run(['serve', '--workspace', project.dir, '--mcp-port', port]);
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`^conclave: Port ${port} is in use .*--mcp-port PORT`));
  });

  it('ends by a signal with status 130, and takes the token of the environment where it has one', async () => {
    const token = 'a-token-of-the-environment';
    const env = { ...conclave.env, CONCLAVE_TOKEN: token };
    const other = await serveMcp(
      { ...conclave, start: (args, options) => conclave.start(args, { ...options, env }) },
      project.dir,
    );
    const { client } = await httpClient({ url: other.url, token });
    assert.equal((await called(client, 'read_file', { path: 'src/greet.js' })).isError, false);
    await assert.rejects(httpClient({ url: other.url, token: served.token }));
    assert.ok(!other.said().includes(token));
    assert.equal(await other.stop(), 130);
    await client.close();

    const short = await conclave.run(['serve', '--workspace', project.dir], {
      env: { ...env, CONCLAVE_TOKEN: 'short' },
    });
    assert.equal(short.status, 2);
    assert.match(short.stderr, /^conclave: CONCLAVE_TOKEN: expected 16 or more/);
  });

  it('makes a new token in the place of one that others may have read', async () => {
    // Windows has no such permissions.
    if (process.platform === 'win32') return;
    const other = openConclave({});
    try {
      const first = await serveMcp(other, project.dir);
      await first.stop();
      const same = await serveMcp(other, project.dir);
      assert.equal(same.token, first.token);
      await same.stop();
      chmodSync(`${other.data}/token`, 0o644);
      const next = await serveMcp(other, project.dir);
      assert.notEqual(next.token, first.token);
      assert.equal(statSync(`${other.data}/token`).mode & 0o777, 0o600);
      assert.equal(readFileSync(`${other.data}/token`, 'utf8').trim(), next.token);
      await next.stop();
    } finally {
      other.remove();
    }
  });
});

describe("the MCP server's sessions", () => {
  const servers: HttpServer[] = [];
  const open = async (options: Partial<HttpServerOptions>): Promise<string> => {
    const server = await openHttpServer({
      host: '127.0.0.1',
      port: 0,
      token: undefined,
      version: '0.0.0',
      connect: (transport) => fixtureServer().connect(transport),
      callTool: () => Promise.reject(new Error('not called here')),
      report: () => {},
      ...options,
    });
    servers.push(server);
    return server.url;
  };
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  it('are over when they were not used for a time, but not while a stream is open', async () => {
    const url = await open({ idle: 50 });
    const { client, transport } = await httpClient({ url, token: '' });
    const quiet = await ask(`${url}/mcp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: BOTH },
      body: INITIALIZE,
    });
    const end = (): Promise<Answer> =>
      ask(`${url}/mcp`, {
        method: 'DELETE',
        headers: { Accept: BOTH, 'Mcp-Session-Id': String(quiet.headers['mcp-session-id']) },
      });
    await wait(1000);
    assert.equal((await end()).status, 404);
    // This one has the stream for what the server says by itself.
    await client.ping();
    await transport.terminateSession();
    await client.close();
  });

  it('make room for new ones, the one that was idle longest first; not where all are in use', async () => {
    const url = await open({ most: 2 });
    const begin = async (): Promise<Answer> =>
      ask(`${url}/mcp`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: BOTH },
        body: INITIALIZE,
      });
    const first = await begin();
    const second = await begin();
    const third = await begin();
    const ping = async ({ headers }: Answer): Promise<number> =>
      (
        await ask(`${url}/mcp`, {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            Accept: BOTH,
            'Mcp-Session-Id': String(headers['mcp-session-id']),
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' }),
        })
      ).status;
    assert.deepEqual([await ping(first), await ping(second), await ping(third)], [404, 200, 200]);
    const clients = [await httpClient({ url, token: '' }), await httpClient({ url, token: '' })];
    assert.equal((await begin()).status, 503);
    for (const { client } of clients) await client.close();
  });

  it('give a client whose stream broke what it has missed', async () => {
    const url = await open({});
    const session = String(
      (
        await ask(`${url}/mcp`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Accept: BOTH },
          body: INITIALIZE,
        })
      ).headers['mcp-session-id'],
    );
    const headers = {
      'Content-Type': 'application/json',
      Accept: BOTH,
      'Mcp-Session-Id': session,
      'Mcp-Protocol-Version': '2025-11-25',
    };
    const broken = await ask(`${url}/mcp`, {
      method: 'POST',
      headers,
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: { name: 'test_reconnection', arguments: {} },
      }),
    });
    const [, id = ''] = /^id: (\S+)$/m.exec(broken.text) ?? [];
    assert.match(broken.text, /^retry: \d+$/m);
    assert.doesNotMatch(broken.text, /Answered/);
    const response = await fetch(`${url}/mcp`, {
      headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': session, 'Last-Event-ID': id },
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece as Uint8Array, { stream: true });
      if (text.includes('Answered after the stream was closed.')) break;
    }
    assert.match(text, /"id":7/);
    assert.equal((await ask(`${url}/mcp`, { headers: { ...headers, 'Last-Event-ID': 'unknown' } })).status, 400);
  });

  it('are no more when the server is closed', async () => {
    const url = await open({});
    const { client } = await httpClient({ url, token: '' });
    await servers.splice(0)[0]?.close();
    await assert.rejects(client.ping());
    await client.close();
    const again = createServer().listen(Number(new URL(url).port), '127.0.0.1');
    await once(again, 'listening');
    again.close();
  });
});
