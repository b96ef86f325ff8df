import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SearchQuery, Workspace } from '../../src/core/ports.ts';
import { SearchError } from '../../src/core/tools/searchError.ts';
import { type CodeIndex, type CodeIndexes, openCodeIndexes } from '../../src/node/codeIndex/codeIndex.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { listFiles } from '../../src/node/fileList.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';
import { type Meddler, openMeddler } from '../support/meddler.ts';

const THREAD = resolve('dist/indexWorker.js');
/** Random changes; each kind several times. */
const ROUNDS = 25;
const OWN = ['own'];

for (const where of ['thread', 'here'] as const)
  describe(`index of a workspace, ${where === 'here' ? 'in this thread' : 'in a thread of its own'}`, () => {
    let base: string;
    let root: string;
    let opened: CodeIndexes[];

    beforeEach(async () => {
      base = await realpath(await mkdtemp(join(tmpdir(), 'conclave-index-')));
      root = join(base, 'workspace');
      await mkdir(root);
      opened = [];
    });
    afterEach(async () => {
      for (const indexes of opened) await indexes.close();
      await rm(base, { recursive: true, force: true });
    });

    async function open(means?: 'stamps'): Promise<{ index: CodeIndex; workspace: Workspace }> {
      const indexes = openCodeIndexes({ dir: join(base, 'index'), where, thread: THREAD, ...(means && { means }) });
      opened.push(indexes);
      const index = indexes.of(root, OWN);
      const seen = await index.ready();
      if (process.platform === 'linux') assert.equal(seen, means ?? 'events');
      return { index, workspace: openDiskWorkspace(root, { ripgrep: findRipgrep(), own: OWN, indexes }) };
    }

    const plain = () => openDiskWorkspace(root, { ripgrep: findRipgrep(), own: OWN });

    async function assertSameList(index: CodeIndex, what: string): Promise<void> {
      const expected = await listFiles(root, OWN);
      const list = await index.list();
      assert.deepEqual(
        list?.files.map(({ path, bytes }) => ({ path, bytes })),
        expected.files,
        what,
      );
      for (const which of ['links', 'trackedThoughIgnored'] as const) {
        assert.deepEqual([...(list?.[which] ?? [])].sort(), [...expected[which]].sort(), what);
      }
    }

    async function assertSameMatches(workspace: Workspace, query: SearchQuery, what: string): Promise<void> {
      const about = `${JSON.stringify(query)} ${what}`;
      assert.deepEqual(await workspace.search(query), await plain().search(query), about);
    }

    function randomQuery({ word, pick }: Meddler, paths: readonly string[]): SearchQuery {
      const [one, other] = [word(), word()];
      const expressions = [
        `${one}.*${other}`,
        `(${one}|${other})$`,
        `^${one}`,
        `${one}[-_ (]?${other}`,
        `[A-Z]+${one.slice(1)}`,
        `\\b${one}\\b`,
        `${one.slice(0, 2)}\\w+`,
        '\\d+',
        `(${one}){2}`,
      ];
      const regex = pick([true, false, false]);
      return {
        pattern: regex
          ? pick(expressions)
          : pick([one, one.slice(1), one.slice(0, 2), `${one} ${other}`, `${one}-${other}`]),
        regex,
        caseSensitive: pick([true, false]),
        wholeWord: pick([true, false, false]),
        limit: pick([1, 5, 1000, 1000]),
        ...(pick([true, false, false]) &&
          paths.length > 0 && { under: [pick([pick(paths), pick(paths).split('/')[0] ?? ''])] }),
        ...(pick([true, false, false, false]) && { only: (path: string) => path.includes('1') }),
      };
    }

    for (const means of [undefined, 'stamps'] as const) {
      for (const kind of ['a repository', 'a folder of a repository', 'no repository'] as const) {
        it(`lists and finds what is there, whatever was just changed (${kind}, by ${means ?? 'events'})`, async () => {
          const git = kind === 'a repository' ? root : kind === 'no repository' ? undefined : base;
          if (git) execFileSync('git', ['init', '-q'], { cwd: git });
          const meddler = await openMeddler(root, { git: git !== undefined, seed: 7 });
          const { index, workspace } = await open(means);
          await assertSameList(index, 'at first');
          for (let round = 0; round < ROUNDS; round += 1) {
            const what = `after ${meddler.meddle()} (round ${round})`;
            const paths = (await plain().list()).map(({ path }) => path);
            await assertSameMatches(workspace, randomQuery(meddler, paths), what);
            await assertSameList(index, what);
            await assertSameMatches(workspace, randomQuery(meddler, paths), what);
          }
          const query = { pattern: 'alpha', regex: false, caseSensitive: true, wholeWord: false, limit: 9 };
          assert.ok(await index.find(query, ['.']), 'it was not the index that has answered');
        }).timeout(300_000);
      }
    }

    it('knows the hash of every file that can be read', async () => {
      await writeFile(join(root, 'a.ts'), 'one');
      await writeFile(join(root, 'b.bin'), 'one\0');
      const { workspace } = await open();
      for (const text of ['one', 'two']) {
        await writeFile(join(root, 'a.ts'), text);
        for (const { path, hash } of await workspace.list()) {
          const content = await workspace.read(path);
          assert.ok(content.kind === 'text' || content.kind === 'binary');
          assert.equal(hash, content.hash, path);
        }
      }
    });

    it('refuses what is no pattern, though it is nowhere', async () => {
      await writeFile(join(root, 'a.ts'), 'one');
      const { workspace } = await open();
      const query = { pattern: 'nowhere{3,1}', regex: true, caseSensitive: true, wholeWord: false, limit: 9 };
      await assert.rejects(workspace.search(query), SearchError);
    });

    it('finds what an expression matches in many files as ripgrep does by itself, in its order, up to a limit and beyond', async () => {
      const lines = (at: number) =>
        at % 7 === 0 ? `needle${at} = 1\nneedle\nneedle${at + 1} = 2\n` : `needle = ${at}\n`;
      for (let folder = 0; folder < 8; folder += 1) {
        await mkdir(join(root, `d${folder}`));
        const writes = Array.from({ length: 300 }, (_, at) =>
          writeFile(join(root, `d${folder}`, `f${at}.ts`), lines(at)),
        );
        await Promise.all(writes);
      }
      const { index, workspace } = await open();
      const query = { pattern: 'needle\\d+ = \\d', regex: true, caseSensitive: true, wholeWord: false, limit: 5000 };
      assert.equal((await index.candidates(query, ['.']))?.length, 2400);
      for (const limit of [1, 2, 87, 343, 344, 345, 687, 688, 5000]) {
        const found = await workspace.search({ ...query, limit });
        assert.equal(found.length, Math.min(limit, 688));
        assert.deepEqual(found, await plain().search({ ...query, limit }), `limit ${limit}`);
      }
    });

    const needle = { pattern: 'needle in it', regex: false, caseSensitive: true, wholeWord: false, limit: 99 };

    it('is done without where its folder cannot be made', async () => {
      await writeFile(join(root, 'a.txt'), 'needle');
      await writeFile(join(base, 'index'), 'a file');
      const indexes = openCodeIndexes({ dir: join(base, 'index'), where, thread: THREAD });
      opened.push(indexes);
      const workspace = openDiskWorkspace(root, { ripgrep: findRipgrep(), own: OWN, indexes });
      assert.deepEqual(
        (await workspace.list()).map(({ path }) => path),
        ['a.txt'],
      );
      await assertSameMatches(workspace, { ...needle, pattern: 'needle' }, 'without an index');
      await assert.rejects(indexes.of(root, OWN).ready());
    });

    // A thread has an environment of its own.
    if (where === 'here' && process.platform !== 'win32')
      it('lists what is there after git has failed once', async () => {
        execFileSync('git', ['init', '-q'], { cwd: root });
        await writeFile(join(root, 'a.txt'), 'one');
        const { index } = await open();
        const [bin, fails, { PATH }] = [join(base, 'bin'), join(base, 'fails'), process.env];
        await mkdir(bin);
        await writeFile(
          join(bin, 'git'),
          `#!/bin/sh\ncase "$*" in *--others*) test -e '${fails}' && exit 1;; esac\nPATH='${PATH}' exec git "$@"\n`,
          { mode: 0o755 },
        );
        process.env.PATH = `${bin}:${PATH}`;
        try {
          await writeFile(fails, '');
          await writeFile(join(root, '.gitignore'), 'nothing\n');
          assert.equal(await index.list(), undefined);
          await rm(fails);
          await assertSameList(index, 'when git is well again');
        } finally {
          process.env.PATH = PATH;
        }
      });

    it('leaves nothing behind when it is closed while it is asked', async () => {
      await writeFile(join(root, 'a.txt'), 'needle');
      const { index } = await open();
      const asked = [index.list(), index.find(needle, ['.'])];
      await opened.pop()?.close();
      await Promise.all(asked);
      const kept = await readdir(join(base, 'index'), { recursive: true, withFileTypes: true });
      assert.deepEqual(
        kept.filter(({ parentPath }) => /bells|spill/.test(parentPath)).map(({ name }) => name),
        [],
      );
    });

    it('begins nothing anew once it is closed, and what is asked then is found without it', async () => {
      await writeFile(join(root, 'a.ts'), 'const here = 1;\n');
      const { index, workspace } = await open();
      assert.equal((await index.list())?.files.length, 1);
      await opened[0]?.close();
      assert.equal(await index.list(), undefined);
      assert.equal(await opened[0]?.of(root, ['another']).list(), undefined);
      await assert.rejects(index.ready(), /does not start/);
      assert.deepEqual(
        (await workspace.list()).map(({ path }) => path),
        ['a.ts'],
      );
    });

    it('is shared: what one process has read, another one need not, and each sees what was changed meanwhile', async () => {
      for (let at = 0; at < 300; at += 1) await writeFile(join(root, `f${at}.ts`), `text ${at}\n`);
      await sleep(60);
      await open();
      assert.equal((await kept()).length, 1);
      const [before] = await kept();
      await writeFile(join(root, 'f7.ts'), 'a needle in it\n');
      const { workspace } = await open();
      assert.deepEqual(await kept(), [before], 'nothing was built again');
      assert.deepEqual(
        (await workspace.search(needle)).map(({ path }) => path),
        ['f7.ts'],
      );
    });

    it('is built again where it is damaged, cut off or of another version', async () => {
      for (let at = 0; at < 20; at += 1) await writeFile(join(root, `f${at}.ts`), `a needle in it ${at}\n`);
      await sleep(60);
      await open();
      for (const damage of [
        (bytes: Buffer) => bytes.subarray(0, bytes.length - 9),
        (bytes: Buffer) => bytes.fill(0, 70, 90),
        (bytes: Buffer) => bytes.fill(0xff, bytes.length - 60, bytes.length - 50),
        (bytes: Buffer) => bytes.fill('x', 0, 8),
        () => Buffer.alloc(0),
      ]) {
        await opened.pop()?.close();
        const [name = ''] = await kept();
        await writeFile(name, damage(await readFile(name)));
        const { workspace } = await open();
        assert.equal((await workspace.search(needle)).length, 20);
      }
    });

    it('outlives a process that is killed while it builds', async () => {
      for (let at = 0; at < 1500; at += 1)
        await writeFile(join(root, `f${at}.ts`), `a needle in it ${at}\n`.repeat(40));
      for (const wait of [50, 150, 300]) {
        const child = spawn(
          process.execPath,
          [...process.execArgv, 'test/support/indexing.ts', join(base, 'index'), root],
          {
            stdio: ['ignore', 'pipe', 'inherit'],
          },
        );
        const ended = once(child, 'exit');
        await once(child.stdout ?? child, 'data');
        await sleep(wait);
        child.kill('SIGKILL');
        await ended;
      }
      const { workspace } = await open();
      assert.equal((await workspace.search({ ...needle, limit: 100_000 })).length, 60_000);
      const left = await readdir(join(base, 'index'), { recursive: true });
      assert.ok(left.filter((name) => /spill.|bells.|\.index/.test(name)).length <= 2, left.join('\n'));
    });

    it('sees what another process changes', async () => {
      await writeFile(join(root, 'a.ts'), 'x\n');
      const { workspace } = await open();
      for (let at = 0; at < 20; at += 1) {
        execFileSync(process.execPath, ['-e', `require('fs').appendFileSync('a.ts', 'needle in it ${at}\\n')`], {
          cwd: root,
        });
        assert.equal((await workspace.search(needle)).length, at + 1);
        await appendFile(join(root, 'a.ts'), 'x\n');
      }
    });

    /** The index files that are on disk. */
    async function kept(): Promise<string[]> {
      const names = await readdir(join(base, 'index'), { recursive: true });
      return names.filter((name) => /[\\/]index-/.test(name)).map((name) => join(base, 'index', name));
    }
  });
