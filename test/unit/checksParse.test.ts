import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { excerpt } from '../../src/core/checks/excerpt.ts';
import { parseTestOutput } from '../../src/core/checks/parse.ts';

const FIXTURES = new URL('../fixtures/runners/', import.meta.url);

function parsed(fixture: string, exitCode = 1) {
  const text = readFileSync(new URL(`${fixture}.txt`, FIXTURES), 'utf8').replaceAll(
    /(file:\/\/)?\/project\/\w+\//g,
    '',
  );
  return parseTestOutput('npm', text, exitCode);
}

function check(fixture: string, passed: number | undefined, names: readonly string[]) {
  const result = parsed(fixture);
  assert.deepEqual(
    result.failed.map(({ name }) => name),
    names,
    fixture,
  );
  assert.equal(result.passed, passed, fixture);
}

const SUMS = ['sums > of negatives > fails: 1 + -1', 'sums > throws'];

describe('parsing what test runners print', () => {
  it('reads node:test, without suites that failed by their tests, skipped ones and those to do', () => {
    check('node-test-spec', 3, ['broken.test.js', ...SUMS]);
    check('node-test-tap', 3, ['broken.test.js', ...SUMS]);
    for (const fixture of ['node-test-spec', 'node-test-tap']) {
      const test = parsed(fixture).failed[1];
      assert.equal(test?.line, 5);
      assert.match(test?.file ?? '', /sum\.test\.js$/);
      assert.match(test?.message ?? '', /0 == 1/);
    }
  });

  it('reads tape, and tells equal assertions of two tests apart', () => {
    check('tape', 2, ['subtracts > the result is positive', 'again > the result is positive']);
  });

  it('says of tape what was compared, and where', () => {
    assert.deepEqual(parsed('tape').failed[0], {
      name: 'subtracts > the result is positive',
      message: 'equal: expected 1, got -1',
      file: 't.cjs',
      line: 3,
    });
  });

  it('reads Maven, with Surefire 3 and 2', () => {
    const own = ['org.example.SumTest > fails', 'org.example.SumTest > throwsUp'];
    check('maven', 1, [...own, 'org.example.SumTest > of(int)[2]']);
    check('maven-surefire2', 1, own);
    const message = 'java.lang.IllegalStateException: no number';
    for (const fixture of ['maven', 'maven-surefire2'])
      assert.deepEqual(parsed(fixture).failed[1], { name: own[1], message, file: 'SumTest.java', line: 19 });
  });

  it('reads Gradle, in its short and its full form', () => {
    check('gradle', 2, ['SumTest > fails()', 'SumTest > of(int) > org.example.SumTest.of(int)[2]']);
    assert.deepEqual(
      parsed('gradle').failed.map(({ line }) => line),
      [14, 25],
    );
  });

  it('reads dotnet test, minimal and normal', () => {
    check('dotnet', 2, ['Sums.Tests.Fails', 'Sums.Tests.Of(n: 2)']);
    assert.deepEqual(parsed('dotnet').failed[0], {
      name: 'Sums.Tests.Fails',
      message: 'Assert.Equal() Failure: Values differ',
      file: 'Tests.cs',
      line: 10,
    });
    check('dotnet-normal', 1, ['MSTest_Failed_Test']);
  });

  it('reads mocha, whatever the reporter, with a hook and a title of two lines', () => {
    const names = [
      'sums > throws',
      'sums > shows two lines',
      SUMS[0] ?? '',
      'hooks > "before all" hook for "never runs"',
    ];
    check('mocha-spec', 2, names);
    check('mocha-dot', 2, names);
    assert.deepEqual(parsed('mocha-spec').failed[0], {
      name: 'sums > throws',
      message: 'TypeError: no number',
      file: 'mocha/t.cjs',
      line: 3,
    });
  });

  it('reads Jest and Vitest, a file that cannot be loaded included', () => {
    const jest = SUMS.map((name) => `sum.test.cjs > ${name}`);
    check('jest', 3, [...jest, 'broken.test.cjs > Test suite failed to run']);
    check('jest-verbose', 2, jest);
    const vitest = SUMS.map((name) => `sum.test.mjs > ${name}`);
    check('vitest', 3, ['broken.test.mjs', ...vitest]);
    check('vitest-verbose', 3, ['broken.test.mjs', ...vitest]);
    assert.equal(parsed('vitest').failed[1]?.line, 3);
    assert.equal(parsed('jest').failed[1]?.line, 3);
  });

  it('names a test of Jest the same, however long its file took', () => {
    const text = readFileSync(new URL('jest.txt', FIXTURES), 'utf8');
    const slow = text.replaceAll(/^FAIL (.*)$/gm, 'FAIL unit $1 (6.543 s)');
    assert.notEqual(slow, text);
    assert.deepEqual(parseTestOutput('npm', slow, 1), parseTestOutput('npm', text, 1));
  });

  it('reads AVA', () => {
    check('ava', 2, ['sum > fails: 1 + -1', 'sum > throws']);
    check('ava-tap', 2, ['sum › fails: 1 + -1', 'sum › throws']);
  });

  it('reads pytest, with and without its short summary', () => {
    const failures = ['test_fails', 'test_param[2]', 'test_param[x y - z]', 'TestSums::test_throws'];
    const names = failures.map((name) => `tests/test_sum.py::${name}`);
    const error = 'tests/test_sum.py::test_with_fixture';
    check('pytest', 3, [...names, error]);
    check('pytest-verbose', 3, [...names, error]);
    check('pytest-quiet', 3, [error, ...names]);
    check('pytest-collection-error', undefined, ['tests/test_broken.py']);
    assert.deepEqual(parsed('pytest').failed[0], {
      name: 'tests/test_sum.py::test_fails',
      message: 'AssertionError: one - and zero',
      file: 'tests/test_sum.py',
      line: 7,
    });
  });

  it('reads unittest, with its subtests', () => {
    const names = [
      'test_sum.Hooks.setUpClass',
      'test_sum.Sums.test_throws',
      'test_sum.Sums.test_fails',
      'test_sum.Sums.test_parts (n=2)',
    ];
    check('unittest', 1, names);
    check('unittest-verbose', 1, names);
    check('unittest-import-error', 0, ['unittest.loader._FailedTest.test_broken']);
  });

  it('reads go, naming the innermost tests and packages that do not build', () => {
    const own = ['example.org/sums > TestFails', 'example.org/sums > TestTable/of_negatives/x'];
    check('go', undefined, [...own, 'example.org/sums/broken > build failed', 'example.org/sums/inner > TestPanics']);
    check('go-verbose', 2, own);
  });

  it('reads cargo, without line numbers in names', () => {
    check('cargo', 1, ['tests::negatives::fails', 'tests::panics', 'src/lib.rs']);
    check('cargo-compile-error', undefined, ['npm: exit code 1']);
  });

  it('finds nothing red in any green output', () => {
    const green = readdirSync(FIXTURES).filter((name) => name.endsWith('-passed.txt'));
    assert.ok(green.length >= 9);
    for (const name of green) {
      const result = parsed(name.replace('.txt', ''), 0);
      assert.deepEqual(result.failed, [], name);
      if (name !== 'go-passed.txt' && name !== 'gradle-passed.txt') assert.equal(result.passed, 1, name);
    }
  });

  it('never takes a red exit code for green, whatever was printed', () => {
    assert.deepEqual(parseTestOutput('make', 'all is well', 2).failed, [{ name: 'make: exit code 2' }]);
    assert.deepEqual(parsed('mocha-spec-passed', 1).failed, [{ name: 'npm: exit code 1' }]);
  });

  it('does not mind colours and Windows line ends', () => {
    const text = readFileSync(new URL('mocha-spec.txt', FIXTURES), 'utf8');
    const coloured = text.replaceAll(/^(.*\S.*)$/gm, '\u001b[31m$1\u001b[0m').replaceAll('\n', '\r\n');
    assert.deepEqual(parseTestOutput('npm', coloured, 1), parseTestOutput('npm', text, 1));
  });

  it('gives two failures of one name two names', () => {
    const output = 'TAP version 13\nnot ok 1 - same\nnot ok 2 - same\n1..2\n';
    assert.deepEqual(
      parseTestOutput('tap', output, 1).failed.map(({ name }) => name),
      ['same', 'same (2)'],
    );
  });
});

describe('the excerpt of a long output', () => {
  it('leaves a short one alone', () => {
    assert.equal(excerpt('one\ntwo\n', 0), 'one\ntwo\n');
  });

  it('keeps beginning and end in whole lines and says what is missing', () => {
    const lines = Array.from({ length: 5000 }, (_, at) => `line ${at}\n`);
    const short = excerpt(lines.join(''), 77);
    assert.ok(short.length < 17 * 1024);
    const gap = /^\[… (\d+) characters left out …\]\n/m.exec(short);
    assert.ok(gap);
    assert.ok(short.startsWith('[… 77 bytes before this were not kept …]\nline 0\n'));
    assert.ok(short.endsWith('line 4999\n'));
    const kept = short.split('\n').filter((line) => line.startsWith('line '));
    assert.ok(kept.every((line) => lines.includes(`${line}\n`)));
    assert.equal(kept.join('\n').length + 1 + Number(gap[1]), lines.join('').length);
  });

  it('cuts one endless line too', () => {
    assert.ok(excerpt('x'.repeat(100_000), 0).length < 17 * 1024);
  });
});
