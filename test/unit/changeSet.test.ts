import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import type { SettledBlock } from '../../src/core/changes/block.ts';
import {
  applyBlock,
  type BlockOutcome,
  type ChangeSet,
  emptyChangeSet,
  fileStates,
  integrate,
  ownChanges,
  sameChanges,
  withStates,
} from '../../src/core/changes/changeSet.ts';
import { createEditBlockParser } from '../../src/core/changes/editBlocks.ts';
import { settleBlock } from '../../src/core/changes/guessedPath.ts';
import { hashText } from '../../src/core/changes/hash.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import { patchText, proposeFiles } from '../../src/core/changes/proposal.ts';
import { searchPattern } from '../../src/core/changes/searchPattern.ts';
import type { FileContent, SearchQuery, Workspace } from '../../src/core/ports.ts';
import { SearchError } from '../../src/core/tools/searchError.ts';

/** A workspace in memory. A value that is no string is what reading the file gives. */
function workspace(files: Record<string, string | FileContent>): Workspace {
  const texts = Object.entries(files).flatMap(([path, file]): [string, string][] =>
    typeof file === 'string' ? [[path, file]] : [],
  );
  return {
    root: '/work',
    read: async (path) => {
      const file = files[path];
      if (typeof file === 'string') return { kind: 'text', text: file, hash: hashText(file) };
      if (file) return file;
      return { kind: Object.keys(files).some((other) => other.startsWith(`${path}/`)) ? 'directory' : 'missing' };
    },
    list: async () =>
      texts.map(([path, text]) => ({ path, bytes: text.length })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    search: async (query) => {
      const pattern = searchPattern(query);
      return texts
        .flatMap(([path, text]) => text.split('\n').map((line, i) => ({ path, line: i + 1, text: line })))
        .filter(({ text }) => pattern.test(text))
        .slice(0, query.limit);
    },
  };
}

const edit = (path: string, search: string[], replace: string[]): SettledBlock => ({
  kind: 'edit',
  path,
  search,
  replace,
  explanation: '',
});
const whole = (path: string, text: string): SettledBlock => ({ kind: 'whole', path, text });
const create = (path: string, ...replace: string[]): SettledBlock => edit(path, [], replace);
const remove = (path: string): SettledBlock => ({ kind: 'delete', path });
const rename = (from: string, to: string): SettledBlock => ({ kind: 'rename', from, to });

async function outcomes(base: Workspace, start: ChangeSet, blocks: readonly SettledBlock[]): Promise<BlockOutcome[]> {
  let changes = start;
  const all: BlockOutcome[] = [];
  for (const block of blocks) {
    const outcome = await applyBlock(changes, block, base);
    if (outcome.kind === 'applied') changes = outcome.changes;
    all.push(outcome);
  }
  return all;
}

/** The change set after all blocks, each of which must apply. */
async function changedBy(base: Workspace, start: ChangeSet, ...blocks: SettledBlock[]): Promise<ChangeSet> {
  let changes = start;
  for (const outcome of await outcomes(base, start, blocks)) {
    assert.equal(outcome.kind, 'applied', JSON.stringify(outcome));
    if (outcome.kind === 'applied') changes = outcome.changes;
  }
  return changes;
}

/** Why the last block was refused. */
async function refusal(base: Workspace, ...blocks: SettledBlock[]): Promise<string> {
  const outcome = (await outcomes(base, emptyChangeSet, blocks)).at(-1);
  assert.equal(outcome?.kind, 'rejected', JSON.stringify(outcome));
  return outcome?.kind === 'rejected' ? outcome.reason : '';
}

const textOf = (changes: ChangeSet, path: string) => changes.files.get(path)?.text;

describe('applyBlock', () => {
  const files = { 'src/a.ts': 'one\ntwo\n', 'win.txt': '\uFEFFone\r\ntwo', 'lib/b.ts': 'bee\n' };
  const base = workspace(files);

  it('tells what it did, and the base of a file only the first time', async () => {
    const [first, second] = await outcomes(base, emptyChangeSet, [
      edit('./src/a.ts', ['one'], ['1', '1b']),
      edit('src/a.ts', ['two'], []),
    ]);
    assert.ok(first?.kind === 'applied' && second?.kind === 'applied');
    const { changes, ...told } = first;
    assert.deepEqual(told, {
      kind: 'applied',
      path: 'src/a.ts',
      action: 'modify',
      added: 2,
      removed: 1,
      state: { path: 'src/a.ts', text: '1\n1b\ntwo\n' },
      based: { path: 'src/a.ts', text: 'one\ntwo\n', hash: hashText('one\ntwo\n') },
    });
    assert.equal(second.based, undefined);
    assert.equal(textOf(second.changes, 'src/a.ts'), '1\n1b\n');
    assert.equal(textOf(changes, 'src/a.ts'), '1\n1b\ntwo\n', 'an earlier value never changes');
  });

  it('creates, also an empty file, appends in parts, and deletes', async () => {
    const created = await changedBy(
      base,
      emptyChangeSet,
      create('src/new.ts', 'a'),
      { kind: 'append', path: 'src/new.ts', lines: ['', 'b'] },
      create('src/__init__.py'),
    );
    assert.equal(textOf(created, 'src/new.ts'), 'a\n\nb\n');
    assert.equal(textOf(created, 'src/__init__.py'), '');
    const appended = await changedBy(base, emptyChangeSet, { kind: 'append', path: 'win.txt', lines: ['three'] });
    assert.equal(textOf(appended, 'win.txt'), '\uFEFFone\r\ntwo\r\nthree');
    assert.equal(textOf(await changedBy(base, emptyChangeSet, remove('src/a.ts')), 'src/a.ts'), null);
  });

  it('drops files that are as they were', async () => {
    assert.equal((await changedBy(base, emptyChangeSet, create('x.ts', 'a'), remove('x.ts'))).files.size, 0);
    assert.equal(
      (await changedBy(base, emptyChangeSet, edit('src/a.ts', ['one'], ['1']), edit('src/a.ts', ['1'], ['one']))).files
        .size,
      0,
    );
    assert.equal(
      (await changedBy(base, emptyChangeSet, rename('src/a.ts', 'c.ts'), rename('c.ts', 'src/a.ts'))).files.size,
      0,
    );
  });

  it('refuses what is no text file, with a sentence to act on', async () => {
    const odd = workspace({
      'logo.png': { kind: 'binary', bytes: 3, hash: 'x' },
      'big.sql': { kind: 'tooLarge', bytes: 9_000_000 },
      'link.ts': { kind: 'forbidden', reason: 'it leads outside the workspace' },
      'latin.txt': { kind: 'text', text: 'caf\uFFFD', hash: hashText('other bytes') },
      'src/a.ts': 'a\n',
    });
    assert.match(await refusal(odd, remove('logo.png')), /logo\.png is a binary file/);
    assert.match(await refusal(odd, whole('big.sql', 'x')), /too large \(9000000 bytes\)/);
    assert.match(await refusal(odd, create('link.ts', 'x')), /cannot be changed: it leads outside/);
    assert.match(await refusal(odd, edit('latin.txt', ['caf\uFFFD'], ['x'])), /not plain UTF-8/);
    assert.match(await refusal(odd, create('src', 'x')), /src is a folder/);
    assert.match(await refusal(odd, whole('n.bin', 'a\0b')), /NUL/);
    assert.match(await refusal(odd, { kind: 'malformed', reason: 'cut off', excerpt: '' }), /cut off/);
  });

  it('refuses paths that lead elsewhere', async () => {
    const refused: [string, RegExp][] = [
      ['/etc/passwd', /absolute/],
      ['C:\\x.ts', /absolute/],
      ['~/x.ts', /absolute/],
      ['src/../../x.ts', /"\.\."/],
      ['.git/hooks/pre-commit', /off limits/],
      ['sub\\.GIT\\config', /off limits/],
      ['.conclave/config.json', /off limits/],
      ['src/', /names no file/],
      ['a\u0007.ts', /control character/],
    ];
    for (const [path, pattern] of refused) {
      assert.match(await refusal(base, create(path, 'x')), pattern, path);
      assert.match(await refusal(base, rename('src/a.ts', path)), pattern, path);
    }
    assert.equal(textOf(await changedBy(base, emptyChangeSet, create('src\\.//x.ts', 'x')), 'src/x.ts'), 'x\n');
  });

  it('says where a missing file may be, and what a missed SEARCH is nearest to', async () => {
    assert.match(
      await refusal(base, edit('a.ts', ['one'], ['x'])),
      /a\.ts does not exist\. Did you mean src\/a\.ts\? To create it/,
    );
    assert.match(
      await refusal(base, remove('src/a.ts'), edit('src/a.ts', ['one'], ['x'])),
      /does not exist\. To create/,
    );
    assert.match(
      await refusal(base, edit('src/a.ts', ['one', 'three'], ['x'])),
      /not found.*nearest now are lines 1 to 2:\none\ntwo$/s,
    );
    assert.match(await refusal(base, create('src/a.ts', 'x')), /SEARCH is empty, but src\/a\.ts has 2 lines/);
  });

  it('refuses a file where a folder is, in the workspace or in the changes', async () => {
    assert.match(await refusal(base, create('src/a.ts/x.ts', 'x')), /src\/a\.ts is a file/);
    assert.match(await refusal(base, create('n/x.ts', 'x'), create('n', 'x')), /one would be a folder/);
    assert.match(await refusal(base, create('n', 'x'), create('n/x.ts', 'x')), /one would be a folder/);
    const moved = await changedBy(base, emptyChangeSet, rename('lib/b.ts', 'lib/b.ts/index.ts'));
    assert.deepEqual(
      fileStates(moved).map(({ path }) => path),
      ['lib/b.ts', 'lib/b.ts/index.ts'],
    );
  });

  it('renames: never onto a file, through several names, and no further than the truth', async () => {
    assert.match(await refusal(base, rename('src/a.ts', 'lib/b.ts')), /lib\/b\.ts exists already/);
    assert.match(await refusal(base, rename('src/a.ts', './src/a.ts')), /already has that name/);
    assert.match(await refusal(base, rename('nope.ts', 'x.ts')), /nope\.ts does not exist/);
    const [renamed] = await outcomes(base, emptyChangeSet, [rename('src/a.ts', 'c.ts')]);
    assert.ok(renamed?.kind === 'applied');
    assert.deepEqual(
      [renamed.action, renamed.from, renamed.path, renamed.based?.path],
      ['rename', 'src/a.ts', 'c.ts', 'src/a.ts'],
    );
    const twice = await changedBy(base, renamed.changes, edit('c.ts', ['one'], ['1']), rename('c.ts', 'd.ts'));
    assert.deepEqual(fileStates(twice), [
      { path: 'd.ts', text: '1\ntwo\n', from: 'src/a.ts' },
      { path: 'src/a.ts', text: null },
    ]);
    const again = await changedBy(base, twice, create('src/a.ts', 'new'));
    assert.deepEqual(fileStates(again), [
      { path: 'd.ts', text: '1\ntwo\n' },
      { path: 'src/a.ts', text: 'new\n' },
    ]);
  });

  it('keeps a file’s line ends, BOM, final newline and tabs when it is written whole', async () => {
    const tabs = workspace({
      'm.go': 'f {\n\tif x {\n\t\ty\n\t}\n}\n',
      'win.txt': files['win.txt'],
      'mixed.txt': 'a\r\nb\nc\r\n',
    });
    const write = async (path: string, text: string) =>
      textOf(await changedBy(tabs, emptyChangeSet, whole(path, text)), path);
    assert.equal(await write('win.txt', 'one\nthree\n'), '\uFEFFone\r\nthree');
    assert.equal(
      await write('m.go', 'f {\n    if z {\n        y\n         // odd\n    }\n}'),
      'f {\n\tif z {\n\t\ty\n\t\t // odd\n\t}\n}\n',
    );
    assert.equal(await write('mixed.txt', 'a\nB\nc\nd'), 'a\r\nB\nc\r\nd\r\n');
    assert.equal(
      textOf(await changedBy(tabs, emptyChangeSet, remove('win.txt'), whole('win.txt', 'x\ny')), 'win.txt'),
      '\uFEFFx\r\ny',
    );
    assert.equal(await write('new.txt', 'x\r\ny'), 'x\ny\n');
    assert.match(await refusal(tabs, whole('win.txt', 'one\ntwo\n')), /already reads like that/);
  });

  it('refuses a rewrite that loses most of a long file, unless it was deleted first', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`);
    const long = workspace({ 'long.txt': `${lines.join('\n')}\n` });
    const short = whole('long.txt', `${lines.slice(0, 20).join('\n')}\n# … rest unchanged …\n`);
    assert.match(await refusal(long, short), /drop 40 of the 60 lines of long\.txt.*DELETE long\.txt first/);
    assert.ok(
      textOf(await changedBy(long, emptyChangeSet, remove('long.txt'), short), 'long.txt')?.includes('unchanged'),
    );
    await changedBy(long, emptyChangeSet, whole('long.txt', lines.slice(0, 30).join('\n')));
    await changedBy(workspace({ 's.txt': lines.slice(0, 50).join('\n') }), emptyChangeSet, whole('s.txt', 'x'));
  });
});

describe('change sets', () => {
  const base = workspace({ 'a.ts': 'a\n', 'b.ts': 'b\n', 'c.ts': 'c\n' });
  const baseOf = (path: string) => ({ 'a.ts': 'a\n', 'b.ts': 'b\n', 'c.ts': 'c\n' })[path];
  const recorded = (path: string) => {
    const text = baseOf(path);
    return text === undefined ? undefined : { text, hash: hashText(text) };
  };
  const to = (path: string, text: string): SettledBlock => edit(path, [path.slice(0, 1)], [text]);

  it('are rebuilt from recorded states, whatever happened', async () => {
    const block = fc.oneof(
      fc
        .constantFrom('a.ts', 'b.ts', 'c.ts', 'd.ts', 'e/f.ts')
        .chain((path) => fc.constantFrom(whole(path, 'x\n'), whole(path, 'y\n'), remove(path))),
      fc
        .tuple(fc.constantFrom('a.ts', 'b.ts', 'd.ts'), fc.constantFrom('a.ts', 'c.ts', 'd.ts', 'g.ts'))
        .map(([from, name]) => rename(from, name)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(block, { maxLength: 8 }), fc.array(block, { maxLength: 8 }), async (before, then) => {
        const end = (start: ChangeSet, all: BlockOutcome[]) =>
          all.reduce((changes, one) => (one.kind === 'applied' ? one.changes : changes), start);
        const first = await outcomes(base, emptyChangeSet, before);
        const start = end(emptyChangeSet, first);
        const result = end(start, await outcomes(base, start, then));
        assert.deepEqual(fileStates(withStates(emptyChangeSet, fileStates(result), recorded)), fileStates(result));
        assert.deepEqual(fileStates(withStates(start, ownChanges(start, result), recorded)), fileStates(result));
        const states = first.flatMap((one) => (one.kind === 'applied' ? [one.state] : []));
        assert.deepEqual(fileStates(withStates(emptyChangeSet, states, recorded)), fileStates(start));
        assert.deepEqual(integrate(start, start, result), { kind: 'merged', changes: result });
        assert.equal(sameChanges(start, result), ownChanges(start, result).length === 0);
        for (const { path, from, text } of fileStates(result)) {
          assert.notEqual(text, baseOf(path) ?? null);
          if (from !== undefined) assert.equal(textOf(result, from), null);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('say what one of them changed', async () => {
    const start = await changedBy(base, emptyChangeSet, to('a.ts', '1'), create('n.ts', 'n'));
    const end = await changedBy(base, start, edit('a.ts', ['1'], ['a']), remove('n.ts'), to('b.ts', '2'));
    assert.deepEqual(ownChanges(start, end), [
      { path: 'a.ts', text: 'a\n' },
      { path: 'b.ts', text: '2\n' },
      { path: 'n.ts', text: null },
    ]);
    assert.equal(sameChanges(start, end), false);
    assert.equal(sameChanges(start, start), true);
  });

  it('merge where they touch different files, or came to the same', async () => {
    const one = await changedBy(base, emptyChangeSet, to('a.ts', '1'), to('c.ts', '3'), rename('b.ts', 'd.ts'));
    const two = await changedBy(base, emptyChangeSet, to('c.ts', '3'), create('n.ts', 'n'));
    const merged = integrate(one, emptyChangeSet, two);
    assert.ok(merged.kind === 'merged');
    assert.deepEqual(
      fileStates(merged.changes).map(({ path, from }) => from ?? path),
      ['a.ts', 'b.ts', 'c.ts', 'b.ts', 'n.ts'],
    );
  });

  it('collide where a file is no longer what a subtask started from', async () => {
    const start = await changedBy(base, emptyChangeSet, to('a.ts', '1'));
    const mine = await changedBy(base, start, edit('a.ts', ['1'], ['mine']), to('b.ts', 'mine'));
    const theirs = await changedBy(base, start, edit('a.ts', ['1'], ['theirs']), remove('b.ts'));
    assert.deepEqual(integrate(theirs, start, mine), { kind: 'collided', paths: ['a.ts', 'b.ts'] });
    const back = await changedBy(base, start, edit('a.ts', ['1'], ['a']));
    assert.deepEqual(integrate(back, start, mine), { kind: 'collided', paths: ['a.ts'] });
  });

  it('collide where one has a file and the other a folder of that name', async () => {
    const file = await changedBy(base, emptyChangeSet, create('n', 'x'));
    const folder = await changedBy(base, emptyChangeSet, create('n/x.ts', 'x'));
    assert.deepEqual(integrate(file, emptyChangeSet, folder), { kind: 'collided', paths: ['n/x.ts'] });
    assert.deepEqual(integrate(folder, emptyChangeSet, file), { kind: 'collided', paths: ['n'] });
  });
});

describe('overlay', () => {
  const base = workspace({
    'a.ts': 'find me\nother\n',
    'b.ts': 'find me\nfind me\nfind me\n',
    'src/c.ts': 'Find me-not\n',
    'z.ts': 'find me\n',
  });
  const query: SearchQuery = { pattern: 'find me', regex: false, caseSensitive: true, wholeWord: false, limit: 100 };
  let changes: ChangeSet = emptyChangeSet;
  const seen = overlay(base, () => changes);
  const found = async (more: Partial<SearchQuery>) =>
    (await seen.search({ ...query, ...more })).map(({ path, line }) => `${path}:${line}`);

  before(async () => {
    changes = await changedBy(
      base,
      emptyChangeSet,
      remove('b.ts'),
      whole('a.ts', 'x\nother\nfind me\n'),
      create('src/new/d.ts', 'find me', 'ünfind me'),
    );
  });

  it('reads what is changed, created and deleted, under any spelling of a path', async () => {
    assert.deepEqual(await seen.read('./a.ts'), {
      kind: 'text',
      text: 'x\nother\nfind me\n',
      hash: hashText('x\nother\nfind me\n'),
    });
    assert.deepEqual(await seen.read('b.ts'), { kind: 'missing' });
    assert.deepEqual(await seen.read('src/new'), { kind: 'directory' });
    assert.equal((await seen.read('z.ts')).kind, 'text');
    assert.equal((await overlay(base, changes).read('b.ts')).kind, 'missing');
  });

  it('lists them, sorted and with their size in bytes', async () => {
    const listed = await seen.list();
    assert.deepEqual(
      listed.map(({ path }) => path),
      ['a.ts', 'src/c.ts', 'src/new/d.ts', 'z.ts'],
    );
    assert.equal(listed[2]?.bytes, 'find me\nünfind me\n'.length + 1);
  });

  it('searches the changed texts instead of the old ones', async () => {
    assert.deepEqual(await found({}), ['a.ts:3', 'src/new/d.ts:1', 'src/new/d.ts:2', 'z.ts:1']);
    assert.deepEqual(await found({ limit: 2 }), ['a.ts:3', 'src/new/d.ts:1']);
    assert.deepEqual(await found({ limit: 4 }), ['a.ts:3', 'src/new/d.ts:1', 'src/new/d.ts:2', 'z.ts:1']);
    assert.deepEqual(await found({ wholeWord: true }), ['a.ts:3', 'src/new/d.ts:1', 'z.ts:1']);
    assert.deepEqual(
      (await found({ under: ['src/new/'] })).filter((match) => match.startsWith('a.ts')),
      [],
    );
    assert.deepEqual(await found({ pattern: 'FIND\\sme\\-?$', regex: true, caseSensitive: false, under: ['.'] }), [
      'a.ts:3',
      'src/new/d.ts:1',
      'src/new/d.ts:2',
      'z.ts:1',
    ]);
    assert.deepEqual(await found({ pattern: 'find.me' }), []);
  });

  it('says when JavaScript cannot read a pattern', async () => {
    await assert.rejects(found({ pattern: '(?x)a', regex: true }), SearchError);
  });
});

describe('proposal', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'conclave-proposal-'));
    git('init', '-q');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function git(...args: string[]): void {
    execFileSync('git', args, {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    });
  }

  function put(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
  }

  function onDisk(): Record<string, string> {
    const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(
      (path) => !/^(\.git|the\.patch)/.test(path) && statSync(join(dir, path)).isFile(),
    );
    return Object.fromEntries(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(dir, path), 'utf8')]));
  }

  function apply(patch: string): void {
    writeFileSync(join(dir, 'the.patch'), patch);
    git('apply', '--check', '--whitespace=nowarn', 'the.patch');
    git('apply', '--whitespace=nowarn', 'the.patch');
  }

  it('describes each file, a rename as one, and its patch does the same as the change set', async () => {
    const files = {
      'm.ts': 'one\ntwo\n',
      'run.sh': 'echo a\n',
      'old name.ts': 'a\nb\nc\n',
      'moved.ts': 'same\n',
      'gone.ts': 'bye',
      'empty.ts': '',
      'win.txt': 'a\r\nb\r\nc',
    };
    put(files);
    execFileSync('chmod', ['755', join(dir, 'run.sh')]);
    const changes = await changedBy(
      workspace(files),
      emptyChangeSet,
      edit('m.ts', ['two'], ['2', '3']),
      edit('run.sh', ['echo a'], ['echo b']),
      rename('old name.ts', 'src/new "näme".ts'),
      edit('src/new "näme".ts', ['b'], ['B']),
      rename('moved.ts', 'a b/moved.ts'),
      remove('gone.ts'),
      remove('empty.ts'),
      create('new/empty.py'),
      create('new/with space.txt', 'x'),
      edit('win.txt', ['b'], ['b', 'bb']),
    );
    const proposed = proposeFiles(changes);
    assert.deepEqual(
      proposed.map(({ path, action, from, added, removed }) => [path, action, from, added, removed]),
      [
        ['a b/moved.ts', 'rename', 'moved.ts', 0, 0],
        ['empty.ts', 'delete', undefined, 0, 0],
        ['gone.ts', 'delete', undefined, 0, 1],
        ['m.ts', 'modify', undefined, 2, 1],
        ['new/empty.py', 'create', undefined, 0, 0],
        ['new/with space.txt', 'create', undefined, 1, 0],
        ['run.sh', 'modify', undefined, 1, 1],
        ['src/new "näme".ts', 'rename', 'old name.ts', 1, 1],
        ['win.txt', 'modify', undefined, 1, 0],
      ],
    );
    const renamed = proposed.find(({ from }) => from === 'old name.ts');
    assert.deepEqual([renamed?.baseHash, renamed?.resultHash], [hashText('a\nb\nc\n'), hashText('a\nB\nc\n')]);
    apply(patchText(proposed));
    assert.deepEqual(onDisk(), {
      'm.ts': 'one\n2\n3\n',
      'run.sh': 'echo b\n',
      'src/new "näme".ts': 'a\nB\nc\n',
      'a b/moved.ts': 'same\n',
      'new/empty.py': '',
      'new/with space.txt': 'x\n',
      'win.txt': 'a\r\nb\r\nbb\r\nc',
    });
    assert.equal(statSync(join(dir, 'run.sh')).mode & 0o777, 0o755);
  });

  it('knows no rename where git could not do it', async () => {
    const files = { 'a.ts': 'a\n', 'b.ts': 'b\n' };
    put(files);
    const changes = await changedBy(
      workspace(files),
      emptyChangeSet,
      rename('a.ts', 't.ts'),
      rename('b.ts', 'a.ts'),
      rename('t.ts', 'b.ts'),
    );
    const proposed = proposeFiles(changes);
    assert.deepEqual(
      proposed.map(({ path, action }) => `${action} ${path}`),
      ['modify a.ts', 'modify b.ts'],
    );
    apply(patchText(proposed));
    assert.deepEqual(onDisk(), { 'a.ts': 'b\n', 'b.ts': 'a\n' });
  });

  it('makes patches that git applies, for any two texts', async () => {
    const line = fc.constantFrom(
      '',
      'a',
      'b',
      ' c',
      '\td ',
      '-x',
      '+y',
      '\\ No newline',
      '@@ -1 +1 @@',
      'é€😀',
      '\r',
      'diff --git a/x b/x',
      '--- a/x',
    );
    const text = fc
      .tuple(fc.array(fc.tuple(line, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 25 }), fc.boolean())
      .map(([rows, newline]) =>
        rows.map(([row, end], i) => row + (newline || i < rows.length - 1 ? end : '')).join(''),
      );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.option(text), fc.option(text)), { minLength: 12, maxLength: 12 }),
        async (pairs) => {
          const files = pairs.map(([before, then], i) => ({ path: `f${i}.txt`, before, then }));
          rmSync(dir, { recursive: true, force: true });
          mkdirSync(dir);
          git('init', '-q');
          put(Object.fromEntries(files.flatMap(({ path, before }) => (before === null ? [] : [[path, before]]))));
          const states = files.map(({ path, then }) => ({ path, text: then }));
          const changes = withStates(emptyChangeSet, states, (path) => {
            const before = files.find((file) => file.path === path)?.before ?? null;
            return { text: before, hash: before === null ? null : hashText(before) };
          });
          if (changes.files.size > 0) apply(patchText(proposeFiles(changes)));
          assert.deepEqual(
            onDisk(),
            Object.fromEntries(files.flatMap(({ path, then }) => (then === null ? [] : [[path, then]]))),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes a huge rewrite in one hunk, quickly', () => {
    const text = (sign: string) => Array.from({ length: 20_000 }, (_, i) => `${sign}${i}\n`).join('');
    const changes = withStates(emptyChangeSet, [{ path: 'huge.txt', text: text('b') }], () => ({
      text: text('a'),
      hash: hashText(text('a')),
    }));
    put({ 'huge.txt': text('a') });
    const [file] = proposeFiles(changes);
    assert.deepEqual([file?.added, file?.removed], [20_000, 20_000]);
    apply(file?.diff ?? '');
    assert.equal(onDisk()['huge.txt'], text('b'));
  });
});

describe('a line of several words before a block', () => {
  const change = '<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n';
  const creation = '<<<<<<< SEARCH\n=======\nnew\n>>>>>>> REPLACE\n';
  const files = { 'src/my file.ts': 'old\n', 'src/x.ts': 'old\n', 'read me.md': 'old\n', 'docs/a b/c d.md': 'old\n' };

  /** The path that each block of an answer is for, or why it is for none. */
  async function pathsOf(answer: string, changes: ChangeSet = emptyChangeSet): Promise<string[]> {
    const parser = createEditBlockParser();
    const blocks = [...parser.push(answer), ...parser.end({ truncated: false })];
    const settled = await Promise.all(blocks.map((block) => settleBlock(changes, block, workspace(files))));
    return settled.map((block) => (block.kind === 'edit' || block.kind === 'append' ? block.path : block.kind));
  }

  for (const [line, path] of [
    ['src/my file.ts', 'src/my file.ts'],
    ['src/my file.ts:', 'src/my file.ts'],
    ['### src/my file.ts', 'src/my file.ts'],
    ['**src/my file.ts**', 'src/my file.ts'],
    ['2. src/my file.ts', 'src/my file.ts'],
    ['src\\my file.ts', 'src/my file.ts'],
    ['read me.md', 'read me.md'],
    ['docs/a b/c d.md', 'docs/a b/c d.md'],
  ] as const) {
    it(`is the path where such a file exists: ${line}`, async () => {
      const paths = await pathsOf(`${line}\n${change}`);
      assert.deepEqual(
        paths.map((written) => written.replaceAll('\\', '/')),
        [path],
      );
    });
  }

  for (const line of [
    'Then we change the file src/x.ts:',
    'The rest is in src/x.ts',
    'In src/my file.ts',
    'src/x.ts and src/y.ts',
    'src/ holds the new file.ts',
    'Now the same for other.ts',
    '../my file.ts',
  ]) {
    it(`is prose where none does: ${line}`, async () => {
      assert.deepEqual(await pathsOf(`${line}\n${change}${line}\n${creation}`), ['malformed', 'malformed']);
    });
  }

  it('is the path of a new file where its folder exists, or is made by the change', async () => {
    assert.deepEqual(await pathsOf(`src/new file.ts\n${creation}docs/a b/e f.md\n${creation}`), [
      'src/new file.ts',
      'docs/a b/e f.md',
    ]);
    assert.deepEqual(await pathsOf(`lib/new file.ts\n${creation}`), ['malformed']);
    const withLib = await changedBy(workspace(files), emptyChangeSet, create('lib/a.ts', 'a'));
    assert.deepEqual(await pathsOf(`lib/new file.ts\n${creation}`, withLib), ['lib/new file.ts']);
  });

  it('is prose about the file before it, where it speaks of no other', async () => {
    assert.deepEqual(await pathsOf(`src/x.ts\n${change}And again in src/x.ts:\n${change}And once more:\n${change}`), [
      'src/x.ts',
      'src/x.ts',
      'src/x.ts',
    ]);
    assert.deepEqual(await pathsOf(`src/my file.ts\n${change}And again in src/my file.ts:\n${change}`), [
      'src/my file.ts',
      'src/my file.ts',
    ]);
    assert.deepEqual(await pathsOf(`src/x.ts\n${change}src/my file.ts\n${change}And more:\n${change}`), [
      'src/x.ts',
      'src/my file.ts',
      'src/my file.ts',
    ]);
    assert.deepEqual(await pathsOf(`src/x.ts\n${change}Next, we need it in y.ts\n${change}`), [
      'src/x.ts',
      'malformed',
    ]);
  });

  it('that names no file is told so, with what to write', async () => {
    const [block] = createEditBlockParser().push(`Then we change the file src/y.ts:\n${change}`);
    assert.ok(block);
    const settled = await settleBlock(emptyChangeSet, block, workspace(files));
    assert.ok(settled.kind === 'malformed');
    assert.match(settled.reason, /names no file: "Then we change the file src\/y\.ts" does not exist.*in quotes/);
    assert.match(settled.excerpt, /old/);
  });
});
