import assert from 'node:assert/strict';
import type { ScriptEntryInput } from '../models/script.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { endingOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, edit, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);

/** What the Coder answers, by what the message before it says: the first that fits. */
function coderSays(replies: readonly [last: string | undefined, text: string][]) {
  return crewScripts({
    plan: onePlan,
    edits: {},
    coder: replies.map(
      ([last, text]): ScriptEntryInput => ({
        when: { schema: false, ...(last === undefined ? {} : { last }) },
        reply: { text },
      }),
    ),
  });
}

const GREET = "export function greet() {\n  return 'Hello!';\n}\n";
const GREETS = "export function greet(name) {\n  return name ? 'Hello, ' + name + '!' : 'Hello!';\n}\n";
const stale = (word: string): string => edit('src/greet.js', `export function greet() {\n  return '${word}';`, 'x');

describe('a Coder that misses the same part of a file twice', () => {
  const given = scenarios();
  const constants = (from: number): string =>
    Array.from({ length: 50 }, (_, i) => `export const c${from + i} = ${from + i};\n`).join('');

  it('of a long file is given the region, and writes all of it anew', async () => {
    const file = constants(0) + GREET + constants(50);
    const around = (greet: string): string =>
      `export const c47 = 47;\nexport const c48 = 48;\nexport const c49 = 49;\n${greet}export const c50 = 50;\nexport const c51 = 51;`;
    const { run, project, prompts } = await given(
      coderSays([
        ['write lines 48 to 55 anew', edit('src/greet.js', around(GREET), around(GREETS))],
        ['SEARCH was not found', stale('Hi!')],
        [undefined, stale('Hey!')],
      ]),
      { files: { ...GREETER, 'src/greet.js': file } },
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'redflag.raised').map(({ flag }) => flag),
      ['edit_rejected', 'edit_rejected'],
    );
    assert.equal(ofType(events, 'attempt.started').length, 1, 'all within one round');
    const last = prompts('coder').at(-1) ?? '';
    assert.ok(last.includes(`\nexport const c46 = 46;\n`), 'the file was shown');
    assert.ok(last.includes(`shall stand there instead:\n${around(GREET)}`), last.slice(-2000));
    assert.equal(project.read('src/greet.js'), constants(0) + GREETS + constants(50));
  });

  it('of a short file writes the whole file anew', async () => {
    const { run, project } = await given(
      coderSays([
        ['write the whole file anew', `src/greet.js\n\`\`\`\n${GREETS}\`\`\`\n`],
        ['SEARCH was not found', stale('Hi!')],
        [undefined, stale('Hey!')],
      ]),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'edit.rejected').length, 2);
    assert.equal(project.read('src/greet.js'), GREETS);
  });

  it('and goes on with it is told the same until its edits are used up, and the next round begins anew', async () => {
    const { run, project, prompts } = await given(
      crewScripts({
        plan: onePlan,
        edits: {},
        coder: [
          { when: { schema: false, all: 'Round 1 gave no usable change' }, reply: { text: greetByName } },
          { when: { schema: false }, reply: { text: stale('Hey!') } },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    const reasons = ofType(events, 'edit.rejected').map(({ reason }) => reason);
    assert.match(reasons[0] ?? '', /^SEARCH was not found/);
    assert.deepEqual(
      reasons.slice(1).map((reason) => /missed this part of src\/greet\.js (\d+) times/.exec(reason)?.[1]),
      ['2', '3', '4', '5', '6'],
    );
    assert.equal(endingOf(events).code, 'approved');
    assert.match(prompts('coder').at(-1) ?? '', /did not apply 5 times in a row/);
    assert.equal(project.read('src/greet.js'), GREETS);
  });
});
