import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  LoggingMessageNotificationSchema,
  type Progress,
  type Resource,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { TOOLS } from '../../src/core/tools/index.ts';
import { isAlive } from '../../src/node/isAlive.ts';
import { CLI, type Conclave, openConclave } from '../support/conclave.ts';
import { called, stdioClient } from '../support/mcpClient.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';

/** `conclave mcp`, as an agent uses it. */
describe('conclave mcp', () => {
  let project: Project;
  let conclave: Conclave;
  const clients: Client[] = [];
  const open = async (roots?: () => readonly string[]): Promise<Client> => {
    const client = await stdioClient(conclave, project.dir, roots ? { roots } : {});
    clients.push(client);
    return client;
  };

  before(() => {
    conclave = openConclave({});
    project = makeProject({
      ...GREETER,
      'README.md': '# Greeter\n\nIt says how to greet.\n',
      'docs/greeting.md': '# Greeting\n\nA greeting is short.\n',
      '.env': 'GREETING_KEY=sentinel-of-the-env-file\n',
      'src/keys.js': `export const token = 'ghp_${'a1B2c3D4e5F6'.repeat(3)}';\n`,
      'long.txt': Array.from({ length: 4000 }, (_, at) => `line ${at + 1} of a long file\n`).join(''),
    });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  after(() => {
    conclave.remove();
    project.remove();
  });

  describe('its tools', () => {
    it('say what they take, give and do', async () => {
      const { tools } = await (await open()).listTools();
      assert.deepEqual(tools.map(({ name }) => name).sort(), Object.keys(TOOLS).sort());
      for (const { name, description, inputSchema, annotations } of tools) {
        assert.ok(description && description.length > 20, name);
        assert.equal(inputSchema.type, 'object', name);
        assert.equal(annotations?.readOnlyHint, name !== 'run_tests', name);
      }
    });

    it('give text for models and data for programs, as their schemas say', async () => {
      const client = await open();
      // The client holds data to its tool's schema once it knows it.
      await client.listTools();
      const { text, data } = await called(client, 'read_file', { path: 'src/greet.js' });
      assert.match(text, /^src\/greet\.js[\s\S]*return 'Hello!';/);
      assert.match(JSON.stringify(data), /return 'Hello!';/);
    });

    it('say what was wrong as a result; an unknown one is an error of the protocol', async () => {
      const client = await open();
      const wrong = await called(client, 'read_file', { path: ['src'] });
      assert.ok(wrong.isError);
      assert.match(wrong.text, /Wrong arguments: path/);
      assert.ok((await called(client, 'read_file', { path: '../outside' })).isError);
      await assert.rejects(client.callTool({ name: 'write_file', arguments: {} }), /-32602.*write_file/);
    });

    it('give no more than fits, and say how to read on', async () => {
      const client = await open();
      const { text } = await called(client, 'read_file', { path: 'long.txt' });
      assert.ok(text.length <= 24_000);
      const [, next = ''] = /start_line=(\d+)/.exec(text) ?? [];
      const more = await called(client, 'read_file', { path: 'long.txt', start_line: Number(next) });
      assert.match(more.text, new RegExp(`\\nline ${next} of|^line ${next} of|${next}.*line ${next} of`, 'm'));
    });

    it('show neither secret files nor secrets', async () => {
      const client = await open();
      assert.ok((await called(client, 'read_file', { path: '.env' })).isError);
      const { text, data } = await called(client, 'read_file', { path: 'src/keys.js' });
      assert.match(text, /‹secret: /);
      assert.doesNotMatch(text + JSON.stringify(data), /ghp_a1B2/);
    });

    it('run tests, say how far they are, and leave the workspace alone', async () => {
      const client = await open();
      const before = project.files();
      const progress: Progress[] = [];
      const { content } = await client.callTool({ name: 'run_tests', arguments: {} }, undefined, {
        onprogress: (one) => progress.push(one),
      });
      assert.match(JSON.stringify(content), /passed/);
      assert.ok(progress.length > 0);
      const figures = progress.map((one) => one.progress);
      assert.deepEqual(
        figures,
        [...new Set(figures)].sort((a, b) => a - b),
      );
      assert.deepEqual(project.files(), before);
    });

    it('stop when the client cancels: the tests are really gone', async () => {
      const pidFile = join(conclave.data, 'pid');
      const slow = makeProject({
        ...GREETER,
        'test/greet.test.js': `import { test } from 'node:test';\nimport { writeFileSync } from 'node:fs';\ntest('waits', async () => {\n  writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));\n  await new Promise((resolve) => setTimeout(resolve, 600_000));\n});\n`,
      });
      const client = await stdioClient(conclave, slow.dir);
      try {
        const stop = new AbortController();
        const call = client.callTool({ name: 'run_tests', arguments: {} }, undefined, { signal: stop.signal });
        await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
        const pid = Number(readFileSync(pidFile, 'utf8'));
        assert.ok(isAlive(pid));
        stop.abort();
        await assert.rejects(call);
        await until(() => !isAlive(pid));
        // And the server is still there.
        assert.equal((await called(client, 'read_file', { path: 'src/greet.js' })).isError, false);
      } finally {
        await client.close();
        slow.remove();
      }
    });

    it('do not run a command that came with the workspace', async () => {
      const trap = join(conclave.data, 'trap');
      const trapped = makeProject({
        ...GREETER,
        '.conclave/config.json': JSON.stringify({
          checks: { command: [process.execPath, '-e', `require('fs').writeFileSync(${JSON.stringify(trap)}, '')`] },
        }),
      });
      const client = await stdioClient(conclave, trapped.dir);
      try {
        assert.match((await called(client, 'run_tests')).text, /node --test|npm/);
        assert.ok(!existsSync(trap));
      } finally {
        await client.close();
        trapped.remove();
      }
    });
  });

  describe("the client's roots", () => {
    const uri = (path: string): string => pathToFileURL(join(project.dir, path)).href;

    it('narrow what there is', async () => {
      const client = await open(() => [uri('src')]);
      assert.equal((await called(client, 'read_file', { path: 'src/greet.js' })).isError, false);
      for (const path of ['README.md', 'docs/greeting.md', 'src/../README.md', 'docs']) {
        const { isError, text } = await called(client, 'read_file', { path });
        assert.ok(isError, path);
        assert.match(text, /outside of the folders that the client has opened \(src\)/, path);
        assert.doesNotMatch(text, /short|how to greet/, path);
      }
      const found = await called(client, 'find_references', { symbol: 'greet' });
      assert.match(found.text, /src\/greet\.js/);
      assert.doesNotMatch(found.text, /test\/greet|README/);
      assert.match((await called(client, 'search_docs', { query: 'greeting' })).text, /no documentation/);
      const { resources } = await client.listResources();
      assert.ok(resources.length > 0);
      assert.ok(resources.every((one) => one.uri.startsWith(`${uri('src')}/`)));
      await assert.rejects(client.readResource({ uri: uri('README.md') }), /outside of the folders/);
    });

    it('are not left through a link', async () => {
      // Windows lets only some users make links.
      if (process.platform === 'win32') return;
      symlinkSync('../docs', join(project.dir, 'src/elsewhere'));
      const client = await open(() => [uri('src')]);
      const { isError, text } = await called(client, 'read_file', { path: 'src/elsewhere/greeting.md' });
      assert.ok(isError, text);
      assert.doesNotMatch(text, /A greeting is short/);
    });

    it('never widen it', async () => {
      const around = await open(() => [pathToFileURL('/').href, pathToFileURL(conclave.data).href]);
      assert.equal((await called(around, 'read_file', { path: 'README.md' })).isError, false);
      assert.ok((await called(around, 'read_file', { path: join(conclave.data, 'token') })).isError);

      const elsewhere = await open(() => [pathToFileURL(conclave.data).href, 'file:///%00', 'file://elsewhere/x']);
      const { isError, text } = await called(elsewhere, 'read_file', { path: 'README.md' });
      assert.ok(isError);
      assert.match(text, /none of them is in this workspace/);
      assert.deepEqual((await elsewhere.listResources()).resources, []);
    });

    it('are asked for again when they change; none at all narrow nothing', async () => {
      let roots = [uri('src')];
      const client = await open(() => roots);
      assert.ok((await called(client, 'read_file', { path: 'docs/greeting.md' })).isError);
      roots = [uri('docs')];
      await client.sendRootsListChanged();
      assert.equal((await called(client, 'read_file', { path: 'docs/greeting.md' })).isError, false);
      assert.ok((await called(client, 'read_file', { path: 'src/greet.js' })).isError);
      roots = [];
      await client.sendRootsListChanged();
      assert.equal((await called(client, 'read_file', { path: 'src/greet.js' })).isError, false);
    });

    it('that are promised and not told leave nothing to be read', async () => {
      const client = await open(() => {
        throw new Error('not now');
      });
      await assert.rejects(called(client, 'read_file', { path: 'README.md' }), /roots\/list/);
    });
  });

  describe('its resources', () => {
    it('are the files that tools may read, page by page', async () => {
      const many = makeProject(
        Object.fromEntries(Array.from({ length: 450 }, (_, at) => [`src/file ${at}#.js`, 'x\n'])),
      );
      const client = await stdioClient(conclave, many.dir);
      try {
        const listed: Resource[] = [];
        let pages = 0;
        for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages += 1) {
          const page = await client.listResources(cursor === undefined ? {} : { cursor });
          listed.push(...page.resources);
          cursor = page.nextCursor;
        }
        assert.equal(pages, 3);
        assert.equal(new Set(listed.map((one) => one.uri)).size, 450);
        const { contents } = await client.readResource({ uri: listed[300]?.uri ?? '' });
        assert.equal((contents[0] as { text: string }).text, 'x\n');
        await assert.rejects(client.listResources({ cursor: 'of-mine' }), /cursor/);
      } finally {
        await client.close();
        many.remove();
      }
    });

    it('are read as tools read: no secrets, nothing outside', async () => {
      const client = await open();
      const uri = (path: string): string => pathToFileURL(join(project.dir, path)).href;
      const read = async (path: string): Promise<string> => {
        const { contents } = await client.readResource({ uri: uri(path) });
        return contents.map((one) => ('text' in one ? one.text : '')).join('');
      };
      assert.equal(await read('src/greet.js'), project.read('src/greet.js'));
      assert.match(await read('src/keys.js'), /‹secret: /);
      const { resources } = await client.listResources();
      assert.ok(!resources.some((one) => one.uri.endsWith('.env')));
      const outside = [
        uri('.env'),
        uri('.git/config'),
        uri('src'),
        uri('nowhere'),
        pathToFileURL(`${conclave.data}/x`).href,
      ];
      const hostile = ['file:///etc/passwd', `${uri('src')}/../../../etc/passwd`, `${uri('src')}/%2e%2e/%2e%2e/x`];
      for (const one of [
        ...outside,
        ...hostile,
        'file://elsewhere/x',
        'https://example.com/',
        'conclave://runs/../plan',
      ]) {
        await assert.rejects(client.readResource({ uri: one }), /cannot be read/, one);
      }
    });

    it('complete their paths, and say by which template', async () => {
      const client = await open();
      const { resourceTemplates } = await client.listResourceTemplates();
      const template = resourceTemplates.find(({ name }) => name === 'file')?.uriTemplate ?? '';
      assert.ok(template.startsWith('file:///') && template.endsWith('/{+path}'));
      const { completion } = await client.complete({
        ref: { type: 'ref/resource', uri: template },
        argument: { name: 'path', value: 'src/g' },
      });
      assert.deepEqual(completion.values, ['src/greet.js']);
    });

    it('tell when they change, if the client wants to know', async () => {
      const client = await open();
      const uri = pathToFileURL(join(project.dir, 'src/leave.js')).href;
      const told: string[] = [];
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void told.push(params.uri));
      await client.subscribeResource({ uri });
      project.write('src/leave.js', "export const leave = () => 'Bye!';\n");
      await until(() => told.length > 0);
      assert.deepEqual(told, [uri]);
      await client.unsubscribeResource({ uri });
      await assert.rejects(client.subscribeResource({ uri: `${uri}.none` }), /cannot be read/);
    });
  });

  it('has the four roles as prompts, for an agent outside of a run', async () => {
    const client = await open();
    const { prompts } = await client.listPrompts();
    assert.deepEqual(prompts.map(({ name }) => name).sort(), ['coder', 'planner', 'preprocessor', 'reviewer']);
    const { messages } = await client.getPrompt({ name: 'planner', arguments: { task: 'Greet by name.' } });
    const [message] = messages;
    assert.ok(message?.content.type === 'text');
    assert.match(
      message.content.text,
      /You are the Planner[\s\S]*`read_file\([\s\S]*Outside of a run[\s\S]*Greet by name\./,
    );
    assert.doesNotMatch(message.content.text, /\{\{/);
    await assert.rejects(client.getPrompt({ name: 'planner', arguments: {} }), /needs the argument "task"/);
    await assert.rejects(client.getPrompt({ name: 'poet', arguments: {} }), /no prompt "poet"/);
  });

  it('logs from the level on that the client wants', async () => {
    const client = await open();
    const logged: unknown[] = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data));
    await called(client, 'read_file', { path: 'README.md' });
    await client.setLoggingLevel('debug');
    await called(client, 'git_diff');
    await client.ping();
    assert.equal(logged.length, 1);
    assert.match(JSON.stringify(logged), /"tool":"git_diff"/);
  });

  it('survives what is no message, and writes nothing but messages', async () => {
    const child = spawn(process.execPath, [CLI, 'mcp', '--workspace', project.dir], { env: conclave.env });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const garbage = [
      '',
      'hello',
      '{"jsonrpc":"2.0"',
      '[]',
      'null',
      '{"jsonrpc":"1.0","id":1}',
      '\u0000\uFFFD',
      '{"id":{}}',
    ];
    for (const line of garbage) child.stdin.write(`${line}\n`);
    child.stdin.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 'x', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })}\n`,
    );
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 'y', method: 'no/such' })}\n`);
    await until(() => lines.length >= 2);
    child.stdin.end();
    const [status] = await once(child, 'exit');
    assert.equal(status, 0);
    const byId = new Map(lines.map((line) => JSON.parse(line)).map((message) => [message.id, message]));
    assert.equal(byId.get('x')?.result.serverInfo.name, 'conclave');
    assert.equal(byId.get('y')?.error.code, -32601);
    assert.equal(lines.length, 2);
    assert.match(complaints, /^conclave: /m);
  });

  it('ends with its client, and by a signal', async () => {
    const child = spawn(process.execPath, [CLI, 'mcp', '--workspace', project.dir], { env: conclave.env });
    child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [status] = await once(child, 'exit');
    assert.equal(status, 130);
  });
});

/** Waits until it is so; the test's own time is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(20);
}
