import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { BaseText, ChangeSet } from '../../src/core/changes/changeSet.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import { addedTexts } from '../../src/core/tools/gitTexts.ts';
import { runTool } from '../../src/core/tools/index.ts';
import type { ToolContext, ToolResult } from '../../src/core/tools/tool.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import { makeProject, type Project } from '../support/project.ts';

const TEN = Array.from({ length: 10 }, (_, at) => `line ${at + 1}\n`).join('');

interface Data {
  against?: string;
  files?: { path: string; status: string; from?: string; added?: number; removed?: number; note?: string }[];
  diff?: string;
  commit?: { subject: string; message: string };
  commits?: { hash: string; author: string; subject: string }[];
  blame?: { commit?: { subject: string }; start_line: number; end_line: number; text: string }[];
  notes?: string[];
  truncated: boolean;
}

describe('git_diff', () => {
  let project: Project;
  beforeEach(() => {
    project = makeProject({ 'a.txt': TEN, 'src/b.txt': 'b\n', 'empty.txt': '' });
  });
  afterEach(() => project.remove());

  function context(files: Record<string, string | null> = {}, more: Partial<ToolContext> = {}): ToolContext {
    const none: BaseText = { text: null, hash: null };
    const changes: ChangeSet = {
      files: new Map(Object.entries(files).map(([path, text]) => [path, { path, base: none, text }])),
    };
    return {
      workspace: overlay(openDiskWorkspace(more.workspace?.root ?? project.dir, { ripgrep: undefined }), changes),
      changed: Object.keys(files),
      processes: nodeProcesses(),
      code: { facts: async (files) => files.map(() => undefined) },
      runChecks: () => Promise.reject(new Error('no checks')),
      maxChars: 8000,
      signal: new AbortController().signal,
    };
  }

  async function ok(args: object, ctx = context()): Promise<ToolResult & { data: Data }> {
    const result = await runTool('git_diff', args, ctx);
    assert.equal(result.isError, false, result.text);
    return result as ToolResult & { data: Data };
  }

  async function fails(args: object, ctx = context()): Promise<string> {
    const result = await runTool('git_diff', args, ctx);
    assert.equal(result.isError, true, result.text);
    return result.text;
  }

  const head = () => project.git('rev-parse', 'HEAD').trim();

  describe('of what is not committed', () => {
    it('tells what is staged from what is not', async () => {
      project.write('a.txt', TEN.replace('line 2', 'staged'));
      project.git('add', 'a.txt');
      project.write('a.txt', TEN.replace('line 2', 'staged').replace('line 9', 'unstaged'));
      project.write('new.txt', 'new\n');
      const ctx = () => context({ 'src/b.txt': 'own\n' });
      const staged = await ok({ staged: true }, ctx());
      assert.match(staged.text, /^1 file differs from the last commit \(\w{10}\), staged ones alone:\nM a.txt\n/);
      assert.match(staged.text, /\n-line 2\n\+staged\n/);
      assert.doesNotMatch(staged.text, /unstaged/);
      const unstaged = await ok({ unstaged: true }, ctx());
      assert.match(unstaged.text, /^3 files differ from what is staged:\nM a.txt\nA new.txt\nM src\/b.txt\n/);
      assert.match(unstaged.text, /\n-line 9\n\+unstaged\n/);
      assert.doesNotMatch(unstaged.text, /\+staged/);
      const both = await ok({ staged: true, unstaged: true }, ctx());
      assert.match(both.text, /\+staged[\s\S]*\+unstaged/);
      assert.match(await fails({ staged: true, ref: 'HEAD' }), /leave "ref" or "staged" out/);
      assert.match((await ok({ staged: true, file: 'src' }, ctx())).text, /^Nothing differs/);
    });

    it('counts lines in a stat, and gives all of it as data', async () => {
      project.write('a.txt', `${TEN.replace('line 2\n', '')}more\neven more\n`);
      rmSync(join(project.dir, 'src/b.txt'));
      const { text, data } = await ok({ view: 'stat' });
      assert.equal(
        text,
        `2 files differ from the last commit (${head().slice(0, 10)}), 2 lines added, 2 removed:\nM a.txt +2 -1\nD src/b.txt +0 -1`,
      );
      const { diff, ...rest } = (await ok({})).data;
      assert.deepEqual(rest, data);
      assert.deepEqual(data, {
        against: `the last commit (${head().slice(0, 10)})`,
        files: [
          { path: 'a.txt', status: 'modified', added: 2, removed: 1 },
          { path: 'src/b.txt', status: 'deleted', added: 0, removed: 1 },
        ],
        truncated: false,
      });
      assert.match(diff ?? '', /^--- a\/a.txt\n[\s\S]*\+\+\+ \/dev\/null\n/);
    });

    it('shows a renamed file as such, changed or not', async () => {
      project.write('c.txt', 'c\n'.repeat(3));
      project.git('add', '--all');
      project.git('commit', '-qm', 'c');
      project.git('mv', 'a.txt', 'moved to.txt');
      project.write('moved to.txt', TEN.replace('line 5', 'five'));
      const { text, data } = await ok({}, context({ 'c.txt': null, 'src/c.txt': 'c\n'.repeat(3), 'x.txt': 'other\n' }));
      assert.match(
        text,
        /^3 files differ .*\nR a.txt -> moved to.txt\nR c.txt -> src\/c.txt\nA x.txt\n\nrename from a.txt\nrename to moved to.txt\n--- a\/a.txt\n\+\+\+ b\/moved to.txt\n@@ .*\n line 2\n line 3\n line 4\n-line 5\n\+five\n/,
      );
      assert.deepEqual(data.files?.slice(0, 2), [
        { path: 'moved to.txt', status: 'renamed', from: 'a.txt', added: 1, removed: 1 },
        { path: 'src/c.txt', status: 'renamed', from: 'c.txt', added: 0, removed: 0 },
      ]);
      assert.match((await ok({ staged: true })).text, /R a.txt -> moved to.txt\n\nrename from/);
    });

    it('is exact for texts that look like diffs, odd names, and files without a line end', async () => {
      const odd = 'tab\there "quoted".txt';
      const texts = {
        'looks.txt': 'diff --git a/x b/x\nnew file mode 160000\n--- /dev/null\n@@ -0,0 +1,9 @@\n\\ No newline\n\n',
        'open.txt': 'no line end',
        'größe/ö.txt': 'ü\n',
        '-n.txt': 'dash\n',
        ':(top)b.txt': 'magic\n',
        ...(process.platform === 'win32' ? {} : { [odd]: 'odd\n' }),
      };
      for (const [path, text] of Object.entries(texts)) project.write(path, text);
      project.git('add', '--all');
      project.git('commit', '-qm', 'odd');
      assert.match((await ok({ unstaged: true })).text, /^Nothing differs/);
      for (const path of Object.keys(texts)) project.write(path, `${project.read(path)}+`);
      const { data } = await ok({});
      assert.deepEqual(
        data.files?.map(({ path, added }) => `${path} ${added}`).sort(),
        Object.keys(texts)
          .map((path) => `${path} 1`)
          .sort(),
      );
      for (const path of Object.keys(texts)) assert.match((await ok({ file: path })).text, /\n\+/, path);
    });

    it('asks git no more often for a hundred files than for one', async () => {
      const run = async (count: number) => {
        for (let at = 0; at < count; at += 1) project.write(`many/${at}.txt`, `changed ${at} ${count}\n`);
        const processes = nodeProcesses();
        let calls = 0;
        const counting = {
          run: (...args: Parameters<typeof processes.run>) => {
            calls += 1;
            return processes.run(...args);
          },
        };
        await ok({ view: 'stat' }, { ...context(), processes: counting });
        return calls;
      };
      for (let at = 0; at < 100; at += 1) project.write(`many/${at}.txt`, `${at}\n`);
      project.git('add', '--all');
      project.git('commit', '-qm', 'many');
      const one = await run(1);
      assert.ok((await run(100)) <= one + 1);
      assert.ok(one <= 6);
    });

    it('reads files one by one where they are too much for one call', async () => {
      project.write('big1.txt', 'x'.repeat(1_900_000));
      project.write('big2.txt', 'y'.repeat(1_900_000));
      project.write('big3.txt', `${'z'.repeat(1_900_000)}\n`);
      project.git('add', '--all');
      project.git('commit', '-qm', 'big');
      project.write('big3.txt', 'small\n');
      for (const path of ['big1.txt', 'big2.txt']) rmSync(join(project.dir, path));
      const { data } = await ok({ view: 'stat' });
      assert.deepEqual(
        data.files?.map(({ path, status }) => `${path} ${status}`),
        ['big1.txt deleted', 'big2.txt deleted', 'big3.txt modified'],
      );
    });
  });

  describe('against a ref', () => {
    beforeEach(() => {
      project.git('checkout', '-qb', 'feature');
      project.write('feature.txt', 'f\n');
      project.git('add', '--all');
      project.git('commit', '-qm', 'feature');
      project.git('checkout', '-q', 'main');
      project.write('main.txt', 'm\n');
      project.git('add', '--all');
      project.git('commit', '-qm', 'main goes on');
      project.git('checkout', '-q', 'feature');
      project.write('src/b.txt', 'now\n');
    });

    it('is from that commit, or from where the branch left it, to now or to another commit', async () => {
      const names = async (ref: string) =>
        (await ok({ ref })).data.files?.map(({ path, status }) => `${status[0]} ${path}`);
      assert.deepEqual(await names('main'), ['a feature.txt', 'd main.txt', 'm src/b.txt']);
      assert.deepEqual(await names('main...'), ['a feature.txt', 'm src/b.txt']);
      assert.deepEqual(await names('main...feature'), ['a feature.txt']);
      assert.deepEqual(await names('main..feature'), ['a feature.txt', 'd main.txt']);
      assert.deepEqual(await names('feature..main'), ['d feature.txt', 'a main.txt']);
      assert.match((await ok({ ref: 'main...feature', file: 'src' })).text, /^Nothing differs from main\.\.\.feature/);
    });

    it('refuses what is no commit, and says which there are', async () => {
      assert.match(
        await fails({ ref: 'mian' }),
        /knows no commit "mian"\. Branches and tags: (main, feature|feature, main)\./,
      );
      for (const ref of ['--output=x', 'main..--output=x', '-p', 'main....feature', 'main\nx', 'a..b..c'])
        assert.match(await fails({ ref }), /knows no commit/, ref);
    });

    it('lists commits of everything, a folder or a file over its renames, page by page', async () => {
      project.git('mv', 'a.txt', 'renamed.txt');
      project.git('commit', '-qm', 'renamed: "a"');
      const { text, data } = await ok({ view: 'log', file: 'renamed.txt' });
      assert.match(
        text,
        /^2 commits of renamed.txt, the latest first:\n\w{10} \d{4}-\d\d-\d\d Test: renamed: "a"\n\w{10} \S+ Test: start$/,
      );
      assert.deepEqual(
        data.commits?.map(({ subject }) => subject),
        ['renamed: "a"', 'start'],
      );
      const subjects = async (args: object) =>
        (await ok({ view: 'log', ...args })).data.commits?.map(({ subject }) => subject);
      assert.deepEqual(await subjects({}), ['renamed: "a"', 'feature', 'start']);
      assert.deepEqual(await subjects({ file: 'src' }), ['start']);
      assert.deepEqual(await subjects({ ref: 'main' }), ['main goes on', 'start']);
      assert.deepEqual(await subjects({ ref: 'main..' }), ['renamed: "a"', 'feature']);
      assert.deepEqual(await subjects({ file: 'a.txt' }), ['renamed: "a"', 'start'], 'a file that is gone');
      const first = await ok({ view: 'log', limit: 1 });
      const next = /ref="(\w+\^)"/.exec(first.text)?.[1];
      assert.ok(first.data.truncated && next);
      assert.deepEqual(await subjects({ limit: 2, ref: next }), ['feature', 'start']);
      assert.match(await fails({ view: 'log', file: 'src/c.txt' }), /no file src\/c.txt/);
    });

    it('shows one commit with what was said of it', async () => {
      project.git('commit', '-qam', 'subject', '-m', 'The body\nof it.');
      const { text, data } = await ok({ view: 'commit' });
      assert.match(
        text,
        /^\w{10} \S+ Test: subject\nThe body\nof it\.\n\n1 file differs from the commit before it \(\w{10}\):\nM src\/b.txt\n\n--- a/,
      );
      assert.equal(data.commit?.message, 'subject\n\nThe body\nof it.');
      const first = await ok({ view: 'commit', ref: 'HEAD~2', file: 'a.txt' });
      assert.match(first.text, /differs from nothing: no commit before it is here:\nA a.txt\n/);
      assert.match(await fails({ view: 'commit', ref: 'main..' }), /without dots/);
    });
  });

  it('tells who wrote which lines, and which are not committed', async () => {
    project.write('a.txt', TEN.replace('line 3', 'three').replace('line 4', 'four'));
    project.git('-c', 'user.name=Ada Müller', 'commit', '-qam', 'in words');
    const own = TEN.replace('line 3', 'three').replace('line 4', 'mine').replace('line 1\n', 'first\nline 1\n');
    const { text, data } = await ok({ view: 'blame', file: 'a.txt', end_line: 6 }, context({ 'a.txt': own }));
    assert.match(
      text,
      /^Who wrote a.txt:\nnot committed\n {2}1: first\n\w{10} \S+ Test: start\n {2}2: line 1\n {2}3: line 2\n\w{10} \S+ Ada Müller: in words\n {2}4: three\nnot committed\n {2}5: mine\n\w{10} \S+ Test: start\n {2}6: line 5$/,
    );
    assert.deepEqual(
      data.blame?.map(({ commit, start_line, end_line }) => [commit?.subject, start_line, end_line]),
      [
        [undefined, 1, 1],
        ['start', 2, 3],
        ['in words', 4, 4],
        [undefined, 5, 5],
        ['start', 6, 6],
      ],
    );
    const cut = await ok({ view: 'blame', file: 'a.txt' }, { ...context(), maxChars: 200 });
    const next = Number(/\[Read on with start_line=(\d+)\.\]$/.exec(cut.text)?.[1]);
    assert.ok(cut.text.length <= 200 && next > 2 && next <= 10, cut.text);
    assert.equal(cut.data.blame?.at(-1)?.end_line, next - 1);
    assert.match((await ok({ view: 'blame', file: 'a.txt', start_line: next })).text, new RegExp(`\n {2}${next}: `));
    assert.match(
      (await ok({ view: 'blame', file: 'a.txt', ref: 'HEAD~1', start_line: 4, end_line: 4 })).text,
      /4: line 4$/,
    );
    assert.match(
      (await ok({ view: 'blame', file: 'n.txt' }, context({ 'n.txt': 'x\n' }))).text,
      /not committed\n {2}1: x$/,
    );
    assert.match(await fails({ view: 'blame', file: 'a.txt', start_line: 11 }), /has 10 lines/);
    assert.match(await fails({ view: 'blame', file: 'src' }), /is a folder/);
    assert.match(await fails({ view: 'blame' }), /is a folder/);
  });

  it('works in a worktree, a folder of the repository, and an empty one; helps on in a shallow one and a submodule', async () => {
    const other = makeProject({ 'lib.txt': 'l\n' });
    const extra = `${project.dir}-more`;
    try {
      const at = (dir: string) => ({ ...context(), workspace: openDiskWorkspace(dir, { ripgrep: undefined }) });
      project.git('worktree', 'add', '-q', `${extra}/tree`, '-b', 'tree');
      const tree = at(`${extra}/tree`);
      assert.match((await ok({}, tree)).text, /^Nothing differs/);
      assert.match((await ok({ view: 'log' }, tree)).text, /start$/);

      project.write('src/b.txt', 'changed\n');
      project.write('a.txt', 'outside\n');
      project.git('commit', '-qam', 'both');
      const folder = at(join(project.dir, 'src'));
      assert.match((await ok({ view: 'commit' }, folder)).text, /differs .*:\nM b.txt\n/);
      assert.doesNotMatch((await ok({ ref: 'HEAD~1' }, folder)).text, /outside/);
      assert.match((await ok({ view: 'blame', file: 'b.txt' }, folder)).text, /Test: both\n {2}1: changed$/);
      assert.match((await ok({ view: 'log', file: 'b.txt', limit: 1 }, folder)).text, /Test: both\n\[There are more/);

      project.git('clone', '-q', '--depth=1', `file://${project.dir}`, `${extra}/shallow`);
      const shallow = at(`${extra}/shallow`);
      assert.match(
        (await ok({ view: 'log' }, shallow)).text,
        /^1 commit, .*\n.*both\n\[Older commits were not fetched/,
      );
      assert.match(await fails({ ref: 'HEAD~1' }, shallow), /Only the latest part of the history was fetched/);
      assert.match((await ok({ view: 'commit' }, shallow)).text, /no commit before it is here/);

      project.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', `file://${other.dir}`, 'sub');
      project.git('commit', '-qm', 'sub');
      project.write('sub/lib.txt', 'changed\n');
      assert.match(await fails({ file: 'sub/lib.txt' }), /is in the submodule sub, which has a repository of its own/);

      mkdirSync(`${extra}/empty`);
      execFileSync('git', ['init', '-q'], { cwd: `${extra}/empty` });
      const empty = at(`${extra}/empty`);
      assert.match((await ok({ view: 'log' }, empty)).text, /no commit yet/);
      assert.match(await fails({ view: 'commit' }, empty), /no commit yet/);
      assert.match((await ok({}, empty)).text, /^Nothing differs from an empty repository/);
      mkdirSync(`${extra}/none`);
      assert.match(
        await fails({ view: 'log' }, at(`${extra}/none`)),
        /There is no history: the workspace is not a git repository/,
      );
    } finally {
      other.remove();
      rmSync(extra, { recursive: true, force: true });
    }
  });

  it('shows nothing that agents may not see, neither now nor as it was', async () => {
    project.write('.conclave/secret.txt', 'outside-sentinel\n');
    project.git('add', '-f', '.conclave');
    project.git('commit', '-qm', 'secret');
    project.write('.conclave/secret.txt', 'outside-sentinel changed\n');
    symlinkSync('/etc/hosts', join(project.dir, 'link.txt'));
    for (const view of ['diff', 'stat', 'commit', 'log', 'blame']) {
      for (const file of [undefined, '.conclave', '.conclave/secret.txt', '../x', 'link.txt']) {
        for (const ref of [undefined, 'HEAD~1', 'HEAD~1..HEAD']) {
          const args = { view, ...(file && { file }), ...(ref && { ref }) };
          const { text, data } = await runTool('git_diff', args, context());
          assert.doesNotMatch(JSON.stringify([text, data]), /sentinel|127\.0\.0\.1/, JSON.stringify(args));
        }
      }
    }
  });

  it('takes the whole texts from a diff that only adds', () => {
    assert.deepEqual(
      addedTexts(
        'diff --git "a/q\\t\\"" "b/q\\t\\""\nnew file mode 100644\n--- /dev/null\n+++ "b/q\\t\\""\n@@ -0,0 +1 @@\n+one\r\n\\ No newline at end of file\n',
      ),
      new Map([['q\t"', { kind: 'text', text: 'one\r' }]]),
    );
  });
});
