import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { readProfiles } from '../../src/node/fleet/profiles.ts';
import { type EnginePrograms, fetchEngine, needEngine } from '../support/engine/fetchEngine.ts';
import { CONFIGS } from '../support/vllmConfigs.ts';

interface ComposeService {
  image: string;
  restart: string;
  healthcheck: { test: string[]; start_period: string };
  ports: { host_ip: string; published: string; target: number }[];
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string | null>;
  logging: { options: Record<string, string> };
  volumes: { source: string; target: string; read_only?: boolean; type: string }[];
  deploy?: { resources: { reservations: { devices: { device_ids: string[] }[] } } };
}

const MODEL_SERVERS = ['vllm-preprocessor', 'vllm-planner', 'vllm-coder', 'vllm-reviewer', 'vllm-transcriber'];
const NONE: Record<string, string> = {};

describe('docker-compose.yml', () => {
  let engine: EnginePrograms;
  let names: string[];

  before(async function () {
    engine = await needEngine(this, fetchEngine);
    names = (await readProfiles('.')).map(({ name }) => name);
  });

  /** @param env on top of an environment with nothing of ours */
  const config = async (args: string[], env = NONE): Promise<{ exitCode?: number; stdout: string; stderr: string }> => {
    const options = { env: { ...engine.env, ...env }, extendEnv: false, reject: false } as const;
    const { exitCode, stdout, stderr } = await execa(engine.docker, ['compose', ...args], options);
    return { ...(exitCode !== undefined && { exitCode }), stdout, stderr };
  };
  const services = async (args: string[], env = NONE): Promise<Record<string, ComposeService>> => {
    const { stdout } = await config([...args, 'config', '--format', 'json'], env);
    return JSON.parse(stdout).services;
  };

  it('is accepted with every profile, bare and with every compose profile', async () => {
    for (const name of names) {
      for (const args of [[], ['--profile', 'services'], ['--profile', '*']]) {
        const { exitCode, stderr, stdout } = await config([...args, 'config', '-q'], { CONCLAVE_FLEET_PROFILE: name });
        assert.deepEqual([exitCode, stderr, stdout], [0, '', ''], `${name} ${args.join(' ')}`);
      }
    }
  });

  it("starts the blueprint's services by default, and ours where they are asked for", async () => {
    assert.deepEqual(Object.keys(await services([])).sort(), [...MODEL_SERVERS, 'redis'].sort());
    const all = await services(['--profile', 'services']);
    assert.deepEqual(Object.keys(all).sort(), [...MODEL_SERVERS, 'mcp-server', 'orchestrator', 'redis'].sort());
    const ports = Object.entries(all).map(([name, { ports }]) => [name, ports[0]?.published]);
    assert.deepEqual(Object.fromEntries(ports), {
      'vllm-preprocessor': '8000',
      'vllm-planner': '8001',
      'vllm-coder': '8002',
      'vllm-reviewer': '8003',
      'vllm-transcriber': '8004',
      redis: '6379',
      'mcp-server': '9001',
      orchestrator: '8080',
    });
  });

  it('opens ports to this machine only, pins every image, checks health, bounds logs and gives up', async () => {
    for (const [name, service] of Object.entries(await services(['--profile', '*']))) {
      assert.deepEqual(
        service.ports.map(({ host_ip }) => host_ip),
        ['127.0.0.1'],
        name,
      );
      assert.match(service.image, /:(v?\d+\.\d+\.\d+(-[a-z]+)?|local)$/, name);
      assert.ok(service.healthcheck.test.length > 1, name);
      assert.equal(service.restart, 'on-failure:3', name);
      assert.ok(service.logging.options['max-size'], name);
    }
  });

  it('starts model servers one after another, each with its own file and a GPU', async () => {
    const all = await services([], { CONCLAVE_GPU: '1', CONCLAVE_CODER_GPU: '2' });
    for (const [index, name] of MODEL_SERVERS.entries()) {
      const before = MODEL_SERVERS[index - 1];
      assert.deepEqual(Object.keys(all[name]?.depends_on ?? {}), before === undefined ? [] : [before]);
      for (const { condition } of Object.values(all[name]?.depends_on ?? {}))
        assert.equal(condition, 'service_healthy');
      const file = all[name]?.volumes.find(({ type }) => type === 'bind');
      assert.ok(file, name);
      assert.ok(file.source.endsWith(`/docker/vllm/blueprint/${name}.yaml`) && existsSync(file.source), file.source);
      assert.equal(file.read_only, true);
      const ids = all[name]?.deploy?.resources.reservations.devices[0]?.device_ids;
      assert.deepEqual(ids, [name === 'vllm-coder' ? '2' : '1']);
    }
  });

  it('has the services that the profiles have files for', async () => {
    for (const profile of readdirSync(CONFIGS)) {
      for (const file of readdirSync(`${CONFIGS}/${profile}`))
        assert.ok(MODEL_SERVERS.includes(file.slice(0, -5)), file);
    }
  });

  it('passes the token of the hub on, and tells nobody what it does', async () => {
    for (const token of [undefined, 'hf_secret']) {
      const all = await services([], token === undefined ? {} : { HF_TOKEN: token });
      for (const name of MODEL_SERVERS) {
        assert.equal(all[name]?.environment?.HF_TOKEN ?? undefined, token);
        assert.equal(all[name]?.environment?.VLLM_NO_USAGE_STATS, '1');
        assert.equal(all[name]?.environment?.HF_HUB_DISABLE_TELEMETRY, '1');
      }
    }
  });

  it('takes weights from a folder where one is named', async () => {
    const all = await services([], { CONCLAVE_HF_CACHE: '/srv/weights' });
    const of = (name: string): unknown => all[name]?.volumes.find(({ target }) => target.endsWith('/huggingface'));
    for (const name of MODEL_SERVERS) assert.equal((of(name) as { source: string }).source, '/srv/weights');
  });

  it('gives Redis its password in a file, and to no service that could do without', async () => {
    const { stdout } = await config(['config', '--format', 'json'], { REDIS_PASSWORD: 'sesame' });
    const { services, configs } = JSON.parse(stdout);
    assert.match(configs.redis.content, /^requirepass "sesame"$/m);
    assert.match(configs.redis.content, /^maxmemory-policy noeviction$/m);
    assert.match(configs.redis.content, /^appendonly yes$/m);
    assert.ok(!JSON.stringify(services).includes('sesame'));
    const bare = JSON.parse((await config(['config', '--format', 'json'])).stdout);
    assert.match(bare.configs.redis.content, /^requirepass ""$/m);
  });
});

describe('the Dockerfiles', () => {
  const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });

  it("build on pinned images, the transcriber's on the one of all model servers", () => {
    for (const name of readdirSync('docker').filter((file) => file.endsWith('.Dockerfile'))) {
      const [, image] = /^FROM (\S+)$/m.exec(readFileSync(`docker/${name}`, 'utf8')) ?? [];
      assert.match(image ?? '', /:v?\d+\.\d+\.\d+/, name);
      for (const [install] of readFileSync(`docker/${name}`, 'utf8').matchAll(/pip install .*$/gm)) {
        const packages = install
          .split(' ')
          .slice(2)
          .filter((word) => !word.startsWith('--'));
        assert.ok(packages.length > 0 && packages.every((word) => /^[\w-]+==[\d.]+$/.test(word)), install);
      }
      if (name.startsWith('transcriber')) assert.equal(image, services['vllm-coder'].image);
    }
  });

  it('copy all that the program needs', async () => {
    const image = mkdtempSync(join(tmpdir(), 'conclave-image-'));
    try {
      for (const path of copiedBy()) cpSync(path, join(image, path), { recursive: true });
      const program = (...args: string[]) =>
        execa(process.execPath, ['dist/cli.js', ...args], { cwd: image, input: '' });
      const { stdout } = await program('--version');
      assert.equal(stdout, JSON.parse(readFileSync('package.json', 'utf8')).version);
      // Each command is loaded by itself.
      await program('mcp');
    } finally {
      rmSync(image, { recursive: true });
    }
  });

  it('copy nothing that the package does not hold, or that their ignore files keep from them', () => {
    const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
    const kept = readFileSync('docker/conclave.Dockerfile.dockerignore', 'utf8').split('\n');
    const copied = copiedBy();
    assert.ok(copied.length > 3);
    for (const path of copied) {
      assert.ok(
        path === 'package.json' ||
          files.some(
            (file) =>
              file === path || file.startsWith(`${path}/`) || (file === 'dist/*.js' && /^dist\/\w+\.js$/.test(path)),
          ),
        path,
      );
      assert.ok(kept.includes(`!${path}`), path);
    }
  });
});

/** Paths in the repository that are copied into an image. */
function copiedBy(): string[] {
  const lines = readFileSync('docker/conclave.Dockerfile', 'utf8').split('\n');
  return lines.flatMap((line) => (line.startsWith('COPY ') ? line.split(' ').slice(1, -1) : []));
}
