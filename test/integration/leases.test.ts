import assert from 'node:assert/strict';
import { chmod, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { skip } from '../skip.ts';
import { type FileStoreUnderTest, openFileStore } from './contract/fileStoreUnderTest.ts';
import { leasesContract } from './contract/leasesContract.ts';
import { type StoreProcess, startStoreProcess } from './contract/storeProcess.ts';
import { take } from './contract/storeUnderTest.ts';

leasesContract('files', openFileStore);

describe('leases in files', () => {
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

  async function start(): Promise<StoreProcess> {
    const started = await startStoreProcess(store.dir);
    processes.push(started);
    return started;
  }

  it('has exactly one winner of every race between two processes, and never grants an epoch twice', async () => {
    const racers = await Promise.all([start(), start()]);
    const wins = new Map(racers.map((racer) => [racer, 0]));
    for (let round = 1; round <= 50; round += 1) {
      const answers = await Promise.all(
        racers.map(async (racer) => ({ racer, answer: await racer.acquire('run/contested') })),
      );
      const winners = answers.flatMap(({ racer, answer }) => ('heldBy' in answer ? [] : [{ racer, lease: answer }]));
      assert.equal(winners.length, 1, `round ${round}: ${JSON.stringify(answers.map(({ answer }) => answer))}`);
      for (const { racer, lease } of winners) {
        assert.equal(lease.epoch, round);
        wins.set(racer, (wins.get(racer) ?? 0) + 1);
        await racer.release(lease);
      }
    }
    assert.equal(
      [...wins.values()].reduce((sum, each) => sum + each, 0),
      50,
    );
  });

  it('takes the lease of a killed process at once, and names a living one by its number', async () => {
    const holder = await start();
    const { leases } = await store.connect();
    const first = await holder.acquire('run/a');
    assert.ok(!('heldBy' in first));
    const refused = await leases.acquire('run/a', 'a test');
    assert.ok('heldBy' in refused);
    assert.match(refused.heldBy, new RegExp(`a store process \\(process ${holder.pid} on `));
    assert.equal(await leases.holder('run/a'), refused.heldBy);

    await holder.end();
    assert.equal(await leases.holder('run/a'), undefined);
    assert.equal((await take(leases, 'run/a')).epoch, first.epoch + 1);
    assert.equal(await leases.isNewest(first), false);
  });

  it('knows the newest grant, and takes a forgotten lease for lost', async () => {
    const { leases } = await store.connect();
    const first = await take(leases, 'run/a');
    assert.equal(await leases.isNewest(first), true);
    await leases.release(first);
    assert.equal(await leases.isNewest(first), true, 'nobody else has it yet');
    const second = await take(leases, 'run/a');
    assert.deepEqual([await leases.isNewest(first), await leases.isNewest(second)], [false, true]);
    await leases.forget('run/a');
    assert.equal(await leases.isNewest(second), false);
    assert.equal(await leases.renew(second), false);
    await leases.release(second);
    assert.deepEqual(await readdir(join(store.dir, 'leases')), []);
  });

  it('does not wait for a holder whose sign of life lies in the future', async () => {
    const { leases } = await store.connect();
    await take(leases, 'run/a');
    const tomorrow = new Date(Date.now() + 86_400_000);
    await utimes(join(store.dir, 'leases', 'run%2fa', '00000001.json'), tomorrow, tomorrow);
    assert.equal((await take(leases, 'run/a')).epoch, 2);
  });

  it('keeps what it writes to its user', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no file modes');
    await chmod(store.dir, 0o755);
    const { leases } = await store.connect();
    await take(leases, 'run/a');
    const folder = join(store.dir, 'leases', 'run%2fa');
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(join(folder, '00000001.json'))).mode & 0o777, 0o600);
  });
});
