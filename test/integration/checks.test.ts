import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { blockingFailures } from '../../src/core/checks/compare.ts';
import { type CheckOptions, runChecks } from '../../src/core/checks/runChecks.ts';
import type { Processes } from '../../src/core/ports.ts';
import { openCopies } from '../../src/node/copies.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';

const NEVER = new AbortController().signal;
const platform = process.platform === 'win32' ? 'win32' : 'other';

describe('running the checks of a workspace', () => {
  let root: string;
  let workspace: string;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'conclave-checks-')));
    workspace = join(root, 'project');
    await mkdir(workspace);
  });
  afterEach(async () => {
    const left = existsSync(join(root, 'copies')) ? await readdir(join(root, 'copies')) : [];
    await rm(root, { recursive: true, force: true });
    assert.deepEqual(
      left.filter((name) => name.startsWith('copy-')),
      [],
      'a copy was left behind',
    );
  });

  const put = async (files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(workspace, path)), { recursive: true });
      await writeFile(join(workspace, path), text);
    }
  };
  const run = (options: Partial<CheckOptions> = {}, processes: Processes = nodeProcesses({ grace: 300 })) => {
    const disk = openDiskWorkspace(workspace, { ripgrep: undefined });
    const list = async () => (await disk.list()).map(({ path }) => path);
    const copies = openCopies({ workspace, list, dir: join(root, 'copies'), processes });
    return runChecks(
      { workspace: disk, copies, processes },
      {
        files: [],
        timeout: 60_000,
        platform,
        signal: NEVER,
        ...options,
      },
    );
  };

  const sums = {
    'package.json': JSON.stringify({
      type: 'module',
      scripts: { test: 'node --test', posttest: 'touch posttest-ran' },
    }),
    'sum.js': 'export const sum = (a, b) => a + b;\n',
    'sum.test.js': `import test from 'node:test'; import assert from 'node:assert'; import { sum } from './sum.js';
      test('adds', () => assert.equal(sum(1, 1), 2));
      test('adds nothing', () => assert.equal(sum(1, 0), 1));\n`,
    'other.test.js': `import test from 'node:test'; test('other', () => {});\n`,
  };

  it('runs them green on the base, red with a change, and changes nothing in the workspace', async () => {
    await put(sums);
    const heard: string[] = [];
    const started: string[] = [];
    const base = await run({
      onOutput: (text) => heard.push(text),
      onStarted: ({ runner, argv }) => started.push(`${runner}: ${argv.join(' ')}`),
    });
    assert.equal(base.status, 'passed', base.output);
    assert.equal(base.runner, 'npm');
    assert.equal(base.exit_code, 0);
    assert.equal(base.passed, 3);
    assert.deepEqual(started, ['npm: npm test --ignore-scripts']);
    assert.ok(heard.join('').includes('adds nothing'));

    const change = [{ path: 'sum.js', text: 'export const sum = (a, b) => a * b;\n' }];
    const now = await run({ files: change });
    assert.equal(now.status, 'failed');
    assert.deepEqual(
      now.failed.map(({ name, file }) => ({ name, file })),
      [
        { name: 'adds', file: 'sum.test.js' },
        { name: 'adds nothing', file: 'sum.test.js' },
      ],
    );
    assert.ok(!now.output.includes(root), 'paths of the copy are relative');
    assert.equal(blockingFailures(base, now, ['adds']).blocking.length, 2);
    assert.equal(await readFile(join(workspace, 'sum.js'), 'utf8'), sums['sum.js']);
    assert.deepEqual((await readdir(workspace)).sort(), Object.keys(sums).sort());
  });

  it('runs one file, and says when there is no such file', async () => {
    await put(sums);
    const one = await run({ testFile: 'other.test.js', command: [process.execPath, '--test'] });
    assert.equal(one.status, 'passed', one.output);
    assert.equal(one.passed, 1);
    assert.equal(one.test_file, 'other.test.js');
    for (const testFile of ['no.test.js', '../outside.test.js', '--help']) {
      const none = await run({ testFile });
      assert.equal(none.status, 'could_not_run');
      assert.match(none.reason ?? '', /no test file/);
    }
  });

  it('runs the tests of one name, and says where there is none', async () => {
    await put(sums);
    const one = await run({ testName: 'adds nothing' });
    assert.equal(one.status, 'passed', one.output);
    assert.equal(one.passed, 1);
    assert.equal(one.test_name, 'adds nothing');
    assert.deepEqual(one.argv, ['npm', 'test', '--ignore-scripts', '--', '--test-name-pattern=adds nothing']);
    const none = await run({ testName: '$(touch ran) adds .*' });
    assert.equal(none.status, 'could_not_run', none.output);
    assert.match(none.reason ?? '', /No test of the name "\$\(touch ran\) adds \.\*" was run/);
    const unknown = await run({ testName: 'adds', command: [process.execPath, 'sum.test.js'] });
    assert.match(unknown.reason ?? '', /How to run one test of .* is not known/);
  });

  it('runs what failed once more where it is asked to, and calls flaky what passes then', async () => {
    const failsOnce = (name: string) =>
      `test('${name}', () => { if (!existsSync('${name}')) { writeFileSync('${name}', ''); throw new Error('not yet'); } });`;
    const flaky = `import test from 'node:test'; import { existsSync, writeFileSync } from 'node:fs';
      ${failsOnce('sometimes')} ${failsOnce('now and then')} test('passes', () => {});\n`;
    await put({ ...sums, 'flaky.test.js': flaky });
    const once = await run();
    assert.equal(once.status, 'failed');
    assert.deepEqual([once.passed, once.failed.length, once.flaky], [4, 2, undefined]);

    const again = await run({ again: true });
    assert.equal(again.status, 'passed', again.output);
    assert.deepEqual([again.passed, again.failed, again.exit_code], [6, [], 0]);
    assert.deepEqual(
      again.flaky?.map(({ name, message, file }) => ({ name, message, file })),
      ['sometimes', 'now and then'].map((name) => ({ name, message: 'not yet', file: 'flaky.test.js' })),
    );

    const red = [{ path: 'sum.js', text: 'export const sum = (a, b) => a * b;\n' }];
    const both = await run({ again: true, files: red });
    assert.equal(both.status, 'failed');
    assert.equal(both.exit_code, 1);
    assert.deepEqual(
      both.failed.map(({ name }) => name),
      ['adds', 'adds nothing'],
    );
    assert.equal(both.flaky?.length, 2);
  });

  it('runs a pretest that builds, and reports it when it fails', async () => {
    const scripts = { pretest: 'node build.js', test: 'node built.js', posttest: 'node -e "process.exit(9)"' };
    await put({
      'package.json': JSON.stringify({ scripts }),
      'build.js': `require('node:fs').writeFileSync('built.js', 'console.log("ran what was built")');\n`,
    });
    const report = await run();
    assert.equal(report.status, 'passed', report.output);
    assert.match(report.output, /ran what was built/);
    const broken = await run({ files: [{ path: 'build.js', text: 'process.exit(3)' }] });
    assert.equal(broken.status, 'failed');
    assert.deepEqual(broken.failed, [{ name: 'npm: exit code 3' }]);
  });

  it('runs unittest on the changed sources', async function () {
    if (platform === 'win32') this.skip();
    await put({
      'calc.py': 'def double(n):\n    return n * 2\n',
      'test_calc.py':
        'import unittest, calc\nclass T(unittest.TestCase):\n    def test_double(self):\n        self.assertEqual(calc.double(2), 4)\n',
    });
    assert.equal((await run()).status, 'passed');
    const now = await run({ files: [{ path: 'calc.py', text: 'def double(n):\n    return n * 3\n' }] });
    assert.deepEqual(
      now.failed.map(({ name, file, line }) => ({ name, file, line })),
      [{ name: 'test_calc.T.test_double', file: 'test_calc.py', line: 4 }],
    );
  });

  it('says when there is nothing to run', async () => {
    await put({ 'README.md': 'no tests here' });
    const report = await run();
    assert.equal(report.status, 'none');
    assert.match(report.reason ?? '', /no test/);
  });

  it('says what is missing when it could not run', async () => {
    await put({ 'package.json': JSON.stringify({ scripts: { test: 'no-such-test-runner --all' } }) });
    const missing = await run({ command: ['no-such-program'] });
    assert.equal(missing.status, 'could_not_run');
    assert.match(missing.reason ?? '', /no-such-program is not installed/);
    if (platform === 'win32') return;
    const script = await run();
    assert.equal(script.status, 'could_not_run', script.output);
    assert.match(script.reason ?? '', /no-such-test-runner.*Install the dependencies/);
  });

  it('says when pytest is missing, whatever python there is', async function () {
    if (platform === 'win32') this.skip();
    const venv = await nodeProcesses().run(['python3', '-m', 'venv', '--without-pip', '.venv'], {
      cwd: workspace,
      signal: NEVER,
      timeout: 60_000,
    });
    if (venv.exitCode !== 0) return this.skip();
    await put({ '.gitignore': '.venv\n', 'test_x.py': 'def test_x():\n    pass\n' });
    const report = await run();
    assert.equal(report.status, 'could_not_run', report.output);
    assert.match(report.reason ?? '', /pytest is not installed for \.venv\/bin\/python/);
  });

  it('stops at the time-out and keeps what was said', async () => {
    await put({ 'slow.js': `console.log('not ok so far'); setInterval(() => {}, 1000);` });
    const report = await run({ command: [process.execPath, 'slow.js'], timeout: 2000 });
    assert.equal(report.status, 'timed_out');
    assert.match(report.reason ?? '', /2 s/);
    assert.match(report.output, /not ok so far/);
  });

  it('is red when a signal ends the runner, and when red tests come with a green exit code', async function () {
    if (platform === 'win32') this.skip();
    await put({
      'dies.js': `process.kill(process.pid, 'SIGKILL')`,
      'lies.js': `console.log('TAP version 13\\nnot ok 1 - red\\n1..1')`,
    });
    const died = await run({ command: [process.execPath, 'dies.js'] });
    assert.equal(died.status, 'failed');
    assert.equal(died.failed.length, 1);
    const lied = await run({ command: [process.execPath, 'lies.js'] });
    assert.equal(lied.exit_code, 0);
    assert.equal(lied.status, 'failed');
    assert.deepEqual(lied.failed, [{ name: 'red' }]);
  });

  it('bounds the output and still finds what failed in the middle of it', async () => {
    await put({
      'loud.js': `console.log('TAP version 13'); const noise = () => { for (let i = 0; i < 20000; i++) console.log('# noise ' + i); };
        noise(); console.log('not ok 1 - in the middle'); noise(); console.log('1..1'); process.exitCode = 1;`,
    });
    const report = await run({ command: [process.execPath, 'loud.js'] });
    assert.deepEqual(report.failed, [{ name: 'in the middle' }]);
    assert.ok(report.output.length < 17 * 1024);
    assert.match(report.output, /characters left out/);
  });

  it('removes the copy on abort and rejects with the reason', async () => {
    await put({ 'slow.js': `console.log('running'); setInterval(() => {}, 1000);` });
    const stop = new AbortController();
    const reason = new Error('stop');
    const command = [process.execPath, 'slow.js'];
    await assert.rejects(
      run({ command, signal: stop.signal, onOutput: () => stop.abort(reason) }),
      (error) => error === reason,
    );
  });
});
