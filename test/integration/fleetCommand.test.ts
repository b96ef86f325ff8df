import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FleetState, ProfileEntry } from '../../src/shared/fleet.ts';
import { skip } from '../skip.ts';
import { type Conclave, openConclave } from '../support/conclave.ts';

const CODER = 'vllm-coder';

describe('conclave fleet', function () {
  this.timeout(60_000);
  let conclave: Conclave;

  before(function () {
    if (process.platform === 'win32') skip(this, 'the stand-in for a server ends by signals');
  });

  beforeEach(() => {
    conclave = openConclave({});
    conclave.env.CONCLAVE_FLEET_VLLM = JSON.stringify([process.execPath, resolve('test/support/serverLike.mjs')]);
  });

  afterEach(async () => {
    await conclave.run(['fleet', 'down', '--profile', 'cpu']);
    conclave.remove();
  });

  const statesIn = (stdout: string): FleetState[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FleetState);
  const kindIn = (state: FleetState | undefined) => state?.services[0]?.state.kind;
  const group = (): number =>
    (JSON.parse(readFileSync(join(conclave.data, 'fleet', 'servers', `${CODER}.json`), 'utf8')) as { pid: number }).pid;
  const processesOf = (leader: number): number =>
    execFileSync('ps', ['-A', '-o', 'pgid=,stat='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([pgid, stat = 'Z']) => Number(pgid) === leader && !stat.startsWith('Z')).length;

  it('starts servers that outlive it, tells where they stand, and ends them', async () => {
    const up = await conclave.run(['fleet', 'up', '--profile', 'cpu', '--json']);
    assert.equal(up.status, 0, up.stderr);
    const states = statesIn(up.stdout);
    assert.ok(states.some((state) => kindIn(state) === 'starting'));
    assert.equal(kindIn(states.at(-1)), 'ready');
    const leader = group();
    assert.equal(processesOf(leader), 3);

    // From now on it is the one that runs, without a name.
    const status = await conclave.run(['fleet', 'status']);
    assert.equal(status.status, 0, status.stderr);
    assert.match(
      status.stdout,
      /Profile cpu\n✓ vllm-coder {2}ready {2}HuggingFaceTB\/SmolLM2-135M-Instruct · 8,192 tokens · port 8002/,
    );
    const logs = await conclave.run(['fleet', 'logs', 'reviewer', '--lines', '1']);
    assert.match(logs.stdout, /^[^\n]*Application startup complete\.\n$/);

    const stopped = await conclave.run(['fleet', 'stop', 'coder']);
    assert.equal(stopped.status, 0, stopped.stderr);
    assert.match(stopped.stdout, /vllm-coder {2}stopped/);
    assert.equal(processesOf(leader), 0);
    assert.equal((await conclave.run(['fleet', 'status', '--profile', 'cpu'])).status, 4);
  });

  it('writes a line for each change where there is no terminal', async () => {
    const { status, stdout, stderr } = await conclave.run(['fleet', 'up', 'coder', '--profile', 'cpu']);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^vllm-coder: being started\n(vllm-coder: .*\n)*vllm-coder: ready\n$/);
    assert.match(stdout, /✓ vllm-coder/);
  });

  it('says why a server did not start, with exit 4', async () => {
    conclave.env.SERVER_LIKE = 'memory';
    const { status, stdout, stderr } = await conclave.run(['fleet', 'up', '--profile', 'cpu', '--json']);
    assert.equal(status, 4);
    assert.match(stderr, /vllm-coder did not start\. The memory of the GPU ran out/);
    assert.equal(kindIn(statesIn(stdout).at(-1)), 'failed');
    const shown = await conclave.run(['fleet', 'status', '--profile', 'cpu']);
    assert.match(shown.stdout, /✗ vllm-coder {2}failed.*\n {2}The memory of the GPU ran out/);
  });

  it('stops on Ctrl-C what was being started, and says so', async () => {
    conclave.env.SERVER_LIKE = 'stuck';
    const { child, ended } = conclave.start(['fleet', 'up', '--profile', 'cpu']);
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: Buffer) => {
        if (text.includes('loading weights')) resolve();
      });
    });
    const leader = group();
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    assert.equal(status, 130);
    assert.match(stderr, /Stopped while it was being started: vllm-coder\./);
    assert.equal(processesOf(leader), 0);
  });

  it('lists the profiles, and which are for this machine', async () => {
    const { status, stdout } = await conclave.run(['fleet', 'profiles', '--json']);
    assert.equal(status, 0);
    const entries = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ProfileEntry);
    assert.ok(entries.some(({ name }) => name === 'blueprint'));
    assert.equal(entries.filter(({ isAdvised }) => isAdvised).length, 1);
    assert.match((await conclave.run(['fleet', 'profiles'])).stdout, /cpu +No GPU, to try the plumbing/);
  });

  it('refuses what there is not, with exit 2', async () => {
    const profile = await conclave.run(['fleet', 'up', '--profile', 'none-such']);
    assert.equal(profile.status, 2);
    assert.match(profile.stderr, /no profile "none-such"/);
    const service = await conclave.run(['fleet', 'stop', 'redis', '--profile', 'cpu']);
    assert.equal(service.status, 2);
    assert.match(service.stderr, /"redis" is no service of this profile.*there are vllm-coder/);
    const action = await conclave.run(['fleet', 'launch']);
    assert.equal(action.status, 2);
  });
});
