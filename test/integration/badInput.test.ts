import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { openRemembered } from '../../src/node/remembered.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import { skip } from '../skip.ts';
import { CLI } from '../support/conclave.ts';
import { greetByName, leaveByName, onGreet, onLeave } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { endingOf, idOf, ofType, type Scenario, scenarios } from '../support/scenario.ts';
import { approved, crewScripts, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const greeting = (planner: ScriptEntryInput[] = []) =>
  crewScripts({ plan: onePlan, edits: { task_1: [greetByName] }, planner });

/** Nothing was begun: no run was recorded, no model was asked, no file has changed. */
async function assertNothingBegun(
  { conclave, fleet, project }: Scenario,
  before: Record<string, string>,
): Promise<void> {
  assert.equal((await conclave.run(['runs', '--json'])).stdout, '');
  assert.deepEqual(fleet.requests, []);
  assert.deepEqual(project.files(), before);
}

describe('a call that cannot work', () => {
  const given = scenarios();

  for (const [what, args, words] of [
    ['without a task', ['run'], /Say what shall be done: conclave run "TASK", or --resume RUN/],
    ['with an empty task', ['run', ' \n '], /The task is empty\. Say in a sentence what shall be changed/],
    ['with an unknown flag', ['run', 'Greet', '--aply'], /unknown option '--aply'[\s\S]*--apply[\s\S]*conclave --help/],
    ['with an unknown command', ['rnu', 'Greet'], /unknown command 'rnu'[\s\S]*run/],
    [
      'with --apply and --patch',
      ['run', 'Greet', '--apply', '--patch', 'x.patch'],
      /--apply and --patch exclude each other/,
    ],
    [
      'with a patch into a folder that is not there',
      ['run', 'Greet', '--patch', 'nowhere/x.patch'],
      /--patch: nowhere\/x\.patch cannot be written: there is no folder .*nowhere/,
    ],
    [
      'with a patch into a file as if it was a folder',
      ['run', 'Greet', '--patch', 'package.json/x.patch'],
      /--patch: .* cannot be written: .*package\.json is not a folder/,
    ],
    [
      'with a folder as the patch',
      ['run', 'Greet', '--patch', 'src'],
      /--patch: src cannot be written: it is a folder/,
    ],
    ['to go on with a run that is not there', ['run', '--resume', 'no-such-run'], /no-such-run[\s\S]*conclave runs/],
    ['to replay a run that is not there', ['replay', '../../etc'], /\.\.\/\.\.\/etc/],
    [
      'with answers that are not there',
      ['run', 'Greet', '--answers', 'nowhere.json'],
      /--answers: nowhere\.json is not there; expected a JSON file with answers/,
    ],
    ['with an attachment that is not there', ['run', 'Greet', '--attach', 'nowhere.txt'], /Cannot attach nowhere\.txt/],
    [
      'with a task of 100 KB',
      ['run', 'x'.repeat(100_000)],
      /The task is 100000 characters long; at most 65536 are taken\. Put the material into a file/,
    ],
    ['of serve', ['serve', '--mcp-port', '90001'], /--mcp-port: expected the number of a port .*, got "90001"/],
    ['of mcp', ['mcp', '--max-chars', 'all'], /--max-chars: expected a whole number of at least 1000, got "all"/],
    ['of mcp in no folder', ['mcp', '--workspace', 'nowhere'], /nowhere does not exist .* --workspace DIR/],
    ['of acp', ['acp'], /conclave acp\) is not there yet/],
    ['of fleet', ['fleet', 'up', '--profile', 'small'], /no profile "small"/],
  ] as const) {
    it(`${what} says so with status 2`, async () => {
      const scenario = await given(greeting());
      const before = scenario.project.files();
      const { status, stderr, stdout } = await scenario.conclave.run(args, { cwd: scenario.project.dir });
      assert.equal(status, 2, stderr);
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
      assert.equal(stdout, '');
      await assertNothingBegun(scenario, before);
    });
  }

  for (const [what, text, words] of [
    ['is no JSON', '["friendly",]', /answers\.json: line 1, column \d+: this is not valid JSON/],
    ['holds something else', '{"Formal?": 2}', /answers\.json: expected a string as the answer to "Formal\?", got 2/],
  ] as const) {
    it(`with an answers file that ${what} says where, with status 2`, async () => {
      const scenario = await given(greeting());
      const before = scenario.project.files();
      const file = join(scenario.conclave.data, 'answers.json');
      writeFileSync(file, text);
      const { status, stderr } = await scenario.run(['run', 'Greet', '--answers', file]);
      assert.equal(status, 2);
      assert.match(stderr, words);
      await assertNothingBegun(scenario, before);
    });
  }

  for (const [what, text, words] of [
    ['is no JSON', '{"limits": }', /config\.json: line 1, column 12: this is not valid JSON/],
    [
      'has an unknown setting',
      '{"limits": {"round": 2}}',
      /limits\.round is no known setting; did you mean limits\.rounds\?/,
    ],
    ['has a wrong value', '{"limits": {"rounds": "two"}}', /config\.json: limits\.rounds: expected number, got "two"/],
    [
      'sends code elsewhere',
      '{"endpoints": {"coder": {"url": "http://elsewhere.example/v1"}}}',
      /expected a server on this machine/,
    ],
  ] as const) {
    it(`in a workspace whose configuration ${what} says where, with status 2`, async () => {
      const scenario = await given(greeting());
      scenario.project.write('.conclave/config.json', text);
      const before = scenario.project.files();
      const env = { CONCLAVE_CODER_URL: '' };
      const { status, stderr } = await scenario.run(['run', 'Greet'], { env });
      assert.equal(status, 2);
      assert.match(stderr, words);
      await assertNothingBegun(scenario, before);
    });
  }

  for (const [what, make, words] of [
    ['a pipe', (path: string) => execFileSync('mkfifo', [path]), /is a pipe, a device or a socket; expected a/],
    ['a folder', (path: string) => mkdirSync(path), /is a folder; expected a/],
    ['a device', (path: string) => symlinkSync('/dev/zero', path), /is a pipe, a device or a socket; expected a/],
    [
      'a file of 2 GB',
      (path: string) => writeFileSync(path, '') ?? truncateSync(path, 2 ** 31),
      /has 2147483648 bytes/,
    ],
  ] as const) {
    it(`with ${what} for the configuration, the answers or an attachment says so with status 2, and does not wait`, async function () {
      if (process.platform === 'win32') skip(this, 'Windows has no such files');
      const { conclave, project, fleet } = await given(greeting());
      make(join(project.dir, 'odd'));
      const run = (...args: string[]) => conclave.run(['run', 'Greet', ...args], { cwd: project.dir });
      for (const flag of ['--answers', '--attach']) {
        const { status, stderr } = await run(flag, 'odd');
        assert.equal(status, 2, stderr);
        assert.match(stderr, words);
        assert.match(stderr, /\bodd\b/);
      }
      mkdirSync(join(project.dir, '.conclave'));
      make(join(project.dir, '.conclave', 'config.json'));
      const { status, stderr } = await run();
      assert.equal(status, 2, stderr);
      assert.match(stderr, /config\.json: /);
      assert.match(stderr, words);
      assert.deepEqual(fleet.requests, []);
    });
  }

  it('with a patch where nobody may write says so with status 2', async function () {
    if (!existsSync('/proc/self')) skip(this, 'there is no /proc here, where not even the superuser can make a file');
    const { run, fleet } = await given(greeting());
    const { status, stderr } = await run(['run', 'Greet', '--patch', '/proc/x.patch']);
    assert.equal(status, 2);
    assert.match(stderr, /--patch: \/proc\/x\.patch cannot be written: nothing can be made in \/proc/);
    assert.deepEqual(fleet.requests, []);
  });

  it('with 1 MB attached says so with status 2', async () => {
    const scenario = await given(greeting());
    const before = scenario.project.files();
    const file = join(scenario.conclave.data, 'big.txt');
    writeFileSync(file, 'x'.repeat(1024 * 1024));
    const { status, stderr } = await scenario.run(['run', 'Greet', '--attach', file]);
    assert.equal(status, 2);
    assert.match(stderr, /big\.txt: it has 1048576 bytes\. Put it into the workspace and name it in the task/);
    await assertNothingBegun(scenario, before);
  });
});

describe('a workspace', () => {
  const given = scenarios();

  it('that is missing, a file, or the home folder is refused with status 2', async () => {
    const scenario = await given(greeting());
    const { conclave, project } = scenario;
    const before = project.files();
    const at = (dir: string, env = {}) => conclave.run(['run', 'Greet', '--workspace', dir], { env });
    for (const [result, words] of [
      [
        await at(join(project.dir, 'nowhere')),
        /nowhere does not exist or cannot be reached\. Name a folder with --workspace DIR/,
      ],
      [await at(join(project.dir, 'package.json')), /package\.json is not a folder/],
      [
        await at(project.dir, { HOME: project.dir, USERPROFILE: project.dir }),
        /is not a project: a run copies its workspace/,
      ],
      [await at('/'), /is not a project/],
    ] as const) {
      assert.equal(result.status, 2);
      assert.match(result.stderr, words);
    }
    await assertNothingBegun(scenario, before);
  });

  it('that cannot be read is refused with status 2', async function () {
    const { conclave, project } = await given(greeting());
    const isRoot = process.getuid?.() === 0;
    if (process.platform === 'win32') skip(this, 'Windows has no permission bits');
    const nobody = isRoot ? { uid: 65534, gid: 65534 } : {};
    if (isRoot) chownSync(conclave.data, 65534, 65534);
    const options = { ...nobody, env: conclave.env, cwd: '/', encoding: 'utf8' as const };
    if (spawnSync(process.execPath, [CLI, '--version'], options).status !== 0)
      skip(this, 'root may read everything, and no other user may read this checkout');
    chmodSync(project.dir, 0o000);
    const { status, stderr } = spawnSync(process.execPath, [CLI, 'run', 'Greet', '--workspace', project.dir], options);
    chmodSync(project.dir, 0o755);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /cannot be read by this user\. Check its permissions\./);
  });

  it("that Conclave's own data is in works, and no copy of it holds a copy", async () => {
    const alone =
      "import { existsSync } from 'node:fs';\nif (existsSync('own data') || existsSync('runs')) throw new Error('copied');\n";
    const { run, project } = await given(greeting(), { files: { ...GREETER, 'test/alone.test.js': alone } });
    const env = { CONCLAVE_DATA: join(project.dir, 'own data'), CONCLAVE_STORE: join(project.dir, 'runs') };
    const { status, events } = await run(['run', 'Greet by name'], { env });
    assert.equal(status, 0);
    assert.ok(ofType(events, 'checks.finished').every(({ report }) => report.status === 'passed'));
    assert.ok(existsSync(join(project.dir, 'own data', 'copies')) && existsSync(join(project.dir, 'runs')));
  });

  it("that is Conclave's own data is refused with status 2", async () => {
    const { run, project, fleet } = await given(greeting());
    for (const [env, words] of [
      [{ CONCLAVE_DATA: project.dir }, /CONCLAVE_DATA \(.*\) is the workspace itself\. Name a folder of its own/],
      [{ CONCLAVE_STORE: project.dir }, /CONCLAVE_STORE \(.*\) is the workspace itself/],
    ] as const) {
      const { status, stderr } = await run(['run', 'Greet by name'], { env });
      assert.equal(status, 2, stderr);
      assert.match(stderr, words);
    }
    assert.deepEqual(fleet.requests, []);
  });

  it('that is no git repository works', async () => {
    const { run, project } = await given(greeting(), { git: 'none' });
    const { status } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.match(project.read('src/greet.js'), /greet\(name\)/);
    assert.ok(!existsSync(join(project.dir, '.git')));
  });

  it('with a file that changed on disk meanwhile stays as it is; the change is kept and written when it is undone', async () => {
    let scenario: Scenario | undefined;
    const scripts = crewScripts({
      plan: plan([{ id: 'task_1', files: [...onGreet.files, ...onLeave.files] }]),
      edits: { task_1: [`${leaveByName}\n${greetByName}`] },
    });
    scenario = await given({
      ...scripts,
      reviewer: (request) => {
        // While the Reviewer reads, the user edits.
        scenario?.project.write('src/greet.js', 'export const mine = 1;\n');
        return {
          json: request.response_format?.json_schema?.name === 'review' ? approved : { action: 'done', args: {} },
        };
      },
    });
    const { run, project } = scenario;
    const original = project.files();
    const { status, events, stderr } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 1);
    assert.equal(endingOf(events).code, 'conflict');
    assert.match(stderr, /Nothing was written: src\/greet\.js changed on disk/);
    assert.deepEqual(project.files(), { ...original, 'src/greet.js': 'export const mine = 1;\n' });

    project.git('checkout', '--quiet', 'src/greet.js');
    const resumed = await run(['run', '--resume', idOf(events), '--apply']);
    assert.equal(resumed.status, 0);
    assert.match(
      project.read('src/greet.js') + project.read('src/leave.js'),
      /Hello, ' \+ name[\s\S]*Goodbye, ' \+ name/,
    );
  });

  it('takes one run at a time: the second says who is there, with status 2, and the first goes on', async () => {
    const { start, run, conclave, fleet } = await given(greeting());
    fleet.inject('planner', 'hangBeforeFirstByte');
    let second: ReturnType<typeof run> | undefined;
    const first = start(['run', 'Greet'], {
      onEvent: (event, child) => {
        if (event.type !== 'plan.started') return;
        second = start(['run', 'Something else']).ended.finally(() => child.kill('SIGINT'));
      },
    });
    const stopped = await first.ended;
    const refused = await second;
    assert.equal(refused?.status, 2);
    assert.match(
      refused.stderr,
      new RegExp(
        `Another run is at work in \\S+: conclave run \\(process ${first.child.pid} on [\\s\\S]*Wait for it to end`,
      ),
    );
    assert.deepEqual(refused.events, []);
    assert.equal((await conclave.run(['runs', '--json'])).stdout.trim().split('\n').length, 1);
    assert.equal(stopped.status, 130);
    assert.equal((await run(['run', '--resume', idOf(stopped.events)])).status, 0);
  });
});

describe('a plan that cannot be worked on', () => {
  const given = scenarios();
  const subtask = (id: string, depends_on: string[] = [], path = 'src/greet.js') => ({
    id,
    depends_on,
    files: [{ path, action: 'modify' as const }],
  });
  const circle = plan([subtask('task_1', ['task_2']), subtask('task_2', ['task_1'])]);
  const unknown = plan([subtask('task_1', ['task_0'])]);
  const outside = plan([subtask('task_1', [], '../outside.js')]);
  const always = (reply: unknown): ScriptEntryInput => ({
    name: 'bad',
    when: { schema: 'plan' },
    reply: { json: reply },
  });

  for (const [what, bad, words] of [
    ['a circle', circle, /depend on each other in a circle: task_1 → task_2 → task_1\. Remove one/],
    ['an unknown dependency', unknown, /"task_1" depends on "task_0", which does not exist\. Known: task_1/],
    ['a file outside the workspace', outside, /names the file "\.\.\/outside\.js", which is outside the workspace/],
  ] as const) {
    it(`for ${what} goes back to the Planner, which mends it`, async () => {
      const { run, prompts } = await given(greeting([{ ...always(bad), times: 1 }]));
      const { status, events } = await run(['run', 'Greet']);
      assert.equal(status, 0);
      assert.match(prompts('planner').join('\n'), words);
      assert.deepEqual(
        ofType(events, 'plan.proposed')[0]?.plan.plan.map(({ id }) => id),
        ['task_1'],
      );
    });
  }

  for (const [what, bad] of [
    ['a circle', circle],
    ['a file outside the workspace', outside],
  ] as const) {
    it(`for ${what} to the last ends with status 1, and nothing is touched`, async () => {
      const { run, project } = await given(greeting([always(bad)]));
      const before = project.files();
      const { status, events, stderr } = await run(['run', 'Greet', '--apply']);
      assert.equal(status, 1);
      assert.equal(endingOf(events).code, 'plan_unusable');
      assert.match(stderr, /The Planner gave no usable plan\. 7 answers were unusable/);
      assert.deepEqual(project.files(), before);
      assert.ok(!existsSync(join(dirname(project.dir), 'outside.js')));
    });
  }

  it('for an unknown dependency to the last is worked on without it, and says so', async () => {
    const { run } = await given(greeting([always(unknown)]));
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.match(
      ofType(events, 'plan.proposed')[0]?.notes.join() ?? '',
      /"task_0" is no subtask, so it does not wait for it/,
    );
  });

  it('by a Coder that writes outside the workspace, into .git or .conclave is refused block by block', async () => {
    const places = ['../outside.js', '/tmp/outside-of-conclave.js', '.git/hooks/pre-commit', '.conclave/config.json'];
    const blocks = places.map((path) => `${path}\n<<<<<<< SEARCH\n=======\nevil\n>>>>>>> REPLACE\n`).join('\n');
    const { run, project } = await given(
      crewScripts({
        plan: onePlan,
        edits: {},
        coder: [
          { when: { schema: false, last: 'These edits were not applied' }, reply: { text: greetByName } },
          { when: { schema: false }, reply: { text: blocks } },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'edit.rejected').length, places.length);
    for (const path of ['.git/hooks/pre-commit', '.conclave/config.json', '../outside.js'])
      assert.ok(!existsSync(join(project.dir, path)), path);
    assert.ok(!existsSync('/tmp/outside-of-conclave.js'));
  });
});

describe('a model server', () => {
  const given = scenarios();

  it('that is not there stops the run before any work, with status 4, its role, its URL and what to do', async () => {
    const scenario = await given(greeting());
    const { run, fleet, project } = scenario;
    const before = project.files();
    const url = await closedUrl();
    const { status, stderr, events } = await run(['run', 'Greet', '--apply'], { env: { CONCLAVE_CODER_URL: url } });
    assert.equal(status, 4);
    assert.match(
      stderr,
      new RegExp(`The coder server at ${url} does not answer \\(ECONNREFUSED\\); start it, or set CONCLAVE_CODER_URL`),
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['run.started', 'run.paused'],
    );
    assert.deepEqual(
      fleet.requests.filter(({ path }) => path.includes('chat')),
      [],
    );
    assert.deepEqual(project.files(), before);
    assert.equal((await run(['run', '--resume', idOf(events)])).status, 0, 'and goes on when it is there');
  });

  it('that is something else is named, with status 4', async () => {
    const { run } = await given(greeting());
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<h1>Hello</h1>'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    try {
      const { status, stderr } = await run(['run', 'Greet'], { env: { CONCLAVE_REVIEWER_URL: url } });
      assert.equal(status, 4);
      assert.match(stderr, new RegExp(`The reviewer server at ${url} is no OpenAI-compatible server`));
    } finally {
      server.close();
    }
  });

  it('of the Preprocessor may be down for text, short or long', async () => {
    const { run } = await given(greeting());
    const env = { CONCLAVE_PREPROCESSOR_URL: await closedUrl() };
    const { status, events } = await run(['run', `Greet by name. ${'Please take care. '.repeat(500)}`], { env });
    assert.equal(status, 0);
    const [input] = ofType(events, 'input.preprocessed');
    assert.equal(input?.by, 'local');
    assert.ok(input.input.preprocessed_text.length > 8000, 'nothing of it is lost');
  });

  it('with a window below 8192 is refused by the name of its role, with status 2', async () => {
    const { run, fleet } = await given(greeting(), { roles: { coder: { window: 4096 } } });
    const { status, stderr } = await run(['run', 'Greet']);
    assert.equal(status, 2);
    assert.match(
      stderr,
      /The coder's server \(http:\S+\) serves a window of 4096 tokens; the smallest supported is\s+8192/,
    );
    assert.match(stderr, /--max-model-len 8192/);
    assert.deepEqual(
      fleet.requests.filter(({ path }) => path.includes('chat')),
      [],
    );
  });
});

describe('a check command from .conclave/config.json', () => {
  const given = scenarios();
  const marker = (scenario: Scenario): string => join(scenario.conclave.data, 'ran');
  const configured = async (more: object = {}): Promise<Scenario> => {
    const scenario = await given(greeting());
    const command = [process.execPath, '-e', `fs.appendFileSync(${JSON.stringify(marker(scenario))}, 'x')`];
    scenario.project.write('.conclave/config.json', JSON.stringify({ checks: { command }, ...more }));
    return scenario;
  };

  it('does not run without an approval: status 3 where nobody can give it', async () => {
    const scenario = await configured();
    const { status, stderr, events } = await scenario.run(['run', 'Greet']);
    assert.equal(status, 3);
    assert.match(stderr, /comes\s+from\s+a\s+file\s+of\s+the\s+workspace\s+and\s+nobody\s+has\s+approved\s+it/);
    assert.match(stderr, /--yes/);
    assert.ok(!existsSync(marker(scenario)));
    const resumed = await scenario.run(['run', '--resume', idOf(events), '--yes']);
    assert.equal(resumed.status, 0);
    assert.equal(readFileSync(marker(scenario), 'utf8'), 'xx', 'on the base and on the change');
  });

  it('that was approved once is remembered by its content', async () => {
    const scenario = await configured();
    const { conclave, project, run } = scenario;
    const asked = ofType((await run(['run', 'Greet'])).events, 'approval.requested')[0];
    await openRemembered(join(conclave.data, 'approved-commands')).add(asked?.what ?? '');
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'approval.answered')[0]?.by, 'remembered');

    project.write('.conclave/config.json', JSON.stringify({ checks: { command: ['true'] } }));
    assert.equal((await run(['run', 'Greet'])).status, 3, 'another command is another question');
  });

  it('is not run where the policy forbids it, not even with --yes', async () => {
    const scenario = await configured({ approvals: { commands: 'deny' } });
    const { status, stderr } = await scenario.run(['run', 'Greet', '--yes']);
    assert.equal(status, 2);
    assert.match(stderr, /was\s+not\s+approved/);
    assert.ok(!existsSync(marker(scenario)));
  });
});

describe('Ctrl-C', () => {
  const given = scenarios();
  const slowCheck = (go: string): string => `
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { greet } from '../src/greet.js';
test('waits', async () => {
  while (greet.length > 0 && !existsSync(${JSON.stringify(go)})) await new Promise((next) => setTimeout(next, 20));
});
`;

  for (const [when, isTime] of [
    ['while planning', (event: RunEvent) => event.type === 'agent.delta' && event.role === 'planner'],
    ['while coding', (event: RunEvent) => event.type === 'edit.applied'],
    ['while checks run', (event: RunEvent) => event.type === 'checks.output' && event.scope === 'attempt'],
  ] as const) {
    it(`${when} ends with status 130: state saved, children gone, workspace as it was; --resume finishes`, async () => {
      const scenario = await given(greeting());
      const { start, run, conclave, project } = scenario;
      const go = join(conclave.data, 'go');
      project.write('test/slow.test.js', slowCheck(go));
      const before = project.files();
      const stopped = await start(['run', 'Greet', '--apply'], {
        onEvent: (event, child) => {
          // Once: a second signal would end it on the spot.
          if (isTime(event) && !child.killed) child.kill('SIGINT');
        },
      }).ended;
      assert.equal(stopped.status, 130, stopped.stderr);
      assert.equal(stopped.events.at(-1)?.type, 'run.aborted');
      assert.match(stopped.stderr, /Stopped[\s\S]*conclave run --resume/);
      assert.deepEqual(processesAt(conclave.data), []);
      assert.deepEqual(project.files(), before);
      const { stdout } = await conclave.run(['runs', '--json']);
      assert.match(stdout, /"state":"aborted"/);

      writeFileSync(go, '');
      const { status, events } = await run(['run', '--resume', idOf(stopped.events), '--apply']);
      assert.equal(status, 0);
      assert.equal(ofType(events, 'run.started').length, 0);
      assert.match(project.read('src/greet.js'), /greet\(name\)/);
    });
  }
});

describe('a full disk', () => {
  let disk: string | undefined;
  afterEach(() => {
    if (disk !== undefined) execFileSync('umount', [disk]);
    disk = undefined;
  });
  const given = scenarios();

  it('under the store stops the run with status 4; the workspace is as it was, and the run goes on when there is room', async function () {
    const { run, conclave, project } = await given(greeting());
    const dir = join(conclave.data, 'disk');
    mkdirSync(dir);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96k', 'tmpfs', dir], { stdio: 'pipe' });
    } catch (error) {
      skip(this, `a small disk cannot be mounted here: ${String(error).split('\n')[0]}`);
    }
    disk = dir;
    writeFileSync(join(dir, 'ballast'), 'x'.repeat(80 * 1024));
    const before = project.files();
    const env = { CONCLAVE_STORE: dir };
    const { status, stderr, events } = await run(['run', 'Greet', '--apply'], { env });
    assert.equal(status, 4, stderr);
    assert.match(stderr, /full/);
    assert.ok(stderr.includes(dir));
    assert.ok(events.length > 2, 'it had begun');
    assert.ok(!events.some(({ type }) => type === 'proposal.accepted' || type === 'run.finished'));
    assert.deepEqual(project.files(), before);

    rmSync(join(dir, 'ballast'));
    const resumed = await run(['run', '--resume', idOf(events), '--apply'], { env });
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.match(project.read('src/greet.js'), /greet\(name\)/);
  });
});

/** A URL where nobody listens. */
async function closedUrl(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/v1`;
}

/** Command lines of the processes that run in a folder or name it, where the system tells (Linux). */
function processesAt(folder: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const cwd = readlinkSync(`/proc/${pid}/cwd`);
        return command.includes(folder) || cwd.startsWith(folder) ? [command] : [];
      } catch {
        // It ended meanwhile, or belongs to somebody else: then it is none of ours.
        return [];
      }
    });
}
