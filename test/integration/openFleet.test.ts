import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError, type PlannedService } from '../../src/core/fleet/driver.ts';
import type { Fleet } from '../../src/core/fleet/fleet.ts';
import { loadSettings } from '../../src/node/configuration.ts';
import { takeFleetDown } from '../../src/node/fleet/drivers.ts';
import { noteStarted } from '../../src/node/fleet/fleetRecord.ts';
import { openFleet } from '../../src/node/fleet/openFleet.ts';
import { whyAway } from '../../src/node/fleet/whyAway.ts';
import type { Installation } from '../../src/node/openCrew.ts';
import type { FleetState } from '../../src/shared/fleet.ts';
import { skip } from '../skip.ts';

const never = new AbortController().signal;
const MACHINE = { gpus: [], memory: 64 };

const CODER: PlannedService = {
  ...{ name: 'vllm-coder', kind: 'model', roles: ['coder'], port: 8002, gpus: [], env: {} },
  serves: { model: 'org/one', names: ['coder'], window: 8192, options: {} },
};

/** A profile for this machine's processor, with one server for these roles. */
function profile(name: string, key: string, roles: string[]): string {
  return `name: ${name}
title: ${name}
summary: For tests
rank: 1
driver: native
runsOn: cpu
machine: []
servers:
  ${key}:
    roles: [${roles.join(', ')}]
    model: org/${name}
    weights: 1
    kvPerToken: 1
    overhead: 1
    window: { wanted: 8192, least: 8192 }
`;
}

describe('the fleet of this machine', function () {
  this.timeout(60_000);
  let dir: string;
  let installation: Installation;
  let fleets: Fleet[];

  before(function () {
    if (process.platform === 'win32') skip(this, 'the stand-in for a server ends by signals');
  });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'conclave-fleet-'));
    const home = join(dir, 'home');
    mkdirSync(join(home, 'profiles'), { recursive: true });
    writeFileSync(join(home, 'profiles', 'one.yaml'), profile('one', 'coder', ['coder', 'planner']));
    writeFileSync(join(home, 'profiles', 'two.yaml'), profile('two', 'reviewer', ['reviewer']));
    const env = {
      ...process.env,
      CONCLAVE_DATA: join(dir, 'data'),
      CONCLAVE_FLEET_PROFILE: '',
      CONCLAVE_FLEET_VLLM: JSON.stringify([process.execPath, resolve('test/support/serverLike.mjs')]),
    };
    installation = { version: '0', home, env };
    fleets = [];
  });

  afterEach(async () => {
    for (const fleet of fleets) await fleet.down(never);
    rmSync(dir, { recursive: true, force: true });
  });

  const serverFile = (): string => join(dir, 'data', 'fleet', 'servers', 'vllm-coder.json');
  const kindsOf = ({ services }: FleetState): string[] => services.map(({ state }) => state.kind);

  /** A busy machine may answer the first look late. */
  async function until(fleet: Fleet, kind: string): Promise<void> {
    while (kindsOf(await fleet.state(never)).some((now) => now !== kind)) await sleep(50);
  }

  const loaded = (env: NodeJS.ProcessEnv = {}) =>
    loadSettings({ env: { ...installation.env, ...env }, workspace: dir, trusted: true, flags: {} });

  async function opened(name?: string): Promise<Fleet> {
    const { settings } = await loaded();
    const found = await openFleet(installation, { settings, profile: name, machine: MACHINE });
    assert.ok(found.kind === 'fleet', JSON.stringify(found));
    fleets.push(found.fleet);
    return found.fleet;
  }

  async function problemOf(name: string, home = installation.home) {
    const { settings } = await loaded();
    const found = await openFleet({ ...installation, home }, { settings, profile: name, machine: MACHINE });
    assert.ok(found.kind === 'problem');
    return found.problem;
  }

  it('has its endpoints taken by the roles that it serves, until it is stopped', async () => {
    const fleet = await opened('one');
    await fleet.up('all', () => {}, never);
    const { settings, sources, serverFlags } = await loaded();
    assert.deepEqual(settings.endpoints.planner, { url: 'http://127.0.0.1:8002/v1', model: 'coder' });
    assert.deepEqual(settings.endpoints.coder, settings.endpoints.planner);
    assert.equal(sources['endpoints.coder.url'], 'fleet');
    assert.equal(settings.endpoints.reviewer.url, 'http://localhost:8003/v1');
    assert.match(serverFlags?.coder ?? '', /^[0-9a-f]{16}$/);
    assert.equal(serverFlags?.reviewer, undefined);

    const own = await loaded({ CONCLAVE_CODER_URL: 'http://localhost:11434/v1' });
    assert.deepEqual(own.settings.endpoints.coder, { url: 'http://localhost:11434/v1' });
    assert.equal(own.serverFlags?.coder, undefined);
    assert.equal(own.serverFlags?.planner, serverFlags?.planner);

    await fleet.stop('all', never);
    assert.equal((await loaded()).sources['endpoints.coder.url'], 'default');
  });

  it('is started by one process at a time', async () => {
    const [one, other] = [await opened('one'), await opened('one')];
    let refused: Promise<void> | undefined;
    const starting = one.up(
      'all',
      () => {
        // From its first word on it is at it.
        refused ??= assert.rejects(
          other.up('all', () => {}, never),
          (error: Error) =>
            error instanceof DriverError && /already being started, by conclave fleet/.test(error.message),
        );
      },
      never,
    );
    await starting;
    await refused;
    await other.up('all', () => {}, never);
  });

  it('gives way to that of another profile', async () => {
    await (await opened('one')).up('all', () => {}, never);
    const two = await opened('two');
    await two.up('all', () => {}, never);
    const { settings } = await loaded();
    assert.equal(settings.endpoints.reviewer.url, 'http://127.0.0.1:8003/v1');
    assert.equal(settings.endpoints.coder.url, 'http://localhost:8002/v1');
    await assert.rejects(fetch('http://127.0.0.1:8002/health'));
  });

  it('keeps nothing of native servers from before the machine was started', async () => {
    await (await opened('one')).up('all', () => {}, never);
    const file = join(dir, 'data', 'fleet', 'started', 'vllm-coder.json');
    const { boot, ...started } = JSON.parse(readFileSync(file, 'utf8')) as { at: string; boot?: string };
    const long = { ...started, at: '2001-01-01T00:00:00.000Z' };
    const source = async (): Promise<string | undefined> => (await loaded()).sources['endpoints.coder.url'];
    writeFileSync(file, JSON.stringify(long));
    assert.equal(await source(), 'default');
    // Where starts of the machine have names, the clock does not count.
    writeFileSync(file, JSON.stringify({ ...long, boot }));
    assert.equal(await source(), boot === undefined ? 'default' : 'fleet');
    writeFileSync(file, JSON.stringify({ ...started, boot: 'an earlier one' }));
    assert.equal(await source(), 'default');
    writeFileSync(file, 'no JSON');
    assert.equal(await source(), 'default');
  });

  it('is written down before it is there, so that who dies meanwhile leaves word of it', async () => {
    installation.env.SERVER_LIKE = 'stuck';
    const giveUp = new AbortController();
    const one = await opened('one');
    const starting = one.up('all', () => {}, giveUp.signal);
    const dying = assert.rejects(starting, { name: 'AbortError' });
    while (!existsSync(serverFile())) await sleep(50);
    // Another process, such as a window that was loaded anew, has no part in the start: it sees what there is, and can end it.
    const other = await opened();
    assert.deepEqual(kindsOf(await other.state(never)), ['starting']);
    assert.equal((await loaded()).sources['endpoints.coder.url'], 'fleet');
    const { settings } = await loaded();
    assert.match((await whyAway(installation, { settings, role: 'coder', signal: never })) ?? '', /is being started/);
    await assert.rejects(
      other.restart('all', () => {}, never),
      /already being started/,
    );
    assert.deepEqual(kindsOf(await other.state(never)), ['starting'], 'what may not be restarted is not stopped');

    giveUp.abort();
    await dying;
    assert.equal((await loaded()).sources['endpoints.coder.url'], 'default', 'what was given up is not there');
  });

  it('ends while another process starts it, and is not there any more', async () => {
    installation.env.SERVER_LIKE = 'stuck';
    const one = await opened('one');
    const starting = assert.rejects(
      one.up('all', () => {}, never),
      /was stopped while it was being started/,
    );
    while (!existsSync(serverFile())) await sleep(50);
    const { settings } = await loaded();
    await takeFleetDown(installation, { settings, signal: never });
    await starting;
    assert.deepEqual(kindsOf(await one.state(never)), ['absent']);
    assert.equal((await loaded()).sources['endpoints.coder.url'], 'default');
  });

  it('is stopped also where its profile fits no more, or is gone, and then not started', async () => {
    await (await opened('one')).up('all', () => {}, never);
    const { settings } = await loaded();
    const find = (purpose?: 'start') =>
      openFleet(installation, { settings, ...(purpose && { purpose }), machine: { gpus: [], memory: 1 } });
    const found = await find();
    assert.ok(found.kind === 'fleet');
    await until(found.fleet, 'ready');
    await assert.rejects(
      found.fleet.restart('all', () => {}, never),
      /does not fit this machine: one needs/,
    );
    const refused = await find('start');
    assert.match(refused.kind === 'problem' ? refused.problem.what : '', /does not fit this machine/);
    await found.fleet.stop('all', never);
    assert.deepEqual(kindsOf(await found.fleet.state(never)), ['stopped']);

    await (await opened('one')).up('all', () => {}, never);
    rmSync(join(installation.home, 'profiles', 'one.yaml'));
    const left = await opened();
    await until(left, 'ready');
    await assert.rejects(
      left.up('all', () => {}, never),
      /no profile "one"/,
    );
    await left.down(never);
    assert.deepEqual(kindsOf(await left.state(never)), ['absent']);
  });

  it('is, to be started, of the profile that is set, and to be looked at of the one that was started', async () => {
    await (await opened('one')).up('all', () => {}, never);
    installation = { ...installation, env: { ...installation.env, CONCLAVE_FLEET_PROFILE: 'two' } };
    const { settings } = await loaded();
    const of = async (purpose: 'look' | 'start') => {
      const found = await openFleet(installation, { settings, purpose, machine: MACHINE });
      return found.kind === 'fleet' ? found.profile : undefined;
    };
    assert.deepEqual([await of('look'), await of('start')], ['one', 'two']);
  });

  it('gives way to another where its engine is gone', async () => {
    await noteStarted(installation.env, { profile: 'gpu-24gb', driver: 'compose' }, [CODER]);
    installation.env.PATH = dir;
    await (await opened('two')).up('all', () => {}, never);
    const { sources } = await loaded();
    assert.deepEqual(
      [sources['endpoints.reviewer.url'], sources['endpoints.coder.url']],
      ['fleet', 'default'],
      'nothing is written down any more of what is gone',
    );
  });

  it('says what is the matter with a profile', async () => {
    assert.match((await problemOf('three')).what, /no profile "three"/);
    assert.match((await problemOf('three')).remedy, /one, two/);
    const real = resolve('.');
    assert.match((await problemOf('external', real)).what, /starts no servers/);
    const refused = await problemOf('apple', real);
    assert.match(refused.what, /apple does not fit this machine: apple needs .*no Mac/);
    assert.match(refused.remedy, /Choose external/);
  });

  it('of containers tells that there is no engine, where there is none', async () => {
    const { settings } = await loaded();
    const here = { ...installation, home: resolve('.'), env: { ...installation.env, PATH: dir } };
    const found = await openFleet(here, { settings, profile: 'gpu-24gb', machine: { gpus: [24] } });
    assert.ok(found.kind === 'fleet');
    const { services, problem } = await found.fleet.state(never);
    assert.match(problem?.what ?? '', /Docker/i);
    assert.ok(services.some(({ name }) => name === 'vllm-coder'));
    await assert.rejects(
      found.fleet.up('all', () => {}, never),
      DriverError,
    );
  });

  it('knows why the server of a role is away', async () => {
    const fleet = await opened('one');
    await fleet.up('all', () => {}, never);
    const { settings } = await loaded();
    const why = () => whyAway(installation, { settings, role: 'coder', signal: never });
    assert.equal(await why(), undefined);
    const record = JSON.parse(readFileSync(join(dir, 'data', 'fleet', 'servers', 'vllm-coder.json'), 'utf8'));
    process.kill((record as { pid: number }).pid, 'SIGKILL');
    while ((await fleet.state(never)).services[0]?.state.kind !== 'failed') await sleep(50);
    assert.match(
      (await why()) ?? '',
      /^vllm-coder: It was killed from outside, as the system does when memory runs out/,
    );
  });

  it('leaves nothing but the data folder when it is taken down', async () => {
    const fleet = await opened('one');
    await fleet.up('all', () => {}, never);
    await fleet.down(never);
    const folder = join(dir, 'data', 'fleet');
    for (const left of ['servers', 'logs', 'started']) assert.deepEqual(readdirSync(join(folder, left)), [], left);
  });
});
