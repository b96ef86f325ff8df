import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ChangeSet, emptyChangeSet, fileStates, withStates } from '../../src/core/changes/changeSet.ts';
import { hashText } from '../../src/core/changes/hash.ts';
import { proposedWrites, proposeFiles } from '../../src/core/changes/proposal.ts';
import { differOnlyByCase } from '../../src/core/changes/workspacePath.ts';
import { isNamedExactly, openDiskWriter } from '../../src/node/diskWriter.ts';
import type { FileState } from '../../src/shared/events.ts';

describe('diskWriter', () => {
  let outer = '';
  let root = '';
  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'conclave-writer-'));
    root = join(outer, 'work');
    mkdirSync(root);
  });
  afterEach(() => rmSync(outer, { recursive: true, force: true }));

  function put(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  }

  const text = (path: string): string => readFileSync(join(root, path), 'utf8');
  const mode = (path: string): number => statSync(join(root, path)).mode & 0o777;
  const everything = (): string[] => readdirSync(outer, { recursive: true, encoding: 'utf8' }).sort();

  /** A change of files that are as they are on disk now. */
  function changeOf(...states: FileState[]): ChangeSet {
    return withStates(emptyChangeSet, states, (path) => {
      if (!existsSync(join(root, path)) || !statSync(join(root, path)).isFile()) return undefined;
      return { text: text(path), hash: hashText(text(path)) };
    });
  }

  async function write(changes: ChangeSet) {
    const texts = new Map(fileStates(changes).map((state) => [state.path, state.text]));
    return openDiskWriter(root).write(
      proposeFiles(changes).flatMap((proposed) => proposedWrites(proposed, texts.get(proposed.path) ?? null)),
    );
  }

  it('creates, changes, renames and deletes, keeps modes, and removes only the folders it emptied', async () => {
    put('run.sh', 'a\n', 0o755);
    put('bin/tool', 'tool\n', 0o750);
    put('lib/deep/x.ts', 'x\n');
    put('keep/y.ts', 'y\n');
    put('keep/z.ts', 'z\n');
    mkdirSync(join(root, 'empty'));
    const changes = changeOf(
      { path: 'run.sh', text: 'b\r\nä\n' },
      { path: 'new/folder/n.ts', text: '' },
      { path: 'moved/tool', text: 'tool 2\n', from: 'bin/tool' },
      { path: 'lib/deep/x.ts', text: null },
      { path: 'keep/y.ts', text: null },
    );
    const expected = {
      kind: 'written',
      files: [
        { path: 'keep/y.ts', text: null },
        { path: 'lib/deep/x.ts', text: null },
        { path: 'bin/tool', text: null },
        { path: 'moved/tool', text: 'tool 2\n' },
        { path: 'new/folder/n.ts', text: '' },
        { path: 'run.sh', text: 'b\r\nä\n' },
      ],
    };
    assert.deepEqual(await write(changes), expected);
    assert.deepEqual([text('run.sh'), mode('run.sh')], ['b\r\nä\n', 0o755]);
    assert.deepEqual([text('moved/tool'), mode('moved/tool')], ['tool 2\n', 0o750]);
    const there = [
      'work',
      'work/empty',
      'work/keep',
      'work/keep/z.ts',
      'work/moved',
      'work/moved/tool',
      'work/new',
      'work/new/folder',
      'work/new/folder/n.ts',
      'work/run.sh',
    ];
    assert.deepEqual(everything(), there);

    const before = statSync(join(root, 'run.sh')).ino;
    assert.deepEqual(await write(changes), expected, 'a second time is harmless');
    assert.equal(statSync(join(root, 'run.sh')).ino, before, 'and touches nothing');
  });

  it('goes on where a crash left half of it', async () => {
    put('a.ts', 'a\n');
    put('b.ts', 'b\n');
    put('c.ts', 'c\n');
    const changes = changeOf(
      { path: 'a.ts', text: 'A\n' },
      { path: 'b.ts', text: 'B\n' },
      { path: 'd.ts', text: 'c\n', from: 'c.ts' },
    );
    writeFileSync(join(root, 'a.ts'), 'A\n');
    rmSync(join(root, 'c.ts'));
    assert.equal((await write(changes)).kind, 'written');
    assert.deepEqual([text('a.ts'), text('b.ts'), text('d.ts')], ['A\n', 'B\n', 'c\n']);
  });

  it('writes nothing where a file is neither as it was nor as it shall be', async () => {
    for (const path of ['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts']) put(path, `${path}\n`);
    const changes = changeOf(
      { path: 'a.ts', text: 'A\n' },
      { path: 'b.ts', text: 'B\n' },
      { path: 'c.ts', text: null },
      { path: 'd2.ts', text: 'd\n', from: 'd.ts' },
      { path: 'e.ts', text: 'E\n' },
      { path: 'new.ts', text: 'n\n' },
      { path: 'folder', text: 'n\n' },
    );
    put('b.ts', 'edited by the user\n');
    put('c.ts', 'edited too\n');
    put('d2.ts', 'there already\n');
    rmSync(join(root, 'e.ts'));
    put('new.ts', 'created by the user\n');
    mkdirSync(join(root, 'folder'));
    const before = everything();
    assert.deepEqual(await write(changes), {
      kind: 'conflict',
      paths: ['b.ts', 'c.ts', 'd2.ts', 'e.ts', 'folder', 'new.ts'],
    });
    assert.deepEqual([text('a.ts'), text('d.ts'), everything()], ['a.ts\n', 'd.ts\n', before]);
  });

  it('puts everything back where a write fails midway, and says which', async () => {
    put('a.ts', 'a\n', 0o640);
    put('gone/only.ts', 'only\n', 0o755);
    put('blocker', 'a file\n');
    const changes = changeOf(
      { path: 'a.ts', text: 'A\n' },
      { path: 'fresh/folder/f.ts', text: 'f\n' },
      { path: 'gone/only.ts', text: null },
      { path: 'z/blocked.ts', text: 'z\n' },
    );
    const before = everything();
    // A folder that nothing can be put into: what stands where it should be is a file.
    put('z', 'in the way\n');
    await assert.rejects(
      write(changes),
      /^Error: z\/blocked\.ts could not be written: .*(EEXIST|ENOTDIR).*\. Nothing was changed\.$/,
    );
    assert.deepEqual(everything(), [...before, 'work/z'].sort());
    assert.deepEqual(
      [text('a.ts'), mode('a.ts'), text('gone/only.ts'), mode('gone/only.ts')],
      ['a\n', 0o640, 'only\n', 0o755],
    );
  });

  it('never writes through a link that leads outside, nor into git’s own folder', async () => {
    const outside = join(outer, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret.ts'), 'secret\n');
    symlinkSync(outside, join(root, 'link'));
    symlinkSync(join(outside, 'not there yet'), join(root, 'dangling.ts'));
    put('.git/config', '[core]\n');
    const before = everything();
    for (const path of ['link/new.ts', 'link/secret.ts', 'dangling.ts', '.git/hooks/post-commit', '../outside/x.ts']) {
      const file = { path, base: { text: null, hash: null }, text: 'x\n' };
      await assert.rejects(write({ files: new Map([[path, file]]) }), /cannot be written: .*Nothing was written/, path);
    }
    assert.deepEqual(everything(), before);
    assert.equal(readFileSync(join(outside, 'secret.ts'), 'utf8'), 'secret\n');
  });

  it('writes through a link that stays inside, but does not remove one', async () => {
    put('real.ts', 'a\n');
    symlinkSync('real.ts', join(root, 'link.ts'));
    assert.equal((await write(changeOf({ path: 'link.ts', text: 'b\n' }))).kind, 'written');
    assert.equal(text('real.ts'), 'b\n');
    await assert.rejects(
      write(changeOf({ path: 'link.ts', text: null })),
      /link\.ts could not be written: it is a symbolic link/,
    );
    assert.equal(text('link.ts'), 'b\n');
  });

  it('renames a file where only upper and lower case differ, and a second time is harmless', async () => {
    put('dir/name.txt', 'old\n', 0o640);
    const changes = changeOf({ path: 'dir/Name.txt', text: 'old\n', from: 'dir/name.txt' });
    for (const time of ['first', 'again']) {
      assert.equal((await write(changes)).kind, 'written', time);
      assert.deepEqual(readdirSync(join(root, 'dir')), ['Name.txt'], time);
      assert.deepEqual([text('dir/Name.txt'), mode('dir/Name.txt')], ['old\n', 0o640], time);
    }
  });

  it('decides by the name in the folder where a disk takes one case for the other', () => {
    // No such disk is at hand, so this is the decision alone: "Name.txt" is found by stat, and is not there yet.
    assert.ok(differOnlyByCase('dir/name.txt', 'dir/Name.txt'));
    assert.ok(!differOnlyByCase('a.txt', 'a.txt') && !differOnlyByCase('a.txt', 'b.txt'));
    assert.ok(!isNamedExactly('Name.txt', ['name.txt', 'other']));
    assert.ok(isNamedExactly('Name.txt', ['Name.txt']));
    assert.ok(isNamedExactly('\u00e9.txt', ['e\u0301.txt']));
  });

  it('turns a file into a folder of its name', async () => {
    put('config.ts', 'c\n');
    const changes = changeOf(
      { path: 'old/config.ts', text: 'c\n', from: 'config.ts' },
      { path: 'config.ts/index.ts', text: 'n\n' },
    );
    assert.equal((await write(changes)).kind, 'written');
    assert.deepEqual([text('config.ts/index.ts'), text('old/config.ts')], ['n\n', 'c\n']);
  });

  it('gives a file that comes back the permissions that it had', async () => {
    assert.equal(
      (await openDiskWriter(root).write([{ path: 'run.sh', before: null, text: 'a\n', mode: 0o755 }])).kind,
      'written',
    );
    assert.deepEqual([text('run.sh'), mode('run.sh')], ['a\n', 0o755]);
  });

  it('is never given a text that is not the proposed one', () => {
    put('a.ts', 'a\n');
    const [proposed] = proposeFiles(changeOf({ path: 'a.ts', text: 'A\n' }));
    assert.ok(proposed);
    assert.throws(() => proposedWrites(proposed, 'other\n'), /not the proposed one/);
  });
});
