import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reformattedFrom } from '../../src/core/changes/reformatted.ts';
import { openFormatterMemory } from '../../src/node/formatterMemory.ts';

describe('the memory of a workspace’s formatter', () => {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-formatter-'));
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('holds the files that were saved last, each as it was seen last', async () => {
    const memory = openFormatterMemory(join(dir, 'a'), '/project');
    assert.deepEqual(await memory.recall(), []);
    const one = { path: '1', diff: 'one' };
    await memory.keep([one, { path: '2', diff: '' }]);
    assert.deepEqual(await openFormatterMemory(join(dir, 'a'), '/project').recall(), [one]);
    assert.deepEqual(await openFormatterMemory(join(dir, 'a'), '/other').recall(), []);
    await memory.keep(['3', '4', '5'].map((path) => ({ path, diff: path })));
    assert.deepEqual(
      (await memory.recall()).map(({ path }) => path),
      ['3', '4', '5'],
    );
    await memory.keep([{ path: '4', diff: '' }]);
    assert.deepEqual(
      (await memory.recall()).map(({ path }) => path),
      ['3', '5'],
    );
  });

  it('is empty where it cannot be read', async () => {
    const memory = openFormatterMemory(join(dir, 'b'), '/project');
    await memory.keep([{ path: '1', diff: 'one' }]);
    for (const name of readdirSync(join(dir, 'b'))) writeFileSync(join(dir, 'b', name), '{"half');
    assert.deepEqual(await memory.recall(), []);
  });

  it('is of what saving changed alone, and cut where that is much', () => {
    assert.equal(reformattedFrom('a', 'x\n', 'x\n').diff, '');
    assert.equal(reformattedFrom('a', null, 'x\n').diff, '');
    assert.equal(reformattedFrom('a', 'x\n', null).diff, '');
    assert.match(reformattedFrom('a', 'x\n', 'y\n').diff, /-x\n\+y\n$/);
    const long = reformattedFrom('a', 'x\n'.repeat(5000), 'y\n'.repeat(5000)).diff;
    assert.ok(long.length < 2100 && long.endsWith('\n… and so on\n'));
  });
});
