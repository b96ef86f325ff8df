import assert from 'node:assert/strict';
import { brokenPart } from '../../src/core/tools/brokenPart.ts';
import { globMatcher } from '../../src/core/tools/glob.ts';

describe('a regular expression that is none', () => {
  const BROKEN: Record<string, [number, RegExp]> = {
    '(a': [1, /"\(" is not closed/],
    'x(?i:ab': [2, /"\(" is not closed/],
    'a)': [2, /closes nothing/],
    'x[ab': [2, /"\[" is not closed/],
    '[]a': [1, /"\[" is not closed/],
    'a\\': [2, /escapes nothing/],
    '*a': [1, /nothing before "\*"/],
    'a|+b': [3, /nothing before "\+"/],
  };
  for (const [pattern, [column, what]] of Object.entries(BROKEN)) {
    it(`is broken in a place that is told: ${pattern}`, () => {
      assert.equal(brokenPart(pattern)?.column, column);
      assert.match(brokenPart(pattern)?.what ?? '', what);
    });
  }

  for (const pattern of [
    '(?P<x>a)',
    '(?i)foo',
    '(?:a|b)+?',
    '[]a]',
    '(?<=x)y',
    'a{2,3}',
    '[^]]x',
    '\\(',
    '^$',
    '[(]',
    'a||b',
  ]) {
    it(`is not: ${pattern}`, () => assert.equal(brokenPart(pattern), undefined));
  }
});

describe('a glob', () => {
  const CASES: Record<string, { takes: string[]; leaves: string[] }> = {
    '*.ts': { takes: ['a.ts', 'src/deep/a.ts', '.x/b.ts'], leaves: ['a.tsx', 'ts'] },
    '**/*.test.ts': { takes: ['a.test.ts', 'src/a.test.ts'], leaves: ['a.ts'] },
    'src/*.ts': { takes: ['src/a.ts'], leaves: ['src/b/a.ts', 'x/src/a.ts'] },
    './src/**': { takes: ['src/a', 'src/b/c.ts'], leaves: ['test/a'] },
    'src/': { takes: ['src/a/b.ts', 'packages/x/src/a.ts'], leaves: ['srcs/a.ts'] },
    src: { takes: ['src/a/b.ts', 'bin/src'], leaves: ['src.ts'] },
    '*.{ts,tsx}': { takes: ['x/y.tsx', 'y.ts'], leaves: ['y.js'] },
    '!*.ts': { takes: ['a.js'], leaves: ['a.ts', 'src/a.ts'] },
    '[ab].ts': { takes: ['a.ts', 'src/b.ts'], leaves: ['c.ts'] },
    'a b/(x).ts': { takes: ['a b/(x).ts'], leaves: ['a b/x.js'] },
  };
  for (const [glob, { takes, leaves }] of Object.entries(CASES)) {
    it(`means what is meant by ${glob}`, () => {
      const matches = globMatcher(glob);
      assert.deepEqual([...takes, ...leaves].filter(matches), takes);
    });
  }

  it('that is none is refused in words', () => {
    for (const glob of ['', '!', '[a', `${'*a'.repeat(200)}`])
      assert.throws(() => globMatcher(glob), /This is no glob/, glob);
  });

  it('takes no time to find that nothing matches', () => {
    assert.equal(globMatcher('**/**/**/*a*a*a*a*a*a*b')(`${'a/'.repeat(20)}${'a'.repeat(60)}`), false);
  });
});
