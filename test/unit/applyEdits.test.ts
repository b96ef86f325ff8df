import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyEdits, type Edit } from '../../src/core/changes/applyEdits.ts';

const path = 'src/app.ts';

function applied(original: string, ...edits: Edit[]): string {
  const outcome = applyEdits(original, edits, { path });
  assert.equal(outcome.kind, 'applied', JSON.stringify(outcome));
  return outcome.kind === 'applied' ? outcome.text : '';
}

function failures(original: string, ...edits: Edit[]) {
  const outcome = applyEdits(original, edits, { path });
  assert.equal(outcome.kind, 'rejected', JSON.stringify(outcome));
  return outcome.kind === 'rejected' ? outcome.failures : [];
}

function reason(original: string, ...edits: Edit[]): string {
  return failures(original, ...edits)[0]?.reason ?? '';
}

describe('applyEdits', () => {
  describe('exact lines', () => {
    it('replaces, inserts and deletes whole lines', () => {
      assert.equal(applied('a\nb\nc\n', { search: ['b'], replace: ['B', 'B2'] }), 'a\nB\nB2\nc\n');
      assert.equal(applied('a\nb\nc\n', { search: 'b\n', replace: '' }), 'a\nc\n');
      assert.equal(applied('a\n', { search: ['a'], replace: [] }), '');
    });

    it('never matches a part of a line', () => {
      assert.match(reason('const ab = 1;\n', { search: ['ab = 1;'], replace: ['x'] }), /not found in src\/app\.ts/);
    });

    it('takes REPLACE byte for byte, trailing space included', () => {
      assert.equal(applied('a\nb\n', { search: ['b'], replace: ['b  ', '\tc'] }), 'a\nb  \n\tc\n');
    });

    it('prefers the exact place to one that only matches loosely', () => {
      assert.equal(applied('  x\nx\n', { search: ['x'], replace: ['y'] }), '  x\ny\n');
    });

    it('is not confused by replacement patterns of JavaScript', () => {
      assert.equal(applied('a\n', { search: ['a'], replace: ["$& $1 $' $$"] }), "$& $1 $' $$\n");
    });
  });

  describe('several matches', () => {
    const twice = 'x\ny\nx\n';

    it('rejects and names the lines', () => {
      assert.match(
        reason(twice, { search: ['x'], replace: ['z'] }),
        /2 places in src\/app\.ts: lines 1, 3.*more lines around/,
      );
    });

    it('counts overlapping matches', () => {
      assert.match(reason('x\nx\nx\n', { search: ['x', 'x'], replace: ['z'] }), /2 places.*lines 1, 2/);
    });

    it('lets a hint break the tie, however far it is, but not where two are equally near', () => {
      assert.equal(applied(twice, { search: ['x'], replace: ['z'], startLine: 900 }), 'x\ny\nz\n');
      assert.match(reason(twice, { search: ['x'], replace: ['z'], startLine: 2 }), /2 places/);
    });

    it('does not go on to looser matches', () => {
      assert.match(reason('x\nx\n  x\n', { search: ['x'], replace: ['z'] }), /lines 1, 2\./);
    });

    it('rejects several loose matches too', () => {
      assert.match(reason('  x\ny\n  x\n', { search: ['x'], replace: ['z'] }), /lines 1, 3/);
    });
  });

  describe('trailing white space', () => {
    it('is overlooked in SEARCH, and shared lines keep the file’s own', () => {
      const original = 'keep  \nold\t\nend\n';
      assert.equal(
        applied(original, { search: ['keep', 'old', 'end'], replace: ['keep', 'new', 'end'] }),
        'keep  \nnew\nend\n',
      );
    });

    it('is not brought in by a model that adds it everywhere', () => {
      assert.equal(applied('a\nb\n', { search: ['a ', 'b '], replace: ['a ', 'c '] }), 'a\nc\n');
    });
  });

  describe('indentation', () => {
    it('shifts REPLACE by what SEARCH lacks', () => {
      const original = 'class A {\n    f() {\n      return 1;\n    }\n}\n';
      const edit = { search: ['f() {', '  return 1;', '}'], replace: ['f() {', '  if (x)', '    return 2;', '}'] };
      assert.equal(applied(original, edit), 'class A {\n    f() {\n      if (x)\n        return 2;\n    }\n}\n');
    });

    it('shifts to the left and to tabs', () => {
      assert.equal(applied('a\n  b\n', { search: ['  a', '    b'], replace: ['  a', '    c'] }), 'a\n  c\n');
      assert.equal(applied('\ta\n\tb\n', { search: ['  a', '  b'], replace: ['  a', '  c'] }), '\ta\n\tc\n');
    });

    it('keeps blank lines blank', () => {
      assert.equal(applied('  a\n\n  b\n', { search: ['a', '', 'b'], replace: ['a', '', '', 'c'] }), '  a\n\n\n  c\n');
    });

    it('leaves REPLACE alone where it has the file’s indentation already', () => {
      const original = 'f() {\n    old();\n    last();\n}\n';
      const edit = { search: ['old();', 'last();'], replace: ['    now();', '    last();'] };
      assert.equal(applied(original, edit), 'f() {\n    now();\n    last();\n}\n');
    });

    it('takes the place of the line that it replaces, also where the shift is not one', () => {
      assert.equal(applied('  a\n      b\n', { search: ['a', 'b'], replace: ['c', 'b'] }), '  c\n      b\n');
    });

    it('is the file’s own already where it is nobody else’s', () => {
      assert.equal(applied('  return 1;\n', { search: ['return 1;'], replace: ['  return 2;'] }), '  return 2;\n');
    });

    it('that REPLACE may have from SEARCH, or from the file, is not guessed where nothing tells', () => {
      assert.match(
        reason('a\n', { search: ['    a'], replace: ['b'] }),
        /at line 1 of src\/app\.ts, but with another indentation/,
      );
    });

    it('is deeper in lines that were put into a block', () => {
      const wrap = { search: ['run();'], replace: ['if (x)', '  run();'] };
      assert.equal(applied('  run();\n', wrap), '  if (x)\n    run();\n');
    });

    it('that was lost and is code comes back for a line that takes the place of another, and for no other', () => {
      const of = (replace: string[]) =>
        applyEdits('if a:\n  b()\n', [{ search: ['if a:', 'b()'], replace }], { path: 'a.py' });
      assert.deepEqual(of(['if c:', 'b()']), { kind: 'applied', text: 'if c:\n  b()\n' });
      assert.equal(of(['if a:', 'c()', 'b()']).kind, 'rejected');
    });
  });

  describe('noise around an edit', () => {
    it('is taken off where it is noise, and left where the file has it', () => {
      const doc = '/**\n\t```\n\told();\n\t```\n*/\n';
      const fenced = {
        search: ['### src/app.ts', '\t```', '\told();', '\t```'],
        replace: ['### src/app.ts', '\t```', '\t```'],
      };
      assert.equal(applied(doc, fenced), '/**\n\t```\n\t```\n*/\n');
    });

    it('of dashes is no sign of a diff', () => {
      const edit = { search: ['------- SEARCH', '  a();', '  b();'], replace: ['  a();', '  x();', '  b();'] };
      assert.equal(applied('a();\nb();\n', edit), 'a();\nx();\nb();\n');
    });

    it('does not hide the bracket that SEARCH lacks', () => {
      const space = '\u00a0\u00a0';
      const edit = { search: ['f() {', `${space}a();`], replace: ['f() {', `${space}b();`, '}'] };
      assert.equal(applied('f() {\n  a();\n}\n', edit), 'f() {\n  b();\n}\n');
      const inner = {
        search: [`${space}f() {`, `${space}${space}a();`],
        replace: [`${space}f() {`, `${space}${space}b();`, `${space}}`],
      };
      assert.equal(applied('  f() {\n    a();\n  }\n', inner), '  f() {\n    b();\n  }\n');
    });
  });

  describe('what the file keeps', () => {
    it('CRLF, BOM and a missing final newline', () => {
      assert.equal(applied('\uFEFFa\r\nb\r\nc', { search: ['b'], replace: ['x', 'y'] }), '\uFEFFa\r\nx\r\ny\r\nc');
      assert.equal(applied('a\r\nb', { search: 'b', replace: 'b\nc\n' }), 'a\r\nb\r\nc');
      assert.equal(applied('a\nb', { search: ['b'], replace: [] }), 'a');
      assert.equal(applied('a\nb\n', { search: 'b', replace: 'c' }), 'a\nc\n');
    });

    it('mixed line ends: unchanged lines keep theirs, new ones take that of the line they replace', () => {
      assert.equal(
        applied('a\r\nb\nc\r\nd\n', { search: ['a', 'b', 'c'], replace: ['a', 'B', 'c', 'n'] }),
        'a\r\nB\nc\r\nn\r\nd\n',
      );
    });
  });

  describe('an empty SEARCH', () => {
    it('fills an empty or blank file', () => {
      assert.equal(applied('', { search: [], replace: ['a', 'b'] }), 'a\nb\n');
      assert.equal(applied('\r\n', { search: '', replace: 'a\nb' }), 'a\r\nb\r\n');
    });

    it('is refused where there is text, also as blank lines', () => {
      assert.match(reason('a\n', { search: [], replace: ['b'] }), /SEARCH is empty, but src\/app\.ts has 1 lines/);
      assert.match(reason('a\n\nb\n', { search: [''], replace: ['c'] }), /SEARCH is empty/);
    });
  });

  describe('what changes nothing', () => {
    it('is refused', () => {
      assert.match(reason('a\n', { search: ['a'], replace: ['a'] }), /changes nothing/);
      assert.match(reason('a  \n', { search: ['a'], replace: ['a '] }), /changes nothing/);
    });
  });

  describe('a miss', () => {
    it('shows the nearest lines and where they are', () => {
      const original = 'one\nfunction add(a, b) {\n  return a + b;\n}\nfive\n';
      const [failure] = failures(original, {
        search: ['function add(a, b) {', '  return a - b;', '}'],
        replace: ['x'],
      });
      assert.deepEqual(failure?.nearest, { startLine: 2, lines: ['function add(a, b) {', '  return a + b;', '}'] });
    });

    it('finds a line that is only like it, and none where nothing is', () => {
      const original = 'alpha\nconst total = sum(prices);\nomega\n';
      assert.equal(
        failures(original, { search: ['const total = sum(costs);'], replace: [] })[0]?.nearest?.startLine,
        2,
      );
      assert.equal(failures(original, { search: ['zzzzzzzz'], replace: [] })[0]?.nearest, undefined);
    });

    it('never applies what is merely similar', () => {
      fc.assert(
        fc.property(fc.stringMatching(/^[a-z]{3,12}$/), fc.stringMatching(/^[a-z]{3,12}$/), (there, wanted) => {
          fc.pre(there !== wanted);
          assert.equal(
            applyEdits(`head\n${there}\ntail\n`, [{ search: ['head', wanted, 'tail'], replace: ['x'] }], { path }).kind,
            'rejected',
          );
        }),
      );
    });
  });

  describe('several edits', () => {
    it('are all located in the original', () => {
      const edits = [
        { search: ['a'], replace: ['b'] },
        { search: ['b'], replace: ['c', 'c2'] },
        { search: ['z'], replace: [] },
      ];
      assert.equal(applied('a\nb\nz\n', ...edits), 'b\nc\nc2\n');
    });

    it('fall back to one after the other where one builds on another', () => {
      const edits = [
        { search: ['a'], replace: ['new'] },
        { search: ['new'], replace: ['newer'] },
      ];
      assert.equal(applied('a\nb\n', ...edits), 'newer\nb\n');
      const overlapping = [
        { search: ['a', 'b'], replace: ['A', 'b'] },
        { search: ['b', 'c'], replace: ['B', 'C'] },
      ];
      assert.equal(applied('a\nb\nc\n', ...overlapping), 'A\nB\nC\n');
    });

    it('shift line hints when applied one after the other', () => {
      const edits = [
        { search: ['a'], replace: ['a', 'n', 'n', 'n', 'n', 'n', 'n'] },
        { search: ['a', 'n'], replace: ['A', 'n'] },
        { search: ['x'], replace: ['X'], startLine: 3 },
      ];
      assert.equal(applied('a\nx\nx\n', ...edits), 'A\nn\nn\nn\nn\nn\nn\nx\nX\n');
    });

    it('are all or nothing, and every failure is told', () => {
      const found = failures(
        'a\nb\n',
        { search: ['q'], replace: [] },
        { search: ['a'], replace: ['c'] },
        { search: ['r'], replace: [] },
      );
      assert.deepEqual(
        found.map(({ edit }) => edit),
        [0, 2],
      );
    });

    it('do not make an ambiguous one clear', () => {
      const edits = [
        { search: ['first', 'x'], replace: ['first'] },
        { search: ['x'], replace: ['y'] },
      ];
      assert.match(reason('first\nx\nlast\nx\n', ...edits), /2 places/);
    });
  });

  it('changes exactly the wanted lines of any file, whatever its line ends', () => {
    const line = fc.stringMatching(/^[ \t]{0,4}[a-zäß{};]{0,8}[ \t]{0,2}$/);
    const end = fc.constantFrom('\n', '\r\n');
    const file = fc.array(fc.tuple(line, end), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        file,
        fc.boolean(),
        fc.boolean(),
        fc.nat(),
        fc.array(line, { maxLength: 3 }),
        (rows, bom, newline, pick, replace) => {
          const rowsWithMark = rows.map(([text, eol], i): [string, string] => [
            i === pick % rows.length ? `mark${text}` : text,
            eol,
          ]);
          const at = pick % rows.length;
          const body = rowsWithMark
            .map(([text, eol], i) => text + (newline || i < rows.length - 1 ? eol : ''))
            .join('');
          const original = (bom ? '\uFEFF' : '') + body;
          const search = [rowsWithMark[at]?.[0] ?? ''];
          fc.pre(search[0] !== replace[0] || replace.length !== 1);
          const text = applied(original, { search, replace });
          const before =
            (bom ? '\uFEFF' : '') +
            rowsWithMark
              .slice(0, at)
              .map((row) => row.join(''))
              .join('');
          const after = rowsWithMark
            .slice(at + 1)
            .map(([t, eol], i, all) => t + (newline || i < all.length - 1 ? eol : ''))
            .join('');
          if (after === '' && !newline) {
            assert.ok(text.startsWith(before.replace(/\r?\n$/, '')));
            return;
          }
          assert.ok(text.startsWith(before) && text.endsWith(after));
          const middle = text.slice(before.length, text.length - after.length);
          assert.deepEqual(
            middle
              .split('\n')
              .slice(0, -1)
              .map((t) => t.replace(/\r$/, '')),
            replace,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
