import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parseTestOutput } from '../../src/core/checks/parse.ts';
import { located } from '../../src/core/checks/places.ts';
import type { FailedTest } from '../../src/shared/events.ts';

const REAL = new URL('../fixtures/runners/real/', import.meta.url);

type Failure = readonly [name: string, message: string | undefined, file?: string, line?: number];

/** What is really in test/fixtures/runners/suites, by the runner that ran it. */
const EXPECTED: Record<string, { passed?: number; skipped?: number; failed: readonly Failure[] }> = {
  ava: {
    passed: 2,
    skipped: 1,
    failed: [
      [
        'broken.test.mjs',
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find module 'missing.mjs' imported from broken.test.mjs",
        'broken.test.mjs',
      ],
      ['sums > größer als 日本', 'Difference (- actual, + expected): - 2 + 3', 'sums.test.mjs', 4],
      ['sums > of 2', 'Value is not `true`: false', 'sums.test.mjs', 5],
      ['sums > throws', 'TypeError: no number', 'sums.test.mjs', 7],
      ['sums > rejects', 'Error: rejected', 'sums.test.mjs', 11],
    ],
  },
  bun: {
    passed: 2,
    skipped: 1,
    failed: [
      ['broken.test.js', "error: Cannot find module './missing.js' from 'broken.test.js'", 'broken.test.js'],
      ['größer als 日本', 'error: expect(received).toBe(expected); Expected: 3; Received: 2', 'sums.test.js'],
      [
        'sums > of negatives > of 2',
        'error: expect(received).toBeLessThan(expected); Expected: < 2; Received: 2',
        'sums.test.js',
      ],
      ['sums > throws', 'TypeError: no number', 'sums.test.js', 10],
      ['rejects', 'error: rejected', 'sums.test.js', 15],
    ],
  },
  cargo: {
    passed: 2,
    skipped: 1,
    failed: [
      ['tests::größer', 'assertion `left == right` failed: größer als 日本', 'src/lib.rs', 19],
      ['tests::of_negatives::does_not_panic', 'test did not panic as expected', 'src/lib.rs', 31],
      ['tests::of_negatives::throws', 'no number', 'src/lib.rs', 26],
      ['tests::returns_an_error', 'Error: "no database"'],
      ['outer_fails', 'not greater', 'tests/outer.rs', 8],
      ['src/lib.rs - add', 'assertion `left == right` failed', 'src/lib.rs', 1],
    ],
  },
  deno: {
    passed: 1,
    skipped: 1,
    failed: [
      ['größer als 日本', 'Error: 2 is not greater', 'sums_test.js', 6],
      ['sums > of negatives > of 2', 'Error: 2 is not less than 2', 'sums_test.js', 9],
      ['rejects', 'TypeError: rejected', 'sums_test.js', 14],
    ],
  },
  'go-verbose': {
    passed: 3,
    skipped: 1,
    failed: [
      ['example.org/sums > TestGrößer', '2 is not 3: größer als 日本', 'sums_test.go', 8],
      ['example.org/sums > TestOf/of_negatives/x', 'negative', 'sums_test.go', 16],
      ['example.org/sums/broken > build failed', 'undefined: missing', 'broken/broken_test.go', 6],
      [
        'example.org/sums/inner > TestPanics',
        'panic: runtime error: index out of range [3] with length 0 [recovered, repanicked]',
        'inner/inner_test.go',
        7,
      ],
    ],
  },
  go: {
    failed: [
      ['example.org/sums > TestGrößer', '2 is not 3: größer als 日本', 'sums_test.go', 8],
      ['example.org/sums > TestOf/of_negatives/x', 'negative', 'sums_test.go', 16],
      ['example.org/sums/broken > build failed', 'undefined: missing', 'broken/broken_test.go', 6],
      [
        'example.org/sums/inner > TestPanics',
        'panic: runtime error: index out of range [3] with length 0 [recovered, repanicked]',
        'inner/inner_test.go',
        7,
      ],
    ],
  },
  gradle: {
    passed: 5,
    skipped: 2,
    failed: [
      ['org.example.GreenTest > größer', 'java.lang.AssertionError', 'GreenTest.java', 13],
      ['org.example.SumTest > isOne[of 2]', 'java.lang.AssertionError', 'SumTest.java', 32],
      ['org.example.SumTest > throwsUp[of 2]', 'java.lang.IllegalStateException', 'SumTest.java', 37],
    ],
  },
  jest: {
    passed: 2,
    skipped: 1,
    failed: [
      [
        'sums.test.cjs > größer als 日本',
        'expect(received).toBe(expected) // Object.is equality; Expected: 3; Received: 2',
        'sums.test.cjs',
        2,
      ],
      [
        'sums.test.cjs > sums > of negatives > of 2',
        'expect(received).toBeLessThan(expected); Expected: < 2; Received:   2',
        'sums.test.cjs',
        5,
      ],
      ['sums.test.cjs > sums > throws', 'TypeError: no number', 'sums.test.cjs', 8],
      ['sums.test.cjs > rejects', 'rejected', 'sums.test.cjs', 13],
      [
        'broken.test.cjs > Test suite failed to run',
        "Cannot find module './missing.cjs' from 'broken.test.cjs'",
        'broken.test.cjs',
        1,
      ],
    ],
  },
  'maven-quiet': {
    passed: 3,
    skipped: 1,
    failed: [
      [
        'org.example.SumTest > größer',
        'org.opentest4j.AssertionFailedError: größer als 日本 ==> expected: <3> but was: <2>',
        'SumTest.java',
        20,
      ],
      [
        'org.example.SumTest > of{int}[2]',
        'org.opentest4j.AssertionFailedError: expected: <true> but was: <false>',
        'SumTest.java',
        26,
      ],
      ['org.example.SumTest > throwsUp', 'java.lang.IllegalStateException: no number', 'SumTest.java', 31],
      [
        'org.example.SumTest$OfNegatives > fails',
        'org.opentest4j.AssertionFailedError: expected: <1> but was: <-1>',
        'SumTest.java',
        42,
      ],
    ],
  },
  maven: {
    passed: 3,
    skipped: 1,
    failed: [
      [
        'org.example.SumTest > größer',
        'org.opentest4j.AssertionFailedError: größer als 日本 ==> expected: <3> but was: <2>',
        'SumTest.java',
        20,
      ],
      [
        'org.example.SumTest > of{int}[2]',
        'org.opentest4j.AssertionFailedError: expected: <true> but was: <false>',
        'SumTest.java',
        26,
      ],
      ['org.example.SumTest > throwsUp', 'java.lang.IllegalStateException: no number', 'SumTest.java', 31],
      [
        'org.example.SumTest$OfNegatives > fails',
        'org.opentest4j.AssertionFailedError: expected: <1> but was: <-1>',
        'SumTest.java',
        42,
      ],
    ],
  },
  mocha: {
    passed: 2,
    skipped: 2,
    failed: [
      [
        'größer als 日本',
        'AssertionError [ERR_ASSERTION]: Expected values to be strictly equal: 2 !== 3',
        'sums.test.cjs',
        4,
      ],
      ['rejects', 'Error: rejected', 'sums.test.cjs', 15],
      ['sums > throws', 'TypeError: no number', 'sums.test.cjs', 10],
      ['sums > of negatives > of 2', 'AssertionError [ERR_ASSERTION]: 2 is not less than 2', 'sums.test.cjs', 7],
      ['hooks > "before all" hook for "never runs"', 'Error: no database', 'sums.test.cjs', 18],
    ],
  },
  'node-test-spec': {
    passed: 2,
    skipped: 1,
    failed: [
      ['broken.test.mjs', 'test failed', 'broken.test.mjs', 1],
      [
        'größer als 日本',
        'AssertionError [ERR_ASSERTION]: Expected values to be strictly equal: 2 !== 3',
        'sums.test.mjs',
        5,
      ],
      ['sums > of negatives > of 2', 'AssertionError [ERR_ASSERTION]: 2 is not less than 2', 'sums.test.mjs', 8],
      ['sums > throws', 'TypeError [Error]: no number', 'sums.test.mjs', 10],
      ['rejects', 'Error: rejected', 'sums.test.mjs', 16],
    ],
  },
  'node-test-tap': {
    passed: 2,
    skipped: 1,
    failed: [
      ['broken.test.mjs', 'test failed', 'broken.test.mjs', 1],
      ['größer als 日本', 'Expected values to be strictly equal: 2 !== 3', 'sums.test.mjs', 5],
      ['sums > of negatives > of 2', '2 is not less than 2', 'sums.test.mjs', 8],
      ['sums > throws', 'no number', 'sums.test.mjs', 10],
      ['rejects', 'rejected', 'sums.test.mjs', 16],
    ],
  },
  phpunit: {
    passed: 2,
    skipped: 1,
    failed: [
      ['SumTest::testThrows', 'TypeError: no number', 'SumTest.php', 30],
      ['SumTest::testGrößer', 'größer als 日本 Failed asserting that 2 is identical to 3.', 'SumTest.php', 14],
      [
        'SumTest::testOf with data set "of negatives" (2)',
        'Failed asserting that 2 is less than 2.',
        'SumTest.php',
        20,
      ],
    ],
  },
  pytest: {
    passed: 2,
    skipped: 1,
    failed: [
      ['test_sums.py::test_größer', 'AssertionError: größer als 日本', 'test_sums.py', 9],
      ['test_sums.py::test_of[2]', 'assert 2 == 1', 'test_sums.py', 14],
      ['test_sums.py::test_of[x - y]', "AssertionError: assert 'x - y' == 1", 'test_sums.py', 14],
      ['test_sums.py::TestSums::TestOfNegatives::test_throws', 'TypeError: no number', 'test_sums.py', 20],
      ['test_broken.py', "ModuleNotFoundError: No module named 'missing_module'", 'test_broken.py', 1],
      ['test_sums.py::test_with_fixture', 'RuntimeError: no database', 'test_sums.py', 33],
    ],
  },
  rspec: {
    passed: 2,
    skipped: 1,
    failed: [
      ['sums größer als 日本', 'expected: 3 got: 2', 'sums_spec.rb', 3],
      ['sums of negatives of 2', 'expected: < 2 got:   2', 'sums_spec.rb', 7],
      ['sums of negatives throws', 'TypeError: no number', 'sums_spec.rb', 11],
    ],
  },
  unittest: {
    passed: 1,
    skipped: 1,
    failed: [
      [
        'unittest.loader._FailedTest.test_broken',
        "ModuleNotFoundError: No module named 'missing_module'",
        'test_broken.py',
        1,
      ],
      ['test_sums.Hooks.setUpClass', 'RuntimeError: no database', 'test_sums.py', 31],
      ['test_sums.Sums.test_throws', 'TypeError: no number', 'test_sums.py', 17],
      ['test_sums.Sums.test_größer', 'AssertionError: 2 != 3 : größer als 日本', 'test_sums.py', 9],
      ['test_sums.Sums.test_of (n=2)', 'AssertionError: 2 not less than 2', 'test_sums.py', 14],
    ],
  },
  vitest: {
    passed: 2,
    skipped: 1,
    failed: [
      [
        'broken.test.mjs',
        "Error: Cannot find module './missing.mjs' imported from 'broken.test.mjs'",
        'broken.test.mjs',
        1,
      ],
      [
        'sums.test.mjs > größer als 日本',
        'AssertionError: expected 2 to be 3 // Object.is equality',
        'sums.test.mjs',
        4,
      ],
      [
        'sums.test.mjs > sums > of negatives > of 2',
        'AssertionError: expected 2 to be less than 2',
        'sums.test.mjs',
        7,
      ],
      ['sums.test.mjs > sums > throws', 'TypeError: no number', 'sums.test.mjs', 10],
      ['sums.test.mjs > rejects', 'Error: rejected', 'sums.test.mjs', 15],
    ],
  },
};

function parsed(name: string): ReturnType<typeof parseTestOutput> {
  const output = readFileSync(new URL(`${name}.txt`, REAL), 'utf8').replaceAll(/(file:\/\/)?\/project\//g, '');
  return parseTestOutput(name, output, 1);
}

describe('real outputs of test runners', () => {
  it('are all looked at, and are of more than ten runners', () => {
    const recorded = readdirSync(REAL).map((file) => file.replace('.txt', ''));
    assert.deepEqual(recorded.sort(), Object.keys(EXPECTED).sort());
    assert.ok(new Set(recorded.map((name) => name.split('-')[0])).size > 10);
  });

  for (const [name, { passed, skipped, failed }] of Object.entries(EXPECTED)) {
    it(`say how many passed and were skipped, and what failed, why and where: ${name}`, () => {
      assert.deepEqual(parsed(name), {
        ...(passed === undefined ? {} : { passed }),
        ...(skipped === undefined ? {} : { skipped }),
        failed: failed.map(([title, message, file, line]) => ({
          name: title,
          ...(message === undefined ? {} : { message }),
          ...(file === undefined ? {} : { file }),
          ...(line === undefined ? {} : { line }),
        })),
      });
    });
  }
});

describe('the file of a failure', () => {
  const at = (name: string, file: string, paths: readonly string[]) =>
    located([{ name, file, line: 1 } satisfies FailedTest], paths)[0]?.file;

  it('is the one in the workspace, where only one ends like it', () => {
    const java = ['src/test/java/org/example/SumTest.java', 'src/test/java/org/example/OtherSumTest.java'];
    assert.equal(at('org.example.SumTest > adds', 'SumTest.java', java), java[0]);
    assert.equal(at('x', './SumTest.java', java), java[0]);
    assert.equal(at('x', 'sums_test.go', ['sums_test.go', 'inner/sums_test.go']), 'sums_test.go');
    assert.equal(at('x', 'gone.js', java), 'gone.js');
  });

  it('is told by the package where several end like it, or stays as it was told', () => {
    const both = ['a/src/org/example/one/SumTest.java', 'a/src/org/example/two/SumTest.java'];
    assert.equal(at('org.example.two.SumTest > adds', 'SumTest.java', both), both[1]);
    assert.equal(at('SumTest > adds', 'SumTest.java', both), 'SumTest.java');
    assert.equal(
      at('example.org/sums/inner > TestA', 'a_test.go', ['inner/a_test.go', 'outer/a_test.go']),
      'inner/a_test.go',
    );
  });
});
