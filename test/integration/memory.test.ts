import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
