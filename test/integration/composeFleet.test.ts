import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError, type FetchProgress, type PlannedService } from '../../src/core/fleet/driver.ts';
import { flagsOf } from '../../src/core/fleet/flags.ts';
import type { FleetState, ServiceState } from '../../src/shared/fleet.ts';
import { type ComposeFleet, composeFleet, type StandIn } from '../support/engine/composeFleet.ts';
import { needEngine } from '../support/engine/fetchEngine.ts';
import { type Registry, startRegistry } from '../support/engine/registry.ts';
import { importStandIns } from '../support/engine/standIns.ts';
import { type Engine, startEngine } from '../support/engine/startEngine.ts';

const SHIPPED = resolve('docker-compose.yml');
const IMAGES = ['vllm/vllm-openai:v0.33.0', 'redis:7.2.11-alpine'];
const PLANNER = 'vllm-planner';
const CODER = 'vllm-coder';
const never = new AbortController().signal;

function server(name: string, gpus: readonly number[] = [0]): PlannedService {
  const role = name === CODER ? 'coder' : 'planner';
  return {
    name,
    kind: 'model',
    roles: [role],
    port: 0,
    gpus,
    env: { DO_NOT_TRACK: '1', ODD: 'a $dollar' },
    serves: {
      model: `org/${role}`,
      names: [role, `second-${role}`],
      window: 8192,
      options: { 'max-model-len': 8192, 'structured-outputs-config': { backend: 'xgrammar' } },
    },
  };
}
const REDIS: PlannedService = { name: 'redis', kind: 'store', roles: [], port: 0, gpus: [], env: {} };

function stateOf(state: FleetState | undefined, name: string): ServiceState {
  return state?.services.find((service) => service.name === name)?.state ?? { kind: 'absent' };
}

/** Waits until a service is in a state, or the test is over. */
async function until(
  { fleet }: ComposeFleet,
  name: string,
  kind: ServiceState['kind'],
  signal: AbortSignal,
): Promise<ServiceState> {
  for (;;) {
    const state = stateOf(await fleet.state(signal), name);
    if (state.kind === kind) return state;
    await sleep(200, undefined, { signal });
  }
}

async function failureOf(work: Promise<unknown>): Promise<DriverError> {
  const error = await work.then(
    () => assert.fail('nothing failed'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DriverError)) throw error;
  return error;
}

describe('the fleet on a real container engine', () => {
  let engine: Engine;
  const open: ComposeFleet[] = [];
  let over = new AbortController();

  before(async function () {
    this.timeout(240_000);
    engine = await needEngine(this, () => startEngine({ gpuHook: true }));
    await importStandIns(engine, IMAGES);
  });
  after(async () => engine?.stop());

  async function fleetOf(
    planned: readonly PlannedService[],
    standIns: Record<string, StandIn> = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<ComposeFleet> {
    const fleet = await composeFleet(engine, SHIPPED, planned, standIns, env);
    open.push(fleet);
    return fleet;
  }

  beforeEach(() => {
    over = new AbortController();
  });
  afterEach(async () => {
    over.abort();
    for (const fleet of open.splice(0)) await fleet.close();
    if (engine) assert.equal(await engine.run('ps', '--all', '--quiet'), '', 'a container was left');
  });

  it('starts one after another, follows what befalls them, stops and takes down', async function () {
    this.timeout(180_000);
    const secret = 'hf_abcdefghijklmnop';
    const opened = await fleetOf(
      [REDIS, server(PLANNER), server(CODER)],
      { [CODER]: { env: { STAND_IN: 'stubborn' } } },
      // The user's choice for a bare `docker compose up` has no file for the planner.
      { HF_TOKEN: secret, CONCLAVE_FLEET_PROFILE: 'gpu-24gb' },
    );
    const { fleet } = opened;

    const states: FleetState[] = [];
    await fleet.up('all', (state) => states.push(state), never);
    for (const name of ['redis', PLANNER, CODER]) assert.equal(stateOf(states.at(-1), name).kind, 'ready', name);
    const kinds = states.map((state) => stateOf(state, CODER).kind);
    assert.deepEqual([...new Set(kinds)], ['queued', 'starting', 'ready']);
    for (const state of states) {
      if (stateOf(state, CODER).kind === 'starting') assert.equal(stateOf(state, PLANNER).kind, 'ready');
    }

    // What was planned is what runs, and says so.
    const flags = (await opened.driver.look(never)).map((one) => [one.name, one.flags]);
    assert.deepEqual(
      Object.fromEntries(flags),
      Object.fromEntries(opened.planned.map((one) => [one.name, flagsOf(one)])),
    );
    const models = (await (await fetch(`http://127.0.0.1:${opened.port(CODER)}/v1/models`)).json()) as {
      data: { id: string; root: string; max_model_len: number }[];
    };
    assert.deepEqual(
      models.data.map(({ id, root, max_model_len }) => [id, root, max_model_len]),
      [
        ['coder', 'org/coder', 8192],
        ['second-coder', 'org/coder', 8192],
      ],
    );
    const names = (await engine.run('ps', '--format', '{{.Names}}')).split('\n');
    const containerOf = (service: string): string => names.find((name) => name.includes(service)) ?? '';
    const inspected = async (service: string, format: string): Promise<string> =>
      engine.run('inspect', containerOf(service), '--format', format);
    assert.match(await inspected(CODER, '{{json .Config.Env}}'), /"ODD=a \$dollar"/);
    assert.match(await inspected(CODER, '{{json .HostConfig.DeviceRequests}}'), /"DeviceIDs":\["0"\]/);
    assert.match(await inspected(CODER, '{{json .Config.Env}}'), new RegExp(`"HF_TOKEN=${secret}"`));
    assert.doesNotMatch(await inspected(CODER, '{{json .Args}} {{json .Config.Labels}}'), /hf_abc/);

    // Redis has a password that only the user can read, and that no argument holds.
    const password = `${opened.folder}/redis-password`;
    assert.equal(statSync(password).mode & 0o777, 0o600);
    assert.equal(statSync(`${opened.folder}/compose.yaml`).mode & 0o777, 0o600);
    assert.equal(
      await engine.run('exec', containerOf('redis'), 'redis-cli', '-a', 'wrong', 'ping').catch(() => 'refused'),
      'refused',
    );

    const log: string[] = [];
    for await (const line of fleet.logs(CODER, { lines: 3, follow: false }, never)) log.push(line);
    assert.equal(log.length, 3);
    assert.match(log.at(-1) ?? '', /Application startup complete/);

    // Health goes and comes, and who follows sees it.
    const watching = new AbortController();
    const seen: string[] = [];
    const watcher = (async () => {
      for await (const state of fleet.follow(AbortSignal.any([watching.signal, over.signal])))
        seen.push(stateOf(state, PLANNER).kind);
    })();
    await fetch(`http://127.0.0.1:${opened.port(PLANNER)}/stand-in/sick`);
    while (!seen.includes('unhealthy')) await sleep(100, undefined, { signal: over.signal });
    await fetch(`http://127.0.0.1:${opened.port(PLANNER)}/stand-in/well`);
    await until(opened, PLANNER, 'ready', over.signal);

    // One is killed for good: it says so, and can be started again. One dies: the engine starts it anew.
    await engine.run('kill', containerOf(PLANNER));
    const failed = await until(opened, PLANNER, 'failed', over.signal);
    assert.match(failed.kind === 'failed' ? failed.why : '', /killed from outside/);
    assert.equal(stateOf(await fleet.state(never), CODER).kind, 'ready');
    await fleet.up([PLANNER], () => {}, never);
    process.kill(Number(await inspected(PLANNER, '{{.State.Pid}}')), 'SIGKILL');
    while ((await inspected(PLANNER, '{{.RestartCount}}')) === '0') {
      await sleep(100, undefined, { signal: over.signal });
    }
    await until(opened, PLANNER, 'ready', over.signal);
    watching.abort();
    await watcher;
    assert.ok(seen.lastIndexOf('ready') > seen.indexOf('unhealthy'), `seen ${seen}`);

    // One that does not want to end is ended.
    await fleet.stop([CODER], never);
    assert.equal(stateOf(await fleet.state(never), CODER).kind, 'stopped');
    assert.equal(stateOf(await fleet.state(never), PLANNER).kind, 'ready');
    await fleet.down(never);
    assert.equal(await engine.run('ps', '--all', '--quiet'), '');
    assert.equal(stateOf(await fleet.state(never), PLANNER).kind, 'absent');
  });

  it('says why one does not start: memory ran out, or it ends again and again', async function () {
    this.timeout(120_000);
    const { fleet } = await fleetOf([server(PLANNER), server(CODER)], {
      [PLANNER]: { env: { STAND_IN: 'oom' }, memory: '160m' },
      [CODER]: { env: { STAND_IN: 'crash' } },
    });
    const ranOut = await failureOf(fleet.up([PLANNER], () => {}, never));
    assert.match(ranOut.message, /vllm-planner .*memory/);
    const crashed = await failureOf(fleet.up([CODER], () => {}, never));
    assert.match(crashed.message, /vllm-coder ends again and again.*5\.31 of the GPU's 23\.64 GiB/);
    // In the end the engine gives up.
    for (;;) {
      const seen = await engine.run('ps', '--all', '--filter', 'status=exited', '--quiet');
      if (seen.split('\n').filter((id) => id !== '').length === 2) break;
      await sleep(200, undefined, { signal: over.signal });
    }
    const state = await fleet.state(never);
    const why = (name: string): string => {
      const one = stateOf(state, name);
      return one.kind === 'crashing' ? `${one.times} times: ${one.why}` : one.kind;
    };
    assert.match(why(PLANNER), /^3 times: The memory that it may have ran out/);
    assert.match(why(CODER), /^3 times: Only 5\.31/);
  });

  it('says that one failed which was ready and ended with 0, as vLLM does when its engine dies', async function () {
    this.timeout(60_000);
    const opened = await fleetOf([server(PLANNER)]);
    await opened.fleet.up('all', () => {}, over.signal);
    await fetch(`http://127.0.0.1:${opened.port(PLANNER)}/stand-in/dead`);
    const dead = await until(opened, PLANNER, 'failed', over.signal);
    assert.match(dead.kind === 'failed' ? dead.why : '', /Its engine died; it said: .*EngineDeadError/);
    const [container = ''] = (await engine.run('ps', '--all', '--quiet')).split('\n');
    assert.equal(await engine.run('inspect', container, '--format', '{{.State.ExitCode}}'), '0');
  });

  it('says who has the port, before anything is started', async () => {
    const opened = await fleetOf([server(CODER)]);
    const holder = createServer().listen(opened.port(CODER), '127.0.0.1');
    try {
      const taken = await failureOf(opened.fleet.up('all', () => {}, never));
      assert.match(taken.message, new RegExp(`needs port ${opened.port(CODER)}, which is taken by `));
      assert.equal(stateOf(await opened.fleet.state(never), CODER).kind, 'failed');
      assert.equal(await engine.run('ps', '--all', '--quiet'), '');
    } finally {
      holder.close();
    }
  });

  it('leaves a project of the same name alone, and says whose it is', async () => {
    const opened = await fleetOf([REDIS, server(CODER)]);
    await opened.fleet.up(['redis'], () => {}, over.signal);
    const project = (await engine.run('ps', '--format', '{{.Label "com.docker.compose.project"}}')).trim();
    const labels = [`project=${project}`, 'service=vllm-coder', 'project.working_dir=/home/me/conclave'];
    const [image = ''] = IMAGES;
    const theirs = await engine.run(
      ...[
        'run',
        '--detach',
        '--name',
        'theirs',
        '--network',
        'none',
        '--volume',
        '/data',
        '--entrypoint',
        '/bin/sleep',
      ],
      ...labels.flatMap((label) => ['--label', `com.docker.compose.${label}`]),
      ...[image, '1000'],
    );
    try {
      const refused = await failureOf(opened.fleet.up([CODER], () => {}, over.signal));
      assert.match(refused.message, /the container theirs of \/home\/me\/conclave belongs to another Compose project/);
      assert.equal(
        (await opened.driver.look(never)).find(({ name }) => name === CODER),
        undefined,
      );
      await opened.fleet.stop('all', over.signal);
      await opened.fleet.down(over.signal);
      assert.equal(await engine.run('ps', '--quiet', '--no-trunc'), theirs);
      assert.notEqual(await engine.run('inspect', theirs, '--format', '{{range .Mounts}}{{.Name}}{{end}}'), '');
      assert.notEqual(await engine.run('volume', 'ls', '--quiet', '--filter', 'dangling=false'), '');
    } finally {
      await engine.run('rm', '--force', '--volumes', theirs);
    }
  });

  it('stops what was being started when the user gives up, and leaves what is ready', async () => {
    const { fleet } = await fleetOf([server(PLANNER), server(CODER)], { [CODER]: { env: { STAND_IN: 'hang' } } });
    const giveUp = new AbortController();
    const started = fleet.up(
      'all',
      (state) => {
        const coder = stateOf(state, CODER);
        // Whatever it says of itself: it runs by then.
        if (coder.kind === 'starting' && coder.step !== 'being started') giveUp.abort();
      },
      AbortSignal.any([giveUp.signal, over.signal]),
    );
    await assert.rejects(started, { name: 'AbortError' });
    const state = await fleet.state(never);
    assert.equal(stateOf(state, PLANNER).kind, 'ready');
    assert.equal(stateOf(state, CODER).kind, 'stopped');
  });

  it('fetches weights ahead with their progress, goes without a trace when it is told to stop, and says what to copy', async function () {
    this.timeout(90_000);
    const { fleet } = await fleetOf([server(CODER)]);
    const told: FetchProgress[] = [];
    await fleet.fetch((progress) => told.push(progress), never);
    assert.deepEqual([...new Set(told.map(({ what }) => what))], ['weights of org/coder']);
    assert.equal(told.at(-1)?.percent, 100);

    const slow = await fleetOf([server(CODER)], { [CODER]: { env: { STAND_IN_HUB: 'slow' } } });
    const giveUp = new AbortController();
    let begun = false;
    const fetching = slow.fleet.fetch(
      ({ percent }) => {
        if (percent !== undefined) begun = true;
      },
      AbortSignal.any([giveUp.signal, over.signal]),
    );
    // A second one would end the first one's download.
    while (!begun) await sleep(50, undefined, { signal: over.signal });
    const second = await failureOf(slow.fleet.fetch(() => {}, over.signal));
    assert.match(second.message, /already being fetched, by conclave fleet \(process \d+ /);
    giveUp.abort();
    await assert.rejects(fetching, { name: 'AbortError' });
    assert.equal(await engine.run('ps', '--all', '--quiet'), '');

    const offline = await fleetOf([server(CODER)], { [CODER]: { env: { STAND_IN_HUB: 'gone' } } });
    const unreachable = await failureOf(offline.fleet.fetch(() => {}, never));
    assert.match(unreachable.message, /hub cannot be reached, so the weights of org\/coder/);
    assert.match(unreachable.remedy, /docker load < vllm-vllm-openai/);
  });

  it('does not come back by itself with its engine: all servers at once would find no memory', async function () {
    this.timeout(120_000);
    const own = await needEngine(this, () => startEngine({ gpuHook: true }));
    try {
      await importStandIns(own, IMAGES);
      const opened = await composeFleet(own, SHIPPED, [server(PLANNER)]);
      await opened.fleet.up('all', () => {}, over.signal);
      const before = await own.run('ps', '--all', '--quiet');
      await own.restart();
      assert.equal(await own.run('ps', '--all', '--quiet'), before);
      assert.equal(stateOf(await opened.fleet.state(never), PLANNER).kind, 'failed');
      await opened.fleet.up('all', () => {}, over.signal);
      await opened.close();
    } finally {
      await own.stop();
    }
  });

  describe('with a registry', () => {
    let registry: Registry;
    before(async () => {
      registry = await startRegistry();
    });
    after(async () => registry?.close());

    it('fetches an image with its progress, and says why it cannot be had', async function () {
      this.timeout(120_000);
      const failing = async (image: string): Promise<DriverError> => {
        const { fleet } = await fleetOf([REDIS], { redis: { image } });
        return failureOf(fleet.up('all', () => {}, never));
      };
      assert.match((await failing(registry.missing)).message, /There is no image/);
      assert.match((await failing(registry.denied)).message, /does not give out/);
      const unreachable = await failing('127.0.0.1:9/org/model:v1');
      assert.match(unreachable.message, /cannot be reached/);

      const { fleet } = await fleetOf([REDIS], { redis: { image: registry.image } });
      const told: FetchProgress[] = [];
      await fleet.fetch((progress) => told.push(progress), never);
      assert.equal(told[0]?.what, `image ${registry.image}`);
      const percents = told.flatMap(({ percent }) => percent ?? []);
      assert.ok(
        percents.some((percent) => percent > 0 && percent < 100),
        `only ${percents}`,
      );
      assert.deepEqual(
        percents,
        percents.toSorted((a, b) => a - b),
      );
      assert.match(await engine.run('images', '--format', '{{.Repository}}:{{.Tag}}'), new RegExp(registry.image));
    });

    it('says that a machine without NVIDIA’s runtime has none, that the engine went away, and that it is gone', async function () {
      this.timeout(120_000);
      const bare = await needEngine(this, () => startEngine());
      try {
        await importStandIns(bare, IMAGES);
        const gpu = await composeFleet(bare, SHIPPED, [server(CODER)]);
        const noRuntime = await failureOf(gpu.fleet.up('all', () => {}, never));
        assert.match(noRuntime.message, /has no NVIDIA runtime/);
        assert.match(noRuntime.remedy, /Container Toolkit/);
        await gpu.close();

        const fetching = await composeFleet(bare, SHIPPED, [REDIS], { redis: { image: registry.image } });
        const wentAway = await failureOf(
          fetching.fleet.fetch(({ percent }) => {
            if (percent !== undefined && percent > 0) process.kill(bare.pid, 'SIGKILL');
          }, never),
        );
        assert.match(wentAway.message, /went away|does not answer/);
        assert.match((await fetching.fleet.state(never)).problem?.what ?? '', /The Docker engine does not answer/);
        await fetching.close();
      } finally {
        await bare.stop();
      }
    });
  });
});
