import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { ProposedFile, RunEvent } from '../../src/shared/events.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import { skip } from '../skip.ts';
import { greetByName, greetWrong, leaveByName, mendWrong, onGreet, onLeave } from '../support/greeter.ts';
import { GREETER, makeProject } from '../support/project.ts';
import { ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';
import type { WholeRun } from '../support/wholeRun.ts';

const RECORDER = resolve('test/support/recordConnections.cjs');
const TASK = 'Greet by name';

/** Every kind of thing that a run does: tools, two subtasks at once, a red round, the merged change, files written. */
const SCRIPTS = crewScripts({
  planner: [call('analyze_codebase', {})],
  coder: [call('find_references', { symbol: 'greet' })],
  reviewer: [call('git_diff', {}), call('run_tests', {})],
  plan: plan([
    { id: 'task_1', ...onGreet },
    { id: 'task_2', ...onLeave },
  ]),
  edits: { task_1: [greetWrong, mendWrong], task_2: [leaveByName] },
});

/** A tool call, once in a transcript. */
function call(tool: string, args: Record<string, string>): ScriptEntryInput {
  const json = { action: tool, args };
  return { name: tool, when: { schema: 'action', none: [JSON.stringify(json)] }, reply: { json } };
}

/** A line of the recorder. */
interface Recorded {
  kind: 'process' | 'connect' | 'name' | 'datagram';
  to: string;
  pid: number;
  program: string;
}

describe('zero egress', function () {
  this.timeout(120_000);
  const given = scenarios();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conclave-egress-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function recording(): { env: NodeJS.ProcessEnv; recorded(): Recorded[] } {
    const file = join(folder, 'connections');
    return {
      env: { NODE_OPTIONS: `--require=${JSON.stringify(RECORDER)}`, CONCLAVE_TEST_CONNECTIONS: file },
      recorded: () =>
        readFileSync(file, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Recorded),
    };
  }

  it('connects to the configured endpoints in a whole run, and to nothing else', async () => {
    const { run, fleet } = await given(SCRIPTS);
    const { env, recorded } = recording();
    const { status, stderr, events } = await run(['run', TASK, '--apply'], { env });
    assert.equal(status, 0, stderr);
    assert.equal(new Set(ofType(events, 'tool.called').map(({ tool }) => tool)).size, 4);

    const processes = recorded().filter(({ kind }) => kind === 'process');
    for (const part of [/dist\/cli\.js run$/, /npm(-cli\.js)? test$/, /test\/greet\.test\.js$/]) {
      const [one] = processes.filter(({ program }) => part.test(program.replaceAll('\\', '/')));
      assert.ok(one, `no process ${part} was watched: ${processes.map(({ program }) => program).join(', ')}`);
    }
    const attempts = recorded().filter(({ kind }) => kind !== 'process');
    const endpoints = [fleet.urls.planner, fleet.urls.coder, fleet.urls.reviewer].map((url) => new URL(url).host);
    assert.deepEqual(
      [...new Set(attempts.map(({ kind, to }) => `${kind} ${to}`))].sort(),
      endpoints.map((host) => `connect ${host}`).sort(),
    );
    const ours = processes.filter(({ program }) => program.endsWith('cli.js run')).map(({ pid }) => pid);
    assert.deepEqual([...new Set(attempts.map(({ pid }) => pid))], ours, 'only Conclave itself has connected');
    console.log(
      `      ${attempts.length} connections to ${endpoints.length} endpoints, none elsewhere, from ${processes.length} watched processes`,
    );
  });

  it('would have seen a test of the project that connects elsewhere', async () => {
    let visits = 0;
    const elsewhere = createServer((_request, response) => response.end('hello'));
    elsewhere.on('connection', () => {
      visits += 1;
    });
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    try {
      const { run } = await given(
        crewScripts({ plan: plan([{ id: 'task_1', ...onGreet }]), edits: { task_1: [greetByName] } }),
        {
          files: { ...GREETER, 'test/phone.test.js': phoningTest(port) },
        },
      );
      const { env, recorded } = recording();
      const { status, stderr } = await run(['run', TASK], { env });
      assert.equal(status, 0, stderr);
      const seen = recorded().filter(({ program }) => program.replaceAll('\\', '/').endsWith('test/phone.test.js'));
      assert.deepEqual([...new Set(seen.map(({ kind, to }) => `${kind} ${to}`))].sort(), [
        `connect 127.0.0.1:${port}`,
        `datagram 127.0.0.1:${port}`,
        'name localhost',
        'process ',
      ]);
      // Once for the base and once for the change, by a socket and by fetch.
      assert.equal(visits, 4);
    } finally {
      elsewhere.close();
      elsewhere.closeAllConnections();
    }
  });

  it('does the same in a network that has only the loopback interface', async function () {
    const without = await loopbackOnly();
    if (typeof without === 'string') skip(this, without);
    const scripts = join(folder, 'scripts');
    writeScripts(scripts);
    const [inside, outside] = [makeProject(GREETER), makeProject(GREETER)];
    try {
      const alone = await wholeRun(without, scripts, inside.dir);
      const usual = await wholeRun([], scripts, outside.dir);
      assert.deepEqual(alone.interfaces, ['lo']);
      assert.deepEqual([alone.status, usual.status], [0, 0], alone.stderr);
      assert.deepEqual(proposalOf(alone.events), proposalOf(usual.events));
      assert.deepEqual(story(alone.events), story(usual.events));
      assert.deepEqual(inside.files(), outside.files());
      assert.notDeepEqual(inside.files(), GREETER);
      console.log(
        `      ${alone.events.length} events with loopback alone, ${usual.events.length} with the usual network, the same change`,
      );
    } finally {
      inside.remove();
      outside.remove();
    }
  });
});

/** By all the ways that the recorder knows. */
function phoningTest(port: number): string {
  return `import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';

test('phones', async () => {
  await once(connect(${port}, '127.0.0.1').resume().end(), 'close');
  await (await fetch('http://127.0.0.1:${port}/')).text();
  await lookup('localhost');
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.send('datagram', ${port}, '127.0.0.1', resolve));
  socket.close();
});
`;
}

/** @returns the command that gives another one a network of its own, or why there is none */
async function loopbackOnly(): Promise<readonly string[] | string> {
  const up = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const reasons: string[] = [];
  for (const command of [
    ['unshare', '-n', ...up],
    ['unshare', '-r', '-n', ...up],
  ]) {
    const [program = '', ...args] = command;
    const result = await execa(program, [...args, 'true'], { reject: false });
    if (result.exitCode === 0) return command;
    reasons.push(result.stderr || (result.originalMessage ?? ''));
  }
  return `no network namespace can be made here: ${reasons.join('; ').replaceAll('\n', ' ')}`;
}

async function wholeRun(within: readonly string[], scripts: string, project: string): Promise<WholeRun> {
  const driver = fileURLToPath(new URL('../support/wholeRun.ts', import.meta.url));
  const [program = '', ...args] = [...within, process.execPath, '--import', 'tsx', driver, scripts, project];
  const { stdout } = await execa(program, args, { stdin: 'ignore' });
  return JSON.parse(stdout) as WholeRun;
}

/** As files for the built fleet; JSON is YAML too. */
function writeScripts(dir: string): void {
  mkdirSync(dir);
  for (const [role, script] of Object.entries(SCRIPTS))
    writeFileSync(join(dir, `${role}.yaml`), JSON.stringify(script));
}

function proposalOf(events: readonly RunEvent[]): ProposedFile[] {
  return ofType(events, 'proposal.ready').flatMap(({ files }) => files);
}

/** What happened, by lanes: subtasks that run at once may take turns in another order. */
function story(events: readonly RunEvent[]): string[] {
  return events
    .filter(({ step }) => step !== undefined)
    .map((event) => `${event.step} ${event.type}`)
    .sort();
}
