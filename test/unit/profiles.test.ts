import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProfiles } from '../../src/node/fleet/profiles.ts';
import { plannedServers } from '../support/plannedServers.ts';
import { CONFIGS, vllmConfigs } from '../support/vllmConfigs.ts';
import { knownOptions, unknownIn } from '../support/vllmOptions.ts';

describe('the profiles', () => {
  let home: string;
  const write = (name: string, text: string): void => writeFileSync(join(home, 'profiles', name), text);

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'conclave-profiles-'));
    mkdirSync(join(home, 'profiles'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('are read, the best first', async () => {
    assert.deepEqual(
      (await readProfiles('.')).map(({ name, driver }) => [name, driver]),
      [
        ['blueprint', 'compose'],
        ['gpu-80gb', 'compose'],
        ['gpu-48gb', 'compose'],
        ['apple', 'native'],
        ['gpu-24gb', 'compose'],
        ['external', 'none'],
        ['cpu', 'native'],
      ],
    );
  });

  it('serve every role that a run needs, each by one server', async () => {
    for (const { name, driver, servers } of await readProfiles('.')) {
      const served = Object.values(servers).flatMap(({ roles }) => roles);
      for (const role of driver === 'none' ? [] : (['planner', 'coder', 'reviewer'] as const)) {
        assert.ok(served.includes(role), `${name} has no ${role}`);
      }
      assert.equal(new Set(served).size, served.length, name);
    }
  });

  it('have a window that is supported for every role, also where memory is short', async () => {
    for (const { name, servers } of await readProfiles('.')) {
      for (const [key, { window }] of Object.entries(servers)) {
        assert.ok(key === 'transcriber' || window.least >= 8192, `${name}: ${key}`);
      }
    }
  });

  it('never start Gemma in float16, which it does not survive', async () => {
    for (const { name, servers } of await readProfiles('.')) {
      for (const { model, options } of Object.values(servers)) {
        if (/gemma/i.test(model)) assert.equal(options.dtype, 'bfloat16', `${name}: ${model}`);
      }
    }
  });

  it('have tool parsers for the Coder alone', async () => {
    for (const { name, servers } of await readProfiles('.')) {
      for (const { roles, options } of Object.values(servers)) {
        if (!roles.includes('coder')) assert.equal(options['tool-call-parser'], undefined, `${name}: ${roles}`);
        assert.equal(options['tool-call-parser'] !== undefined, options['enable-auto-tool-choice'] === true);
      }
    }
  });

  it('have only options, and values of them, that vLLM knows', async () => {
    const known = knownOptions();
    assert.ok(Object.keys(known.options).length > 300, known.version);
    for (const { profile, service, config } of await plannedServers()) {
      assert.deepEqual(unknownIn(config, known), [], `${profile}: ${service}`);
    }
    assert.deepEqual(unknownIn({ 'no-such': 1, 'kv-cache-dtype': 'fp9', 'tool-call-parser': 'mystral' }, known), [
      'there is no --no-such',
      '--kv-cache-dtype cannot be fp9',
      '--tool-call-parser cannot be mystral',
    ]);
  });

  it('hold answers to their schema without white space, and tell what was cached', async () => {
    for (const { profile, service, config } of await plannedServers()) {
      if (service === 'vllm-transcriber') continue;
      assert.deepEqual(
        [config['structured-outputs-config'], config['enable-prompt-tokens-details']],
        [{ backend: 'xgrammar', disable_any_whitespace: true }, true],
        `${profile}: ${service}`,
      );
    }
  });

  it('are refused with the file and what is wrong with it', async () => {
    write(
      'mine.yaml',
      'name: mine\ntitle: Mine\nsummary: ""\nrank: 1\ndriver: podman\nrunsOn: cuda\nmachine: []\nservers: {}\n',
    );
    await assert.rejects(readProfiles(home), /mine\.yaml is not a profile: .*(\n.*)*driver/);
    write('mine.yaml', 'name: [\n');
    await assert.rejects(readProfiles(home), /mine\.yaml is not YAML: /);
    write('mine.yaml', readFileSync('profiles/external.yaml', 'utf8'));
    await assert.rejects(readProfiles(home), /mine\.yaml is named otherwise inside: external/);
  });

  it('are refused where a role has two servers, or a server is not for its own', async () => {
    const text = readFileSync('profiles/blueprint.yaml', 'utf8');
    write('blueprint.yaml', text.replace('roles: [coder]', 'roles: [coder, reviewer]'));
    await assert.rejects(readProfiles(home), /reviewer has two servers/);
    write('blueprint.yaml', text.replace('roles: [coder]', 'roles: []'));
    await assert.rejects(readProfiles(home), /coder is not one of them/);
  });
});

describe('the configuration in docker/vllm', () => {
  it('is what "npm run profiles" makes of the profiles', async () => {
    const paths = readdirSync(CONFIGS, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.yaml'))
      .map((path) => `${CONFIGS}/${path.replaceAll('\\', '/')}`);
    const committed = new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
    const made = await vllmConfigs();
    assert.deepEqual([...committed.keys()].sort(), [...made.keys()].sort());
    for (const [path, text] of made) assert.equal(committed.get(path), text, `${path}: run "npm run profiles"`);
  });
});
