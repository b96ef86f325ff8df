import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bounded, cutAtLines, cutLine, lastLines, lineCount } from '../../src/core/tools/bounded.ts';
import { givenPath } from '../../src/core/tools/givenPath.ts';
import { callSignature, describeTools, TOOLS, toolSchema, toolsNamed } from '../../src/core/tools/index.ts';
import { exportsOf, isTestFile } from '../../src/core/tools/languages.ts';
import { looksLikeDefinition } from '../../src/core/tools/looksLikeDefinition.ts';
import { nearestPaths } from '../../src/core/tools/nearestPaths.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';

const ALL = Object.values(TOOLS);

describe('bounded texts', () => {
  const text = fc
    .array(fc.constantFrom('a', 'bc', '\n', '🎉', 'ü', ' '), { maxLength: 60 })
    .map((parts) => parts.join(''));

  it('are never longer than allowed, whatever is cut', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 80 }), (text, max) => {
        assert.ok(bounded(text, max, ({ kept }) => `go on at ${kept}`).length <= max);
        assert.ok(cutAtLines(text, max).text.length <= max);
        assert.ok(lastLines(text, max).text.length <= max);
        assert.ok(cutLine(text, max).length <= max);
      }),
    );
  });

  it('lose no line between what is kept and what is said to be lost', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 80 }), (text, max) => {
        const { text: kept, cut } = cutAtLines(text, max);
        if (!cut) assert.equal(kept.trimEnd(), text.trimEnd());
        else assert.equal(cut.kept + cut.lost, lineCount(text));
        if (cut && !cut.partial) assert.equal(text.split('\n').slice(0, cut.kept).join('\n'), kept);
        const end = lastLines(text, max);
        assert.equal(lineCount(end.text) + end.lost, lineCount(text));
        assert.ok(text.endsWith(end.text));
      }),
    );
  });

  it('end at a line and say how to go on', () => {
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i + 1}`).join('\n');
    assert.equal(
      bounded(lines, 90, ({ kept }) => `Go on at ${kept + 1}.`),
      'line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n[24 more lines are not shown. Go on at 7.]',
    );
    assert.equal(
      bounded(lines, 1000, () => 'never'),
      lines,
    );
  });

  it('break no character in two', () => {
    assert.equal(cutLine('ab🎉cd', 4), 'ab…');
    assert.equal(cutLine('ab🎉cd', 5), 'ab🎉…');
  });
});

describe('paths as models write them', () => {
  const workspace = openDiskWorkspace('/home/me/project', { ripgrep: undefined });

  it('become those of the workspace', () => {
    const meant: Record<string, string> = {
      './src//a.ts': 'src/a.ts',
      'src\\a.ts': 'src/a.ts',
      ' src/ ': 'src',
      'src/../b.ts': 'b.ts',
      '/home/me/project/src/a.ts': 'src/a.ts',
      '': '.',
      '.': '.',
    };
    for (const [given, path] of Object.entries(meant)) assert.equal(givenPath(given, workspace), path);
  });

  it('stay hostile where they are', () => {
    for (const given of [
      '/etc/passwd',
      '../x',
      'a/../../x',
      '//server/share',
      '/home/me/project-two/x',
      '\\\\s\\x',
      'C:\\x',
    ]) {
      assert.match(givenPath(given, workspace), /^(\/|\.\.\/|C:)/, given);
    }
    assert.equal(givenPath('/home/me/project/../secret', workspace), '../secret');
    assert.match(givenPath('/home/me/project//etc/passwd', workspace), /^\//);
  });

  it('have likely ones near them', () => {
    const paths = ['src/auth/session.ts', 'src/auth/sesion.py', 'src/session.go', 'docs/passion.md', 'lib/user.ts'];
    assert.deepEqual(nearestPaths('src/auth/sesion.ts', paths), [
      'src/auth/sesion.py',
      'src/auth/session.ts',
      'src/session.go',
    ]);
    assert.deepEqual(nearestPaths('server/session.ts', paths).slice(0, 2), ['src/auth/session.ts', 'src/session.go']);
    assert.deepEqual(nearestPaths('completely/different', paths), []);
  });
});

describe('two tool calls', () => {
  const same = (a: unknown, b: unknown): boolean =>
    callSignature('git_diff', a, ALL) === callSignature('git_diff', b, ALL);

  it('are the same where they differ in nothing that the tool takes', () => {
    const call = { file: 'src/a.ts', ref: 'HEAD' };
    assert.ok(same(call, { ref: 'HEAD', path: 'src/a.ts', file: 'src/a.ts', start_line: 0 }));
    assert.ok(same({}, undefined));
    assert.ok(!same(call, { file: 'src/a.ts' }));
    assert.notEqual(callSignature('git_diff', {}, ALL), callSignature('run_tests', {}, ALL));
    assert.notEqual(callSignature('no_such_tool', { a: 1 }, ALL), callSignature('no_such_tool', { a: 2 }, ALL));
  });
});

describe('tool schema', () => {
  it('is one flat object with the arguments of all tools', () => {
    const schema = toolSchema(toolsNamed(['read_file', 'git_diff', 'find_references']));
    assert.deepEqual(schema, {
      type: 'object',
      properties: {
        action: { type: 'string', enum: ['read_file', 'git_diff', 'find_references', 'done'] },
        args: {
          type: 'object',
          properties: {
            path: { type: 'string' },
            paths: { type: 'array', items: { type: 'string' } },
            start_line: { type: 'integer' },
            end_line: { type: 'integer' },
            file: { type: 'string' },
            ref: { type: 'string' },
            view: { type: 'string', enum: ['diff', 'stat', 'log', 'commit', 'blame'] },
            staged: { type: 'boolean' },
            unstaged: { type: 'boolean' },
            limit: { type: 'integer' },
            symbol: { type: 'string' },
            kind: { type: 'string' },
          },
          additionalProperties: false,
        },
      },
      required: ['action', 'args'],
      additionalProperties: false,
    });
  });

  it('fits all tools into one, and knows only keywords that servers take', () => {
    const text = JSON.stringify(toolSchema(ALL));
    assert.doesNotMatch(text, /minimum|maximum|anyOf|oneOf|\$schema|default|format/);
    assert.deepEqual(TOOLS.find_references.parameters, {
      type: 'object',
      properties: {
        symbol: { type: 'string' },
        path: { type: 'string' },
        kind: { type: 'string' },
        limit: { type: 'integer' },
      },
      required: ['symbol'],
      additionalProperties: false,
    });
    assert.throws(() => toolsNamed(['toString']), /no tool "toString"/);
  });

  it('has the names and arguments that the design fixes', () => {
    const description = describeTools(ALL);
    for (const signature of [
      'read_file(path?: string, paths?: string[], start_line?: integer, end_line?: integer)',
      'analyze_codebase(under?: string, query?: string)',
      'search_docs(query: string, limit?: integer, under?: string)',
      'find_references(symbol: string, path?: string, kind?: string, limit?: integer)',
      'symbols(query?: string, path?: string, kind?: string, limit?: integer)',
      'git_diff(file?: string, ref?: string, view?: string, staged?: boolean, unstaged?: boolean, start_line?: integer, end_line?: integer, limit?: integer)',
      'run_tests(test_file?: string, test_name?: string)',
      'recall(query: string, limit?: integer)',
    ]) {
      assert.ok(description.includes(`- \`${signature}\`: `), signature);
    }
  });
});

describe('definitions', () => {
  const DEFINITIONS = [
    'export function foo(a: string) {',
    'export const foo = 1;',
    '  async foo(a: string): Promise<void> {',
    '  public static foo(): void {',
    'class foo extends Base {',
    'interface foo {',
    'def foo(self):',
    '  def self.foo',
    'func (s *Server) foo(x int) error {',
    'pub fn foo<T>(x: T) -> T {',
    'let mut foo = 3;',
    'module.exports.foo = function () {',
    '  foo: async (a) => {',
    '#define foo 3',
    'fun foo(): Int = 3',
    'public int foo(int a) {',
    'type foo = string;',
  ];
  const USES = [
    '  foo();',
    'return foo(1) {',
    'if (foo(a)) {',
    "import { foo } from './foo.ts';",
    'const bar = foo(1);',
    'x.foo = 3;',
    'const foobar = 1;',
    'new foo() {',
    '// the function that foo calls',
    'while (foo()) {',
    'const foo.bar = 1',
  ];
  for (const line of DEFINITIONS) it(`are seen in: ${line}`, () => assert.ok(looksLikeDefinition(line, 'foo')));
  for (const line of USES) it(`are not seen in: ${line}`, () => assert.ok(!looksLikeDefinition(line, 'foo')));
});

describe('exports', () => {
  const CASES: Record<string, [string, string[]]> = {
    'a.ts': [
      'export function one() {}\nexport default class Two {}\nfunction inner() {}\nexport type Three = 1;\nexport const four = 4;\n',
      ['one', 'Two', 'Three', 'four'],
    ],
    'a.cjs': ['exports.one = 1;\nmodule.exports.two = 2;\n', ['one', 'two']],
    'a.py': [
      'def one():\n  def inner(): pass\nasync def two(): pass\nclass Three: pass\ndef _private(): pass\n',
      ['one', 'two', 'Three'],
    ],
    'a.go': ['func One() {}\nfunc (s *S) Two() {}\nfunc three() {}\ntype Four struct {}\n', ['One', 'Two', 'Four']],
    'a.rs': [
      'pub fn one() {}\nfn two() {}\npub(crate) async fn three() {}\npub const FOUR: u8 = 4;\n',
      ['one', 'three', 'FOUR'],
    ],
    'A.java': ['public final class One {\n  private int x;\n}\n', ['One']],
    'a.png': ['export function no() {}', []],
  };
  for (const [path, [text, names]] of Object.entries(CASES)) {
    it(`are found in ${path}`, () => assert.deepEqual(exportsOf(path, text), names));
  }

  it('leave tests apart', () => {
    for (const path of ['test/a.ts', 'src/a.test.ts', 'src/__tests__/a.js', 'test_a.py', 'a_test.go'])
      assert.ok(isTestFile(path), path);
    for (const path of ['src/a.ts', 'src/latest.ts', 'contest/a.py']) assert.ok(!isTestFile(path), path);
  });
});
