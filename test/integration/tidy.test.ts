import assert from 'node:assert/strict';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { StoreBounds } from '../../src/core/store/storeBounds.ts';
import { openContents } from '../../src/node/contents.ts';
import { contentsFolder, snapshotsFolder } from '../../src/node/dataFolder.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { type FileEventLog, openFileEventLog } from '../../src/node/fileStore/fileEventLog.ts';
import { type FileLeases, openFileLeases } from '../../src/node/fileStore/fileLeases.ts';
import { openStore } from '../../src/node/openCrew.ts';
import { openSnapshots } from '../../src/node/snapshots.ts';
import type { EventBody } from '../../src/shared/events.ts';
import { type FileStoreUnderTest, openFileStore } from './contract/fileStoreUnderTest.ts';
import { collect, eventAt, ready, started, take } from './contract/storeUnderTest.ts';

const ENDING = { code: 'approved', message: 'It is done.' } as const;
const FINISHED: EventBody = { type: 'run.finished', outcome: 'approved', ending: ENDING };

describe('a store in files, when a run begins', () => {
  let store: FileStoreUnderTest;
  let leases: FileLeases;
  let log: FileEventLog;
  let deleted: string[];
  beforeEach(async () => {
    store = await openFileStore();
    leases = openFileLeases(store.dir);
    deleted = [];
  });
  afterEach(async () => {
    await log.close();
    await store.dispose();
  });

  const open = async (bounds?: StoreBounds): Promise<void> => {
    await (log as FileEventLog | undefined)?.close();
    const onDeleted = async (runId: string): Promise<void> => void deleted.push(runId);
    log = openFileEventLog(store.dir, leases, { ...(bounds && { bounds }), onDeleted });
  };
  const folders = async (): Promise<string[]> => (await readdir(join(store.dir, 'runs'))).sort();
  const files = (runId: string): Promise<string[]> => readdir(join(store.dir, 'runs', runId));

  /** Runs are as old as their names say. */
  async function writeRun(runId: string, last: EventBody, bytes = 0): Promise<void> {
    const [, day = '01'] = /^r(\d\d)/.exec(runId) ?? [];
    const lease = await take(leases, `run/${runId}`);
    await log.append(lease, [started(runId, `2025-01-${day}T00:00:00.000Z`)], true);
    await log.append(lease, [ready(runId, 2, 'x'.repeat(bytes)), eventAt(runId, 3, last)], true);
    await leases.release(lease);
  }

  async function beginRun(runId: string): Promise<void> {
    await log.close();
    const lease = await take(leases, `run/${runId}`);
    await log.append(lease, [started(runId, '2025-02-01T00:00:00.000Z')], true);
  }

  /** Resolves when the store is as it shall be; the test runs into its time limit where it never is. */
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('deletes the finished runs beyond the number that is kept, oldest first, with all that belongs to them', async () => {
    await open();
    for (const day of ['03', '01', '05', '02', '04']) await writeRun(`r${day}`, FINISHED);
    const aborted: EventBody = { type: 'run.aborted', ending: { code: 'aborted', message: 'Stopped.' } };
    await writeRun('r00aborted', aborted);
    await writeRun('r00paused', { type: 'run.paused', ending: { code: 'question_unanswered', message: 'Which?' } });
    await writeRun('r00interrupted', { type: 'plan.started' });
    await open({ finishedRuns: 2, bytes: 1e9 });
    await beginRun('new');
    await until(async () => deleted.length === 3);
    assert.deepEqual(await folders(), ['new', 'r00aborted', 'r00interrupted', 'r00paused', 'r04', 'r05']);
    assert.deepEqual(deleted, ['r01', 'r02', 'r03']);
    const names = (await readdir(join(store.dir, 'leases'))).sort();
    assert.deepEqual(
      names,
      (await folders()).map((name) => `run%2f${name}`),
    );
    assert.deepEqual(await readdir(join(store.dir, 'deleted')), []);
  });

  it('deletes no more of them than it takes to keep within the bytes, and never one that is held', async () => {
    await open();
    for (const day of ['01', '02', '03', '04']) await writeRun(`r${day}`, FINISHED, 10_000);
    const held = await take(leases, 'run/r01', 'a reader of proposals');
    await open({ finishedRuns: 100, bytes: 25_000 });
    await beginRun('new');
    await until(async () => deleted.length === 1);
    await log.close();
    assert.deepEqual(await folders(), ['new', 'r01', 'r03', 'r04']);
    await log.append(held, [ready('r01', 4)], true);
    assert.equal((await collect(log.read('r01'))).length, 4);
  });

  it('compacts runs that have finished, and unfinished ones of many sessions, each once', async () => {
    await open();
    await writeRun('done', FINISHED);
    await writeRun('open', { type: 'plan.started' });
    await writeRun('long', { type: 'plan.started' });
    for (let seq = 4; seq < 12; seq += 1) {
      const lease = await take(leases, 'run/long');
      await log.append(lease, [ready('long', seq)], true);
      await leases.release(lease);
    }
    const before = await collect(log.read('long'));
    await beginRun('new');
    await until(async () => (await files('long')).length === 1 && (await files('done'))[0] !== 'events-00000001.jsonl');
    await log.close();
    assert.deepEqual(await files('open'), ['events-00000001.jsonl']);
    assert.deepEqual(await collect(log.read('long')), before);
    const compacted = [await files('done'), await files('long')];

    await beginRun('newer');
    await until(async () => (await files('newer')).length === 1);
    await log.close();
    assert.deepEqual([await files('done'), await files('long')], compacted);
  });

  it('forgets with a run what was kept to undo its changes, and to fork it', async () => {
    await open();
    const data = join(store.dir, 'data');
    const env = { CONCLAVE_DATA: data };
    const never = new AbortController().signal;
    const snapshots = openSnapshots(snapshotsFolder(env), store.dir);
    const whole = await openStore({ home: resolve('.'), env });
    const lease = await take(whole.leases, 'run/a');
    await whole.log.append(lease, [started('a', '2025-01-01T00:00:00.000Z')], true);
    await whole.leases.release(lease);
    await snapshots.keep('a', [{ path: 'x.js', before: null, after: 'x' }]);
    assert.equal((await snapshots.of('a')).length, 1);
    await writeFile(join(store.dir, 'x.js'), 'x');
    await openContents(contentsFolder(env), { files: 9, file: 99, total: 999 }).keep(
      'a',
      openDiskWorkspace(store.dir, { ripgrep: undefined }),
      never,
    );
    const contents = join(contentsFolder(env), 'runs');
    assert.deepEqual(await readdir(contents), ['a']);
    await whole.log.delete('a');
    await whole.close();
    assert.deepEqual(await readdir(snapshotsFolder(env)), []);
    assert.deepEqual(await readdir(contents), []);
  });

  it('takes away what deletions that were cut short have left', async () => {
    await open();
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
    const leaseFolder = (runId: string): string => join(store.dir, 'leases', `run%2f${runId}`);
    for (const runId of ['gone', 'beginning']) await leases.release(await take(leases, `run/${runId}`));
    await utimes(leaseFolder('gone'), old, old);
    await mkdir(join(store.dir, 'deleted', 'half'), { recursive: true });
    await writeFile(join(store.dir, 'deleted', 'half', 'events-00000001.jsonl'), 'x');
    await beginRun('new');
    await until(async () => (await readdir(join(store.dir, 'leases'))).length === 2);
    assert.deepEqual((await readdir(join(store.dir, 'leases'))).sort(), ['run%2fbeginning', 'run%2fnew']);
    await assert.rejects(readdir(join(store.dir, 'deleted')), { code: 'ENOENT' });
  });
});
