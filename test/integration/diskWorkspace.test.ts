import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SearchQuery } from '../../src/core/ports.ts';
import { SearchError } from '../../src/core/tools/searchError.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { listByGit, listByWalk } from '../../src/node/fileList.ts';
import { findRepository } from '../../src/node/gitIgnore.ts';
import { resolveInside } from '../../src/node/paths.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';

const SENTINEL = 'outside-sentinel';
const posixOnly = process.platform === 'win32' ? it.skip : it;

describe('disk workspace', () => {
  let base: string;
  let root: string;

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'conclave-disk-')));
    root = join(base, 'workspace');
    await mkdir(root);
    await write({ '../outside.txt': SENTINEL, '../outside/deep/secret.txt': SENTINEL });
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  async function write(files: Record<string, string | Uint8Array>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  }

  function git(...args: string[]): string {
    const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', '-c', 'protocol.file.allow=always'];
    return execFileSync('git', [...identity, ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  const open = () => openDiskWorkspace(root, { ripgrep: findRipgrep() });
  const list = async () => (await open().list()).map(({ path }) => path);

  describe('paths', () => {
    it('lets files inside pass, whether they exist or not', async () => {
      await write({ 'src/a.ts': 'a' });
      for (const path of ['src/a.ts', './src/a.ts', 'src/../src/a.ts', 'src/new/b.ts', 'src/..b', 'a.ts/..', '', '.']) {
        const found = await resolveInside(root, path);
        assert.equal(found.kind, 'inside', path);
      }
      assert.deepEqual(await resolveInside(root, 'src/new/b.ts'), {
        kind: 'inside',
        absolute: join(root, 'src', 'new', 'b.ts'),
        path: 'src/new/b.ts',
      });
    });

    it('refuses every way out and never says where it would have led', async () => {
      await write({ 'src/a.ts': 'a', '.git/config': SENTINEL, '.conclave/config.json': '{}' });
      await symlink(join(base, 'outside.txt'), join(root, 'link.txt'));
      await symlink(join(base, 'outside'), join(root, 'linked'));
      await symlink(join(base, 'not-there-yet'), join(root, 'dangling'));
      await symlink('..', join(root, 'src', 'up'));
      await symlink('.git', join(root, 'g'));
      await symlink('circle', join(root, 'circle'));
      const hostile = [
        '../outside.txt',
        'src/../../outside.txt',
        'a/b/../../../outside.txt',
        '..\\outside.txt',
        join(base, 'outside.txt'),
        '/etc/passwd',
        'C:\\Windows\\win.ini',
        'C:win.ini',
        '\\\\server\\share\\f',
        '//server/share/f',
        'src/a.ts\0.png',
        'link.txt',
        'linked/deep/secret.txt',
        'linked/new.txt',
        'linked/new/deeper.txt',
        'dangling',
        'dangling/x',
        'src/up/linked/deep/secret.txt',
        '.git/config',
        '.GIT/config',
        'src/.git/config',
        '.git. /config',
        'g/config',
        '.conclave/config.json',
        'circle',
        'circle/x',
      ];
      for (const path of hostile) {
        const found = await resolveInside(root, path);
        assert.equal(found.kind, 'forbidden', path);
        assert.ok(found.kind === 'forbidden' && !found.reason.includes(base), `${path}: ${JSON.stringify(found)}`);
        assert.equal((await open().read(path)).kind, 'forbidden', path);
      }
      assert.equal((await open().read('src/up/src/a.ts')).kind, 'text', 'a link that stays inside is fine');
      assert.equal((await open().read('src/up/../../outside.txt')).kind, 'missing', '".." undoes a name, not a link');
    });

    it('names the folder when the workspace itself is gone', async () => {
      await rm(root, { recursive: true });
      await assert.rejects(open().read('a'), /workspace folder .* cannot be opened/);
      await assert.rejects(open().list(), /workspace folder .* cannot be opened/);
    });
  });

  describe('read', () => {
    it('gives text exactly as it is, with the hash of its bytes', async () => {
      const text = '\uFEFFgrüße\r\n世界 🎉\r\n';
      await write({ 'bom.txt': text, 'empty.txt': '' });
      assert.deepEqual(await open().read('bom.txt'), {
        kind: 'text',
        text,
        hash: createHash('sha256').update(Buffer.from(text)).digest('hex'),
      });
      assert.equal((await open().read('empty.txt')).kind, 'text');
    });

    it('tells binary, too large, directory and missing apart', async () => {
      await write({
        'nul.txt': 'a\0b',
        'latin1.txt': Buffer.from('caf\xe9', 'latin1'),
        'paper.pdf': '%PDF-1.4\nplain letters only\n',
        'limit.txt': 'x'.repeat(2 * 1024 * 1024),
        'over.txt': 'x'.repeat(2 * 1024 * 1024 + 1),
        'd/f': '',
      });
      const kinds: Record<string, string> = {
        'nul.txt': 'binary',
        'latin1.txt': 'binary',
        'paper.pdf': 'binary',
        'limit.txt': 'text',
        'over.txt': 'tooLarge',
        d: 'directory',
        '.': 'directory',
        none: 'missing',
        'd/f/below-a-file': 'missing',
      };
      for (const [path, kind] of Object.entries(kinds)) assert.equal((await open().read(path)).kind, kind, path);
    });

    posixOnly('does not wait for a pipe', async () => {
      execFileSync('mkfifo', [join(root, 'pipe')]);
      const found = await open().read('pipe');
      assert.ok(found.kind === 'forbidden' && /pipe/.test(found.reason));
    });
  });

  describe('list', () => {
    const TREE = {
      '.gitignore': '*.log\n!keep.log\n/build/\ndeep/*\n!deep/ok.txt\nsecret\\ name\n# comment\n*.tmp  \r\n\\#hash\n',
      'a.log': '',
      'keep.log': '',
      'build/out.js': '',
      'pkg/build/kept.js': '',
      'deep/no.txt': '',
      'deep/ok.txt': '',
      'secret name': '',
      'x.tmp': '',
      '#hash': '',
      'pkg/.gitignore': '!important.log\n/local\nsub/only\n*.gen.*\n!build/\n',
      'pkg/important.log': '',
      'pkg/other.log': '',
      'pkg/local': '',
      'pkg/deeper/local': '',
      'pkg/sub/only': '',
      'pkg/deeper/sub/only': '',
      'pkg/x/y/z.gen.ts': '',
      'again/.gitignore': 'out/\n',
      'again/out/file': '',
      'again/[odd]*/.gitignore': 'mine\n',
      'again/[odd]*/mine': '',
      'again/[odd]*/yours': '',
      'again/o/mine': '',
      'node_modules/dep/index.js': '',
      'pkg/node_modules/dep/index.js': '',
      'with space.txt': '',
      'grüße/世界🎉.txt': '',
      'new\nline.txt': '',
      'quote\'"s.txt': '',
      '.hidden/file': '',
      '.conclave/config.json': '{}',
      'excluded-by-info.txt': '',
    };

    it('is the same by git and by a walk: nested rules, negations, odd names, tracked and untracked', async () => {
      git('init', '-q');
      await write(TREE);
      await write({ '.git/info/exclude': 'excluded-by-info.txt\n' });
      git('add', 'pkg', 'keep.log', 'with space.txt');
      git('commit', '-qm', 'some');
      await write({ 'pkg/gone.txt': '' });
      git('add', 'pkg/gone.txt');
      await rm(join(root, 'pkg/gone.txt'));
      await symlink('keep.log', join(root, 'inside-link'));
      await symlink('pkg', join(root, 'folder-link'));
      await symlink(join(base, 'outside.txt'), join(root, 'outside-link'));

      const byGit = (await listByGit(root, []))?.files;
      const byWalk = await listByWalk(root, await findRepository(root), []);
      assert.deepEqual(byWalk.files, byGit);
      const paths = byGit?.map(({ path }) => path) ?? [];
      assert.deepEqual(paths, [
        '.gitignore',
        '.hidden/file',
        'again/.gitignore',
        'again/[odd]*/.gitignore',
        'again/[odd]*/yours',
        'again/o/mine',
        'deep/ok.txt',
        'grüße/世界🎉.txt',
        'inside-link',
        'keep.log',
        'new\nline.txt',
        'pkg/.gitignore',
        'pkg/build/kept.js',
        'pkg/deeper/local',
        'pkg/deeper/sub/only',
        'pkg/important.log',
        'quote\'"s.txt',
        'with space.txt',
      ]);
      assert.deepEqual(await list(), paths);
    });

    it('goes by .gitignore without any repository, and leaves node_modules out unasked', async () => {
      await write(TREE);
      const paths = await list();
      assert.ok(paths.includes('excluded-by-info.txt') && paths.includes('deep/ok.txt'));
      for (const path of ['a.log', 'node_modules/dep/index.js', '.conclave/config.json', 'again/out/file']) {
        assert.ok(!paths.includes(path), path);
      }
    });

    it("neither lists, searches nor reads Conclave's own folders in it", async () => {
      const own = ['.data [x]/store', 'out'];
      await write({ '.data [x]/store/run/1.jsonl': 'needle', '.data [x]/mine.txt': 'needle', 'out/a.txt': 'needle' });
      await write({ 'outer/a.txt': 'needle' });
      if (process.platform !== 'win32') await symlink('out/a.txt', join(root, 'link.txt'));
      for (const isRepository of [false, true]) {
        if (isRepository) git('init', '-q');
        for (const ripgrep of [findRipgrep(), undefined]) {
          const workspace = openDiskWorkspace(root, { ripgrep, own });
          assert.deepEqual(
            (await workspace.list()).map(({ path }) => path),
            ['.data [x]/mine.txt', 'outer/a.txt'],
          );
          const query = { pattern: 'needle', regex: false, caseSensitive: true, wholeWord: false, limit: 10 };
          assert.deepEqual(
            (await workspace.search(query)).map(({ path }) => path),
            ['.data [x]/mine.txt', 'outer/a.txt'],
          );
          await assert.rejects(workspace.search({ ...query, under: ['out'] }), /Conclave's own data/);
          assert.equal((await workspace.read('out/a.txt')).kind, 'forbidden');
          assert.equal((await workspace.read('.data [x]/store/run/1.jsonl')).kind, 'forbidden');
          assert.equal((await workspace.read('outer/a.txt')).kind, 'text');
        }
      }
    });

    it('leaves out submodules, other repositories and what lies behind a link that replaced a folder', async () => {
      git('init', '-q');
      await write({ 'own.txt': '', 'was/folder.txt': '' });
      git('add', '.');
      git('commit', '-qm', 'one');
      git('init', '-q', 'nested');
      await write({ 'nested/f.txt': '' });
      git('init', '-q', join(base, 'library'));
      execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@t', 'commit', '-q', '--allow-empty', '-m', 'x'], {
        cwd: join(base, 'library'),
      });
      git('submodule', '--quiet', 'add', join(base, 'library'), 'sub');
      await write({ 'sub/f.txt': '' });
      await rm(join(root, 'was'), { recursive: true });
      await write({ '../outside/folder.txt': SENTINEL });
      await symlink(join(base, 'outside'), join(root, 'was'));

      assert.deepEqual(await list(), ['.gitmodules', 'own.txt']);
      const byWalk = await listByWalk(root, await findRepository(root), []);
      assert.deepEqual(
        byWalk.files.map(({ path }) => path),
        ['.gitmodules', 'own.txt'],
      );
    });

    it('takes the rules of a repository around the workspace, unless that one ignores it whole', async () => {
      execFileSync('git', ['init', '-q'], { cwd: base });
      await write({ '../.gitignore': '*.log\n/workspace/private/\n', 'a.log': '', 'private/x': '', 'b.txt': 'needle' });
      const byWalk = await listByWalk(root, await findRepository(root), []);
      assert.deepEqual(
        byWalk.files.map(({ path }) => path),
        ['b.txt'],
      );
      assert.deepEqual(await list(), ['b.txt']);

      await write({ '../.gitignore': '*\n' });
      assert.deepEqual(await list(), ['a.log', 'b.txt', 'private/x']);
      const found = await open().search({
        pattern: 'needle',
        regex: false,
        caseSensitive: true,
        wholeWord: false,
        limit: 9,
      });
      assert.equal(found.length, 1);
    });

    it('works in a linked working tree and never writes to .git', async () => {
      git('init', '-q');
      await write({ 'a.txt': 'a', 'b.txt': 'b' });
      git('add', '.');
      git('commit', '-qm', 'one');
      const main = root;
      git('worktree', 'add', '-q', join(base, 'tree'));
      await write({ '.git/info/exclude': 'hidden-here\n' });
      root = join(base, 'tree');
      await write({ 'hidden-here': '', 'c.txt': '' });
      // A changed time stamp is what makes git refresh its index when it may.
      await utimes(join(root, 'a.txt'), 1, 1);
      const before = await snapshot(join(main, '.git'));
      assert.deepEqual(await list(), ['a.txt', 'b.txt', 'c.txt']);
      const byWalk = await listByWalk(root, await findRepository(root), []);
      assert.deepEqual(
        byWalk.files.map(({ path }) => path),
        ['a.txt', 'b.txt', 'c.txt'],
      );
      assert.deepEqual(await snapshot(join(main, '.git')), before);
    });

    it('stops when it is told to', async () => {
      git('init', '-q');
      await write({ 'a.txt': 'a' });
      await assert.rejects(open().list(AbortSignal.abort(new Error('enough'))), /enough/);
      await assert.rejects(listByWalk(root, undefined, [], AbortSignal.abort(new Error('enough'))), /enough/);
    });
  });

  describe('search', () => {
    const query = (pattern: string, more: Partial<SearchQuery> = {}): SearchQuery => ({
      pattern,
      regex: false,
      caseSensitive: true,
      wholeWord: false,
      limit: 1000,
      ...more,
    });

    beforeEach(async () => {
      git('init', '-q');
      await write({
        '.gitignore': 'ignored/\n*.forced\n',
        '.ignore': 'src\n',
        'src/a.ts': 'const Needle = 1;\nneedle();\nneedles();\n$needle\n',
        'src/b/c.ts': 'x\r\nneedle\r\nend needle',
        'src-other.ts': '(needle) [a-z]+ "needle-case"\n',
        '.hidden/h.txt': 'needle',
        '.conclave/notes.txt': 'needle',
        'ignored/i.txt': 'needle',
        'tracked.forced': 'a needle though ignored',
        'node_modules/d/i.js': 'needle',
        'binary.dat': 'needle\n\0',
        'latin1.txt': Buffer.from('caf\xe9 needle\n', 'latin1'),
        'umlaut.txt': 'Übung übung\nüberneedle needleß\n',
        'long.txt': `needle ${'x'.repeat(2000)}\n`,
        'huge.txt': `needle${' '.repeat(2 * 1024 * 1024)}`,
        '-rf/--files': 'needle',
        'new\nline.txt': 'needle',
      });
      await symlink('src', join(root, 'link'));
      await symlink('a.ts', join(root, 'src', 'link.ts'));
      await symlink(join(base, 'outside.txt'), join(root, 'out'));
      git('add', '-f', 'tracked.forced', 'src');
    });

    const QUERIES: Record<string, SearchQuery> = {
      literal: query('needle'),
      'any case': query('NEEDLE', { caseSensitive: false }),
      'any case, not ASCII': query('ÜBUNG', { caseSensitive: false }),
      'whole word': query('needle', { wholeWord: true }),
      'whole word beside letters that are not ASCII': query('ber', { wholeWord: true }),
      'signs are literal': query('(needle) [a-z]+'),
      regex: query('^(const|end) [Nn]eedle\\b', { regex: true }),
      'regex at the line end': query('needle$', { regex: true }),
      'escapes of Rust': query('\\"needle\\-case\\"', { regex: true }),
      'whole word regex': query('nee[a-z]+', { regex: true, wholeWord: true }),
      'a folder': query('needle', { under: ['src'] }),
      'folders and files, some twice': query('needle', { under: ['src/b', './src/', 'src/a.ts', 'src-other.ts'] }),
      'a folder with a name like an option': query('needle', { under: ['-rf'] }),
      'links lead to nothing': query('needle', { under: ['link', 'src/link.ts'] }),
      'what is ignored': query('needle', { under: ['ignored', 'node_modules'] }),
      'what is not there': query('needle', { under: ['nowhere'] }),
      'a pattern like an option': query('--files'),
      nothing: query('no such thing'),
      'a limit': query('needle', { limit: 4 }),
      'a limit of one': query('e', { limit: 1 }),
    };

    it('finds ripgrep', () => assert.ok(findRipgrep()));

    for (const [name, asked] of Object.entries(QUERIES)) {
      it(`is the same with ripgrep and without: ${name}`, async () => {
        const fast = await open().search(asked);
        const plain = await openDiskWorkspace(root, { ripgrep: undefined }).search(asked);
        assert.deepEqual(plain, fast);
        assert.ok(fast.length <= asked.limit);
        const isEmpty = /^(no such|--files|ber)/.test(asked.pattern) || /^(links|what is)/.test(name);
        assert.equal(fast.length === 0, isEmpty, `${fast.length} matches`);
      });
    }

    it('finds what is tracked or hidden, and nothing ignored, binary, huge, linked or outside', async () => {
      const found = await open().search(query('needle'));
      assert.deepEqual(
        [...new Set(found.map(({ path }) => path))],
        [
          '-rf/--files',
          '.hidden/h.txt',
          'latin1.txt',
          'long.txt',
          'new\nline.txt',
          'src-other.ts',
          'src/a.ts',
          'src/b/c.ts',
          'tracked.forced',
          'umlaut.txt',
        ],
      );
      assert.deepEqual(
        found.filter(({ path }) => path === 'src/b/c.ts'),
        [
          { path: 'src/b/c.ts', line: 2, text: 'needle' },
          { path: 'src/b/c.ts', line: 3, text: 'end needle' },
        ],
      );
      assert.equal(found.find(({ path }) => path === 'long.txt')?.text.length, 500);
    });

    for (const ripgrep of [findRipgrep(), undefined]) {
      const way = ripgrep ? 'ripgrep' : 'plain';
      it(`says what is wrong with a query (${way})`, async () => {
        const workspace = openDiskWorkspace(root, { ripgrep });
        await assert.rejects(workspace.search(query('a(b', { regex: true })), SearchError);
        await assert.rejects(workspace.search(query('')), SearchError);
        await assert.rejects(workspace.search(query('a\nb')), SearchError);
        await assert.rejects(workspace.search(query('x', { under: ['../outside'] })), (error) => {
          assert.ok(error instanceof SearchError && !error.message.includes(base));
          return true;
        });
      });

      it(`stops when it is told to (${way})`, async () => {
        const workspace = openDiskWorkspace(root, { ripgrep });
        await assert.rejects(workspace.search(query('e'), AbortSignal.abort(new Error('enough'))), /enough/);
        const abort = new AbortController();
        const searching = workspace.search(query('e'), abort.signal);
        abort.abort(new Error('enough'));
        await assert.rejects(searching, /enough/);
      });
    }

    it('says so when ripgrep cannot be started', async () => {
      const workspace = openDiskWorkspace(root, { ripgrep: join(base, 'no-rg') });
      await assert.rejects(workspace.search(query('needle')), /ripgrep did not start/);
    });
  });
});

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
