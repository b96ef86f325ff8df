import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type GateOutcome, syntaxGate } from '../../src/core/checks/syntaxGate.ts';
import { grammarsOf } from '../../src/node/grammars/grammars.ts';
import { GRAMMARS } from '../../src/node/grammars/languages.ts';
import { openSyntax } from '../../src/node/grammars/syntax.ts';
import { BROKEN_BEFORE, SAMPLES } from '../fixtures/syntaxSamples.ts';

const syntax = openSyntax(grammarsOf(resolve('.')));

/** "line: message" of each problem. */
async function problems(path: string, before: string | null, after: string): Promise<string[]> {
  const outcome = await syntaxGate(syntax, { path, before, after });
  assert.equal(outcome.kind, 'checked', JSON.stringify(outcome));
  return outcome.kind === 'checked' ? outcome.problems.map(({ line, message }) => `${line}: ${message}`) : [];
}

/** The text with one of its lines replaced. */
function withLine(text: string, line: number, by: string | null): string {
  const lines = text.split('\n');
  if (by === null) lines.splice(line - 1, 1);
  else lines[line - 1] = by;
  return lines.join('\n');
}

describe('the syntax gate', () => {
  it('has a sample of every grammar, and of one with errors to begin with', () => {
    assert.deepEqual(SAMPLES.map(({ grammar }) => grammar).sort(), [...GRAMMARS].sort());
    assert.deepEqual(BROKEN_BEFORE.map(({ grammar }) => grammar).sort(), [...GRAMMARS].sort());
  });

  for (const { grammar, path, text, clean, breaking } of SAMPLES) {
    describe(`for ${grammar}`, () => {
      it('passes a change that parses, and a new file that does', async () => {
        assert.deepEqual(await problems(path, text, withLine(text, ...clean)), []);
        assert.deepEqual(await problems(path, null, text), []);
      });
      for (const [line, by, told] of breaking) {
        it(`tells of ${by === null ? `line ${line} gone` : `\`${by.trim()}\``}`, async () => {
          const broken = withLine(text, line, by);
          assert.deepEqual(await problems(path, text, broken), told);
          assert.deepEqual(await problems(path, text, broken.replaceAll('\n', '\r\n')), told, 'with other line ends');
          assert.notDeepEqual(await problems(path, null, broken), [], 'in a new file');
        });
      }
    });
  }

  for (const { grammar, path, text, unrelated, breaking } of BROKEN_BEFORE) {
    it(`passes a change of ${path} (${grammar}) that has nothing to do with what was wrong before, and tells of one that has`, async () => {
      const read = await syntax.errorsIn(path, text);
      assert.ok(read.kind === 'parsed' && read.errors.length > 0, 'the sample has errors');
      for (const [line, by] of unrelated) {
        assert.deepEqual(await problems(path, text, withLine(text, line, by)), [], `line ${line}: ${by}`);
      }
      const [line, by, told] = breaking;
      assert.deepEqual(await problems(path, text, withLine(text, line, by)), told);
    });
  }

  it('says what is wrong with a line: where, and the line itself', async () => {
    const outcome = await syntaxGate(syntax, { path: 'a.ts', before: 'f(1);\n', after: 'f(1);\n  foo( bar;\n' });
    assert.deepEqual(outcome, {
      kind: 'checked',
      language: 'typescript',
      problems: [{ path: 'a.ts', line: 2, column: 11, message: '`)` is missing here', text: '  foo( bar;' }],
    });
  });

  it('tells of a long line only its beginning', async () => {
    const outcome = await syntaxGate(syntax, { path: 'a.js', before: null, after: `f(${'a, '.repeat(10_000)};` });
    assert.ok(outcome.kind === 'checked' && outcome.problems.length === 1);
    const [{ text, message } = { text: '', message: '' }] = outcome.problems;
    assert.ok(text.length === 500 && message.length < 250, message);
  });

  it('tells of three places in a file at most, and of one in a line', async () => {
    const wrong = [
      'const = 1;',
      'f(); const = f(2); const = f(3);',
      'g();',
      'const = 4;',
      'g();',
      'const = 5;',
      '',
    ].join('\n');
    const told = await problems('a.js', null, wrong);
    assert.equal(told.length, 3);
    assert.equal(new Set(told.map((text) => text.split(':')[0])).size, 3);
  });

  it('takes off what was moved, repeated or called the same way before', async () => {
    const macros = '#define EACH(x) for (;;)\n\nvoid f(void) {\n  g(1);\n  SAY(one)\n  h(2);\n}\n';
    assert.deepEqual(await problems('a.c', macros, macros.replace('  h(2);', '  SAY(two)\n  h(2);\n  SAY(three)')), []);
    const moved = macros.replace('  g(1);\n  SAY(one)\n', '  SAY(one)\n  g(1);\n');
    assert.deepEqual(await problems('a.c', macros, moved), []);
    assert.deepEqual(await problems('a.c', macros, macros.replace('g(1);', 'g(1')), [
      '4: `(` is opened here and not closed: `)` is missing before line 7',
    ]);
  });

  it('leaves alone what it has no grammar for, templates, and JSON of those who take more', async () => {
    const passed: GateOutcome = { kind: 'checked', problems: [] };
    for (const [path, after] of [
      ['README.md', '# ('],
      ['Makefile', 'all: ('],
      ['a.toString', 'f('],
      ['chart/deploy.yaml', 'a: {{ .Values.x }}\nb: {% if c %}\n'],
      ['page.html', '<div {% if x %}>\n</div>\n<b <%= x %>\n'],
      ['tsconfig.json', '{ "a": 1, }\n'],
      ['.vscode/settings.json', '{ // yes\n "a": 1, }\n'],
    ] as const) {
      assert.deepEqual(await syntaxGate(syntax, { path, before: null, after }), passed, path);
    }
    // A workflow of GitHub's is YAML.
    const workflow = `on: push\nenv:\n  A: \${{ secrets.A }}\n  C: [1\n`;
    assert.deepEqual(await problems('.github/workflows/a.yml', null, workflow), [
      '4: `[` is opened here and not closed: `]` is missing before the end of the file',
    ]);
  });

  it('passes a text of more than 1 MB', async () => {
    const long = `f(;\n${'// long\n'.repeat(140_000)}`;
    assert.deepEqual(await problems('a.js', null, long), []);
    assert.deepEqual(await problems('a.js', null, long.slice(0, 1000)), ['1: `)` is missing here']);
  });
});

describe('grammars', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'conclave-grammars-'));
    mkdirSync(join(home, 'dist', 'grammars'), { recursive: true });
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const install = (...names: string[]): void => {
    for (const name of names) {
      symlinkSync(resolve('dist', 'grammars', `${name}.wasm`), join(home, 'dist', 'grammars', `${name}.wasm`));
    }
  };

  it('are in dist, each, with tree-sitter, and nothing else but the queries of some', () => {
    const all = readdirSync('dist/grammars');
    const files = all.filter((file) => file.endsWith('.wasm')).map((file) => file.replace(/\.wasm$/, ''));
    assert.deepEqual(files.sort(), [...GRAMMARS, 'web-tree-sitter'].sort());
    const others = all.filter((file) => !file.endsWith('.wasm'));
    const queries = others.map((file) => file.replace(/\.scm$/, ''));
    assert.deepEqual(
      queries.filter((name) => !(GRAMMARS as readonly string[]).includes(name)),
      [],
    );
  });

  it('are loaded when a text of their language first comes, and only those', async () => {
    install('web-tree-sitter', 'javascript');
    const grammars = grammarsOf(home);
    const { errorsIn } = openSyntax(grammars);
    assert.deepEqual(grammars.loaded(), []);
    await errorsIn('README.md', '# Hello\n');
    assert.deepEqual(grammars.loaded(), []);
    const [first, second] = await Promise.all([errorsIn('a.js', 'f(;\n'), errorsIn('b.mjs', 'f();\n')]);
    assert.equal(first.kind === 'parsed' && first.errors.length, 1);
    assert.equal(second.kind === 'parsed' && second.errors.length, 0);
    assert.deepEqual(grammars.loaded(), ['javascript']);
    assert.equal(grammarsOf(home), grammars, 'there is one loader for an installation');
  });

  it('that do not load are told as such, each time, and the others work', async () => {
    install('web-tree-sitter', 'javascript');
    const { errorsIn } = openSyntax(grammarsOf(home));
    const failed = await errorsIn('a.py', 'def f(:\n');
    assert.ok(failed.kind === 'unavailable' && failed.language === 'python');
    assert.match(failed.reason, /python\.wasm/);
    install('python');
    assert.deepEqual(await errorsIn('a.py', 'def f(:\n'), failed, 'it is not tried again');
    assert.equal((await errorsIn('a.js', 'f();\n')).kind, 'parsed');
  });

  it('that are no grammars are told as such', async () => {
    install('web-tree-sitter');
    symlinkSync(resolve('package.json'), join(home, 'dist', 'grammars', 'go.wasm'));
    assert.ok(existsSync(join(home, 'dist', 'grammars', 'go.wasm')));
    assert.equal((await openSyntax(grammarsOf(home)).errorsIn('a.go', 'package a\n')).kind, 'unavailable');
  });

  it('give up a text that takes too long, and read the next one from its beginning', async () => {
    const grammars = grammarsOf(resolve('.'));
    const long = `${'f(1, [2, 3], { a: 4 });\n'.repeat(20_000)}(`;
    const slow = await grammars.read('javascript', long, () => 'read', 0);
    assert.deepEqual(slow, { kind: 'slow', limit: 0 });
    const next = await grammars.read('javascript', 'g();\n', ({ rootNode }) => rootNode.text);
    assert.deepEqual(next, { kind: 'read', value: 'g();\n' });
  });

  it('give up a text whose tree takes too much memory, and have none of it afterwards', async () => {
    const grammars = grammarsOf(resolve('.'));
    const large = `x = [${'1,'.repeat(800_000)}];`;
    const read = () => grammars.read('javascript', large, () => 'read', 60_000);
    assert.deepEqual(await read(), { kind: 'large' });
    const next = await grammars.read('javascript', 'g();\n', ({ rootNode }) => rootNode.text);
    assert.deepEqual(next, { kind: 'read', value: 'g();\n' });
    assert.deepEqual(await read(), { kind: 'large' });
  }).timeout(120_000);
});
