import assert from 'node:assert/strict';
import { assertNeverCompletes, filesAfter, parse, parseEverywhere, reasonIn } from '../support/readAnswer.ts';

const PATCH = `I change it.

*** Begin Patch
*** Update File: src/greet.py
@@ class Greeter
@@     def greet(self):
-        return "Hello!"
+        return "Hi 😀!"
     # end
@@
 a = 1
+b = 2
*** End of File
*** Add File: src/new.py
+one
+
+two
*** Delete File: src/old.py
*** Update File: src/name.py
*** Move to: src/names.py
@@ -3,1 +3,1 @@
-name
+names
*** Update File: lib/a.py
*** Move to: lib/b.py
*** End Patch
That is all.
`;

const HUNK = '@@\n-old\n+new\n';
const EDIT = { kind: 'edit', path: 'a.ts', search: ['old'], replace: ['new'], explanation: '', hunk: {} };

describe('a patch of apply_patch', () => {
  it('is read in order, wherever it is cut', () => {
    const block = { kind: 'edit', explanation: '', hunk: {} };
    assert.deepEqual(parseEverywhere(PATCH), [
      {
        kind: 'edit',
        path: 'src/greet.py',
        search: ['        return "Hello!"', '    # end'],
        replace: ['        return "Hi 😀!"', '    # end'],
        explanation: 'I change it.',
        hunk: { after: ['class Greeter', 'def greet(self):'] },
      },
      { ...block, path: 'src/greet.py', search: ['a = 1'], replace: ['a = 1', 'b = 2'], hunk: { atEnd: true } },
      { ...block, path: 'src/new.py', search: [], replace: ['one', '', 'two'] },
      { kind: 'delete', path: 'src/old.py' },
      { kind: 'rename', from: 'src/name.py', to: 'src/names.py' },
      { ...block, path: 'src/names.py', search: ['name'], replace: ['names'], startLine: 3 },
      { kind: 'rename', from: 'lib/a.py', to: 'lib/b.py' },
    ]);
  });

  it('that is cut off gives only what was closed before', () => assertNeverCompletes(PATCH));

  const forms: [string, string][] = [
    ['as it should be', `*** Begin Patch\n*** Update File: a.ts\n${HUNK}*** End Patch\n`],
    ['in a fence', `\`\`\`\n*** Begin Patch\n*** Update File: a.ts\n${HUNK}*** End Patch\n\`\`\`\n`],
    [
      'in a call of the shell',
      `\`\`\`bash\napply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a.ts\n${HUNK}*** End Patch\nEOF\n\`\`\`\n`,
    ],
    ['in an indented fence', `  \`\`\`diff\n  *** Update File: a.ts\n${HUNK.replace(/^(?=.)/gm, '  ')}  \`\`\`\n`],
    ['without its envelope', `*** Update File: a.ts\n${HUNK}`],
    ['without its end', `\`\`\`\n*** Begin Patch\n*** Update File: a.ts\n${HUNK}\`\`\`\nThat is all.\n`],
    ['without a line before its hunk', `*** Begin Patch\n*** Update File: ./a.ts\n-old\n+new\n*** End Patch`],
    ['with a quoted name', `*** Begin Patch\n*** Update File: \`a.ts\`\n${HUNK}*** End Patch`],
    ['with an empty line before its end', `*** Begin Patch\n*** Update File: a.ts\n${HUNK}\n*** End Patch`],
  ];
  for (const [what, text] of forms) {
    it(`${what} is read`, () => {
      const blocks = parseEverywhere(text).map((block) => ({ ...block, explanation: '' }));
      assert.deepEqual(blocks, [EDIT]);
    });
  }

  it('lands after the lines it names, where it fits in several places', async () => {
    const file =
      'class Leaver:\n    def greet(self):\n        return "Hello!"\n    # end\n\n' +
      'class Greeter:\n    def leave(self):\n        return "Hello!"\n    # end\n    def greet(self):\n        return "Hello!"\n    # end\na = 1\n';
    const text = PATCH.split('*** Add File')[0] ?? '';
    const { files, problems } = await filesAfter({ 'src/greet.py': file }, text);
    assert.deepEqual(problems, []);
    assert.equal(
      files['src/greet.py'],
      file.replace(/"Hello!"(?=[^"]*$)/, '"Hi 😀!"').replace('a = 1\n', 'a = 1\nb = 2\n'),
    );
  });

  it('is refused where it fits in several places, and the line it names is not clear', async () => {
    const file = 'def a():\n  x\ndef b():\n  x\n';
    for (const anchor of ['', ' def', ' def c():']) {
      const text = `*** Update File: f.py\n@@${anchor}\n-  x\n+  y\n`;
      const { files, problems } = await filesAfter({ 'f.py': file }, text);
      assert.match(problems.join(), /matches 2 places/, anchor);
      assert.equal(files['f.py'], file);
    }
  });

  it('appends lines without context at the end of the file, where it says so', async () => {
    const lines = '*** Update File: f.py\n@@\n+z\n';
    assert.equal((await filesAfter({ 'f.py': 'x\n' }, `${lines}*** End of File\n`)).files['f.py'], 'x\nz\n');
    assert.match((await filesAfter({ 'f.py': 'x\n' }, lines)).problems.join(), /only \+ lines/);
  });

  it('may leave out every + of a new file, but not some', () => {
    assert.deepEqual(
      parse('*** Add File: a.ts\none\n\n two\n*** End Patch').map((block) => block.kind === 'edit' && block.replace),
      [['one', '', ' two']],
    );
    assert.match(reasonIn('*** Add File: a.ts\n+one\ntwo\n*** End Patch'), /begins with a \+/);
    assert.match(reasonIn('*** Update File: a.ts\n@@\n one\n*** End Patch'), /changes nothing/);
  });
});
