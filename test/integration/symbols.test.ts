import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { filesDefining } from '../../src/core/survey/definedNames.ts';
import { runTool } from '../../src/core/tools/index.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';
import { type CodeReader, openCodeFacts } from '../../src/node/codeFacts/codeFacts.ts';
import { readAhead } from '../../src/node/codeFacts/readAhead.ts';
import { type CodeIndexes, openCodeIndexes } from '../../src/node/codeIndex/codeIndex.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { guardedWorkspace } from '../../src/node/guardedWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';
import { makeProject, type Project } from '../support/project.ts';

const FILES = {
  'src/shop.ts':
    'export class Shop {\n  pay(amount: number) {\n    return amount;\n  }\n}\n\nexport function payLater() {}\n',
  'src/bank.py': 'class Bank:\n    def pay(self):\n        return self.repay()\n\ndef prepay():\n    pass\n',
  'src/humps.ts': 'export const findReferences = () => 1;\nconst PAY = 2;\n',
  'notes.md': '# pay\n',
};
/** More than are read right away when somebody asks. */
const MANY = 90;
const { signal } = new AbortController();

for (const how of ['read ahead', 'found in the text'] as const) {
  describe(`symbols, ${how}`, () => {
    let project: Project;
    let base: string;
    let code: CodeReader;
    let indexes: CodeIndexes | undefined;
    let context: ToolContext;

    before(async () => {
      const others = Array.from({ length: MANY }, (_, at) => [`many/f${at}.ts`, `export function other${at}() {}\n`]);
      project = makeProject({ ...FILES, ...Object.fromEntries(others) });
      base = await realpath(await mkdtemp(join(tmpdir(), 'conclave-symbols-')));
      const root = await realpath(project.dir);
      code = openCodeFacts(resolve('.'), join(base, 'code'));
      if (how === 'read ahead')
        indexes = openCodeIndexes({
          dir: join(base, 'index'),
          where: 'thread',
          thread: resolve('dist/indexWorker.js'),
        });
      const workspace = guardedWorkspace(openDiskWorkspace(root, { ripgrep: findRipgrep(), indexes }));
      readAhead(code, workspace, { root, index: indexes?.of(root, []) });
      const runChecks = () => Promise.reject(new Error('nothing is checked here'));
      context = { workspace, processes: nodeProcesses(), code, runChecks, maxChars: 4000, signal };
      if (indexes) await untilKnown();
    });
    after(async () => {
      await indexes?.close();
      project.remove();
      await rm(base, { recursive: true, force: true });
    });

    /** Nobody asks for facts meanwhile: there are more files than are read right away. */
    async function untilKnown(): Promise<void> {
      for (let tries = 0; ; tries += 1) {
        const { unknown } = await filesDefining(() => false, [], context, { signal, until: 0 });
        if (unknown.length === 0) return;
        assert.ok(tries < 200, `${unknown.length} files are not read`);
        await sleep(100);
      }
    }

    async function found(args: object): Promise<string[]> {
      const { text, isError, data } = await runTool('symbols', args, context);
      assert.equal(isError, false, text);
      const { symbols } = data as { symbols: { path: string; line: number; name: string; container?: string }[] };
      return symbols.map(({ path, line, name, container }) => {
        return `${path}:${line} ${container === undefined ? name : `${container}.${name}`}`;
      });
    }

    it('has the same name first, then the same but for case, then what begins with it, then what has it in it', async () => {
      assert.deepEqual(await found({ query: 'pay' }), [
        'src/bank.py:2 Bank.pay',
        'src/shop.ts:2 Shop.pay',
        'src/humps.ts:2 PAY',
        'src/shop.ts:7 payLater',
        'src/bank.py:5 prepay',
      ]);
    });

    it('finds a name by its humps, and what belongs to something', async () => {
      assert.deepEqual(await found({ query: 'fiRe' }), ['src/humps.ts:1 findReferences']);
      assert.deepEqual(await found({ query: 'Bank.pay' }), ['src/bank.py:2 Bank.pay']);
    });

    it('is narrowed by kind and path, and says why it finds nothing', async () => {
      assert.deepEqual(await found({ query: 'pay', kind: 'method', path: 'src/shop.ts' }), ['src/shop.ts:2 Shop.pay']);
      assert.deepEqual(await found({ query: 'pay', path: 'many' }), []);
      const outside = await runTool('symbols', { query: 'pay', path: '../elsewhere' }, context);
      assert.ok(outside.isError);
      assert.match(outside.text, /cannot be searched: it leads outside/);
    });

    it('knows what was changed just now, one file or very many', async () => {
      await writeFile(join(project.dir, 'src/humps.ts'), 'export function payBack() {}\n');
      assert.deepEqual(await found({ query: 'payBack' }), ['src/humps.ts:1 payBack']);
      assert.deepEqual(await found({ query: 'findReferences' }), []);
      for (let at = 0; at < MANY; at += 1)
        await writeFile(join(project.dir, `many/f${at}.ts`), `export function another${at}() {}\n`);
      assert.deepEqual(await found({ query: 'another7', limit: 1 }), ['many/f7.ts:1 another7']);
      assert.deepEqual(await found({ query: 'other33' }), ['many/f33.ts:1 another33']);
      // Where the system tells of changes, they are read without anybody asking.
      if (indexes && process.platform === 'linux') await untilKnown();
    });
  });
}
