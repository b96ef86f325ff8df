import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { BaseText, ChangeSet } from '../../src/core/changes/changeSet.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import { runTool, TOOLS } from '../../src/core/tools/index.ts';
import type { Progress, ToolContext } from '../../src/core/tools/tool.ts';
import { openCodeFacts } from '../../src/node/codeFacts/codeFacts.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';
import type { CheckReport } from '../../src/shared/events.ts';

const SENTINEL = 'outside-sentinel';
const code = openCodeFacts(resolve('.'));
const GREEN: CheckReport = { type: 'test_results', status: 'passed', exit_code: 0, output: '', failed: [], ms: 1 };

for (const ripgrep of [findRipgrep(), undefined]) {
  describe(`tools, searching with ${ripgrep ? 'ripgrep' : 'a plain scan'}`, () => {
    let base: string;
    let root: string;
    let report: CheckReport;
    let checked: { testFile?: string; testName?: string }[];

    beforeEach(async () => {
      base = await realpath(await mkdtemp(join(tmpdir(), 'conclave-tools-')));
      root = join(base, 'workspace');
      report = GREEN;
      checked = [];
      await write({ '../outside.txt': SENTINEL, '../outside/secret.md': `# ${SENTINEL}\n` });
      await write({
        '.gitignore': 'dist/\n',
        'package.json': JSON.stringify({
          name: 'shop',
          main: 'src/main.ts',
          scripts: { test: 'mocha' },
          dependencies: { zod: '4' },
        }),
        'README.md': '# Shop\n\nSells things.\n\n## Payments\n\nA failed payment is retried three times.\n',
        'docs/adr/1.rst': 'Sessions\n========\n\nA session lives for one hour.\n',
        'src/main.ts': "import { pay } from './pay.ts';\n\npay(3);\n",
        'src/pay.ts': 'export function pay(amount: number): number {\n  return amount;\n}\n',
        'test/pay.test.ts': "import { pay } from '../src/pay.ts';\npay(1);\n",
        'dist/main.js': 'pay();\n',
        'logo.png': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]),
        'win.txt': 'one\r\ntwo\r\n',
      });
    });
    afterEach(() => rm(base, { recursive: true, force: true }));

    async function write(files: Record<string, string | Uint8Array>): Promise<void> {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), content);
      }
    }

    function git(...args: string[]): string {
      const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid'];
      return execFileSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8' });
    }

    function commitAll(): void {
      git('init', '-q');
      git('add', '-A');
      git('commit', '-qm', 'first');
    }

    function context(more: Partial<ToolContext> = {}): ToolContext {
      return {
        workspace: openDiskWorkspace(root, { ripgrep }),
        processes: nodeProcesses(),
        code,
        runChecks: async (tests, _signal, onOutput) => {
          checked.push(tests);
          onOutput?.('one\ntwo\n');
          return report;
        },
        maxChars: 8000,
        signal: new AbortController().signal,
        ...more,
      };
    }

    /** A context in which the agent has changed files. */
    function changed(files: Record<string, string | null>): ToolContext {
      const none: BaseText = { text: null, hash: null };
      const changes: ChangeSet = {
        files: new Map(Object.entries(files).map(([path, text]) => [path, { path, base: none, text }])),
      };
      const disk = openDiskWorkspace(root, { ripgrep });
      return context({ workspace: overlay(disk, changes), changed: Object.keys(files) });
    }

    async function ok(name: string, args: object, ctx = context()): Promise<string> {
      const result = await runTool(name, args, ctx);
      assert.equal(result.isError, false, result.text);
      return result.text;
    }

    async function fails(name: string, args: unknown, ctx = context()): Promise<string> {
      const result = await runTool(name, args, ctx);
      assert.equal(result.isError, true, result.text);
      return result.text;
    }

    describe('calling', () => {
      it('says what was expected instead of an unknown tool or wrong arguments', async () => {
        assert.match(await fails('toString', {}), /There is no tool "toString" for you; you have: read_file, /);
        assert.match(
          await fails('read_file', {}),
          /path: .*Expected read_file\(path\?: string, paths\?: string\[\], start/,
        );
        assert.match(await fails('read_file', { path: 'a', start_line: 'x' }), /start_line: /);
        assert.match(await fails('find_references', 'pay'), /Wrong arguments/);
        assert.match(await fails('find_references', { symbol: 'a\nb' }), /one line/);
      });

      it('takes the blanks that models fill in for arguments that are not given', async () => {
        const blanks = { path: 'src/pay.ts', start_line: 0, end_line: null, symbol: '', query: '' };
        assert.match(await ok('read_file', blanks), /lines 1-3 of 3/);
      });

      it('stops when it is told to', async () => {
        const ctx = context({ signal: AbortSignal.abort(new Error('enough')) });
        for (const name of Object.keys(TOOLS))
          await assert.rejects(runTool(name, { path: 'a', query: 'a', symbol: 'a' }, ctx), /enough/);
      });
    });

    describe('read_file', () => {
      it('shows lines exactly as they are, whole or in part', async () => {
        assert.equal(
          await ok('read_file', { path: 'src/pay.ts' }),
          'src/pay.ts (lines 1-3 of 3)\nexport function pay(amount: number): number {\n  return amount;\n}',
        );
        assert.equal(
          await ok('read_file', { path: './src/pay.ts', start_line: 2, end_line: 2 }),
          'src/pay.ts (lines 2-2 of 3)\n  return amount;',
        );
        assert.equal(await ok('read_file', { path: 'win.txt' }), 'win.txt (lines 1-2 of 2, CRLF line ends)\none\ntwo');
        assert.match(await fails('read_file', { path: 'src/pay.ts', start_line: 9 }), /has 3 lines/);
        assert.match(await fails('read_file', { path: 'src/pay.ts', start_line: 3, end_line: 2 }), /before start_line/);
      });

      it('can be read on to the end, without a gap', async () => {
        const lines = Array.from({ length: 300 }, (_, i) => `const line${i + 1} = ${i};`);
        await write({ 'long.ts': `${lines.join('\n')}\n` });
        const seen: string[] = [];
        let start: number | undefined = 1;
        while (start !== undefined) {
          const text = await ok('read_file', { path: 'long.ts', start_line: start }, context({ maxChars: 1000 }));
          assert.ok(text.length <= 1000);
          seen.push(...text.split('\n').filter((line) => line.startsWith('const')));
          const next: string | undefined = /start_line=(\d+)/.exec(text)?.[1];
          start = next === undefined ? undefined : Number(next);
        }
        assert.deepEqual(seen, lines);
      });

      it('says kindly why there is nothing to read, and what to do', async () => {
        await write({ 'empty.txt': '', 'wide.txt': 'y'.repeat(5000) });
        assert.match(await fails('read_file', { path: 'logo.png' }), /logo.png is an image \(8 bytes\), and only text/);
        assert.match(
          await fails('read_file', { path: 'src/pai.ts' }),
          /no file src\/pai.ts\. Did you mean src\/pay.ts/,
        );
        assert.match(await fails('read_file', { path: 'src' }), /src is a folder.*\nsrc\/main.ts\nsrc\/pay.ts$/);
        assert.match(await fails('read_file', { path: '.' }), /README.md\ndocs\/\n/);
        assert.match(await ok('read_file', { path: 'empty.txt' }), /is empty/);
        const wide = await ok('read_file', { path: 'wide.txt' }, context({ maxChars: 500 }));
        assert.ok(wide.length <= 500 && /Line 1 is longer than fits/.test(wide));
      });

      it("sees the agent's own changes", async () => {
        const ctx = changed({ 'src/new.ts': 'export const fresh = 1;\n', 'src/pay.ts': null });
        assert.match(await ok('read_file', { path: 'src/new.ts' }, ctx), /fresh/);
        assert.match(await fails('read_file', { path: 'src/pay.ts' }, ctx), /no file/);
        assert.match(await fails('read_file', { path: 'src' }, ctx), /src\/main.ts\nsrc\/new.ts$/);
      });
    });

    describe('analyze_codebase', () => {
      it('tells languages, entry points, dependencies, tests and exports', async () => {
        const text = await ok('analyze_codebase', {});
        for (const part of [
          /TypeScript: 3 files, 8 lines/,
          /package.json: "shop"; depends on zod; scripts test/,
          /npm test \(mocha\), from package.json/,
          /1 test file\n/,
          /- src\/main.ts \(from package.json\)/,
          /- docs\/ \(1\)\n- docs\/adr\/ \(1\)/,
          /src\/pay\.ts\n {2}1: pay\(amount: number\): number$/m,
        ]) {
          assert.match(text, part);
        }
        assert.doesNotMatch(text, /dist/);
      });

      it('is of one folder where asked, bounded, and says how to go on', async () => {
        assert.match(await ok('analyze_codebase', { under: 'src/' }), /^src: 2 files, 6 lines/);
        assert.match(await fails('analyze_codebase', { under: 'nowhere' }), /no files under that path/);
        const short = await ok('analyze_codebase', {}, context({ maxChars: 300 }));
        assert.ok(short.length <= 300 && /under="<folder>"/.test(short));
      });
    });

    describe('search_docs', () => {
      it('shows the passages that match, with heading and place', async () => {
        const text = await ok('search_docs', { query: 'payment retries' });
        assert.equal(text, 'README.md:7 — Shop › Payments\nA failed payment is retried three times.');
        assert.match(await ok('search_docs', { query: 'session' }), /^docs\/adr\/1.rst:4 — Sessions\nA session lives/);
        assert.match(await ok('search_docs', { query: 'zebra' }), /No passage .* "zebra"/);
      });

      it("sees the agent's own changes", async () => {
        const ctx = changed({ 'docs/new.md': '# Zebra\n\nStripes.\n' });
        assert.match(await ok('search_docs', { query: 'zebra' }, ctx), /docs\/new.md:3 — Zebra/);
      });
    });

    describe('find_references', () => {
      it('groups by file, definitions first, ignored files left out', async () => {
        await write({ 'src/a.ts': 'pay(1);\nconst payment = 1;\n' });
        assert.equal(
          await ok('find_references', { symbol: 'pay()' }),
          [
            'pay: 1 definition, 2 imports, 3 calls in 4 files.',
            '',
            'src/pay.ts',
            '  1 (definition): export function pay(amount: number): number {',
            '',
            'src/main.ts',
            "  1 (import): import { pay } from './pay.ts';",
            '  3 (call): pay(3);',
            '',
            'test/pay.test.ts',
            "  1 (import): import { pay } from '../src/pay.ts';",
            '  2 (call): pay(1);',
            '',
            'src/a.ts',
            '  1 (call): pay(1);',
          ].join('\n'),
        );
        assert.match(
          await ok('find_references', { symbol: 'pay', path: 'test' }),
          /^pay: 1 import, 1 call in 1 file\./,
        );
      });

      it('helps on where nothing is found, and bounds what is', async () => {
        assert.match(
          await ok('find_references', { symbol: 'Pay' }),
          /No line mentions Pay .*Similar:\nsrc\/main.ts:1: /,
        );
        assert.match(await ok('find_references', { symbol: 'Shop.ayment' }), /Similar:\nREADME.md:5: ## Payments/);
        await write({ 'src/many.ts': 'pay(1);\n'.repeat(600) });
        const text = await ok('find_references', { symbol: 'pay' }, context({ maxChars: 600 }));
        assert.ok(text.length <= 600 && /at least 1 definition/.test(text) && /path="<file or folder>"/.test(text));
      });

      it('shows as many as it can where it is asked for more', async () => {
        await write({ 'src/many.ts': 'pay(1); pay(2);\n'.repeat(600) });
        const most = await ok('find_references', { symbol: 'pay', limit: 500 }, context({ maxChars: 100_000 }));
        const more = await ok('find_references', { symbol: 'pay', limit: 5000 }, context({ maxChars: 100_000 }));
        assert.equal(more, most);
        assert.match(more, /more are not shown\. Narrow it with path or kind\.\]/);
      });

      it("sees the agent's own changes", async () => {
        const text = await ok(
          'find_references',
          { symbol: 'pay' },
          changed({ 'src/pay.ts': null, 'src/n.ts': 'pay(9);\n' }),
        );
        assert.match(text, /src\/n.ts\n {2}1 \(call\): pay\(9\);/);
        assert.doesNotMatch(text, /definition\)/);
      });
    });

    describe('git_diff', () => {
      it('shows changed, deleted, staged, untracked and own files as one diff', async () => {
        commitAll();
        await write({
          'src/pay.ts': 'export function pay(amount: number): number {\n  return amount * 2;\n}\n',
          'new file.txt': 'fresh\n',
        });
        await write({ 'staged.txt': 's\n' });
        git('add', 'staged.txt');
        await rm(join(root, 'win.txt'));
        const text = await ok(
          'git_diff',
          {},
          changed({ 'src/own.ts': 'mine\n', 'src/main.ts': null, 'README.md': await disk('README.md') }),
        );
        assert.match(
          text,
          /^6 files differ from the last commit \([0-9a-f]{10}\):\nA new file.txt\nD src\/main.ts\nA src\/own.ts\nM src\/pay.ts\nA staged.txt\nD win.txt\n/,
        );
        for (const part of [
          '--- /dev/null\n+++ b/new file.txt\n@@ -0,0 +1,1 @@\n+fresh',
          '--- a/src/main.ts\n+++ /dev/null',
          '--- a/src/pay.ts\n+++ b/src/pay.ts\n',
          '-  return amount;\n+  return amount * 2;\n',
          '+mine',
          '-one\n-two',
        ]) {
          assert.ok(text.includes(part), `${part}\n---\n${text}`);
        }
        assert.doesNotMatch(text, /README/);
      });

      it('is of one file or folder, against any commit', async () => {
        commitAll();
        await write({ 'src/pay.ts': 'export const pay = 2;\n', 'README.md': 'changed\n' });
        git('commit', '-qam', 'second');
        assert.equal(
          await ok('git_diff', {}),
          `Nothing differs from the last commit (${git('rev-parse', 'HEAD').slice(0, 10)}).`,
        );
        const file = await ok('git_diff', { file: 'src/pay.ts', ref: 'HEAD~1' });
        assert.match(file, /^1 file differs from HEAD~1 .*\nM src\/pay.ts\n\n--- a\/src\/pay.ts/);
        assert.doesNotMatch(await ok('git_diff', { file: 'src', ref: 'HEAD~1' }), /README/);
        assert.match(await fails('git_diff', { ref: 'nope' }), /knows no commit "nope"/);
        assert.match(await fails('git_diff', { ref: '--output=x' }), /knows no commit/);
        assert.match(await fails('git_diff', { file: 'src/pai.ts' }), /Did you mean src\/pay.ts/);
      });

      it('knows binary files, line ends and a repository without a commit', async () => {
        git('init', '-q');
        assert.match(await ok('git_diff', { file: 'src/pay.ts' }), /differs from an empty repository:\nA src\/pay.ts/);
        commitAll();
        await write({
          'logo.png': Buffer.from([0, 1]),
          'src/main.ts': "import { pay } from './pay.ts';\r\n\r\npay(3);\r\n",
        });
        const text = await ok('git_diff', {});
        assert.match(text, /M logo.png \(binary\)\nM src\/main.ts \(only its line ends differ\)$/);
      });

      it('is right in a folder of a repository, and shows nothing of its other folders', async () => {
        execFileSync('git', ['init', '-q'], { cwd: base });
        git('add', '-A', '..');
        git('commit', '-qm', 'first');
        await write({ '../outside.txt': `${SENTINEL} changed`, 'src/pay.ts': 'changed\n' });
        const text = await ok('git_diff', {});
        assert.match(text, /^1 file differs .*\nM src\/pay.ts\n/);
        assert.match(text, /-export function pay/);
      });

      it('is bounded, and names the files it has no room for', async () => {
        commitAll();
        const big = Array.from({ length: 400 }, (_, i) => `line ${i}`).join('\n');
        await write({ 'a1.txt': big, 'a2.txt': big, 'a3.txt': big });
        const text = await ok('git_diff', {}, context({ maxChars: 900 }));
        assert.ok(text.length <= 900);
        assert.match(text, /^3 files differ .*\nA a1.txt\n\? a2.txt \(not compared\)\n/);
        assert.match(text, /git_diff with file=|read_file shows/);
      });

      it('says so where there is no repository, or no git', async () => {
        const ctx = changed({ 'src/own.ts': 'mine\n' });
        assert.match(await ok('git_diff', {}, ctx), /not a git repository\. You changed src\/own.ts/);
        const run: ToolContext['processes']['run'] = async () => ({
          exitCode: null,
          ended: 'not_found',
          output: '',
          dropped: 0,
          ms: 0,
        });
        assert.match(await ok('git_diff', {}, context({ processes: { run } })), /git is not installed/);
      });

      it('writes nothing into .git and starts no program of the repository', async () => {
        commitAll();
        const marker = join(base, 'started');
        for (const key of ['core.fsmonitor', 'diff.external', 'diff.mine.textconv'])
          git('config', key, `touch ${marker}; false`);
        await write({ '.gitattributes': '*.ts diff=mine\n', 'src/pay.ts': 'changed\n' });
        // The same content with another time is what git would like to write down in its index.
        await utimes(join(root, 'README.md'), 1, 1);
        const before = await snapshot(join(root, '.git'));
        await ok('git_diff', {});
        await ok('git_diff', { file: 'src/pay.ts' });
        assert.deepEqual(await snapshot(join(root, '.git')), before);
        assert.ok(!(await readdir(base)).includes('started'));
      });
    });

    describe('run_tests', () => {
      it('reports what failed, and the end of the output', async () => {
        report = {
          type: 'test_results',
          status: 'failed',
          runner: 'npm',
          argv: ['npm', 'test'],
          exit_code: 1,
          passed: 4,
          failed: [{ name: 'pays twice', message: 'expected 2\nbut got 1', file: 'test/pay.test.ts', line: 7 }],
          output: `${Array.from({ length: 500 }, (_, i) => `noise ${i}`).join('\n')}\nthe end\n`,
          ms: 12,
        };
        const text = await ok('run_tests', { test_file: './test/pay.test.ts' }, context({ maxChars: 700 }));
        assert.ok(text.length <= 700);
        assert.match(
          text,
          /^The tests failed: `npm test`, exit status 1, 4 passed, 1 failed\.\nFailing:\n- pays twice \(test\/pay.test.ts:7\): expected 2 but got 1\n/,
        );
        assert.match(text, /earlier lines are not shown.*\n(noise \d+\n)+the end$/);
        assert.deepEqual(checked, [{ testFile: 'test/pay.test.ts' }]);
      });

      it('gives the same as data, what is flaky told apart, and says how far it is', async () => {
        const failing = Array.from({ length: 40 }, (_, at) => ({
          name: `fails ${at}`,
          message: 'a\n  b',
          line: at + 1,
        }));
        report = {
          ...GREEN,
          status: 'failed',
          argv: ['npm', 'test'],
          exit_code: 1,
          passed: 4,
          skipped: 2,
          failed: failing,
          flaky: [{ name: 'sometimes' }],
          output: `${'noise\n'.repeat(500)}the end\n`,
        };
        const told: Progress[] = [];
        const onProgress = (progress: Progress) => told.push(progress);
        const one = { test_file: 'test/pay.test.ts', test_name: 'pays twice' };
        const whole = await runTool('run_tests', one, context({ maxChars: 8000, onProgress }));
        assert.match(
          whole.text,
          /4 passed, 40 failed, 1 flaky, 2 skipped\.[\s\S]*\nFlaky \(failed, then passed when run again\):\n- sometimes\n/,
        );
        assert.deepEqual(checked.at(-1), { testFile: 'test/pay.test.ts', testName: 'pays twice' });
        assert.deepEqual(told, [{ message: 'two', done: 2 }]);
        const data = whole.data as { failed: unknown[]; flaky: unknown[]; output: string; truncated: boolean };
        assert.deepEqual(data.failed[39], { name: 'fails 39', message: 'a b', line: 40 });
        assert.deepEqual(data.flaky, [{ name: 'sometimes' }]);
        assert.deepEqual(
          { ...data, failed: [], flaky: [], output: '' },
          {
            status: 'failed',
            argv: ['npm', 'test'],
            exit_code: 1,
            passed: 4,
            skipped: 2,
            failed: [],
            flaky: [],
            output: '',
            truncated: false,
          },
        );

        const cut = await runTool('run_tests', {}, context({ maxChars: 1000 }));
        const { failed, output, truncated } = cut.data as typeof data;
        assert.ok(failed.length > 5 && failed.length < 40 && truncated);
        assert.ok(output.endsWith('noise\nthe end\n'));
        assert.ok(JSON.stringify(cut.data).length < 1400);
        assert.match(await fails('run_tests', { test_name: 'a\nb' }), /one line/);
      });

      it('says openly that there is nothing to run, or why it could not', async () => {
        report = { ...GREEN, status: 'none', exit_code: null, reason: 'No test runner was found.' };
        assert.match(await ok('run_tests', {}), /nothing is checked\.\nNo test runner was found/);
        report = { ...GREEN, status: 'could_not_run', exit_code: null, reason: 'npm is not installed.' };
        assert.match(await fails('run_tests', {}), /could not run\.\nnpm is not installed/);
        assert.match(await fails('run_tests', { test_file: 'test/pai.test.ts' }), /Did you mean test\/pay.test.ts/);
        assert.equal(checked.length, 2, 'a file that is not there is not run');
      });
    });

    it('let nothing from outside through, by whichever argument', async () => {
      commitAll();
      await symlink(join(base, 'outside.txt'), join(root, 'link.txt'));
      await symlink(join(base, 'outside'), join(root, 'docs', 'linked'));
      await write({ '.git/secret.md': SENTINEL, '.conclave/secret.md': SENTINEL });
      const hostile = [
        '../outside.txt',
        join(base, 'outside.txt'),
        'link.txt',
        'docs/linked/secret.md',
        '.git/secret.md',
      ];
      hostile.push('docs/../../outside.txt', '.conclave/secret.md', 'docs\\..\\..\\outside.txt', '.git', 'docs/linked');
      for (const path of hostile) {
        for (const name of Object.keys(TOOLS)) {
          const args = { path, under: path, file: path, test_file: path, symbol: 'outside', query: 'outside sentinel' };
          const { text } = await runTool(name, args, context());
          assert.ok(!text.includes(SENTINEL) && !text.includes(base), `${name} ${path}: ${text}`);
        }
      }
      for (const path of ['src/pay.ts', 'docs/../src/pay.ts', join(root, 'src/pay.ts')]) {
        assert.match(await ok('read_file', { path }), /export function pay/);
      }
    });

    async function disk(path: string): Promise<string> {
      return readFile(join(root, path), 'utf8');
    }
  });
}

/** Every file below a folder with a hash of what is in it. */
async function snapshot(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashed = files.map(
    async (path) =>
      `${path} ${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')}`,
  );
  return (await Promise.all(hashed)).sort();
}
