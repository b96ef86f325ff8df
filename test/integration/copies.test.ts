import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Copy } from '../../src/core/ports.ts';
import { openCopies } from '../../src/node/copies.ts';
import type { CopyBounds } from '../../src/node/copyBounds.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import type { FileState } from '../../src/shared/events.ts';
import { skip } from '../skip.ts';

const NEVER = new AbortController().signal;
const posix = process.platform !== 'win32';
const processes = nodeProcesses();
const CACHE = process.env.CONCLAVE_TEST_CACHE ?? join(tmpdir(), 'conclave-test-cache');

describe('copies of a workspace', () => {
  let root: string;
  let workspace: string;
  let copies: Copy[];

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'conclave-copies-')));
    workspace = join(root, 'project');
    copies = [];
    await mkdir(workspace);
  });
  afterEach(async () => {
    for (const copy of copies) await copy.dispose();
    await rm(root, { recursive: true, force: true });
  });

  const put = async (files: Record<string, string>, into = workspace) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(into, path)), { recursive: true });
      await writeFile(join(into, path), text);
    }
  };
  const git = async (cwd: string, ...args: string[]) =>
    (await execa('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], { cwd })).stdout;
  const commitAll = async (cwd = workspace) => {
    await git(cwd, 'add', '-A');
    await git(cwd, 'commit', '-qm', 'base');
  };
  const open = (of = workspace, list = () => gitFiles(of)) =>
    openCopies({ workspace: of, list, dir: join(root, 'copies'), processes });
  const make = async (files: FileState[] = [], from = open()) => {
    const copy = await from.make(files, NEVER);
    copies.push(copy);
    return copy;
  };
  const inCopy = (copy: Copy, ...argv: string[]) =>
    processes.run(argv, { cwd: copy.dir, env: copy.env, signal: NEVER, timeout: 60_000 });

  it('has the files as they are now, with the change set on top, and leaves the .git alone', async () => {
    await git(workspace, 'init', '-q', '-b', 'trunk');
    await git(workspace, 'config', 'core.autocrlf', 'false');
    await put({
      '.gitignore': '.env\nbuild/\n',
      'kept.txt': 'kept\n',
      'edited.txt': 'old\n',
      'deleted.txt': 'gone soon\n',
      'crlf.txt': 'one\r\ntwo\r\n',
      'run.sh': '#!/bin/sh\necho hi\n',
      'by the plan/changed.txt': 'before\n',
      'by the plan/removed.txt': 'before\n',
      'moved.sh': '#!/bin/sh\n',
    });
    await chmod(join(workspace, 'run.sh'), 0o755);
    await chmod(join(workspace, 'moved.sh'), 0o755);
    await commitAll();
    await git(workspace, 'branch', 'other');
    await put({ 'edited.txt': 'new\n', 'untracked.txt': 'me too\n', '.env': 'KEY=secret\n', 'build/out.js': 'x' });
    await rm(join(workspace, 'deleted.txt'));
    await put({ '.git/hooks/post-index-change': '#!/bin/sh\ntouch hook-ran\n' });
    await chmod(join(workspace, '.git/hooks/post-index-change'), 0o755);

    const before = await fingerprint(workspace);
    const copy = await make([
      { path: 'by the plan/changed.txt', text: 'after\n' },
      { path: 'by the plan/removed.txt', text: null },
      { path: 'run.sh', text: '#!/bin/sh\necho ho\n' },
      { path: 'new/deep/file.txt', text: 'new\r\n' },
      { path: 'renamed.sh', text: '#!/bin/sh\n', from: 'moved.sh' },
      { path: 'moved.sh', text: null },
    ]);

    const text = (path: string) => readFile(join(copy.dir, path), 'utf8');
    assert.equal(await text('kept.txt'), 'kept\n');
    assert.equal(await text('edited.txt'), 'new\n');
    assert.equal(await text('untracked.txt'), 'me too\n');
    assert.equal(await text('crlf.txt'), 'one\r\ntwo\r\n');
    assert.equal(await text('by the plan/changed.txt'), 'after\n');
    assert.equal(await text('new/deep/file.txt'), 'new\r\n');
    assert.equal(await text('run.sh'), '#!/bin/sh\necho ho\n');
    for (const path of ['deleted.txt', 'by the plan/removed.txt', '.env', 'build', 'moved.sh', 'hook-ran']) {
      assert.ok(!existsSync(join(copy.dir, path)), path);
    }
    if (posix) {
      assert.equal((await stat(join(copy.dir, 'run.sh'))).mode & 0o777, 0o755);
      assert.equal((await stat(join(copy.dir, 'renamed.sh'))).mode & 0o111, 0o111);
    }

    assert.equal(await git(copy.dir, 'symbolic-ref', 'HEAD'), 'refs/heads/trunk');
    assert.equal(await git(copy.dir, 'rev-parse', 'other'), await git(workspace, 'rev-parse', 'other'));
    assert.deepEqual((await git(copy.dir, 'status', '--porcelain', '-uall')).split('\n').sort(), [
      ' D "by the plan/removed.txt"',
      ' D deleted.txt',
      ' D moved.sh',
      ' M "by the plan/changed.txt"',
      ' M edited.txt',
      ' M run.sh',
      '?? new/deep/file.txt',
      '?? renamed.sh',
      '?? untracked.txt',
    ]);
    assert.match(await git(copy.dir, 'diff', 'edited.txt'), /-old\n\+new/);

    assert.deepEqual(await fingerprint(workspace), before);

    // Whatever is done in the copy stays there. Git sets the time of a borrowed object that it would have written anew:
    // that much of the original's .git changes when a test commits, and no byte of it.
    await git(copy.dir, 'commit', '-qam', 'in the copy');
    await git(copy.dir, 'branch', '-D', 'other');
    await git(copy.dir, 'gc', '-q');
    assert.equal(await git(copy.dir, 'remote'), '');
    assert.deepEqual(withoutObjectTimes(await fingerprint(workspace)), withoutObjectTimes(before));

    await copy.dispose();
    await copy.dispose();
    assert.ok(!existsSync(copy.dir));
    assert.ok(!existsSync(copy.env.TMPDIR ?? ''));
    assert.deepEqual(withoutObjectTimes(await fingerprint(workspace)), withoutObjectTimes(before));
  });

  it('re-creates links that stay inside and leaves out those that lead outside', async function () {
    if (!posix) this.skip();
    await put({ 'dir/target.txt': 'inside\n', '../outside.txt': 'outside\n' });
    await symlink('dir/target.txt', join(workspace, 'relative'));
    await symlink(join(workspace, 'dir'), join(workspace, 'absolute'));
    await symlink('../outside.txt', join(workspace, 'escape'));
    await symlink('nowhere', join(workspace, 'dangling'));
    const paths = ['dir/target.txt', 'relative', 'absolute', 'escape', 'dangling'];
    const copy = await make(
      [{ path: 'absolute/target.txt', text: 'changed\n' }],
      open(workspace, async () => paths),
    );
    assert.equal(await readFile(join(copy.dir, 'relative'), 'utf8'), 'changed\n');
    assert.equal(await realpath(join(copy.dir, 'absolute')), join(copy.dir, 'dir'));
    assert.equal(await readlink(join(copy.dir, 'dangling')), 'nowhere');
    assert.deepEqual((await readdir(copy.dir)).sort(), ['absolute', 'dangling', 'dir', 'relative']);
    assert.equal(await readFile(join(workspace, 'dir/target.txt'), 'utf8'), 'inside\n');
  });

  it('has the same sub-folder where the workspace is one of a repository, and its neighbours', async () => {
    await put({ 'shared.json': '{}', 'lib/index.js': 'x', 'package/index.js': 'y', 'node_modules/dep/index.js': 'z' });
    await put({ '.gitignore': 'node_modules/\n' });
    await git(workspace, 'init', '-q');
    await commitAll();
    await put({ 'shared.json': '{"edited": true}' });
    const before = await fingerprint(workspace);
    const copy = await make([{ path: 'index.js', text: 'changed' }], open(join(workspace, 'package')));
    assert.match(copy.dir.replaceAll('\\', '/'), /\/project\/package$/);
    assert.equal(await readFile(join(copy.dir, 'index.js'), 'utf8'), 'changed');
    assert.equal(await readFile(join(copy.dir, '../shared.json'), 'utf8'), '{"edited": true}');
    assert.equal(await readFile(join(copy.dir, '../node_modules/dep/index.js'), 'utf8'), 'z');
    assert.equal(await git(copy.dir, 'status', '--porcelain'), ' M package/index.js\n M shared.json');
    assert.deepEqual(await fingerprint(workspace), before);
  });

  it('works from a linked worktree, on its branch', async () => {
    await git(workspace, 'init', '-q', '-b', 'trunk');
    await put({ 'a.txt': 'a\n' });
    await commitAll();
    const tree = join(root, 'tree');
    await git(workspace, 'worktree', 'add', '-q', '-b', 'feature', tree);
    await put({ 'a.txt': 'in the tree\n' }, tree);
    const before = [await fingerprint(workspace), await fingerprint(tree)];
    const copy = await make([], open(tree));
    assert.equal(await git(copy.dir, 'symbolic-ref', '--short', 'HEAD'), 'feature');
    assert.equal(await git(copy.dir, 'status', '--porcelain'), ' M a.txt');
    assert.deepEqual([await fingerprint(workspace), await fingerprint(tree)], before);
  });

  it('works on a detached HEAD, on a shallow clone and with SHA-256 objects', async () => {
    const origin = join(root, 'origin');
    await mkdir(origin);
    await git(origin, 'init', '-q', '--object-format=sha256');
    await put({ 'a.txt': 'a\n' }, origin);
    await commitAll(origin);
    await put({ 'a.txt': 'b\n' }, origin);
    await commitAll(origin);
    await git(root, 'clone', '-q', '--depth', '1', `file://${origin}`, workspace);
    await git(workspace, 'checkout', '-q', '--detach');
    const copy = await make();
    assert.equal(await git(copy.dir, 'rev-parse', 'HEAD'), await git(workspace, 'rev-parse', 'HEAD'));
    assert.equal((await git(copy.dir, 'log', '--format=%s')).split('\n').length, 1);
    assert.equal(await git(copy.dir, 'status', '--porcelain'), '');
  });

  it('is a fresh repository where there is no commit yet', async () => {
    await git(workspace, 'init', '-q', '-b', 'first');
    await put({ 'a.txt': 'a\n' });
    const copy = await make();
    assert.equal(await git(copy.dir, 'symbolic-ref', '--short', 'HEAD'), 'first');
    assert.equal(await git(copy.dir, 'status', '--porcelain'), '?? a.txt');
  });

  it('is plain files without a repository, and where the repository around is not about the workspace', async () => {
    await put({ 'a.txt': 'a\n' });
    const list = async () => ['a.txt', 'vanished.txt'];
    assert.deepEqual(await readdir((await make([], open(workspace, list))).dir), ['a.txt']);

    await put({ '.gitignore': '*\n' }, root);
    await git(root, 'init', '-q');
    assert.deepEqual(await readdir((await make([], open(workspace, list))).dir), ['a.txt']);
  });

  it('does not write through a link into a dependency folder', async () => {
    await put({ 'package.json': '{}', 'node_modules/dep/index.js': 'original', 'node_modules/dep/other.js': 'other' });
    const before = await fingerprint(workspace);
    const copy = await make(
      [
        { path: 'node_modules/dep/index.js', text: 'patched' },
        { path: 'node_modules/dep/gone/away.js', text: null },
      ],
      open(workspace, async () => ['package.json']),
    );
    assert.equal(await readFile(join(copy.dir, 'node_modules/dep/index.js'), 'utf8'), 'patched');
    assert.equal(await readFile(join(copy.dir, 'node_modules/dep/other.js'), 'utf8'), 'other');
    assert.deepEqual(await fingerprint(workspace), before);
  });

  it('links dependencies entry by entry, without the caches among them', async () => {
    await put({
      'package.json': '{}',
      'node_modules/dep/index.js': 'module.exports = 1',
      'node_modules/@scope/dep/index.js': 'module.exports = 2',
      'node_modules/.package-lock.json': '{}',
      'node_modules/.cache/x': 'cache',
      'node_modules/.vite/x': 'cache',
      'vendor/dep/dep.php': '',
      'packages/p/package.json': '{}',
      'packages/p/node_modules/nested/index.js': '',
      'target/node_modules/never/index.js': '',
    });
    const copy = await make(
      [],
      open(workspace, async () => ['package.json', 'packages/p/package.json']),
    );
    const isLink = async (path: string) => (await lstat(join(copy.dir, path))).isSymbolicLink();
    assert.deepEqual((await readdir(join(copy.dir, 'node_modules'))).sort(), ['.package-lock.json', '@scope', 'dep']);
    assert.deepEqual((await readdir(copy.dir)).sort(), ['node_modules', 'package.json', 'packages', 'vendor']);
    for (const path of [
      'node_modules/dep',
      'node_modules/@scope/dep',
      'vendor/dep',
      'packages/p/node_modules/nested',
    ]) {
      assert.ok(await isLink(path), path);
    }
    for (const path of ['node_modules', 'node_modules/@scope', 'node_modules/.package-lock.json', 'vendor']) {
      assert.ok(!(await isLink(path)), path);
    }
    const before = await fingerprint(workspace);
    await put({ 'node_modules/.cache/new': 'x', 'node_modules/.package-lock.json': 'changed' }, copy.dir);
    await copy.dispose();
    assert.deepEqual(await fingerprint(workspace), before);
  });

  it('lets the sources of the copy win over an editable install of the user', async function () {
    const python = posix ? 'python3' : 'python';
    const venv = await processes.run([python, '-m', 'venv', '--without-pip', '.venv'], {
      cwd: workspace,
      signal: NEVER,
      timeout: 60_000,
    });
    if (venv.exitCode !== 0) return this.skip();
    await put({ 'libs/thing.py': 'answer = "old"\n', 'src/other.py': 'answer = "old"\n' });
    const lib = join(workspace, '.venv', posix ? 'lib' : 'Lib');
    const version = posix ? ((await readdir(lib))[0] ?? '') : '';
    await writeFile(
      join(lib, version, 'site-packages', 'editable.pth'),
      `${join(workspace, 'libs')}\n${join(workspace, 'src')}\n`,
    );
    const changed = ['libs/thing.py', 'src/other.py'].map((path) => ({ path, text: 'answer = "new"\n' }));
    const copy = await make(
      changed,
      open(workspace, async () => ['libs/thing.py', 'src/other.py']),
    );
    const program = posix ? '.venv/bin/python' : '.venv\\Scripts\\python.exe';
    const result = await inCopy(copy, program, '-c', 'import thing, other; print(thing.answer, other.answer)');
    assert.equal(result.output.trim(), 'new new');
    assert.ok(copy.env.PYTHONPATH?.split(delimiter).every((path) => !path.startsWith(workspace)));
    assert.ok(!existsSync(join(workspace, 'libs/__pycache__')));
  });

  it('gives Cargo a target folder that no two copies use at once, and uses it again', async () => {
    const from = open(workspace, async () => ['Cargo.toml']);
    await put({ 'Cargo.toml': '' });
    const first = await make([], from);
    const second = await make([], from);
    const target = (copy: Copy) => copy.env.CARGO_TARGET_DIR ?? assert.fail('no target folder');
    assert.notEqual(target(first), target(second));
    await writeFile(join(target(first), 'built'), 'x');
    await first.dispose();
    const third = await make([], from);
    assert.ok(existsSync(join(target(third), 'built')));
    assert.ok(!existsSync(join(target(second), 'built')));
  });

  it('leaves nothing behind when it is aborted or fails, and removes what a crashed process left', async () => {
    await put({ 'a.txt': 'a\n' });
    const stop = new AbortController();
    const reason = new Error('stop');
    const aborted = open(workspace, async () => {
      stop.abort(reason);
      return ['a.txt'];
    });
    await assert.rejects(aborted.make([], stop.signal), (error) => error === reason);
    const failing = open(workspace, async () => {
      throw new Error('no list');
    });
    await assert.rejects(failing.make([], NEVER), /no list/);
    // No process has this id: it is above every system's limit.
    const abandoned = join(root, 'copies', 'copy-2000000000-abc');
    await mkdir(join(abandoned, 'locked'), { recursive: true });
    await writeFile(join(abandoned, 'locked', 'file'), '');
    await chmod(join(abandoned, 'locked'), 0o500);
    const copy = await make(
      [],
      open(workspace, async () => ['a.txt']),
    );
    const left = (await readdir(join(root, 'copies'))).filter((name) => name.startsWith('copy-'));
    assert.equal(left.length, 1);
    assert.ok(copy.dir.includes(left[0] ?? '?'));
  });

  it('has the files of submodules, of those in them too, and nothing of one that is not checked out', async () => {
    const allow = ['-c', 'protocol.file.allow=always'];
    for (const name of ['inner', 'outer', 'absent']) {
      await git(root, 'init', '-q', name);
      await put({ 'lib.txt': `${name}\n`, '.gitignore': 'ignored.txt\n' }, join(root, name));
      if (name === 'outer')
        await git(join(root, name), ...allow, 'submodule', '--quiet', 'add', join(root, 'inner'), 'deep');
      await commitAll(join(root, name));
    }
    await git(workspace, 'init', '-q');
    for (const name of ['outer', 'absent'])
      await git(workspace, ...allow, 'submodule', '--quiet', 'add', join(root, name), `libs/${name}`);
    await git(workspace, ...allow, 'submodule', '--quiet', 'update', '--init', '--recursive');
    await commitAll();
    await git(workspace, 'submodule', '--quiet', 'deinit', '-f', 'libs/absent');
    await put({ 'libs/outer/lib.txt': 'edited\n', 'libs/outer/new.txt': 'n', 'libs/outer/ignored.txt': 'i' });

    const copy = await make();
    const text = (path: string) => readFile(join(copy.dir, path), 'utf8');
    assert.equal(await text('libs/outer/lib.txt'), 'edited\n');
    assert.equal(await text('libs/outer/new.txt'), 'n');
    assert.equal(await text('libs/outer/deep/lib.txt'), 'inner\n');
    for (const path of ['libs/outer/ignored.txt', 'libs/outer/.git', 'libs/outer/deep/.git', 'libs/absent/lib.txt'])
      assert.ok(!existsSync(join(copy.dir, path)), path);
  });

  it('has files whose names are no UTF-8', async function () {
    if (process.platform !== 'linux') return skip(this, 'only Linux has such names');
    await git(workspace, 'init', '-q');
    const odd = (of: string, name: string) => Buffer.concat([Buffer.from(`${of}/`), Buffer.from(name, 'latin1')]);
    await mkdir(odd(workspace, 'd\xe9'));
    for (const name of ['caf\xe9 "x".txt', 'd\xe9/a.txt', 'ign\xe9.log']) await writeFile(odd(workspace, name), name);
    await put({ '.gitignore': '*.log\n', 'é.txt': 'fine' });
    await commitAll();
    await writeFile(odd(workspace, 'untracked\xff'), 'u');
    const copy = await make();
    for (const name of ['caf\xe9 "x".txt', 'd\xe9/a.txt'])
      assert.equal(await readFile(odd(copy.dir, name), 'utf8'), name);
    assert.equal(await readFile(odd(copy.dir, 'untracked\xff'), 'utf8'), 'u');
    assert.ok(!existsSync(odd(copy.dir, 'ign\xe9.log')));
    assert.equal(await git(copy.dir, 'status', '--porcelain'), '?? "untracked\\377"');
  });

  it('is refused where it would be too large, by the names of what is large, and leaves nothing', async () => {
    await git(workspace, 'init', '-q');
    await put({ 'data/big.bin': 'x'.repeat(3000), 'data/more.bin': 'x'.repeat(1000), 'src/a.txt': 'a', 'b.txt': 'b' });
    const bounded = (bounds: CopyBounds) =>
      openCopies({ workspace, list: () => gitFiles(workspace), dir: join(root, 'copies'), bounds, processes });
    const roomy = { files: 4, bytes: 4002, allBytes: 8004 };
    await assert.rejects(
      bounded({ ...roomy, bytes: 4001 }).make([], NEVER),
      /4 files and 1 MB, more than .* copies\.megabytes\. The largest: data\/ \(2 files and 1 MB\).*\.gitignore/,
    );
    await assert.rejects(bounded({ ...roomy, files: 3 }).make([], NEVER), /4 files .* more than the 3 files/);
    assert.deepEqual(await readdir(join(root, 'copies')), []);

    const [first] = [await make([], bounded(roomy)), await make([], bounded(roomy))];
    await assert.rejects(bounded(roomy).make([], NEVER), /other runs have 2 copies.*copies\.allMegabytes/);
    await first.dispose();
    await make([], bounded(roomy));
  });

  it('goes where the process that made it is dead, in the folders of all workspaces', async () => {
    const dead = (await execa('node', ['-e', 'console.log(process.pid)'])).stdout;
    await git(workspace, 'init', '-q');
    await put({ 'a.txt': 'a' });
    await put(
      { [`other/copy-${dead}-900-x/a.txt`]: 'a', [`other/copy-${process.pid}-90-y/a.txt`]: 'a' },
      join(root, 'all'),
    );
    const copies = openCopies({
      workspace,
      list: () => gitFiles(workspace),
      dir: join(root, 'all', 'own'),
      all: join(root, 'all'),
      bounds: { files: 9, bytes: 9, allBytes: 91 },
      processes,
    });
    await make([], copies);
    assert.deepEqual(await readdir(join(root, 'all', 'other')), [`copy-${process.pid}-90-y`]);
    await assert.rejects(copies.make([], NEVER), /copies\.allMegabytes/, 'those of other workspaces count');
  });

  it('shares its room with what test runners cache, which gives way where no copy uses it', async () => {
    await git(workspace, 'init', '-q');
    await put({ 'a.txt': 'a' });
    const all = join(root, 'all');
    const open = (name: string, allBytes: number) =>
      openCopies({
        workspace,
        list: () => gitFiles(workspace),
        dir: join(all, name),
        all,
        bounds: { files: 9, bytes: 9, allBytes },
        processes,
      });
    const first = await make([], open('one', 99));
    const cached = join(first.env.npm_config_cache ?? '', 'deep', 'package.tgz');
    await mkdir(dirname(cached), { recursive: true });
    await writeFile(cached, 'x'.repeat(50));
    await first.dispose();

    const using = await make([], open('one', 52));
    assert.ok(existsSync(cached), 'there is room for it');
    await assert.rejects(make([], open('other', 51)), /copies\.allMegabytes/, 'it is in use and counts');
    assert.ok(existsSync(cached));
    await using.dispose();
    await make([], open('other', 50));
    assert.ok(!existsSync(cached));
  });

  describe('of a monorepo', () => {
    const packages = {
      '.gitignore': 'node_modules\n',
      'packages/a/package.json': JSON.stringify({
        name: 'a',
        version: '1.0.0',
        type: 'module',
        scripts: { test: 'node test.js && b-tool' },
        dependencies: { b: '*', '@org/c': '*' },
      }),
      'packages/a/test.js': `import { b } from 'b'; import { c } from '@org/c'; console.log(b, c);\n`,
      'packages/b/package.json': JSON.stringify({
        name: 'b',
        version: '1.0.0',
        type: 'module',
        exports: './index.js',
        bin: { 'b-tool': './tool.js' },
      }),
      'packages/b/index.js': `export const b = 'old b';\n`,
      'packages/b/tool.js': `#!/usr/bin/env node\nconsole.log('old tool');\n`,
      'packages/c/package.json': JSON.stringify({
        name: '@org/c',
        version: '1.0.0',
        type: 'module',
        exports: './c.js',
      }),
      'packages/c/c.js': `export const c = 'old c';\n`,
    };
    const changes: FileState[] = [
      { path: 'packages/b/index.js', text: `export const b = 'new b';\n` },
      { path: 'packages/b/tool.js', text: `#!/usr/bin/env node\nconsole.log('new tool');\n` },
      { path: 'packages/c/c.js', text: `export const c = 'new c';\n` },
    ];

    beforeEach(async () => {
      await put(packages);
      await chmod(join(workspace, 'packages/b/tool.js'), 0o755);
      await git(workspace, 'init', '-q');
    });

    const seesTheChange = async (...argv: string[]) => {
      const before = await fingerprint(workspace);
      const copy = await make(changes);
      const result = await inCopy(copy, ...argv);
      assert.equal(result.exitCode, 0, result.output);
      assert.match(result.output, /^new b new c$/m);
      assert.match(result.output, /^new tool$/m);
      assert.deepEqual(await fingerprint(workspace), before);
      await copy.dispose();
      assert.deepEqual(await fingerprint(workspace), before);
    };

    it('sees the changed sibling with npm', async () => {
      await put({
        'package.json': JSON.stringify({
          private: true,
          workspaces: ['packages/*'],
          scripts: { test: 'npm test --workspace a' },
        }),
      });
      await execa('npm', ['install', '--offline', '--no-audit', '--no-fund'], { cwd: workspace });
      await commitAll();
      assert.ok((await lstat(join(workspace, 'node_modules/b'))).isSymbolicLink());
      await seesTheChange('npm', 'test');
    });

    it('sees the changed sibling with pnpm', async function () {
      this.timeout(180_000);
      const pnpm = await installedPnpm();
      if (pnpm === undefined) {
        console.log('      (skipped: pnpm could not be had from the npm registry)');
        return this.skip();
      }
      await put({
        'package.json': JSON.stringify({ private: true, scripts: { test: `node ${pnpm} --filter a test` } }),
        'pnpm-workspace.yaml': `packages: ['packages/*']\n`,
        'packages/a/package.json': packages['packages/a/package.json'].replaceAll('"*"', '"workspace:*"'),
      });
      await execa(process.execPath, [pnpm, 'install', '--offline'], { cwd: workspace });
      await commitAll();
      assert.ok((await lstat(join(workspace, 'packages/a/node_modules/b'))).isSymbolicLink());
      await seesTheChange(process.execPath, pnpm, 'test');
    });
  });
});

/** Every file that is tracked or could be, as the workspace port would list them; deleted ones absent. */
async function gitFiles(dir: string): Promise<string[]> {
  const { stdout } = await execa('git', ['ls-files', '-z', '-co', '--exclude-standard'], { cwd: dir });
  return [...new Set(stdout.split('\0'))].filter((path) => path !== '' && existsSync(join(dir, path)));
}

/** Everything below a folder, .git included: kind, mode, time of change and content. */
async function fingerprint(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const about = await lstat(path, { bigint: true });
    const content = entry.isSymbolicLink()
      ? await readlink(path)
      : entry.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : '';
    found[path] = `${about.mode} ${about.mtimeNs} ${content}`;
  }
  return found;
}

function withoutObjectTimes(found: Record<string, string>): Record<string, string> {
  const isObject = /[\\/]\.git[\\/]objects[\\/]/;
  return Object.fromEntries(
    Object.entries(found).map(([path, about]) => [path, isObject.test(path) ? about.replace(/ \d+ /, ' ') : about]),
  );
}

/** Path of pnpm's script, installed into a cache outside the repository; undefined where there is no registry. */
async function installedPnpm(): Promise<string | undefined> {
  const script = join(CACHE, 'pnpm-10', 'node_modules', 'pnpm', 'bin', 'pnpm.cjs');
  if (existsSync(script)) return script;
  await mkdir(join(CACHE, 'pnpm-10'), { recursive: true });
  const install = ['install', '--prefix', join(CACHE, 'pnpm-10'), '--no-audit', '--no-fund', 'pnpm@10'];
  const { exitCode } = await execa('npm', install, { reject: false, timeout: 120_000 });
  return exitCode === 0 && existsSync(script) ? script : undefined;
}
