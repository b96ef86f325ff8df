import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSnapshots, snapshotSizes } from '../../src/node/snapshots.ts';

describe('snapshots', () => {
  let dir = '';
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'conclave-snapshots-'));
    dir = join(root, 'data', 'snapshots');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const change = (path: string, before: string | null, after: string | null) => ({ path, before, after });

  it('keep each write in order, with permissions, and what became of it', async () => {
    writeFileSync(join(root, 'run.sh'), 'a\n');
    chmodSync(join(root, 'run.sh'), 0o750);
    const snapshots = openSnapshots(dir, root);
    const first = await snapshots.keep('run-1', [change('run.sh', 'a\n', 'b\n'), change('new.ts', null, 'n\n')]);
    await first.settle([{ path: 'run.sh', text: 'B\n' }]);
    const second = await snapshots.keep('run-1', [change('run.sh', 'B\n', null)]);
    const kept = [
      [{ ...change('run.sh', 'a\n', 'B\n'), mode: 0o750 }, change('new.ts', null, 'n\n')],
      [{ ...change('run.sh', 'B\n', null), mode: 0o750 }],
    ];
    assert.deepEqual(await openSnapshots(dir, root).of('run-1'), kept, 'also for another process');
    await second.discard();
    assert.deepEqual(await snapshots.of('run-1'), kept.slice(0, 1));
    assert.deepEqual(await snapshots.of('run-2'), []);
    await snapshots.drop('run-1');
    assert.deepEqual([await snapshots.of('run-1'), readdirSync(dir)], [[], []]);
    await snapshots.drop('run-1');
  });

  it('hold the same text once', async () => {
    const snapshots = openSnapshots(dir, root);
    const text = 'x'.repeat(10_000);
    for (const path of ['a', 'b', 'c']) await snapshots.keep('run-1', [change(path, text, `${text}${path}`)]);
    await snapshots.keep('run-1', [change('old', text, null), change('new', null, text)]);
    const [size] = await snapshotSizes(dir);
    assert.equal(size?.runId, 'run-1');
    assert.ok(size.bytes > 40_000 && size.bytes < 42_000, String(size.bytes));
  });

  it('stay below the quota: the run that wrote longest ago goes first, the one at work never', async () => {
    const snapshots = openSnapshots(dir, root, { file: 10_000, total: 25_000 });
    for (const [i, run] of ['run-1', 'run-2'].entries()) {
      await snapshots.keep(run, [change('a', String(i).repeat(9_000), null)]);
      const old = new Date(Date.now() - 1_000_000 + i * 1_000);
      for (const file of readdirSync(join(dir, run), { recursive: true, encoding: 'utf8' }))
        utimesSync(join(dir, run, file), old, old);
    }
    await snapshots.keep('run-3', [change('a', '3'.repeat(9_000), null)]);
    const runs = async () => (await snapshotSizes(dir)).filter(({ bytes }) => bytes > 0).map(({ runId }) => runId);
    assert.deepEqual((await runs()).sort(), ['run-2', 'run-3']);
    await snapshots.keep('run-3', [change('b', '4'.repeat(9_000), '5'.repeat(9_000))]);
    assert.deepEqual(await runs(), ['run-3']);
    assert.equal((await snapshots.of('run-3')).length, 2);

    const late = await snapshots.keep('run-1', [change('b', 'b', 'c')]);
    await late.settle([{ path: 'b', text: 'c' }]);
    assert.deepEqual(await snapshots.of('run-1'), [], 'half of what a run wrote is not kept');
  });

  it('say of a text above the limit that it is not kept', async () => {
    const snapshots = openSnapshots(dir, root, { file: 100, total: 1_000 });
    await snapshots.keep('run-1', [change('big', 'x'.repeat(101), 'y'), change('small', 'x', 'y')]);
    assert.deepEqual(await snapshots.of('run-1'), [
      [{ path: 'big', before: null, after: null, tooLarge: true }, change('small', 'x', 'y')],
    ]);
  });

  it('never lead out of their folder', async () => {
    const snapshots = openSnapshots(dir, root);
    await snapshots.keep('../../escape', [change('../../etc/passwd', 'x', 'y')]);
    assert.equal(existsSync(join(root, 'escape')), false);
    assert.equal(readdirSync(dir).length, 1);
  });
});
