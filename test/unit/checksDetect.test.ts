import assert from 'node:assert/strict';
import { type DetectSettings, detectRunner } from '../../src/core/checks/detect.ts';
import type { Workspace } from '../../src/core/ports.ts';

/** A workspace of texts; a path that starts with "!" can be read and is not listed, as an ignored file. */
function workspaceOf(files: Record<string, string>): Workspace {
  return {
    root: '/workspace',
    read: async (path) => {
      const text = files[path] ?? files[`!${path}`];
      return text === undefined ? { kind: 'missing' } : { kind: 'text', text, hash: '' };
    },
    list: async () =>
      Object.entries(files)
        .filter(([path]) => !path.startsWith('!'))
        .map(([path, text]) => ({ path, bytes: text.length })),
    search: async () => [],
  };
}

async function check(
  files: Record<string, string>,
  expected: { all: string; file?: readonly [path: string, command: string]; prepare?: string },
  settings: DetectSettings = { platform: 'other' },
) {
  const runner = await detectRunner(workspaceOf(files), settings);
  if ('none' in runner) assert.fail(runner.none);
  assert.equal(runner.argv().join(' '), expected.all);
  if (expected.file) assert.equal(runner.argv(expected.file[0]).join(' '), expected.file[1]);
  assert.equal(runner.prepare?.join(' '), expected.prepare);
}

async function checkNone(files: Record<string, string>, reason: RegExp) {
  const runner = await detectRunner(workspaceOf(files), { platform: 'other' });
  assert.match('none' in runner ? runner.none : runner.name, reason);
}

const manifest = (scripts: Record<string, string>, more: object = {}) => ({
  'package.json': JSON.stringify({ scripts, ...more }),
});
const PNPM =
  'pnpm --config.manage-package-manager-versions=false --config.verify-deps-before-run=false --config.enable-pre-post-scripts=false';

describe('detecting the runner', () => {
  it('takes the command of the settings before anything else', async () => {
    await check(
      manifest({ test: 'mocha' }),
      { all: '/opt/run tests', file: ['a.js', '/opt/run tests a.js'] },
      { platform: 'other', command: ['/opt/run', 'tests'] },
    );
  });

  it('runs the test script with the manager of the project', async () => {
    const test = manifest({ test: 'mocha' });
    await check(test, { all: 'npm test', file: ['-a.js', 'npm test -- ./-a.js'] });
    await check({ ...test, 'package-lock.json': '' }, { all: 'npm test' });
    await check(
      { ...test, 'pnpm-lock.yaml': '' },
      { all: `${PNPM} run test`, file: ['a.js', `${PNPM} run test a.js`] },
    );
    await check({ ...test, 'yarn.lock': '' }, { all: 'yarn run test', file: ['a.js', 'yarn run test a.js'] });
    await check({ ...test, 'bun.lock': '' }, { all: 'bun run test' });
    await check(
      { ...manifest({ test: 'mocha' }, { packageManager: 'pnpm@10.1.0' }), 'package-lock.json': '' },
      { all: `${PNPM} run test` },
    );
  });

  it('leaves hooks out, but for a pretest that builds', async () => {
    await check(manifest({ test: 't', posttest: 'npm audit' }), {
      all: 'npm test --ignore-scripts',
      file: ['a.js', 'npm test --ignore-scripts -- a.js'],
    });
    await check(manifest({ test: 't', pretest: 'eslint .' }), { all: 'npm test --ignore-scripts' });
    await check(manifest({ test: 't', pretest: 'npm run build', posttest: 'npm audit' }), {
      all: 'npm test --ignore-scripts',
      prepare: 'npm run --ignore-scripts pretest',
    });
    await check(
      { ...manifest({ test: 't', pretest: 'tsc' }), 'pnpm-lock.yaml': '' },
      {
        all: `${PNPM} run test`,
        prepare: `${PNPM} run pretest`,
      },
    );
    await check({ ...manifest({ test: 't', posttest: 'x' }), 'yarn.lock': '' }, { all: 'npm test --ignore-scripts' });
  });

  it('finds a runner where there is no script, or npm’s placeholder', async () => {
    const placeholder = { test: 'echo "Error: no test specified" && exit 1' };
    await check(manifest(placeholder, { devDependencies: { vitest: '^3' } }), {
      all: 'npx --no-install vitest run',
      file: ['a.test.ts', 'npx --no-install vitest run a.test.ts'],
    });
    await check(
      { ...manifest({}), 'lib/sum.test.js': `import test from 'node:test';` },
      { all: 'node --test', file: ['lib/sum.test.js', 'node --test lib/sum.test.js'] },
    );
    await check({ ...manifest(placeholder), 'go.mod': '' }, { all: 'go test ./...' });
    await checkNone(manifest(placeholder), /placeholder/);
    await checkNone({ ...manifest({}), 'test/sum.js': 'nothing known' }, /no test script/);
    await checkNone({ 'package.json': '{' }, /cannot be read/);
  });

  it('tells pytest from unittest and takes the environment of the project', async () => {
    await check(
      { 'pytest.ini': '', 'x.py': '' },
      { all: 'python3 -m pytest', file: ['t.py', 'python3 -m pytest t.py'] },
    );
    await check({ 'pyproject.toml': '[tool.pytest.ini_options]' }, { all: 'python3 -m pytest' });
    await check(
      { 'tests/test_x.py': 'def test_x(): pass', '!.venv/pyvenv.cfg': 'home = /usr' },
      {
        all: '.venv/bin/python -m pytest',
      },
    );
    const windows = { platform: 'win32' } as const;
    await check({ 'test_x.py': 'def test_x(): pass' }, { all: 'python -m pytest' }, windows);
    await check(
      { 'test_x.py': 'def test_x(): pass', '!venv/pyvenv.cfg': 'home' },
      { all: 'venv\\Scripts\\python.exe -m pytest' },
      windows,
    );
    const cases = 'import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n';
    await check(
      { 'test_x.py': cases },
      { all: 'python3 -m unittest discover', file: ['test_x.py', 'python3 -m unittest test_x.py'] },
    );
    await check({ 'tests/test_x.py': cases }, { all: 'python3 -m unittest discover -s tests' });
    await check({ 'tests/test_x.py': cases, 'tests/__init__.py': '' }, { all: 'python3 -m unittest discover' });
    await check({ 'tests/test_x.py': cases, 'conftest.py': '' }, { all: 'python3 -m pytest' });
    await checkNone({ 'pyproject.toml': '[project]', 'x.py': '' }, /no test script/);
  });

  it('knows the toolchains with one command for everything', async () => {
    await check({ 'go.mod': '' }, { all: 'go test ./...', file: ['a/b_test.go', 'go test ./a'] });
    await check({ 'go.mod': '' }, { all: 'go test ./...', file: ['b_test.go', 'go test .'] });
    await check(
      { 'Cargo.toml': '' },
      {
        all: 'cargo test --offline --no-fail-fast',
        file: ['tests/api.rs', 'cargo test --offline --no-fail-fast --test api'],
      },
    );
    await check({ 'pom.xml': '' }, { all: 'mvn -o -q -fae test' });
    await check({ 'pom.xml': '', mvnw: '' }, { all: './mvnw -o -q -fae test' });
    await check({ 'pom.xml': '', 'mvnw.cmd': '' }, { all: 'mvnw.cmd -o -q -fae test' }, { platform: 'win32' });
    await check(
      { 'build.gradle.kts': '', gradlew: '' },
      {
        all: './gradlew --offline --no-daemon --continue test',
        file: ['src/test/java/a/SumTest.java', './gradlew --offline --no-daemon --continue test --tests SumTest'],
      },
    );
    await check({ 'Sums.sln': '' }, { all: 'dotnet test --nologo -p:RestoreSources=.' });
    await check({ Makefile: 'all:\n\ntest: all\n\t./run\n' }, { all: 'make test' });
    await checkNone({ Makefile: 'testing: all\ntest := 1\n' }, /no test script/);
    await checkNone({ 'README.md': '' }, /no test script/);
  });
});

describe('running tests by their names', () => {
  async function named(files: Record<string, string>, names: readonly string[], file?: string, command?: string[]) {
    const runner = await detectRunner(workspaceOf(files), { platform: 'other', ...(command && { command }) });
    if ('none' in runner) assert.fail(runner.none);
    const patterns = names.map((name) => runner.named?.pattern(name)).filter((pattern) => pattern !== undefined);
    return patterns.length === 0 ? undefined : runner.named?.argv(patterns, file)?.join(' ');
  }
  const script = (test: string) => manifest({ test });
  const NAME = 'a.test.js > sums > of (two) > adds: 1 + 1';

  it("tells each program of a script in its own way, without a file's name, nothing in them being an option", async () => {
    const cases: readonly (readonly [script: string, command: string | undefined])[] = [
      ['mocha test', 'npm test -- --grep=sums of \\(two\\) adds: 1 \\+ 1'],
      ['tsc && cross-env A=1 mocha', 'npm test -- --grep=sums of \\(two\\) adds: 1 \\+ 1'],
      ['jest --ci', 'npm test -- --testNamePattern=sums of \\(two\\) adds: 1 \\+ 1'],
      ['vitest run', 'npm test -- --testNamePattern=sums of \\(two\\) adds: 1 \\+ 1'],
      ['c8 ava', 'npm test -- --match=*adds: 1 + 1*'],
      ['node --test', 'npm test -- --test-name-pattern=adds: 1 \\+ 1'],
      ['node --import tsx --test a.test.js', 'node --import tsx --test --test-name-pattern=adds: 1 \\+ 1 a.test.js'],
      ['node --test test/*.js', undefined],
      ['node test.js', undefined],
      ['mocha | tee log', undefined],
      ['npm run unit', undefined],
    ];
    for (const [test, command] of cases) assert.equal(await named(script(test), [NAME]), command, test);
    assert.equal(
      await named(script('node --test test/*.js'), ['adds'], 'b.test.js'),
      'node --test --test-name-pattern=adds b.test.js',
    );
    assert.equal(await named(script('mocha'), ['--exit', 'x (2)']), 'npm test -- --grep=(--exit|x)');
    assert.equal(await named(script('mocha'), ['hooks > "before all" hook for "x"']), 'npm test -- --grep=hooks');
    assert.equal(await named(script('jest'), ['a.test.js > Test suite failed to run', 'a.test.js']), undefined);
  });

  it('tells runners without a script, and one of the settings', async () => {
    const nodeTest = { 'package.json': '{}', 'a.test.js': "import test from 'node:test';" };
    assert.equal(await named(nodeTest, ['adds'], '-a.js'), 'node --test --test-name-pattern=adds ./-a.js');
    const jest = { 'package.json': JSON.stringify({ devDependencies: { jest: '30' } }) };
    assert.equal(await named(jest, ['adds']), 'npx --no-install jest --ci --testNamePattern=adds');
    assert.equal(await named({}, ['adds'], 'a.js', ['npx', 'mocha']), 'npx mocha --grep=adds a.js');
    assert.equal(await named({}, ['adds'], 'a.js', ['./run']), undefined);
  });

  it('tells Bun, Deno, PHPUnit and RSpec', async () => {
    assert.equal(await named(script('bun test'), ['sums > adds']), 'npm test -- --test-name-pattern=sums adds');
    assert.equal(await named(script('bun run test.js'), ['adds']), undefined);
    const deno = 'deno test --no-lock --cached-only';
    await check({ 'deno.json': '{}' }, { all: deno, file: ['a_test.ts', `${deno} a_test.ts`] });
    assert.equal(
      await named({ 'deno.json': '' }, ['sums > of', 'a.b'], 'a_test.ts'),
      `${deno} --filter=/^(sums|a\\.b)/ a_test.ts`,
    );
    await check({ 'phpunit.xml': '', '!vendor/bin/phpunit': '<?php' }, { all: 'php vendor/bin/phpunit' });
    assert.equal(
      await named({ 'phpunit.xml.dist': '' }, ['SumTest::testOf with data set "a" (2)', 'a/b'], 'SumTest.php'),
      'phpunit --filter /SumTest::testOf/ SumTest.php',
    );
    await check({ '.rspec': '', Gemfile: "gem 'rspec'" }, { all: 'bundle exec rspec' });
    assert.equal(
      await named({ 'spec/spec_helper.rb': '' }, ['sums adds'], '-a.rb'),
      'rspec --example=sums adds ./-a.rb',
    );
  });

  it('tells Python of ids, words and dotted names', async () => {
    const pytest = { 'tests/test_sum.py': 'def test_a(): pass', 'conftest.py': '' };
    assert.equal(
      await named(pytest, ['tests/test_sum.py::test_of[x y - z]'], 'tests/test_sum.py'),
      'python3 -m pytest tests/test_sum.py::test_of[x y - z]',
    );
    assert.equal(await named(pytest, ['tests/gone.py::test_of', 'a; b', '--help']), undefined);
    assert.equal(
      await named(pytest, ['TestSums::test_größe[1]', 'test_b'], 'tests/test_sum.py'),
      'python3 -m pytest tests/test_sum.py -k (TestSums and test_größe) or (test_b)',
    );
    const unittest = { 'test_sum.py': 'import unittest' };
    assert.equal(
      await named(unittest, ['test_sum.Sums.test_parts (n=2)', 'te?t', 'test_sum.Hooks.setUpClass']),
      'python3 -m unittest discover -k*test_sum.Sums.test_parts* -k*te[?]t*',
    );
  });

  it('tells the toolchains, each level and each class', async () => {
    const go = { 'go.mod': '' };
    assert.equal(
      await named(go, ['example.org/sums > TestTable/of_two.x/y z'], 'inner/a_test.go'),
      'go test -v -run=^TestTable$/^of_two\\.x$/^y_z$ ./inner',
    );
    assert.equal(
      await named(go, ['a > TestA/b', 'b > TestB', 'b > failed']),
      'go test -v -run=(^TestA$|^TestB$) ./...',
    );
    const cargo = 'cargo test --offline --no-fail-fast';
    assert.equal(await named({ 'Cargo.toml': '' }, ['tests::a', 'b', 'src/lib.rs', '--x']), `${cargo} -- tests::a b`);
    const mvn = 'mvn -o -fae -Dsurefire.failIfNoSpecifiedTests=false';
    assert.equal(
      await named({ 'pom.xml': '' }, ['org.example.SumTest > of(int)[2]', 'a,b'], 'src/SumTest.java'),
      `${mvn} -Dtest=org.example.SumTest#of*,SumTest#a?b* test`,
    );
    const gradle = 'gradle --offline --no-daemon --continue test';
    assert.equal(
      await named({ 'build.gradle': '' }, ['SumTest > of(int) > org.example.SumTest.of(int)[2]', 'fails']),
      `${gradle} --tests *SumTest.of* --tests *.fails*`,
    );
    assert.equal(
      await named({ 'a.sln': '' }, ['Sums.Tests.Of(n: 2)', 'a|b'], 'Tests.cs'),
      'dotnet test --nologo -p:RestoreSources=. --filter (FullyQualifiedName~Sums.Tests.Of|FullyQualifiedName~a\\|b)&FullyQualifiedName~Tests',
    );
    assert.equal(await named({ Makefile: 'test:\n' }, ['a']), undefined);
  });
});
