import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetState } from '../../src/shared/fleet.ts';
import type { Probe } from '../../src/shared/probe.ts';
import { skip } from '../skip.ts';
import { RegistryUnreachable } from '../support/cache.ts';
import { type Conclave, openConclave } from '../support/conclave.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { pythonIn } from '../support/python.ts';
import { endingOf, ofType } from '../support/scenario.ts';
import { fetchVllm, SMOLLM2_BF16, vllmVariables, whyNoVllm } from './vllm.ts';

/** A real vLLM, started by the fleet from the profile for machines without a GPU, used for one run, and ended. */

const MINUTE = 60_000;
/** One that shows in few tokens what becomes of a run with it. */
const LIMITS = { rounds: 1, gatherTurns: 1, answerRepairs: 1, replans: 0, tokens: 3000 };
const MODEL = 'HuggingFaceTB/SmolLM2-135M-Instruct';

describe('the fleet with a real vLLM', function () {
  this.timeout(120 * MINUTE);
  let conclave: Conclave;
  let project: Project;
  let group = 0;

  before(async function () {
    const reason = await whyNoVllm();
    if (reason !== undefined) skip(this, reason);
    try {
      const folder = await fetchVllm();
      const weights = await SMOLLM2_BF16.fetch(folder);
      conclave = openConclave({});
      project = makeProject({ ...GREETER, '.conclave/config.json': JSON.stringify({ limits: LIMITS }) });
      const models = join(conclave.data, 'models', ...MODEL.split('/').slice(0, -1));
      mkdirSync(models, { recursive: true });
      symlinkSync(weights, join(models, MODEL.split('/').at(-1) ?? ''));
      Object.assign(conclave.env, vllmVariables(folder), {
        CONCLAVE_FLEET_PROFILE: 'cpu',
        CONCLAVE_FLEET_VLLM: JSON.stringify([pythonIn(folder), '-m', 'vllm.entrypoints.cli.main']),
        CONCLAVE_FLEET_WEIGHTS: join(conclave.data, 'models'),
      });
      // Where the user sets none, they are the fleet's.
      for (const role of ['PREPROCESSOR', 'PLANNER', 'CODER', 'REVIEWER']) conclave.env[`CONCLAVE_${role}_URL`] = '';
    } catch (error) {
      if (error instanceof RegistryUnreachable) skip(this, error.message);
      throw error;
    }
  });

  after(async () => {
    await conclave?.run(['fleet', 'down']);
    conclave?.remove();
    project?.remove();
  });

  /** What runs of the server: in the process group that its first process leads, or in a group made since. */
  const running = (): string[] =>
    execFileSync('ps', ['-A', '-o', 'pgid=,sess=,stat=,pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => {
        const [ofGroup, ofSession, state = 'Z'] = line.trim().split(/\s+/);
        return (Number(ofGroup) === group || Number(ofSession) === group) && !state.startsWith('Z');
      });

  /** Sockets of the server that listen on addresses which other machines reach. */
  const openToOthers = (): string[] => {
    if (process.platform !== 'linux') return [];
    const inodes = new Set(
      running().flatMap((line) => {
        const fds = `/proc/${line.trim().split(/\s+/)[3]}/fd`;
        return readdirSync(fds).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkIn(join(fds, fd)))?.[1] ?? []);
      }),
    );
    return ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/net/${table}`, 'utf8')
        .split('\n')
        .slice(1)
        .filter((line) => {
          const [, address = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
          // 0A: it listens; the address is in hexadecimal, the last byte first.
          return (
            state === '0A' && inodes.has(inode) && !/^(0100007F|0{24}01000000|0{16}FFFF00000100007F):/.test(address)
          );
        }),
    );
  };

  it('is started, and tells how far it is', async () => {
    const { status, stdout, stderr } = await conclave.run(['fleet', 'up', '--json']);
    const log = (): string => readFileSync(join(conclave.data, 'fleet', 'logs', 'vllm-coder.log'), 'utf8');
    assert.equal(status, 0, `${stderr}\n${stderr === '' ? '' : log()}`);
    const states = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as FleetState).services[0]);
    const steps = states.flatMap((service) => (service?.state.kind === 'starting' ? [service.state.step] : []));
    group = (
      JSON.parse(readFileSync(join(conclave.data, 'fleet', 'servers', 'vllm-coder.json'), 'utf8')) as { pid: number }
    ).pid;
    const kept = process.env.CONCLAVE_KEEP_LOGS;
    if (kept) copyFileSync(join(conclave.data, 'fleet', 'logs', 'vllm-coder.log'), join(kept, 'vllm-coder.log'));
    console.log(`      ${steps.filter((step, at) => step !== steps[at - 1]).join(' → ')}`);
    // The weights are loaded within a second, which a look each second may miss; the engine takes longer.
    assert.ok(steps.includes('starting the engine'), `only ${steps}`);
    const last = states.at(-1);
    assert.equal(last?.state.kind, 'ready');
    assert.equal(last?.model, MODEL);
    assert.ok(running().length >= 2, `only ${running()}`);
    assert.deepEqual(openToOthers(), []);
  });

  it('is probed, and what was seen is kept by what it was started with', async () => {
    const { status, stdout, stderr } = await conclave.run(['doctor', '--json', '--workspace', project.dir]);
    assert.equal(status, 0, stderr);
    const { probes } = JSON.parse(stdout) as { probes: Record<string, Probe> };
    assert.equal(probes.coder?.product, 'vLLM');
    assert.equal(probes.coder?.window, 8192);
    assert.equal(probes.coder?.schema, 'held');
    assert.equal(probes.coder?.cachedTokens, 'reported');
    assert.match(probes.coder?.flags ?? '', /^[0-9a-f]{16}$/);
  });

  it('does a run', async () => {
    // It asks what is no question, as often as it may: whatever it is, it is answered.
    const answers = join(conclave.data, 'answers.json');
    writeFileSync(answers, JSON.stringify(Array.from({ length: 30 }, () => 'Decide that yourself.')));
    const { events, stderr } = await conclave.run([
      ...['run', 'greet() takes a name', '--json', '--yes', '--answers', answers],
      ...['--workspace', project.dir],
    ]);
    const { code, message } = endingOf(events);
    // What such a model makes of the task is its own affair; that the servers were of use is ours.
    const own = ['configuration', 'server_unavailable', 'store_failed', 'internal_error', 'workspace_failed'];
    assert.ok(!own.includes(code), `${code}: ${message} ${stderr}`);
    const turns = ofType(events, 'turn.finished');
    assert.ok(turns.length > 0, 'it was asked nothing');
    console.log(`      ${code}: ${message} (${turns.length} turns)`);
  });

  it('shows what it is doing', async () => {
    const { child, ended } = conclave.start(['fleet', 'status', '--follow', '--json']);
    const asked = fetch('http://127.0.0.1:8002/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'coder', prompt: 'Once upon a time', max_tokens: 200, ignore_eos: true }),
    });
    const seen = new Promise<void>((resolve) => {
      child.stdout?.on('data', (text: Buffer) => {
        for (const line of text.toString().split('\n').filter(Boolean)) {
          const vitals = (JSON.parse(line) as FleetState).services[0]?.vitals;
          if (vitals?.running === 1 && (vitals.writing ?? 0) > 1) resolve();
        }
      });
    });
    await Promise.all([seen, asked]);
    child.kill('SIGINT');
    assert.equal((await ended).status, 130);
  });

  it('is ended with all of its processes, although somebody still listens to it', async () => {
    const stream = await fetch('http://127.0.0.1:8002/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'coder', prompt: 'Once', max_tokens: 5000, ignore_eos: true, stream: true }),
    });
    assert.equal(stream.status, 200);
    const { status, stderr } = await conclave.run(['fleet', 'down']);
    assert.equal(status, 0, stderr);
    assert.deepEqual(running(), []);
    await stream.text().catch(() => {});
  });
});

/** What a link of /proc points to; empty for one that is gone. */
function linkIn(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
