import assert from 'node:assert/strict';
import { insistence, type Miss, nearestNow } from '../../src/core/changes/misses.ts';

function fileOf(length: number): string[] {
  return Array.from({ length }, (_, i) => `line ${i + 1};`);
}

/** A SEARCH of so many lines that is nearest to the file's from `startLine` on. */
function missAt(file: string[], startLine: number, count = 2): Miss {
  const lines = file.slice(startLine - 1, startLine - 1 + count);
  return { search: lines.map((line) => `${line}?`), nearest: { startLine, lines: lines.slice(0, 40) }, file };
}

describe('a miss', () => {
  it('is answered with all the lines it is near to, and some around, as they are', () => {
    const file = fileOf(200);
    assert.equal(nearestNow(missAt(file, 10)), `The nearest now are lines 7 to 14:\n${file.slice(6, 14).join('\n')}`);
    assert.match(nearestNow(missAt(file, 10, 60)) ?? '', /lines 7 to 72:/);
    assert.match(nearestNow(missAt(fileOf(1), 1, 1)) ?? '', /are line 1:\nline 1;$/);
    assert.equal(nearestNow({ search: ['x'], file }), undefined);
  });

  it('of the same part again asks for the whole of it, from line to line', () => {
    const file = fileOf(200);
    assert.equal(insistence('a.ts', [], missAt(file, 10)), undefined);
    assert.equal(insistence('a.ts', [missAt(file, 10)], missAt(file, 40)), undefined, 'another part');
    const said = insistence('a.ts', [missAt(file, 10), missAt(file, 90)], missAt(file, 11)) ?? '';
    assert.match(said, /missed this part of a\.ts 2 times\. .*write lines 7 to 15 anew, all of them/);
    assert.ok(said.endsWith(`\n${file.slice(6, 15).join('\n')}`), said);
    assert.match(insistence('a.ts', [missAt(file, 10), missAt(file, 11)], missAt(file, 10)) ?? '', /3 times/);
  });

  it('of parts that are too far apart together asks for the last one', () => {
    const file = fileOf(400);
    const said = insistence('a.ts', [missAt(file, 10, 70)], missAt(file, 75, 60)) ?? '';
    assert.match(said, /write lines 72 to 137 anew/);
  });

  it('again in a short file asks for the whole file, in a fence that is longer than those in it', () => {
    const said = insistence('a.ts', [missAt(fileOf(60), 10)], missAt(fileOf(60), 11)) ?? '';
    assert.match(said, /whole file anew.*\na\.ts\n```\n.*\n```\nIt is now:\nline 1;\n[\s\S]*line 60;$/);
    const file = ['# A', '```sh', 'x', '```'];
    assert.match(insistence('a.md', [missAt(file, 1)], missAt(file, 1)) ?? '', /\na\.md\n````\n/);
  });

  it('that is like nothing, again, is sent to read the file', () => {
    const miss: Miss = { search: ['x'], file: fileOf(200) };
    assert.match(insistence('a.ts', [miss], miss) ?? '', /read the file with read_file/);
    assert.equal(insistence('a.ts', [{ ...miss, search: ['y'] }], miss), undefined);
  });
});
