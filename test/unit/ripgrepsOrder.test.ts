import assert from 'node:assert/strict';
import { ripgrepsOrder } from '../../src/node/plainSearch.ts';
import { diceOf } from '../edits/dice.ts';

describe("ripgrep's order of files", () => {
  it('is that of their bytes, a folder before what only begins like it', () => {
    assert.deepEqual(['a-b', 'a/b', 'a'].sort(ripgrepsOrder), ['a', 'a/b', 'a-b']);
    // U+FF21 comes after a pair of UTF-16 by its number, and before it by its bytes.
    assert.deepEqual(['\u{1f600}', '\uff21', 'é', 'z'].sort(ripgrepsOrder), ['z', 'é', '\uff21', '\u{1f600}']);
  });

  it('is the same for any names', () => {
    const dice = diceOf(20261127);
    const letters = ['a', 'b', '/', '-', '.', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}'];
    const draw = (): string => Array.from({ length: dice.int(8) }, () => dice.pick(letters)).join('');
    const paths = Array.from({ length: 3000 }, draw);
    const bytes = (path: string) => Buffer.from(path.replaceAll('/', '\0'));
    assert.deepEqual(
      [...paths].sort(ripgrepsOrder),
      [...paths].sort((a, b) => Buffer.compare(bytes(a), bytes(b))),
    );
  });
});
