import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFileMemory } from '../../src/node/fileStore/fileMemory.ts';
import { type Conclave, openConclave } from '../support/conclave.ts';
import { makeProject, type Project } from '../support/project.ts';
import { failsAs } from './contract/eventLogContract.ts';
import { type FileStoreUnderTest, openFileStore } from './contract/fileStoreUnderTest.ts';
import { entry, memoryContract } from './contract/memoryContract.ts';
import { type StoreProcess, startStoreProcess } from './contract/storeProcess.ts';

memoryContract('files', openFileStore);

describe('memory in files', () => {
  let store: FileStoreUnderTest;
  let processes: StoreProcess[];
  beforeEach(async () => {
    store = await openFileStore();
    processes = [];
  });
  afterEach(async () => {
    await Promise.all(processes.map((each) => each.end()));
    await store.dispose();
  });

  it('loses nothing where two processes write at the same time, also beyond the bound', async () => {
    processes = await Promise.all([startStoreProcess(store.dir), startStoreProcess(store.dir)]);
    const entries = Array.from({ length: 240 }, (_, index) => entry(index));
    await Promise.all(
      processes.map(async (process, index) => {
        for (const [at, one] of entries.entries()) {
          if (at % processes.length === index) assert.equal(await process.remember('/projects/a', [one]), 'done');
        }
      }),
    );
    const { memory } = await store.connect();
    assert.deepEqual(await memory.recall('/projects/a'), entries.slice(-200));
  });

  it('leaves out what is damaged, and goes on', async () => {
    const { memory } = await store.connect();
    await memory.remember('/projects/a', [entry(1), entry(2)]);
    const [folder = ''] = await readdir(join(store.dir, 'memory'));
    await writeFile(join(store.dir, 'memory', folder, `${entry(1).id}.json`), '{"id":"torn');
    assert.deepEqual(await memory.recall('/projects/a'), [entry(2)]);
    await memory.remember('/projects/a', [entry(3)]);
    assert.deepEqual(await memory.recall('/projects/a'), [entry(2), entry(3)]);
  });

  it('says where it could not be read or written, and what to do', async () => {
    await writeFile(join(store.dir, 'memory'), 'not a folder');
    const { memory } = await store.connect();
    const names = failsAs('unreachable', /CONCLAVE_STORE/);
    await assert.rejects(memory.recall('/projects/a'), names);
    await assert.rejects(memory.remember('/projects/a', [entry(1)]), names);
  });
});

describe('conclave memory', () => {
  let conclave: Conclave;
  let project: Project;
  beforeEach(async () => {
    conclave = openConclave({});
    project = makeProject({ 'a.js': '' }, { git: 'none' });
    const memory = openFileMemory(join(conclave.data, 'store'));
    await memory.remember(project.dir, [
      { ...entry(1), text: 'Failed: check "divides".\nMended in src/divide.js.', paths: ['src/divide.js'] },
      { ...entry(2), id: 'abc1', kind: 'convention', text: 'The user rejected \u001b[31mthis.', paths: [] },
      { ...entry(3), id: 'abc2' },
    ]);
    await memory.remember('/projects/other', [entry(9)]);
  });
  afterEach(() => {
    conclave.remove();
    project.remove();
  });
  const run = (...args: string[]) => conclave.run(['memory', ...args, '--workspace', project.dir]);
  const ids = async (): Promise<string[]> =>
    (await run('--json')).stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { id: string }).id);

  it('shows what is remembered, each note below its id, and nothing that a terminal would obey', async () => {
    const { status, stdout } = await run();
    assert.equal(status, 0);
    assert.equal(
      stdout,
      `${entry(1).id}  failure  2025-01-01  src/divide.js
  Failed: check "divides".
  Mended in src/divide.js.

abc1  convention  2025-01-01
  The user rejected this.

abc2  failure  2025-01-01  src/file3.ts
  What entry 3 is about.
`,
    );
    assert.deepEqual(await ids(), [entry(1).id, 'abc1', 'abc2']);
  });

  it('forgets by id or by the beginning of one, and everything, of this workspace alone', async () => {
    const ambiguous = await run('forget', 'abc');
    assert.equal(ambiguous.status, 2);
    assert.match(ambiguous.stderr, /2 notes begin with "abc".*Nothing was forgotten/);
    assert.equal((await run('forget', entry(1).id, 'zzz')).status, 2);
    assert.deepEqual(await ids(), [entry(1).id, 'abc1', 'abc2']);

    const one = await run('forget', 'abc1', '00000');
    assert.deepEqual([one.status, one.stderr], [0, '2 notes are forgotten.\n']);
    assert.deepEqual(await ids(), ['abc2']);

    assert.equal((await run('forget')).status, 2);
    assert.equal((await run('forget', 'abc2', '--all')).status, 2);
    assert.equal((await run('forget', '--all')).stderr, '1 note is forgotten.\n');
    assert.match((await run()).stdout, /^Nothing is remembered of this workspace yet/);
    assert.equal((await openFileMemory(join(conclave.data, 'store')).recall('/projects/other')).length, 1);
  });
});
