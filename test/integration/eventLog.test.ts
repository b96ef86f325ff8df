import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openFileEventLog } from '../../src/node/fileStore/fileEventLog.ts';
import { openFileLeases } from '../../src/node/fileStore/fileLeases.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { skip } from '../skip.ts';
import { eventLogContract, failsAs } from './contract/eventLogContract.ts';
import { type FileStoreUnderTest, openFileStore } from './contract/fileStoreUnderTest.ts';
import { type StoreProcess, startStoreProcess } from './contract/storeProcess.ts';
import { collect, ready, seqs, started, take, takeOver } from './contract/storeUnderTest.ts';

const run = promisify(execFile);

eventLogContract('files', openFileStore);

describe('an event log in files', () => {
  let store: FileStoreUnderTest;
  let child: StoreProcess | undefined;
  beforeEach(async () => {
    store = await openFileStore();
  });
  afterEach(async () => {
    await child?.end();
    child = undefined;
    await store.dispose();
  });

  const folder = (runId = 'a') => join(store.dir, 'runs', runId);
  const segment = (epoch: number) => join(folder(), `events-${String(epoch).padStart(8, '0')}.jsonl`);

  it('goes on where the last read ended, without looking at what was before', async () => {
    const { leases, log } = await store.connect();
    const lease = await take(leases, 'run/a');
    await log.append(lease, [ready('a', 1), ready('a', 2)], true);
    assert.deepEqual(await seqs(log.read('a')), [1, 2]);
    await log.append(lease, [ready('a', 3)], true);
    const whole = await readFile(segment(1), 'utf8');
    const second = whole.split('\n')[1] ?? '';
    await writeFile(segment(1), whole.replace(second, ' '.repeat(second.length)));
    assert.deepEqual(await seqs(log.read('a', 2)), [3]);
    await assert.rejects(collect(log.read('a')), failsAs('corrupt'));
    await writeFile(segment(1), whole);
    assert.deepEqual(await seqs(log.read('a', 1)), [2, 3]);
    await log.close();
    await leases.release(lease);

    const next = await take(leases, 'run/a');
    await log.append(next, [ready('a', 4)], true);
    assert.deepEqual(await seqs(log.read('a', 3)), [4], 'in another segment');
  });

  describe('after a crash', () => {
    it('reads up to a line that is torn at any byte, and goes on behind it in a new segment', async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1), ready('a', 2), ready('a', 3, 'ü')], true);
      await log.close();
      await leases.release(lease);
      const whole = await readFile(segment(1));
      const thirdLine = whole.lastIndexOf(0x0a, whole.length - 2) + 1;

      for (let bytes = thirdLine; bytes < whole.length; bytes += 1) {
        await writeFile(segment(1), whole.subarray(0, bytes));
        assert.deepEqual(await seqs(log.read('a')), [1, 2], `${bytes} bytes`);
        const next = await take(leases, 'run/a');
        await log.append(next, [ready('a', 3, 'again')], true);
        assert.deepEqual(await collect(log.read('a')), [ready('a', 1), ready('a', 2), ready('a', 3, 'again')]);
        await log.close();
        await leases.release(next);
        await rm(segment(next.epoch));
      }
    });

    it('does not glue an event to a torn line of its own segment', async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1), ready('a', 2, 'longer than what comes instead')], true);
      await log.close();
      await truncate(segment(1), (await stat(segment(1))).size - 5);
      await log.append(lease, [ready('a', 2, 'again')], true);
      assert.deepEqual(await collect(log.read('a')), [ready('a', 1), ready('a', 2, 'again')]);
      assert.ok((await readFile(segment(1), 'utf8')).endsWith('}\n'), 'nothing of the torn line is left');
    });

    it('passes over a segment whose process died while it wrote the first line', async () => {
      const { leases, log } = await store.connect();
      const first = await take(leases, 'run/a');
      await log.append(first, [ready('a', 1)], true);
      await leases.release(first);
      for (const torn of ['', '{"segment":{"vers', '\0\0\0\0\n']) {
        const died = await take(leases, 'run/a');
        await writeFile(segment(died.epoch), torn);
        await leases.release(died);
        assert.deepEqual(await seqs(log.read('a')), [1]);
      }
      const next = await take(leases, 'run/a');
      await log.append(next, [ready('a', 2)], true);
      assert.deepEqual(await seqs(log.read('a')), [1, 2]);
    });

    it('has every durable event of a process that was killed with SIGKILL', async () => {
      child = await startStoreProcess(store.dir);
      const lease = await child.acquire('run/a');
      assert.ok(!('heldBy' in lease));
      const recorded: string[] = [];
      await new Promise<void>((resolve) => {
        child?.recordSteps('a', lease, (key) => {
          recorded.push(key);
          if (recorded.length === 100) resolve();
        });
      });
      await child.end();

      const { leases, log } = await store.connect();
      const events = await collect(log.read('a'));
      const steps = events.flatMap((event) => event.step ?? []);
      assert.ok(recorded.length >= 100);
      assert.deepEqual(steps.slice(0, recorded.length), recorded);
      // The step in flight may be there too, and one more whose report was lost with the process.
      assert.ok(steps.length <= recorded.length + 2, `${steps.length} steps, ${recorded.length} reported`);
      assert.equal(events.filter((event) => event.type === 'plan.delta').length >= steps.length, true);
      assert.equal((await log.list())[0]?.state, 'interrupted');
      const last = events.at(-1)?.seq ?? 0;
      await log.append(await take(leases, 'run/a'), [ready('a', last + 1)], true);
      assert.equal((await collect(log.read('a'))).length, events.length + 1);
    });
  });

  describe('against a stopped process that wakes up', () => {
    it('refuses its next append', async function () {
      if (process.platform === 'win32') skip(this, 'Windows cannot stop and continue a process');
      child = await startStoreProcess(store.dir, { ttl: 300 });
      const lease = await child.acquire('run/a');
      assert.ok(!('heldBy' in lease));
      assert.equal(await child.append(lease, [ready('a', 1)]), 'done');
      child.kill('SIGSTOP');
      const { leases, log } = await store.connect({ ttl: 300 });
      const next = await takeOver(leases, 'run/a');
      child.kill('SIGCONT');
      assert.equal(await child.append(lease, [ready('a', 2, 'late')]), 'fenced');
      await log.append(next, [ready('a', 2)], true);
      assert.equal(await child.append(lease, [ready('a', 3, 'late')]), 'fenced');
      assert.deepEqual(await collect(log.read('a')), [ready('a', 1), ready('a', 2)]);
    });

    it('does not count what it writes after its check of the lease, before or after the new holder begins', async () => {
      const { leases, log } = await store.connect();
      // As if it was stopped between checking the lease and writing: its check always says yes.
      const late = openFileEventLog(store.dir, { ...leases, isNewest: async () => true });
      try {
        const first = await take(leases, 'run/a');
        await late.append(first, [ready('a', 1), ready('a', 2)], true);
        await leases.release(first);
        const second = await take(leases, 'run/a');
        assert.deepEqual(await seqs(log.read('a')), [1, 2]);

        await late.append(first, [ready('a', 3, 'late'), ready('a', 4, 'late')], true);
        await log.append(second, [ready('a', 3)], true);
        await late.append(first, [ready('a', 5, 'late')], true);
        await log.append(second, [ready('a', 4)], true);
        await late.append(first, [ready('a', 6, 'late')], true);
        assert.match(await readFile(segment(1), 'utf8'), /"seq":6/, 'the late events are in its file');
        const counted = [1, 2, 3, 4].map((seq) => ready('a', seq));
        assert.deepEqual(await collect(log.read('a')), counted);

        // And so on for the next ones, also where a segment holds nothing but late events.
        await leases.release(second);
        const third = await take(leases, 'run/a');
        await leases.release(third);
        const fourth = await take(leases, 'run/a');
        await late.append(third, [ready('a', 5, 'late')], true);
        await log.append(fourth, [ready('a', 5)], true);
        assert.deepEqual(await collect(log.read('a')), [...counted, ready('a', 5)]);
      } finally {
        await late.close();
      }
    });

    it('tells a writer whose run was taken over while it wrote', async () => {
      const { leases, log } = await store.connect();
      const first = await take(leases, 'run/a');
      await log.append(first, [ready('a', 1)], true);
      let checks = 0;
      const slow = openFileEventLog(store.dir, {
        ...leases,
        async isNewest(lease) {
          checks += 1;
          const answer = await leases.isNewest(lease);
          if (checks === 1) {
            await leases.release(first);
            await take(leases, 'run/a');
          }
          return answer;
        },
      });
      await assert.rejects(slow.append(first, [ready('a', 2)], true), failsAs('fenced'));
      await slow.close();
    });
  });

  describe('with damaged files', () => {
    it('names file and line of an event that is damaged in the middle', async () => {
      const { leases, log } = await store.connect();
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1), ready('a', 2), ready('a', 3)], true);
      const text = await readFile(segment(1), 'utf8');
      const damages = [
        text.replace('"seq":2', '"seq":"2"'),
        text.replace('"seq":2', '"seq":1'),
        text.replace('"runId":"a","seq":2', '"runId":"b","seq":2'),
        text.replace('{"type":"subtask.ready","subtask":"task_2"', '\0\0\0'),
      ];
      for (const damaged of damages) {
        assert.notEqual(damaged, text);
        await writeFile(segment(1), damaged);
        await assert.rejects(collect(log.read('a')), (error) => {
          assert.match(String(error), /events-00000001\.jsonl.*line 3/);
          return failsAs('corrupt', /backup|delete/)(error);
        });
      }
      await writeFile(segment(1), text.replace('{"segment"', '{"sgmnt"'));
      await assert.rejects(collect(log.read('a')), failsAs('corrupt'));
    });

    it('says so where an older segment is shorter than a later one builds on, or gone', async () => {
      const { leases, log } = await store.connect();
      for (const seq of [1, 2]) {
        const lease = await take(leases, 'run/a');
        await log.append(lease, [ready('a', seq)], true);
        await leases.release(lease);
      }
      await truncate(segment(1), (await stat(segment(1))).size - 1);
      await assert.rejects(collect(log.read('a')), failsAs('corrupt'));
      await rm(segment(1));
      await assert.rejects(collect(log.read('a')), failsAs('corrupt'));
    });

    it('asks for a newer version where one has written the run', async () => {
      const { log } = await store.connect();
      await mkdir(folder(), { recursive: true });
      await writeFile(segment(1), '{"segment":{"version":3,"epoch":1,"continues":null}}\n');
      await assert.rejects(collect(log.read('a')), failsAs('corrupt', /Update Conclave/));
    });

    it('lists a run that it cannot read, beside the others, and can delete it', async () => {
      const { leases, log } = await store.connect();
      await log.append(await take(leases, 'run/good'), [started('good', '2025-01-01T00:00:00.000Z')], true);
      await mkdir(folder('empty'));
      await mkdir(folder('damaged'));
      await writeFile(join(folder('damaged'), 'events-00000001.jsonl'), 'no\nsegment\n');
      await writeFile(join(store.dir, 'runs', 'stray file'), 'not a run');
      const runs = await log.list();
      assert.deepEqual(runs.map(({ runId, state }) => `${runId} ${state}`).sort(), [
        'damaged unreadable',
        'empty unreadable',
        'good running',
      ]);
      await log.delete('damaged');
      await log.delete('empty');
      assert.deepEqual(
        (await log.list()).map(({ runId }) => runId),
        ['good'],
      );
      assert.deepEqual((await readdir(join(store.dir, 'leases'))).sort(), ['run%2fgood']);
    });
  });

  it('shows a follower no line before it is whole', async () => {
    const { leases, log } = await store.connect();
    const lease = await take(leases, 'run/a');
    await log.append(lease, [ready('a', 1)], true);
    await log.close();
    const line = `${JSON.stringify(ready('a', 2))}\n`;
    const stop = new AbortController();
    const seen: RunEvent[] = [];
    for await (const event of log.follow('a', 0, stop.signal)) {
      seen.push(event);
      if (event.seq === 1) {
        await appendFile(segment(1), line.slice(0, 20));
        setTimeout(() => void appendFile(segment(1), line.slice(20)), 50);
      } else stop.abort();
    }
    assert.deepEqual(seen, [ready('a', 1), ready('a', 2)]);
  });

  it('keeps what it writes to its user', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no file modes');
    const { leases, log } = await store.connect();
    await log.append(await take(leases, 'run/a'), [ready('a', 1)], true);
    assert.equal((await stat(folder())).mode & 0o777, 0o700);
    assert.equal((await stat(segment(1))).mode & 0o777, 0o600);
  });

  describe('on a disk of its own', () => {
    let disk: string | undefined;
    async function mountDisk(context: Mocha.Context): Promise<string> {
      const dir = join(store.dir, 'disk');
      await mkdir(dir);
      try {
        await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir]);
      } catch (error) {
        skip(context, `a small disk cannot be mounted here: ${String(error).split('\n')[0]}`);
      }
      disk = dir;
      return dir;
    }
    afterEach(async () => {
      if (disk !== undefined) await run('umount', [disk]);
      disk = undefined;
    });

    it('says that the disk is full, keeps what was there, and goes on when there is room', async function () {
      const dir = await mountDisk(this);
      const ballast = join(dir, 'ballast');
      await writeFile(ballast, 'x'.repeat(20_000));
      const leases = openFileLeases(dir);
      const log = openFileEventLog(dir, leases);
      try {
        const lease = await take(leases, 'run/a');
        const kept: RunEvent[] = [];
        let refused: RunEvent[] = [];
        for (let seq = 1; refused.length === 0; seq += 2) {
          const events = [ready('a', seq, 'x'.repeat(500)), ready('a', seq + 1, 'y'.repeat(3000))];
          try {
            await log.append(lease, events, true);
            kept.push(...events);
          } catch (error) {
            failsAs('full', new RegExp(dir))(error);
            refused = events;
          }
        }
        assert.ok(kept.length >= 4);
        assert.deepEqual(await collect(log.read('a')), kept);
        assert.ok((await readFile(join(dir, 'runs/a/events-00000001.jsonl'), 'utf8')).endsWith('}\n'), 'no torn line');
        await assert.rejects(log.append(lease, refused, true), failsAs('full'));
        const full = await leases.acquire('run/b', 'a test').catch((error: unknown) => error);
        failsAs('full')(full);

        await rm(ballast);
        await log.append(lease, refused, true);
        assert.deepEqual(await collect(log.read('a')), [...kept, ...refused]);
        await take(leases, 'run/b');
      } finally {
        await log.close();
      }
    });

    it('says that the folder may not be written', async function () {
      const dir = await mountDisk(this);
      const leases = openFileLeases(dir);
      const log = openFileEventLog(dir, leases);
      const lease = await take(leases, 'run/a');
      await log.append(lease, [ready('a', 1)], true);
      await log.close();
      await run('mount', ['-o', 'remount,ro', dir]);
      await assert.rejects(log.append(lease, [ready('a', 2)], true), failsAs('unreachable', new RegExp(dir)));
      await assert.rejects(leases.acquire('run/b', 'a test'), failsAs('unreachable', new RegExp(dir)));
      assert.deepEqual(await seqs(log.read('a')), [1]);
    });
  });
});
