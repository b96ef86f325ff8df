import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workspace } from '../../src/core/ports.ts';
import { type ContentsBounds, openContents } from '../../src/node/contents.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { makeProject, type Project } from '../support/project.ts';

const never = new AbortController().signal;
const ROOM: ContentsBounds = { files: 100, file: 1000, total: 1_000_000 };

describe('what files held', () => {
  let dir: string;
  let project: Project;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'conclave-contents-'));
    project = makeProject({
      'a.txt': 'one\n',
      'b/c.txt': 'two\n',
      '.gitignore': 'secret.env\n',
      'secret.env': 'K=1\n',
    });
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
    project.remove();
  });

  /** Counts the files that are read. */
  function counted(): Workspace & { reads: string[] } {
    const disk = openDiskWorkspace(project.dir, { ripgrep: undefined });
    const reads: string[] = [];
    const read: Workspace['read'] = (path) => {
      reads.push(path);
      return disk.read(path);
    };
    return { ...disk, reads, read };
  }

  function stored(): string[] {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /[\\/][0-9a-f]{2}$/.test(entry.parentPath))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .sort();
  }

  it('is told for whatever was changed, made or deleted since, and for nothing else', async () => {
    const contents = openContents(dir, ROOM);
    const { manifest, files, skipped } = await contents.keep('run-1', counted(), never);
    assert.deepEqual([files, skipped], [3, 0], 'what is ignored is not kept');
    assert.deepEqual(stored(), ['one\n', 'secret.env\n', 'two\n']);
    assert.deepEqual(await contents.since(manifest, counted(), never), { files: [], unknown: [] });
    project.write('a.txt', 'other\n');
    rmSync(join(project.dir, 'b'), { recursive: true });
    project.write('d.txt', 'new\n');
    assert.deepEqual(await contents.since(manifest, counted(), never), {
      files: [
        { path: 'a.txt', text: 'one\n' },
        { path: 'b/c.txt', text: 'two\n' },
        { path: 'd.txt', text: null },
      ],
      unknown: [],
    });
  });

  it('is kept as the editor shows it, where it is not saved', async () => {
    const contents = openContents(dir, ROOM);
    const disk = counted();
    const editor: Workspace = {
      ...disk,
      read: async (path) =>
        path === 'a.txt'
          ? { kind: 'text', text: 'typed\n', hash: 'a7fbf2a1b3ed4c6fe1e9b0ba4dd1a8ef6ea0eb5e6fcd9f4e3d1b8fcf12f4d4d2' }
          : disk.read(path),
      unsaved: async () => [{ path: 'a.txt', text: 'typed\n' }],
    };
    await contents.keep('run-1', editor, never);
    assert.ok(stored().includes('typed\n'));
  });

  it('names what it cannot bring back', async () => {
    const contents = openContents(dir, ROOM);
    project.write('large.txt', 'x'.repeat(2000));
    project.write('binary.dat', 'a\0b');
    const { manifest, skipped } = await contents.keep('run-1', counted(), never);
    assert.equal(skipped, 1);
    project.write('large.txt', 'x'.repeat(3000));
    project.write('binary.dat', 'a\0c');
    project.write('a.txt', 'other\n');
    // What a crash or a bad disk made of it is not taken for what it was.
    for (const folder of readdirSync(dir).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
      for (const name of readdirSync(join(dir, folder))) writeFileSync(join(dir, folder, name), 'spoilt');
    }
    assert.deepEqual(await contents.since(manifest, counted(), never), {
      files: [],
      unknown: ['a.txt', 'binary.dat', 'large.txt'],
    });
    assert.equal(await contents.since('0'.repeat(64), counted(), never), 'gone');
  });

  it('is not read again where nothing has changed', async () => {
    const later = openContents(dir, ROOM, () => Date.now() + 3_600_000);
    await later.keep('run-1', counted(), never);
    project.write('b/c.txt', 'six\n');
    const again = counted();
    await openContents(dir, ROOM).keep('run-2', again, never);
    assert.deepEqual(again.reads, ['b/c.txt'], 'as long as the other');
    const soon = counted();
    await openContents(dir, ROOM).keep('run-3', soon, never);
    assert.deepEqual(soon.reads, ['b/c.txt'], 'it might be changed again, and look the same');
    assert.deepEqual(stored(), ['one\n', 'secret.env\n', 'six\n', 'two\n']);
  });

  it('goes with the run, but for what another needs', async () => {
    const contents = openContents(dir, ROOM);
    const first = await contents.keep('run-1', counted(), never);
    project.write('a.txt', 'other\n');
    const second = await contents.keep('run-2', counted(), never);
    await contents.share('fork-of-2', second.manifest);
    await contents.drop('run-1');
    assert.deepEqual(stored(), ['other\n', 'secret.env\n', 'two\n']);
    assert.equal(await contents.since(first.manifest, counted(), never), 'gone');
    await contents.drop('run-2');
    assert.equal(stored().length, 3);
    await contents.drop('fork-of-2');
    assert.deepEqual(stored(), []);
    await contents.drop('never-kept');
  });

  it('makes room for newer runs', async () => {
    const contents = openContents(dir, { ...ROOM, total: 3000 }, () => Date.now() + 3_600_000);
    const manifests: string[] = [];
    for (let run = 1; run <= 6; run += 1) {
      project.write('a.txt', String(run).repeat(700));
      manifests.push((await contents.keep(`run-${run}`, counted(), never)).manifest);
    }
    const texts = stored();
    assert.ok(texts.join('').length <= 3000, `${texts.length} are kept`);
    assert.ok(texts.includes('6'.repeat(700)));
    assert.ok(!texts.includes('1'.repeat(700)));
    assert.equal(await contents.since(manifests[0] ?? '', counted(), never), 'gone');
    assert.notEqual(await contents.since(manifests[5] ?? '', counted(), never), 'gone');
  });

  it('is not kept by half, where it is stopped', async () => {
    const contents = openContents(dir, ROOM);
    await assert.rejects(contents.keep('run-1', counted(), AbortSignal.abort(new Error('stopped'))), /stopped/);
    assert.ok(!readdirSync(dir).includes('runs'));
  });
});
