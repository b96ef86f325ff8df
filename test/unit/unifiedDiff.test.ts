import assert from 'node:assert/strict';
import { assertNeverCompletes, filesAfter, parse, parseEverywhere, reasonIn } from '../support/readAnswer.ts';

const GREET = 'export function greet() {\n  return "Hello!";\n}\n';
const HUNK = '@@ -1,3 +1,3 @@\n export function greet() {\n-  return "Hello!";\n+  return "Hi 😀!";\n }\n';
const HEADERS = '--- a/src/greet.js\n+++ b/src/greet.js\n';
const EDIT = {
  kind: 'edit',
  path: 'src/greet.js',
  search: ['export function greet() {', '  return "Hello!";', '}'],
  replace: ['export function greet() {', '  return "Hi 😀!";', '}'],
  explanation: '',
  hunk: {},
};
const NUMBERED = { ...EDIT, startLine: 1 };

/** Everything that git says of several files. */
const OF_GIT = `Here is the change.

\`\`\`diff
diff --git a/src/greet.js b/src/greet.js
index 0123456..89abcde 100644
${HEADERS}${HUNK}@@ -10,2 +10,3 @@ function leave() {
   a();
+  b();
   c();
diff --git a/src/new.js b/src/new.js
new file mode 100644
index 0000000..89abcde
--- /dev/null
+++ b/src/new.js
@@ -0,0 +1,2 @@
+one
+
diff --git a/src/old.js b/src/old.js
deleted file mode 100644
index 0123456..0000000
--- a/src/old.js
+++ /dev/null
@@ -1,1 +0,0 @@
-gone
diff --git a/src/name.js b/src/names.js
similarity index 90%
rename from src/name.js
rename to src/names.js
--- a/src/name.js
+++ b/src/names.js
@@ -3 +3 @@
-name
+names
\\ No newline at end of file
diff --git a/lib/a.js b/lib/b.js
similarity index 100%
rename from lib/a.js
rename to lib/b.js
diff --git a/empty.txt b/empty.txt
new file mode 100644
\`\`\`
That is all.
`;

describe('a unified diff', () => {
  it('of several files is read as git writes it, wherever it is cut', () => {
    const hunk = {};
    assert.deepEqual(parseEverywhere(OF_GIT), [
      { ...NUMBERED, explanation: 'Here is the change.' },
      {
        kind: 'edit',
        path: 'src/greet.js',
        search: ['  a();', '  c();'],
        replace: ['  a();', '  b();', '  c();'],
        explanation: '',
        startLine: 10,
        hunk,
      },
      { kind: 'edit', path: 'src/new.js', search: [], replace: ['one', ''], explanation: '', hunk },
      { kind: 'delete', path: 'src/old.js' },
      { kind: 'rename', from: 'src/name.js', to: 'src/names.js' },
      { kind: 'edit', path: 'src/names.js', search: ['name'], replace: ['names'], explanation: '', startLine: 3, hunk },
      { kind: 'rename', from: 'lib/a.js', to: 'lib/b.js' },
      { kind: 'edit', path: 'empty.txt', search: [], replace: [], explanation: '', hunk },
    ]);
  });

  it('that is cut off gives only what was closed before', () => assertNeverCompletes(OF_GIT));

  const forms: [string, string, object][] = [
    ['without a fence', HEADERS + HUNK, NUMBERED],
    ['in a fence', `\`\`\`diff\n${HEADERS}${HUNK}\`\`\`\n`, NUMBERED],
    ['in a fence that is never closed', `\`\`\`diff\n${HEADERS}${HUNK}`, NUMBERED],
    ['in a fence of no language', `\`\`\`\n${HEADERS}${HUNK}\`\`\`\n`, NUMBERED],
    ['in an indented fence', `\`\`\`diff\n${HEADERS}${HUNK}\`\`\`\n`.replace(/^(?=.)/gm, '   '), NUMBERED],
    ['with CRLF', (HEADERS + HUNK).replaceAll('\n', '\r\n'), NUMBERED],
    ['without a prefix to its names', (HEADERS + HUNK).replaceAll(/ [ab]\//g, ' '), NUMBERED],
    ['with a prefix to one of its names', `${HEADERS.replace('a/', '')}${HUNK}`, NUMBERED],
    ['with times', HEADERS.replaceAll('.js', '.js\t2026-01-01 10:00:00') + HUNK, NUMBERED],
    ['with other words for its numbers', `${HEADERS}${HUNK.replace(/@@.*@@/, '@@ ... @@')}`, EDIT],
    ['with no numbers', `${HEADERS}${HUNK.replace(/@@.*@@/, '@@')}`, EDIT],
    ['with no line before its hunk', HEADERS + HUNK.replace(/@@.*@@\n/, ''), EDIT],
    ['with an original and a copy', `--- src/greet.js.orig\n+++ src/greet.js\n${HUNK}`, NUMBERED],
    ['whose file is named before', `src/greet.js\n${HUNK}`, NUMBERED],
    ['whose file is named before its fence', `**src/greet.js**\n\n\`\`\`diff\n${HUNK}\`\`\`\n`, NUMBERED],
    ['whose file is named in its fence', `\`\`\`diff\nsrc/greet.js\n${HUNK}\`\`\`\n`, NUMBERED],
    [
      'whose sides have names that are none',
      `src/greet.js\n\`\`\`diff\n--- original\n+++ modified\n${HUNK}\`\`\`\n`,
      NUMBERED,
    ],
    [
      'of lines alone, in a fence for a file',
      `src/greet.js\n\`\`\`diff\n${HUNK.replace(/@@.*@@\n/, '')}\`\`\`\n`,
      EDIT,
    ],
    ['with context that lacks its prefix', `\`\`\`diff\n${HEADERS}${HUNK.replace(/^ /gm, '')}\`\`\`\n`, NUMBERED],
    ['followed by prose', `${HEADERS}${HUNK}\nThat is all.\n- And a list.\n`, NUMBERED],
    ['followed by a list', `${HEADERS}${HUNK}\n- A list.\n`, NUMBERED],
    ['in an envelope of a patch', `*** Begin Patch\n${HEADERS}${HUNK}*** End Patch\n`, NUMBERED],
  ];
  for (const [what, text, expected] of forms) {
    it(`${what} is read`, () => {
      const [block, ...rest] = parseEverywhere(text);
      assert.deepEqual([{ ...block, explanation: '' }, ...rest], [expected]);
    });
  }

  it('lands where its lines are, whatever its numbers say', async () => {
    for (const header of ['@@ -1,3 +1,3 @@', '@@ -99,7 +120,2 @@', '@@ ... @@', '@@']) {
      const { files, problems } = await filesAfter({ 'src/greet.js': GREET }, HEADERS + HUNK.replace(/@@.*@@/, header));
      assert.deepEqual(problems, []);
      assert.equal(files['src/greet.js'], GREET.replace('Hello', 'Hi 😀'), header);
    }
  });

  it('breaks a tie by its numbers, which count what its hunks before have moved', async () => {
    const file = `${'x\n'.repeat(9)}same\n${'y\n'.repeat(10)}same\n`;
    const text =
      '--- a/f.txt\n+++ b/f.txt\n@@ -1,1 +1,12 @@\n' +
      ` x\n${'+new\n'.repeat(11)} x\n`.replace(/ x\n$/, '') +
      '@@ -21,1 +32,1 @@\n-same\n+other\n';
    const { files, problems } = await filesAfter({ 'f.txt': file }, text);
    assert.deepEqual(problems, []);
    assert.equal(files['f.txt'], `x\n${'new\n'.repeat(11)}${'x\n'.repeat(8)}same\n${'y\n'.repeat(10)}other\n`);
  });

  it('breaks a tie by the line that its hunk is said to be in', async () => {
    const file = 'def a():\n    return 1\n\ndef b():\n    return 1\n';
    const text = '--- a/f.py\n+++ b/f.py\n@@ def b():\n-    return 1\n+    return 2\n';
    const { files } = await filesAfter({ 'f.py': file }, text);
    assert.equal(files['f.py'], 'def a():\n    return 1\n\ndef b():\n    return 2\n');
  });

  it('inserts beside its context', async () => {
    const text = `${HEADERS}@@ -1,0 +2,1 @@\n export function greet() {\n+  log();\n`;
    const { files } = await filesAfter({ 'src/greet.js': GREET }, text);
    assert.equal(files['src/greet.js'], GREET.replace('{\n', '{\n  log();\n'));
  });

  it('of new lines alone makes a new file, and says what it lacks where the file is there', async () => {
    const text = `${HEADERS}@@ -2,0 +3,1 @@\n+// new\n`;
    const { problems } = await filesAfter({ 'src/greet.js': GREET }, text);
    assert.match(problems.join(), /only \+ lines, which does not say where in src\/greet\.js they belong/);
    assert.equal((await filesAfter({ 'src/greet.js': '' }, text)).files['src/greet.js'], '// new\n');
    assert.equal((await filesAfter({}, text)).files['src/greet.js'], '// new\n');
  });

  it('keeps removed and added lines that look like headers', () => {
    const text = `${HEADERS}@@ -1,4 +1,3 @@\n a\n--- i;\n+++ i;\n--- a comment\n b\n`;
    assert.deepEqual(
      parseEverywhere(text).map((block) => block.kind === 'edit' && [block.search, block.replace]),
      [
        [
          ['a', '-- i;', '-- a comment', 'b'],
          ['a', '++ i;', 'b'],
        ],
      ],
    );
  });

  it('is told off where it names no file, changes nothing, or only says what cannot be done', () => {
    assert.match(reasonIn('```diff\n@@ -1 +1 @@\n-a\n+b\n```\n'), /names no file/);
    assert.match(reasonIn(`${HEADERS}@@ -1,1 +1,1 @@\n a\n`), /changes nothing/);
    assert.match(reasonIn('diff --git a/x.png b/x.png\nBinary files a/x.png and b/x.png differ\n'), /no hunk/);
    assert.match(reasonIn('diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n'), /no hunk/);
  });

  it('that shows nothing of a file is an example', () => {
    for (const text of [
      'Like this:\n```diff\n-a\n+b\n```\n',
      '--- a rule\nand prose\n',
      '@@ is a marker\n',
      'In Ruby:\n```ruby\n@@count = 1\n```\n',
    ]) {
      assert.deepEqual(parse(text), [], text);
    }
  });

  it('may stand between edit blocks, and they between its hunks', () => {
    const block = 'a.ts\n<<<<<<< SEARCH\nold\n=======\n--- a/x\n+++ b/x\n>>>>>>> REPLACE\n';
    assert.deepEqual(
      parseEverywhere(`${block}${HEADERS}${HUNK}${block}DELETE b.ts\n`).map(({ kind }) => kind),
      ['edit', 'edit', 'edit', 'delete'],
    );
  });
});
