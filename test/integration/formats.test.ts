import assert from 'node:assert/strict';
import type { ScriptEntryInput } from '../models/script.ts';
import { onGreet, onLeave } from '../support/greeter.ts';
import { ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, edit, plan } from '../support/scripts.ts';

const onBoth = plan([{ id: 'task_1', files: [...onGreet.files, ...onLeave.files] }]);

const GREET = "export function greet(name) {\n  return name ? 'Hello, ' + name + '!' : 'Hello!';\n}\n";
const NEW = 'export const names = [];\n';

/** What each form makes of the project: greets by name, a new file, `leave` gone, the test under another name. */
const answers: Record<string, string> = {
  'a unified diff': `Greets by name.

\`\`\`diff
diff --git a/src/greet.js b/src/greet.js
--- a/src/greet.js
+++ b/src/greet.js
@@ -41,3 +41,3 @@
-export function greet() {
-  return 'Hello!';
+export function greet(name) {
+  return name ? 'Hello, ' + name + '!' : 'Hello!';
 }
--- /dev/null
+++ b/src/names.js
@@ -0,0 +1 @@
+export const names = [];
diff --git a/src/leave.js b/src/leave.js
deleted file mode 100644
--- a/src/leave.js
+++ /dev/null
@@ -1,3 +0,0 @@
-export function leave() {
-  return 'Goodbye!';
-}
diff --git a/test/greet.test.js b/test/hello.test.js
similarity index 100%
rename from test/greet.test.js
rename to test/hello.test.js
\`\`\`
`,
  'a patch of apply_patch': `*** Begin Patch
*** Update File: src/greet.js
@@
-export function greet() {
-  return 'Hello!';
+export function greet(name) {
+  return name ? 'Hello, ' + name + '!' : 'Hello!';
 }
*** Add File: src/names.js
+export const names = [];
*** Delete File: src/leave.js
*** Update File: test/greet.test.js
*** Move to: test/hello.test.js
*** End Patch
`,
  'whole files in fences': `Greets by name.

src/greet.js
\`\`\`js
${GREET}\`\`\`

\`\`\`js
// src/names.js
${NEW}\`\`\`
DELETE src/leave.js
RENAME test/greet.test.js TO test/hello.test.js
Then run:
\`\`\`sh
npm test
\`\`\`
`,
  'code_chunk JSON': `${[
    ['src/greet.js', GREET],
    ['src/names.js', NEW],
  ]
    .map(([file, chunk]) => JSON.stringify({ type: 'code_chunk', file, language: 'javascript', chunk }))
    .join('\n')}
DELETE src/leave.js
RENAME test/greet.test.js TO test/hello.test.js
`,
};

function coderSays(first: string, replies: Record<string, string> = {}) {
  const answer = (text: string, when: ScriptEntryInput['when']): ScriptEntryInput => ({
    when: { schema: false, ...when },
    reply: { text },
  });
  return crewScripts({
    plan: onBoth,
    edits: {},
    coder: [...Object.entries(replies).map(([last, text]) => answer(text, { last })), answer(first, {})],
  });
}

describe('an answer of the Coder in', () => {
  const given = scenarios();

  for (const [form, answer] of Object.entries(answers)) {
    it(`${form} changes, makes, deletes and renames files`, async () => {
      const { run, project, prompts } = await given(coderSays(answer));
      const { 'src/leave.js': _left, 'test/greet.test.js': test, ...rest } = project.files();
      const { status, events } = await run(['run', 'Greet', '--apply']);
      assert.equal(status, 0);
      assert.deepEqual(ofType(events, 'redflag.raised'), []);
      assert.equal(prompts('coder').length, 2, 'gathering and answer');
      assert.deepEqual(project.files(), {
        ...rest,
        'src/greet.js': GREET,
        'src/names.js': NEW,
        'test/hello.test.js': test,
      });
    });
  }

  it('two forms lands in order; what it shows of the files as they are by then is no edit', async () => {
    const hunk =
      "@@ -1,3 +1,3 @@\n-export function greet() {\n-  return 'Hello!';\n+export function greet(name) {\n+  return 'Hi, ' + name + '!';\n }\n";
    const text = `${edit('src/greet.js', "export function greet() {\n  return 'Hello!';", "export function greet(name) {\n  return 'Hi, ' + name + '!';")}
src/greet.js
\`\`\`diff
${hunk}\`\`\`
Which is then:
src/greet.js
\`\`\`js
export function greet(name) {
  return 'Hi, ' + name + '!';
}
\`\`\`
*** Begin Patch
*** Update File: src/greet.js
-  return 'Hi, ' + name + '!';
+  return name ? 'Hello, ' + name + '!' : 'Hello!';
*** End Patch
It is used like this:
\`\`\`js
// example.js
greet('Ada');
\`\`\`
`;
    const { run, project } = await given(coderSays(text));
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(ofType(events, 'redflag.raised'), []);
    assert.equal(ofType(events, 'edit.applied').length, 2);
    assert.equal(project.read('src/greet.js'), GREET);
    assert.equal(project.files()['example.js'], undefined);
  });

  it('a diff that is sent again as a whole, for one hunk of it, is taken for that hunk', async () => {
    const diff = (line: string, from: number) =>
      `--- a/src/greet.js\n+++ b/src/greet.js\n@@ -${from},1 +${from},1 @@\n-export function greet() {\n+export function greet(name) {\n@@ -${from + 1},1 +${from + 1},1 @@\n-${line}\n+  return name ? 'Hello, ' + name + '!' : 'Hello!';\n`;
    const { run, project } = await given(
      coderSays(diff("  return 'Hello?';", 1), { 'SEARCH was not found': diff("  return 'Hello!';", 5) }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'edit.rejected').length, 1);
    assert.equal(project.read('src/greet.js'), GREET);
  });

  it('a diff that does not fit goes back with the lines as they are, and is mended', async () => {
    const stale =
      "--- a/src/greet.js\n+++ b/src/greet.js\n@@ -1,2 +1,2 @@\n export function greet() {\n-  return 'Hello?';\n+  return 1;\n";
    const { run, project, prompts } = await given(
      coderSays(stale, { 'SEARCH means the lines of the hunk': `src/greet.js\n\`\`\`js\n${GREET}\`\`\`\n` }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'redflag.raised').map(({ flag }) => flag),
      ['edit_rejected'],
    );
    assert.match(prompts('coder').at(-1) ?? '', /SEARCH was not found[\s\S]*lines 1 to 3:\nexport function greet/);
    assert.equal(project.read('src/greet.js'), GREET);
  });
});
