import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import {
  ConfigurationError,
  type LoadedSettings,
  loadSettings,
  type SettingsSources,
} from '../../src/node/configuration.ts';
import { dataFolder, ownFoldersIn, storeLocation } from '../../src/node/dataFolder.ts';
import { openRemembered } from '../../src/node/remembered.ts';

let workspace: string;
let file: string;

beforeEach(async () => {
  workspace = await mkdtemp(path.join(tmpdir(), 'conclave-configuration-'));
  file = path.join(workspace, '.conclave', 'config.json');
});

afterEach(() => rm(workspace, { recursive: true, force: true }));

interface Given {
  config?: unknown;
  env?: NodeJS.ProcessEnv;
  model?: string;
  trusted?: boolean;
  editor?: SettingsSources['editor'];
  nameOf?: SettingsSources['nameOf'];
}

async function load({ config, env = {}, model, trusted = true, editor, nameOf }: Given): Promise<LoadedSettings> {
  if (config !== undefined) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config));
  }
  return loadSettings({
    env: { CONCLAVE_DATA: path.join(workspace, 'data'), ...env },
    workspace,
    trusted,
    flags: { model },
    ...(editor && { editor }),
    ...(nameOf && { nameOf }),
  });
}

async function refusal(given: Given): Promise<string> {
  try {
    await load(given);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.message.replace(file, 'FILE');
  }
  return assert.fail('it was accepted');
}

describe('the settings', () => {
  it('are the defaults where nothing is set', async () => {
    const { settings, sources, nameOf: _nameOf, ...rest } = await load({});
    assert.deepEqual(settings, DEFAULT_SETTINGS);
    assert.equal(sources['endpoints.coder.url'], 'default');
    assert.deepEqual(rest, { toolServers: { servers: [] } });
  });

  it('take servers elsewhere from the user only, never from a workspace file', async () => {
    const url = 'http://gpu.example:9000/v1';
    assert.equal(
      await refusal({ config: { endpoints: { coder: { url } } } }),
      `FILE: endpoints.coder.url: expected a server on this machine, got "${url}". If that server is yours, set CONCLAVE_CODER_URL instead.`,
    );
    const { settings } = await load({ env: { CONCLAVE_CODER_URL: url } });
    assert.equal(settings.endpoints.coder.url, url);
  });

  it('come from the file, the environment and the flags, each over the ones before, and say so', async () => {
    const { settings, sources } = await load({
      config: {
        endpoints: {
          coder: { url: 'http://localhost:9000/v1', model: 'from-file' },
          planner: { url: 'http://localhost:9001/v1/' },
        },
        limits: { rounds: 2 },
      },
      env: {
        CONCLAVE_CODER_URL: 'http://localhost:1234/v1',
        CONCLAVE_REVIEWER_MODEL: 'from-environment',
        CONCLAVE_PLANNER_URL: '',
      },
    });
    assert.deepEqual(settings.endpoints.coder, { url: 'http://localhost:1234/v1', model: 'from-file' });
    assert.deepEqual(settings.endpoints.planner, { url: 'http://localhost:9001/v1' });
    assert.deepEqual(settings.endpoints.reviewer, { url: 'http://localhost:8003/v1', model: 'from-environment' });
    assert.deepEqual(settings.limits, { ...DEFAULT_SETTINGS.limits, rounds: 2 });
    assert.equal(sources['endpoints.coder.url'], 'CONCLAVE_CODER_URL');
    assert.equal(sources['endpoints.coder.model'], file);
    assert.equal(sources['limits.rounds'], file);
    assert.equal(sources['limits.parallel'], 'default');
  });

  it("take the fleet's from the user only, a command as JSON", async () => {
    const { settings, sources } = await load({
      env: {
        CONCLAVE_FLEET_PROFILE: 'cpu',
        CONCLAVE_FLEET_VLLM: '["/opt/my python","-m","vllm"]',
        CONCLAVE_FLEET_WEIGHTS: '',
      },
    });
    assert.deepEqual(settings.fleet, { profile: 'cpu', vllm: ['/opt/my python', '-m', 'vllm'] });
    assert.deepEqual((await load({ env: {} })).settings.fleet, {}, 'and leaves no trace in the defaults');
    assert.equal(sources['fleet.vllm'], 'CONCLAVE_FLEET_VLLM');
    assert.equal(
      await refusal({ config: { fleet: { vllm: './evil' } } }),
      'FILE: fleet.vllm: this is for the user to set: CONCLAVE_FLEET_VLLM',
    );
    assert.match(
      await refusal({ env: { CONCLAVE_FLEET_VLLM: '[1]' } }),
      /^CONCLAVE_FLEET_VLLM: expected a program, or an array of a program and its first arguments, got \[1\]$/,
    );
    const editor = { 'fleet.vllm': { value: 'evil', from: 'workspace' as const } };
    assert.match(await refusal({ editor }), /^conclave\.fleet\.vllm: this is for the user to set/);
  });

  it('give every role the model of the flag', async () => {
    const { settings, sources } = await load({ env: { CONCLAVE_CODER_MODEL: 'other' }, model: 'devstral' });
    assert.deepEqual(
      Object.values(settings.endpoints).map(({ model }) => model),
      ['devstral', 'devstral', 'devstral', 'devstral'],
    );
    assert.equal(sources['endpoints.coder.model'], '--model');
  });

  it('ignore the file of a workspace that is not trusted, even a broken one', async () => {
    const { settings } = await load({ config: '{ broken', trusted: false });
    assert.deepEqual(settings, DEFAULT_SETTINGS);
  });

  it('say when the check command comes from the workspace', async () => {
    const { settings, checkCommandFrom } = await load({ config: { checks: { command: ['make', 'check'] } } });
    assert.deepEqual(settings.checks, { command: ['make', 'check'], timeout: DEFAULT_SETTINGS.checks.timeout });
    assert.equal(checkCommandFrom, 'workspace');
  });

  it("take what is set in the editor over the environment, and name the editor's setting in a refusal", async () => {
    const editor = { 'endpoints.coder.url': { value: 'http://localhost:9000/v1', from: 'user' as const } };
    const { settings, sources } = await load({ env: { CONCLAVE_CODER_URL: 'http://localhost:1/v1' }, editor });
    assert.equal(settings.endpoints.coder.url, 'http://localhost:9000/v1');
    assert.equal(sources['endpoints.coder.url'], 'conclave.endpoints.coder.url');
    assert.match(
      await refusal({ editor: { 'limits.rounds': { value: 0, from: 'user' } } }),
      /^conclave\.limits\.rounds: .*got 0$/,
    );
  });

  it("trust the workspace's editor settings no more than its file", async () => {
    const foreign = { value: 'http://gpu.example:9000/v1', from: 'workspace' as const };
    assert.match(
      await refusal({ editor: { 'endpoints.coder.url': foreign } }),
      /^conclave\.endpoints\.coder\.url: expected a server on this machine/,
    );
    const command = (from: 'user' | 'workspace') => ({ editor: { 'checks.command': { value: ['make'], from } } });
    assert.equal((await load(command('workspace'))).checkCommandFrom, 'workspace');
    assert.equal((await load(command('user'))).checkCommandFrom, 'user');
  });

  it('tell who named an MCP server: what a workspace file has a hand in, or lets a role use, is its own', async () => {
    const docs = { command: 'docs-server', args: ['--all'] };
    const from = async (options: Parameters<typeof load>[0]) =>
      (await load(options)).toolServers.servers.map(({ name, from: whose }) => [name, whose]);
    const byUser = { 'mcp.servers': { value: { docs }, from: 'user' as const } };
    assert.deepEqual(await from({ editor: byUser }), [['docs', 'user']]);
    assert.deepEqual((await load({ editor: byUser })).settings.mcp.servers, { docs });
    assert.deepEqual(await from({ config: { mcp: { servers: { docs } } } }), [['docs', 'workspace']]);
    assert.deepEqual(await from({ config: { mcp: { servers: { docs: { env: { X: '1' } } } } }, editor: byUser }), [
      ['docs', 'workspace'],
    ]);
    const lets = { mcp: { tools: { coder: ['docs/*'] } } };
    assert.deepEqual(await from({ config: lets, editor: byUser }), [['docs', 'workspace']]);
    assert.deepEqual(await from({ config: lets, editor: byUser, trusted: false }), [['docs', 'user']]);
  });

  it('refuse an MCP server that is none, and a tool without its server', async () => {
    assert.match(
      await refusal({ config: { mcp: { servers: { docs: { comand: 'x' } } } } }),
      /^FILE: mcp\.servers\.docs: expected \{"command".* got \{"comand":"x"\}/,
    );
    assert.match(
      await refusal({ config: { mcp: { tools: { coder: ['docs'] } } } }),
      /^FILE: mcp\.tools\.coder\.0: expected "server\/tool".* got "docs"/,
    );
  });

  it('are called in messages as the terminal sets them, or as it is told to', async () => {
    const { nameOf } = await load({});
    assert.deepEqual(['endpoints.planner.url', 'endpoints.coder.model', 'apiKey', 'limits.tokens'].map(nameOf), [
      'CONCLAVE_PLANNER_URL',
      'CONCLAVE_CODER_MODEL',
      'CONCLAVE_API_KEY',
      'limits.tokens in .conclave/config.json',
    ]);
    assert.match(
      await refusal({
        config: { endpoints: { coder: { url: 'http://gpu.example/v1' } } },
        nameOf: (key) => `conclave.${key}`,
      }),
      /set conclave\.endpoints\.coder\.url instead\.$/,
    );
  });

  it('keep the API key apart', async () => {
    const { settings, apiKey } = await load({ env: { CONCLAVE_API_KEY: 'secret' } });
    assert.equal(apiKey, 'secret');
    assert.doesNotMatch(JSON.stringify(settings), /secret/);
  });

  it('take a byte order mark and an empty object', async () => {
    assert.deepEqual((await load({ config: '\uFEFF{"limits": {}}' })).settings, DEFAULT_SETTINGS);
  });
});

describe('settings that cannot be used', () => {
  it('name the variable, what was expected, and the URL that was probably meant', async () => {
    const url = (value: string) => refusal({ env: { CONCLAVE_CODER_URL: value } });
    const expected = 'CONCLAVE_CODER_URL: expected an http(s) URL that ends in /v1, got';
    assert.equal(await url('localhost:8002'), `${expected} "localhost:8002"; did you mean http://localhost:8002/v1?`);
    assert.equal(
      await url('http://localhost:8002'),
      `${expected} "http://localhost:8002"; did you mean http://localhost:8002/v1?`,
    );
    assert.equal(
      await url('https://gpu/llm/v1/chat/completions'),
      `${expected} "https://gpu/llm/v1/chat/completions"; did you mean https://gpu/llm/v1?`,
    );
    assert.equal(
      await url('http://localhost:8002/v1?key=x'),
      `${expected} "http://localhost:8002/v1?key=x"; did you mean http://localhost:8002/v1?`,
    );
    assert.match(await url('nonsense at all'), /got "nonsense at all"$/);
  });

  it('name the flag', async () => {
    assert.equal(await refusal({ model: '' }), '--model: expected string to have >=1 characters, got ""');
  });

  it('name the file, the key, the value and what was expected', async () => {
    assert.equal(
      await refusal({ config: { limits: { rounds: '3' } } }),
      'FILE: limits.rounds: expected number, got "3"',
    );
    assert.equal(
      await refusal({ config: { limits: { rounds: 99 } } }),
      'FILE: limits.rounds: expected number to be <=10, got 99',
    );
    assert.equal(await refusal({ config: { limits: 5 } }), 'FILE: limits: expected object, got 5');
    assert.equal(
      await refusal({ config: { checks: { command: 'make check' } } }),
      'FILE: checks.command: expected array, got "make check"',
    );
    assert.equal(
      await refusal({ config: { checks: { command: ['make', 5] } } }),
      'FILE: checks.command.1: expected string, got 5',
    );
    assert.equal(
      await refusal({ config: { approvals: { commands: 'always' } } }),
      'FILE: approvals.commands: expected one of "ask"|"deny", got "always"',
    );
    assert.equal(
      await refusal({ config: { limits: { rounds: null } } }),
      'FILE: limits.rounds: expected number, got null',
    );
    assert.equal(
      await refusal({ config: { endpoints: { planner: { url: 'http://localhost:1' } } } }),
      'FILE: endpoints.planner.url: expected an http(s) URL that ends in /v1, got "http://localhost:1"; did you mean http://localhost:1/v1?',
    );
    assert.equal(
      await refusal({ config: { endpoints: 'gpu' }, env: { CONCLAVE_CODER_URL: 'http://localhost:1/v1' } }),
      'FILE: endpoints: expected object, got "gpu"',
    );
    assert.equal(await refusal({ config: [] }), 'FILE: expected a JSON object, got []');
  });

  it('name the nearest setting for one that is unknown', async () => {
    assert.equal(
      await refusal({ config: { limits: { round: 3 } } }),
      'FILE: limits.round is no known setting; did you mean limits.rounds?',
    );
    assert.equal(
      await refusal({ config: { endpoint: {} } }),
      'FILE: endpoint is no known setting; did you mean endpoints?',
    );
    assert.match(
      await refusal({ config: { endpoints: { codr: { url: 'http://gpu/v1' } } } }),
      /did you mean endpoints\.coder\?$/,
    );
    assert.equal(
      await refusal({ config: { checks: { cmd: ['make'] } } }),
      'FILE: checks.cmd is no known setting; known are command, timeout',
    );
    assert.match(await refusal({ config: '{"__proto__": {"limits": 1}}' }), /^FILE: __proto__/);
  });

  it('show the place where the JSON is broken', async () => {
    const place = async (config: string) => /^FILE: (line \d+, column \d+)/.exec(await refusal({ config }))?.[1];
    assert.equal(await place('{\n  "limits": {"rounds": x}\n}'), 'line 2, column 24');
    assert.equal(await place('{"limits": {\n  "rounds": 3,\n}}'), 'line 3, column 1');
    assert.equal(await place('// mine\n{}'), 'line 1, column 1');
    assert.equal(await place('{"limits" 3}'), 'line 1, column 11');
    assert.equal(await place('{"a": "two\nlines"}'), 'line 1, column 7');
    assert.equal(await place('{"limits": {"rounds": 03}}'), 'line 1, column 24');
    assert.equal(await place('{"limits": [1, 2}'), 'line 1, column 17');
    assert.equal(await place('{} {}'), 'line 1, column 4');
    assert.equal(await place('{"limits": {'), 'line 1, column 13');
    assert.equal(await place(''), 'line 1, column 1');
  });

  it('include a file that cannot be read', async () => {
    await mkdir(file, { recursive: true });
    assert.equal(await refusal({}), 'FILE: is a folder; expected a JSON file with settings');
  });
});

describe('the data folder', () => {
  it('is CONCLAVE_DATA, or a folder of the user', () => {
    assert.equal(dataFolder({ CONCLAVE_DATA: workspace }), workspace);
    assert.equal(path.isAbsolute(dataFolder({})), true);
    assert.match(dataFolder({}), /conclave/);
    assert.equal(dataFolder({ CONCLAVE_DATA: '' }), dataFolder({}));
  });

  it('holds the store, unless a directory is named', () => {
    const folder = (path: string) => ({ kind: 'folder', path });
    assert.deepEqual(storeLocation({ CONCLAVE_DATA: workspace }), folder(path.join(workspace, 'store')));
    assert.deepEqual(storeLocation({ CONCLAVE_STORE: workspace, REDIS_HOST: 'redis' }), folder(workspace));
    assert.deepEqual(storeLocation({ CONCLAVE_STORE: 'runs' }), folder(path.resolve('runs')));
  });

  it('has no store where a Redis is named, by CONCLAVE_STORE or by REDIS_HOST', async () => {
    const there = { host: 'redis', port: 6379, isEncrypted: false, db: 0, prefix: '' };
    const at = (env: NodeJS.ProcessEnv) => {
      const location = storeLocation(env);
      return location.kind === 'redis' ? location.address : location;
    };
    assert.deepEqual(storeLocation({ CONCLAVE_STORE: 'redis://redis' }), {
      kind: 'redis',
      address: there,
      setBy: 'CONCLAVE_STORE',
    });
    assert.deepEqual(at({ REDIS_HOST: 'redis' }), there);
    assert.deepEqual(at({ REDIS_HOST: 'redis', REDIS_PORT: '6380', REDIS_PASSWORD: 'p@ss/word' }), {
      ...there,
      port: 6380,
      password: 'p@ss/word',
    });
    assert.deepEqual(at({ CONCLAVE_STORE: 'rediss://crew:p%40ss@[::1]:7000/2?prefix=ours:' }), {
      host: '::1',
      port: 7000,
      isEncrypted: true,
      username: 'crew',
      password: 'p@ss',
      db: 2,
      prefix: 'ours:',
    });
    assert.deepEqual(at({ CONCLAVE_STORE: 'redis://redis', REDIS_PASSWORD: 'secret' }), {
      ...there,
      password: 'secret',
    });
    assert.deepEqual(at({ CONCLAVE_STORE: 'redis://:own@redis', REDIS_PASSWORD: 'secret' }), {
      ...there,
      password: 'own',
    });
    const data = path.join(workspace, 'data');
    assert.deepEqual(await ownFoldersIn(workspace, { CONCLAVE_DATA: data, REDIS_HOST: 'redis' }), [
      'data',
      'data/copies',
    ]);
  });

  it('refuses what is no store by name, and tells no password', () => {
    const message = (env: NodeJS.ProcessEnv): string => {
      try {
        return `accepted: ${JSON.stringify(storeLocation(env))}`;
      } catch (error) {
        return error instanceof ConfigurationError ? error.message : String(error);
      }
    };
    assert.equal(
      message({ CONCLAVE_STORE: 'postgres://user:secret@host' }),
      'CONCLAVE_STORE: expected a directory or redis[s]://…, got "postgres://***@host"',
    );
    assert.match(
      message({ CONCLAVE_STORE: 'redis://:secret@host/runs' }),
      /^CONCLAVE_STORE: .*number of a database.*"runs"$/,
    );
    assert.match(message({ CONCLAVE_STORE: 'redis://:secret@host?db=1' }), /^CONCLAVE_STORE: "db" is not known/);
    assert.match(message({ CONCLAVE_STORE: 'redis://:secret@host?prefix={a}' }), /^CONCLAVE_STORE: .*no braces/);
    assert.match(message({ CONCLAVE_STORE: 'redis://:secret@host:port' }), /^CONCLAVE_STORE: expected redis\[s\]:/);
    assert.match(
      message({ REDIS_HOST: 'redis', REDIS_PORT: 'six' }),
      /^REDIS_PORT: expected the number of a port, got "six"/,
    );
    for (const store of ['host/runs', 'host?db=1', 'host?prefix={a}', 'host:port']) {
      assert.doesNotMatch(message({ CONCLAVE_STORE: `redis://:secret@${store}` }), /secret/);
    }
  });
});

describe('what was approved', () => {
  it('is remembered by its exact text, for the next session too', async () => {
    const remembered = path.join(workspace, 'data', 'approved');
    const first = openRemembered(remembered);
    assert.equal(await first.has('make check'), false);
    await Promise.all([first.add('make check'), openRemembered(remembered).add('npm run lint')]);
    const next = openRemembered(remembered);
    assert.equal(await next.has('make check'), true);
    assert.equal(await next.has('npm run lint'), true);
    assert.equal(await next.has('make check '), false);
    assert.doesNotMatch(await readFile(remembered, 'utf8'), /make/);
    if (process.platform !== 'win32') assert.equal((await stat(remembered)).mode & 0o777, 0o600);
  });
});
