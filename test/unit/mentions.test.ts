import assert from 'node:assert/strict';
import {
  endOf,
  folderListing,
  numberedLines,
  type Problem,
  problemList,
} from '../../src/host/mentions/attachedText.ts';
import { rank } from '../../src/host/mentions/rank.ts';

const PATHS = [
  'README.md',
  'src/app.ts',
  'src/apply.ts',
  'src/core/mapper.ts',
  'test/app.test.ts',
  'src/user/appName.ts',
];
const ranked = (query: string, limit = 10): string[] => rank(query, PATHS, limit).map(({ path }) => path);

describe('the ranking of mentions', () => {
  it('puts names before paths, beginnings before middles, short before long', () => {
    assert.deepEqual(ranked('app'), [
      'src/app.ts',
      'src/apply.ts',
      'test/app.test.ts',
      'src/user/appName.ts',
      'src/core/mapper.ts',
    ]);
    assert.equal(ranked('app.ts')[0], 'src/app.ts');
  });

  it('finds letters in their order, and nothing else', () => {
    assert.deepEqual(ranked('rdm'), ['README.md']);
    assert.deepEqual(ranked('sumap'), []);
    assert.deepEqual(ranked('zzz'), []);
  });

  it('takes a path, whatever its slashes and letters', () => {
    assert.equal(ranked('CORE\\map')[0], 'src/core/mapper.ts');
    assert.equal(ranked('test/app')[0], 'test/app.test.ts');
  });

  it('prefers letters that begin words', () => {
    assert.deepEqual(rank('sc', ['a/discuss.ts', 'a/state-check.ts'], 2)[0]?.path, 'a/discuss.ts');
    assert.deepEqual(rank('stck', ['a/sxtxcxk.ts', 'a/st-ck.ts'], 2)[0]?.path, 'a/st-ck.ts');
  });

  it('keeps to the limit', () => {
    assert.equal(ranked('', 2).length, 2);
  });
});

describe('what is attached', () => {
  it('numbers lines as they are in the file', () => {
    assert.equal(numberedLines('a\r\nb\nc\nd', { from: 2, to: 3 }), '2  b\n3  c');
    assert.equal(numberedLines('a\n'.repeat(10), { from: 9, to: 99 }), ' 9  a\n10  a\n11  ');
  });

  it('lists what is below a folder, bounded, and says so', () => {
    assert.equal(folderListing(['src/a.ts', 'srcs/b.ts', 'c.ts'], 'src'), 'src/a.ts');
    assert.equal(folderListing(['c.ts'], ''), 'c.ts');
    assert.match(folderListing(['c.ts'], 'src'), /no file/);
    const many = Array.from({ length: 301 }, (_, index) => `src/${index}.ts`);
    assert.match(folderListing(many, 'src'), /\[1 more files are not shown\]$/);
  });

  it('lists problems, the gravest first, each on a line', () => {
    const problem = (line: number, severity: Problem['severity']): Problem => ({
      path: 'a.ts',
      line,
      severity,
      message: 'one\n  two',
      source: 'ts',
    });
    assert.equal(
      problemList([problem(3, 'hint'), problem(2, 'error'), problem(1, 'error')]),
      'a.ts:1: error (ts): one two\na.ts:2: error (ts): one two\na.ts:3: hint (ts): one two',
    );
    assert.match(problemList([]), /no problems/);
  });

  it('keeps the end of an output', () => {
    assert.equal(endOf('a\nb\n', 100), 'a\nb');
    assert.equal(endOf('first\nsecond\nthird\n', 13), '[1 lines before are not shown]\nsecond\nthird');
  });
});
