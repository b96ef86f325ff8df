import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError, type FleetDriver, type PlannedService } from '../../src/core/fleet/driver.ts';
import { createFleet, type Fleet } from '../../src/core/fleet/fleet.ts';
import { openPages } from '../../src/core/models/serverPages.ts';
import { unpooledFetch } from '../../src/core/models/unpooledFetch.ts';
import { nativeCommands } from '../../src/node/fleet/native/nativeCommand.ts';
import { type NativeParts, openNativeDriver } from '../../src/node/fleet/native/nativeDriver.ts';
import type { FleetState } from '../../src/shared/fleet.ts';
import { skip } from '../skip.ts';
import { plannedServer } from '../support/memoryFleet.ts';

const never = new AbortController().signal;
const SERVER = [process.execPath, resolve('test/support/serverLike.mjs')];
const CODER = 'vllm-coder';
const PLANNER = 'vllm-planner';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Processes of the group that run; those that have ended and wait to be taken note of do not. */
function runningIn(group: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat='], { encoding: 'utf8' });
  return table.split('\n').flatMap((line) => {
    const [pid, pgid, stat = 'Z'] = line.trim().split(/\s+/);
    return Number(pgid) === group && !stat.startsWith('Z') ? [Number(pid)] : [];
  });
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await isTrue()) return;
    await sleep(25);
  }
  assert.fail(`It never came to this: ${what}`);
}

describe('native servers', function () {
  this.timeout(60_000);
  let dir: string;
  let planned: PlannedService[];
  let driver: FleetDriver;
  let fleet: Fleet;

  const opened = (parts: Partial<NativeParts> = {}): FleetDriver => {
    const env = { ...process.env, HF_TOKEN: 'hf_abcdefghijkl', CONCLAVE_TOKEN: 'secret' };
    return openNativeDriver({ dir, ...nativeCommands({ vllm: SERVER, env, cwd: dir }), ...parts });
  };
  const fleetOver = (over: FleetDriver): Fleet =>
    createFleet({
      profile: 'test',
      planned,
      driver: over,
      clock: { now: () => new Date(), sleep: (ms, signal) => sleep(Math.min(ms, 50), undefined, { signal }) },
      ask: (url) => openPages({ url, fetch: unpooledFetch(1000) }),
    });
  const pidOf = (name: string): number =>
    (JSON.parse(readFileSync(join(dir, 'servers', `${name}.json`), 'utf8')) as { pid: number }).pid;
  const kindOf = async (name: string, of = fleet): Promise<string | undefined> =>
    (await of.state(never)).services.find((service) => service.name === name)?.state.kind;
  const failing = (mode: string): void => {
    planned = planned.map((service) => ({ ...service, env: { SERVER_LIKE: mode } }));
    fleet = fleetOver(driver);
  };

  before(function () {
    if (process.platform === 'win32') skip(this, 'process groups are looked at with ps');
  });

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'conclave-native-'));
    planned = [plannedServer(PLANNER, await freePort()), plannedServer(CODER, await freePort())];
    driver = opened();
    fleet = fleetOver(driver);
  });

  afterEach(async () => {
    await driver.down(never);
    rmSync(dir, { recursive: true, force: true });
  });

  it('start one after another, are seen by another process of ours, and end with all of their processes', async () => {
    const states: FleetState[] = [];
    await fleet.up('all', (state) => states.push(state), never);
    const loading = states
      .flatMap(({ services }) => services)
      .find(({ state }) => state.kind === 'starting' && state.percent === 50);
    assert.ok(loading, 'no state told how far the loading is');
    const groups = [PLANNER, CODER].map(pidOf);
    for (const group of groups) assert.equal(runningIn(group).length, 3);

    const other = fleetOver(opened());
    assert.equal(await kindOf(CODER, other), 'ready');
    await other.stop([CODER], never);
    assert.deepEqual(
      groups.map((group) => runningIn(group).length),
      [3, 0],
    );
    assert.equal(await kindOf(CODER), 'stopped');
    await fleet.down(never);
    assert.deepEqual(runningIn(groups[0] ?? 0), []);
    assert.deepEqual(await driver.look(never), []);
  });

  it('are ended although a stream is open, to which vLLM gives no end', async () => {
    await fleet.up([CODER], () => {}, never);
    const port = planned[1]?.port;
    const stream = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: 'POST' });
    await fleet.stop([CODER], never);
    assert.deepEqual(runningIn(pidOf(CODER)), []);
    await stream.text().catch(() => {});
  });

  it('leave nothing when their first process is killed, and the rest with it', async () => {
    await fleet.up([CODER], () => {}, never);
    const group = pidOf(CODER);
    process.kill(group, 'SIGKILL');
    await until('all three are gone', () => runningIn(group).length === 0);
    const { services } = await fleet.state(never);
    assert.match(JSON.stringify(services[1]?.state), /"failed".*killed from outside/);
  });

  it('are seen to be gone by a process that did not start them, which ends what is left', async () => {
    await fleet.up([CODER], () => {}, never);
    const group = pidOf(CODER);
    // What started it is gone too: its record says that it runs.
    const record = readFileSync(join(dir, 'servers', `${CODER}.json`), 'utf8');
    process.kill(group, 'SIGKILL');
    await until('all three are gone', () => runningIn(group).length === 0);
    const stray = spawn('sleep', ['100'], { detached: true, stdio: 'ignore' });
    writeFileSync(join(dir, 'servers', `${CODER}.json`), record);
    const other = fleetOver(opened());
    assert.equal(await kindOf(CODER, other), 'failed');
    // The number may be somebody else's by now: then it is left alone.
    writeFileSync(join(dir, 'servers', `${CODER}.json`), JSON.stringify({ ...JSON.parse(record), pid: stray.pid }));
    assert.equal(await kindOf(CODER, other), 'failed');
    await other.stop([CODER], never);
    await other.down(never);
    assert.equal(runningIn(stray.pid ?? 0).length, 1);
    stray.kill();
  });

  /** A server whose first process ends while its children live on, and whose end nobody has seen: so says its record. */
  function leftBehind(edit: (record: object) => object = (record) => record): number {
    const script = "require('node:child_process').spawn('sleep', ['100'], { stdio: 'ignore' }); process.exit()";
    const leader = spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore' });
    const pid = leader.pid ?? assert.fail();
    const record = { name: CODER, pid, identity: 'of the first process', since: new Date().toISOString() };
    mkdirSync(join(dir, 'servers'), { recursive: true });
    writeFileSync(join(dir, 'servers', `${CODER}.json`), JSON.stringify(edit(record)));
    return pid;
  }

  it('whose first process has ended are ended by whoever sees it, with what it has left', async () => {
    const group = leftBehind();
    await until('its child is alone', () => runningIn(group).length === 1 && !runningIn(group).includes(group));
    assert.equal(await kindOf(CODER, fleetOver(opened())), 'failed');
    assert.deepEqual(runningIn(group), []);
  });

  it('of an earlier start of the machine have left nothing: the number is of others now', async function () {
    if (process.platform !== 'linux') skip(this, 'only Linux names its starts');
    const group = leftBehind((record) => ({ ...record, boot: 'an earlier one' }));
    await until('its child is alone', () => runningIn(group).length === 1 && !runningIn(group).includes(group));
    await fleetOver(opened()).stop([CODER], never);
    assert.equal(runningIn(group).length, 1);
    process.kill(-group, 'SIGKILL');
  });

  it('are ours whatever the clock says', async () => {
    await fleet.up([CODER], () => {}, never);
    const file = join(dir, 'servers', `${CODER}.json`);
    const record = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
    writeFileSync(file, JSON.stringify({ ...record, since: '2001-01-01T00:00:00.000Z' }));
    const other = fleetOver(opened());
    assert.equal(await kindOf(CODER, other), 'ready');
    await other.stop([CODER], never);
    assert.deepEqual(runningIn(record.pid), []);
  });

  it('are left alone where nobody can tell whether they run', async () => {
    await fleet.up([CODER], () => {}, never);
    const group = pidOf(CODER);
    const identityOf = () => Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
    const blind = fleetOver(opened({ identityOf }));
    const { problem } = await blind.state(never);
    assert.match(problem?.what ?? '', /^Whether vllm-coder runs is not known: .*too many open files/);
    await assert.rejects(
      blind.up([CODER], () => {}, never),
      DriverError,
    );
    assert.equal(runningIn(group).length, 3);
    assert.equal(await kindOf(CODER), 'ready');
  });

  it('are ended at once where they cannot be written down', async () => {
    const groups: number[] = [];
    const identityOf = async (pid: number) => {
      groups.push(pid);
      throw new Error('too many open files');
    };
    await assert.rejects(
      fleetOver(opened({ identityOf })).up([CODER], () => {}, never),
      /vllm-coder was ended as soon as it was started: .*too many open files/,
    );
    assert.deepEqual(runningIn(groups[0] ?? assert.fail()), []);
  });

  it('say why they ended', async () => {
    failing('memory');
    await assert.rejects(
      fleet.up([CODER], () => {}, never),
      /vllm-coder did not start\. The memory of the GPU ran out/,
    );
    assert.deepEqual(runningIn(pidOf(CODER)), []);
    failing('option');
    await assert.rejects(
      fleet.up([CODER], () => {}, never),
      /does not know the option --no-such-option/,
    );
  });

  it('are stopped when their start is given up', async () => {
    failing('stuck');
    const stop = new AbortController();
    const up = fleet.up(
      'all',
      (state) => {
        const [first] = state.services;
        if (first?.state.kind === 'starting' && first.state.step === 'loading weights') stop.abort(new Error('enough'));
      },
      stop.signal,
    );
    await assert.rejects(up, /enough/);
    assert.deepEqual(runningIn(pidOf(PLANNER)), []);
    assert.equal(await kindOf(PLANNER), 'stopped');
  });

  for (const address of ['127.0.0.1', '0.0.0.0'])
    it(`name who has their port, on ${address}`, async () => {
      const holder: Server = createServer().listen(planned[1]?.port, address);
      await once(holder, 'listening');
      try {
        await assert.rejects(
          fleet.up([CODER], () => {}, never),
          (error: DriverError) => {
            assert.ok(error instanceof DriverError);
            assert.match(
              error.message,
              new RegExp(`port ${planned[1]?.port} is taken by process ${process.pid} \\(node`),
            );
            return true;
          },
        );
        assert.equal(await kindOf(CODER), 'failed');
      } finally {
        holder.close();
      }
    });

  it('that are not installed are said to be missing, with what to do', async () => {
    driver = openNativeDriver({ dir, ...nativeCommands({ vllm: 'no-such-vllm', env: process.env, cwd: dir }) });
    await assert.rejects(
      fleetOver(driver).up([CODER], () => {}, never),
      (error: DriverError) => /no program no-such-vllm/.test(error.message) && /fleet\.vllm/.test(error.remedy),
    );
  });

  it('get the token of the model hub, the proxies on the way to it, and no other secret', async () => {
    const proxy = 'http://user:word@proxy.example:3128';
    const { argv, env } = await nativeCommands({
      vllm: SERVER,
      env: {
        ...process.env,
        ...{ HF_TOKEN: 'hf_abcdefghijkl', CONCLAVE_TOKEN: 'secret', HTTPS_PROXY: proxy, STORE_URL: proxy },
      },
      cwd: dir,
    }).commandFor(plannedServer(CODER, 8002));
    assert.deepEqual([env.HTTPS_PROXY, env.STORE_URL], [proxy, undefined]);
    assert.equal(env.HF_TOKEN, 'hf_abcdefghijkl');
    assert.equal(env.CONCLAVE_TOKEN, undefined);
    assert.equal(env.VLLM_NO_USAGE_STATS, '1');
    assert.ok(!argv.join(' ').includes('hf_'), 'a secret is in the arguments, which everybody can see');
    assert.ok(argv.join(' ').includes('--host 127.0.0.1'));
  });

  it("take a model's folder where there is one, and then nothing from the hub", async () => {
    const weights = resolve('test');
    const service = plannedServer(CODER, 8002);
    const serves = { ...service.serves, model: 'support/chatTemplates' } as NonNullable<PlannedService['serves']>;
    const commands = nativeCommands({ vllm: SERVER, weights, env: {}, cwd: dir });
    const missing = await commands.commandFor({ ...service, serves });
    assert.equal(missing.argv[3], 'support/chatTemplates');
    assert.equal(missing.env.HF_HUB_OFFLINE, '0');
    const there = await commands.commandFor({ ...service, serves: { ...serves, model: 'integration/faultMatrix' } });
    assert.equal(there.argv[3], join(weights, 'integration', 'faultMatrix'));
    assert.equal(there.env.HF_HUB_OFFLINE, '1');
  });

  it('tell what they write, also while it is written, and after a new start', async () => {
    await fleet.up([CODER], () => {}, never);
    const lines: string[] = [];
    const end = new AbortController();
    const reading = (async () => {
      for await (const line of fleet.logs(CODER, { lines: 1, follow: true }, end.signal)) lines.push(line);
    })();
    await until('the last line is read', () => lines.length > 0);
    assert.match(lines.join('\n'), /^[^\n]*Application startup complete\.$/);
    await fleet.restart([CODER], () => {}, never);
    await until('the new start is read', () => lines.filter((line) => line.includes('startup complete')).length === 2);
    end.abort();
    await reading;
    assert.ok(lines.some((line) => line.includes('Starting to load model')));
  });

  it('keep no log that grows without bounds', async () => {
    await fleet.up([CODER], () => {}, never);
    const log = join(dir, 'logs', `${CODER}.log`);
    const line = `${'x'.repeat(1023)}\n`;
    for (let megabytes = 0; megabytes < 17; megabytes += 1) appendFileSync(log, line.repeat(1024));
    await driver.look(never);
    assert.ok(statSync(log).size <= 4 * 1024 * 1024);
    const lines: string[] = [];
    for await (const one of fleet.logs(CODER, { lines: 5000, follow: false }, never)) lines.push(one);
    assert.deepEqual(new Set(lines), new Set([line.trimEnd()]));
    // It goes on writing where the end is now.
    await fetch(`http://127.0.0.1:${planned[1]?.port}/v1/models?said`);
    assert.ok(statSync(log).size <= 4 * 1024 * 1024 + 100);
  });

  it('have their weights fetched by their own Python, with how far it is', async () => {
    const python = join(dir, 'python3');
    writeFileSync(
      python,
      `#!${process.execPath}
const model = process.argv.at(-1);
if (process.env.HF_HUB_OFFLINE !== '0') throw new Error('offline');
if (model === 'org/gated') {
  console.error('GatedRepoError: 401 Client Error. Cannot access gated repo; token ' + process.env.HF_TOKEN);
  process.exit(1);
}
console.error('Fetching 4 files:  50%|█████     | 2/4 [00:01<00:01,  1.0it/s]');
`,
      { mode: 0o755 },
    );
    const of = nativeCommands({
      vllm: [python, '-m', 'vllm.entrypoints.cli.main'],
      env: { ...process.env, HF_TOKEN: 'hf_abcdefghijkl' },
      cwd: dir,
    });
    const told: (number | undefined)[] = [];
    await of.fetchWeights(plannedServer(CODER, 8002), ({ percent }) => told.push(percent), never);
    assert.deepEqual(told, [undefined, 50, 100]);
    const gated = plannedServer(CODER, 8002);
    const serves = { ...gated.serves, model: 'org/gated' } as NonNullable<PlannedService['serves']>;
    await assert.rejects(
      of.fetchWeights({ ...gated, serves }, () => {}, never),
      (error: DriverError) =>
        /org\/gated could not be fetched\. The model is gated/.test(error.message) && !/abcdef/.test(error.message),
    );
  });

  it('tell of what another process does with them', async () => {
    await fleet.up([CODER], () => {}, never);
    const end = new AbortController();
    const changes = fleetOver(opened()).follow(end.signal);
    const kinds: (string | undefined)[] = [];
    for await (const { services } of changes) {
      const kind = services[1]?.state.kind;
      if (kind !== kinds.at(-1)) kinds.push(kind);
      if (kinds.length === 1) void fleet.stop([CODER], never);
      if (kind === 'stopped') end.abort();
    }
    assert.deepEqual([kinds[0], kinds.at(-1)], ['ready', 'stopped']);
    assert.ok(!kinds.includes('failed'), `a stop was taken for a failure: ${kinds}`);
  });
});
