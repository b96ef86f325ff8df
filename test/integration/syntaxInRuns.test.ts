import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ParsedText } from '../../src/core/ports.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import { type CrewHere, type CrewHereOptions, openCrewHere } from '../support/crewHere.ts';
import { greetBroken, greetByName, mendBroken, onGreet } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, edit, plan } from '../support/scripts.ts';

const MISSING = '`)` is missing here';
const COMPLAINT = 'what they leave does not parse';

/** The Coder's first answer, and what it says to each message that contains the given words. */
function coderSays(first: string, replies: Record<string, string> = {}) {
  const answer = (text: string, when: ScriptEntryInput['when']): ScriptEntryInput => ({
    when: { schema: false, ...when },
    reply: { text },
  });
  return crewScripts({
    plan: plan([{ id: 'task_1', ...onGreet }]),
    edits: {},
    coder: [...Object.entries(replies).map(([last, text]) => answer(text, { last })), answer(first, {})],
  });
}

/** What happened to the change, in order: edits, what the syntax gave, checks and reviews of the attempt. */
function story(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    switch (event.type) {
      case 'edit.applied':
        return [`edit ${event.path}`];
      case 'syntax.checked':
        return [`syntax ${event.outcome}`];
      case 'checks.finished':
        return event.scope === 'attempt' ? [`checks ${event.report.status}`] : [];
      case 'review.finished':
        return event.subtask === 'merged' ? [] : [`review ${event.verdict.status}`];
      default:
        return [];
    }
  });
}

describe('a change that does not parse', () => {
  const given = scenarios();

  it('goes back to the Coder with what is wrong, and is mended before a check runs', async () => {
    const { run, project, prompts, conclave } = await given(coderSays(greetBroken, { [COMPLAINT]: mendBroken }));
    const read = join(conclave.data, 'grammars.txt');
    const { status, events, stderr } = await run(['run', 'Greet', '--apply'], {
      env: {
        NODE_OPTIONS: `--require ${JSON.stringify(resolve('test/support/recordGrammars.cjs'))}`,
        CONCLAVE_TEST_GRAMMARS: read,
      },
    });
    assert.equal(status, 0);
    assert.deepEqual(story(events), [
      'edit src/greet.js',
      'syntax sent_back',
      'edit src/greet.js',
      'checks passed',
      'review approved',
    ]);
    assert.equal(ofType(events, 'attempt.started').length, 1, 'it is no round');
    assert.deepEqual(
      ofType(events, 'syntax.checked').map(({ lane, subtask, problems, unchecked }) => [
        lane,
        subtask,
        problems,
        unchecked,
      ]),
      [
        [
          'coder:task_1',
          'task_1',
          [
            {
              path: 'src/greet.js',
              line: 2,
              column: 44,
              message: MISSING,
              text: "  return name ? 'Hello, '.concat(name + '!' : 'Hello!';",
            },
          ],
          [],
        ],
      ],
    );
    const told = prompts('coder').at(-1) ?? '';
    assert.ok(
      told.includes(`src/greet.js, line 2: ${MISSING}\nLines 1 to 4 are now:\nexport function greet(name) {\n`),
      told,
    );
    assert.match(
      stderr,
      /checks +task_1 round 1\/3: ! the change does not parse; it goes back once:\n +✗ src\/greet\.js:2 `\)` is missing here\n/,
    );
    assert.match(project.read('src/greet.js'), /concat\(name \+ '!'\)/);
    // Of all grammars, the built command line loads those of code that is there.
    const loaded = new Set(readFileSync(read, 'utf8').trim().split('\n'));
    assert.deepEqual([...loaded].sort(), ['javascript.wasm', 'web-tree-sitter.wasm']);
  });

  it('is left to the checks where the Coder insists: by saying so, with the same edits, with others, or with nothing', async () => {
    const otherwise = edit(
      'src/greet.js',
      "  return name ? 'Hello, '.concat(name + '!' : 'Hello!';",
      "  return name ? 'Hi, '.concat(name + '!' : 'Hello!';",
    );
    const answers = {
      said: 'NO CHANGE: it is right as it is.',
      again: greetBroken,
      otherwise,
      nothing: 'I think so.',
    };
    for (const [how, answer] of Object.entries(answers)) {
      const { run } = await given(coderSays(greetBroken, { [COMPLAINT]: answer }));
      const { events } = await run(['run', 'Greet', '--apply']);
      const first = story(events).filter((what) => !what.startsWith('edit'));
      assert.deepEqual(first.slice(0, 3), ['syntax sent_back', 'syntax let_through', 'checks failed'], how);
    }
  });

  it('costs no round where the Coder has no usable answer left', async () => {
    const wrong = edit('src/greet.js', 'there is no such line', 'x');
    const { run } = await given(coderSays(greetBroken, { [COMPLAINT]: wrong, 'were not applied': wrong }));
    const { events } = await run(['run', 'Greet', '--apply']);
    assert.deepEqual(story(events).slice(0, 3), ['edit src/greet.js', 'syntax sent_back', 'checks failed']);
    assert.equal(ofType(events, 'review.finished')[0]?.round, 1);
  });

  it('is not sent back where no repair is left', async () => {
    const crew = await open({ limits: { answerRepairs: 0 }, script: coderSays(greetBroken) });
    await crew.run('Greet');
    assert.deepEqual(story(crew.live).slice(0, 2), ['edit src/greet.js', 'checks failed']);
  });

  it('is sent back once a round: what a round was let through with is no news in the next', async () => {
    const next = edit(
      'src/greet.js',
      'export function greet(name) {',
      'export const hi = (1;\n\nexport function greet(name) {',
    );
    const script = crewScripts({
      plan: plan([{ id: 'task_1', ...onGreet }]),
      edits: { task_1: [greetBroken, next] },
      coder: [{ when: { schema: false, last: COMPLAINT }, reply: { text: 'NO CHANGE: it is right as it is.' } }],
    });
    const crew = await open({ limits: { rounds: 2 }, script });
    await crew.run('Greet');
    assert.deepEqual(
      ofType(crew.live, 'syntax.checked').map(({ outcome, problems }) => [outcome, problems.map(({ line }) => line)]),
      [
        ['sent_back', [2]],
        ['let_through', [2]],
        ['sent_back', [1]],
        ['let_through', [1]],
      ],
    );
  });

  let crew: CrewHere | undefined;
  afterEach(async () => {
    await crew?.close();
    crew = undefined;
  });
  const open = async (
    options: Omit<CrewHereOptions, 'files'> & { files?: Record<string, string> },
  ): Promise<CrewHere> => {
    crew = await openCrewHere({ files: GREETER, ...options });
    return crew;
  };

  it('is told of the same when the run is resumed after it went back, and the model is not asked again', async () => {
    const stop = new AbortController();
    const crew = await open({
      script: coderSays(greetBroken, { [COMPLAINT]: mendBroken }),
      onEvent: (event) => {
        if (event.type === 'syntax.checked') stop.abort(new Error('stopped here'));
      },
    });
    await crew.run('Greet', stop.signal);
    const runId = crew.live[0]?.runId ?? '';
    const asked = crew.fleet.requests.filter(({ role }) => role === 'coder').length;
    const { ending } = await crew.resume(runId);
    assert.equal(ending.code, 'approved');
    assert.deepEqual(story(await crew.persisted(runId)), [
      'edit src/greet.js',
      'syntax sent_back',
      'edit src/greet.js',
      'checks passed',
      'review approved',
    ]);
    assert.deepEqual(ofType(crew.live, 'redflag.raised'), []);
    assert.ok(crew.fleet.requests.filter(({ role }) => role === 'coder').length > asked);
    assert.deepEqual(crew.fleet.unmatched, []);
  });

  it('is not looked at where its grammar does not load: that is told once, and the run goes on', async () => {
    const files = { ...GREETER, 'src/a.py': 'x = 1\n', 'src/b.py': 'y = 1\n' };
    const pythons = edit('src/a.py', 'x = 1', 'x = (2') + edit('src/b.py', 'y = 1', 'y = (2');
    const asked: string[] = [];
    const crew = await open({
      files,
      script: coderSays(`${greetBroken}\n${pythons}`, { [COMPLAINT]: mendBroken }),
      over: (_fleet, own) => ({
        syntax: {
          errorsIn: async (path, text): Promise<ParsedText> => {
            asked.push(path);
            // Even if another file could be read, all of the language is left alone, as the run was told.
            if (path !== 'src/a.py') return own.syntax.errorsIn(path, text);
            return { kind: 'unavailable', language: 'python', reason: 'there is no such file' };
          },
        },
      }),
    });
    assert.equal((await crew.run('Greet')).ending.code, 'approved');
    assert.ok(asked.includes('src/b.py'));
    assert.deepEqual(
      ofType(crew.live, 'syntax.checked').map(({ outcome, unchecked }) => [outcome, unchecked]),
      [
        [
          'sent_back',
          [
            {
              path: 'src/a.py',
              language: 'python',
              for: 'language',
              reason: 'its grammar did not load: there is no such file',
            },
          ],
        ],
      ],
    );
  });

  it('is passed where parsing takes too long, and told so', async () => {
    const crew = await open({
      script: coderSays(greetByName),
      over: () => ({ syntax: { errorsIn: async () => ({ kind: 'slow', language: 'javascript' }) } }),
    });
    assert.equal((await crew.run('Greet')).ending.code, 'approved');
    assert.deepEqual(
      ofType(crew.live, 'syntax.checked').map(({ outcome, problems, unchecked }) => [outcome, problems, unchecked]),
      [
        [
          'unchecked',
          [],
          [{ path: 'src/greet.js', language: 'javascript', for: 'file', reason: 'it takes too long to parse' }],
        ],
      ],
    );
  });

  it('leaves no trace where all is well', async () => {
    const crew = await open({ script: coderSays(greetByName) });
    assert.equal((await crew.run('Greet')).ending.code, 'approved');
    assert.deepEqual(ofType(crew.live, 'syntax.checked'), []);
    assert.ok(existsSync('dist/grammars/javascript.wasm'));
  });
});
