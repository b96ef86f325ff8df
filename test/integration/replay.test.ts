import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { EventOf, RunEvent } from '../../src/shared/events.ts';
import type { FaultInput } from '../models/faults.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { readPersisted } from '../support/persisted.ts';
import { GREETER } from '../support/project.ts';
import { idOf, ofType, type Scenario, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);

/** Files that fill a small window when they are read one after the other. */
const BIG = Array.from({ length: 8 }, (_, at) => `big${at}.txt`);
const bigFiles = Object.fromEntries(
  BIG.map((path) => [path, Array.from({ length: 400 }, (_, at) => `${path} has a line ${at}\n`).join('')]),
);

function reads(path: string, when: ScriptEntryInput['when'] = {}): ScriptEntryInput {
  return {
    name: `read ${path}`,
    when: { schema: 'action', ...when },
    reply: { json: { action: 'read_file', args: { path } } },
  };
}

function broken(fault: FaultInput, times: number, when: ScriptEntryInput['when']): ScriptEntryInput {
  return { name: JSON.stringify(fault), when, reply: { text: '-' }, fault, times };
}

/** Runs, and resumes as often as a server stops it. @returns the events as the store has them in the end */
async function runToTheEnd(
  { run, conclave }: Scenario,
  onStop: () => void = () => {},
): Promise<{ events: RunEvent[]; stops: number }> {
  const args = ['run', 'Greet', '--apply'];
  let result = await run(args);
  let stops = 0;
  const id = idOf(result.events);
  for (; result.status === 4 && stops < 9; stops += 1) {
    onStop();
    result = await run(['run', '--resume', id, '--apply']);
  }
  assert.equal(result.status, 0, result.stderr);
  return { events: (await conclave.run(['replay', id, '--json'])).events, stops };
}

type Turn = EventOf<'turn.finished'>;
type Messages = { role: string; content: string }[];

/** Every recorded turn was asked once, and each request of a transcript goes on with the one before it. */
function assertReplaySafe({ fleet }: Scenario, events: readonly RunEvent[]): void {
  const differs = ofType(events, 'redflag.raised').filter(({ flag }) => flag === 'transcript_differs');
  assert.deepEqual(differs, []);
  const served = fleet.requests
    .filter(({ outcome, path }) => outcome === 'served' && path === '/v1/chat/completions')
    .map(({ body }) => (body as { messages: Messages }).messages);
  const hashes = served.map((messages) => createHash('sha256').update(JSON.stringify(messages)).digest('hex'));
  const turns = ofType(events, 'turn.finished');
  assert.deepEqual(turns.map(({ request }) => request).sort(), [...hashes].sort(), 'each is asked once');
  const last = new Map<string, { turn: Turn; messages: Messages }>();
  for (const turn of turns) {
    const messages = served[hashes.indexOf(turn.request)] ?? [];
    const before = last.get(turn.lane);
    if (turn.openingChars === undefined) {
      assert.ok(before, 'a transcript begins with a turn that says so');
      const expected = [...before.messages, { role: 'assistant', content: before.turn.text }];
      assert.deepEqual(messages.slice(0, -1), expected);
    } else assert.ok(!messages.some(({ role }) => role === 'assistant'));
    last.set(turn.lane, { turn, messages });
  }
}

describe('a resumed run', function () {
  this.timeout(600_000);
  const given = scenarios();

  it('begins transcripts anew just where they did, whether by estimate or because the server refused', async () => {
    const scenario = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        coder: [
          // It says that it serves 32,768 tokens.
          broken({ kind: 'contextExceeded', window: 8192 }, 1, { schema: 'action' }),
          broken('serverError', 4, { all: ['big1.txt (lines'] }),
          broken('contextExceeded', 1, { all: ['big1.txt (lines'] }),
          broken('serverError', 4, { all: ['big4.txt (lines'] }),
          broken('serverError', 4, { schema: false }),
          ...BIG.map((path) => reads(path, { none: `${path} (lines` })),
        ],
      }),
      { files: { ...GREETER, ...bigFiles, '.conclave/config.json': '{ "limits": { "gatherTurns": 20 } }' } },
    );
    scenario.fleet.inject('reviewer', 'contextExceeded');
    const { events, stops } = await runToTheEnd(scenario);
    assert.equal(stops, 3);
    assertReplaySafe(scenario, events);
    assert.deepEqual(
      ofType(events, 'window.learnt').map(({ role, served, window }) => [role, served, window]),
      [['coder', 32_768, 8192]],
    );
    const chars = ofType(events, 'turn.finished').flatMap((turn) =>
      turn.role === 'coder' && turn.openingChars !== undefined ? [turn.openingChars] : [],
    );
    assert.ok(chars.length >= 4, `begun ${chars.length} times`);
    assert.equal(new Set(chars).size, 2, 'smaller after the second refusal, which told nothing new');
    // With the learnt window, also in the sessions that were told the served one again.
    for (const { role, body } of scenario.fleet.requests.slice(1)) {
      if (role !== 'coder' || !JSON.stringify(body).includes('big0.txt (lines')) continue;
      assert.ok((body as { max_tokens: number }).max_tokens <= 2048);
    }
  });

  it('shows its roles the files as they were, and all of their brief', async () => {
    const scenario = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        planner: [reads('.conclave/brief.md', { none: 'Result of read_file' })],
        coder: [broken('serverError', 4, { schema: false })],
      }),
    );
    const { events, stops } = await runToTheEnd(scenario, () => {
      scenario.project.write('src/greet.js', `${GREETER['src/greet.js']}// Mine.\n`);
      scenario.project.write('src/greet.js', GREETER['src/greet.js'] ?? '');
      scenario.project.write('src/leave.js', '// Mine.\n');
    });
    assert.equal(stops, 1);
    assertReplaySafe(scenario, events);
    assert.match(
      ofType(events, 'tool.returned')[0]?.text ?? '',
      /^\.conclave\/brief\.md \(lines 1-[\s\S]*# Task\nGreet\n/,
    );
  });

  it('says so, once, where a recorded turn was asked otherwise than it would be now, and keeps its answer', async () => {
    const scenario = await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }));
    scenario.fleet.inject('reviewer', 'serverError', { times: 8 });
    const { events, stops } = await runToTheEnd(scenario, () => {
      const { file } = readPersisted(scenario.conclave.data) ?? assert.fail('nothing is persisted');
      const lines = readFileSync(file, 'utf8').split('\n');
      const changed = lines.map((line) =>
        /"type":"turn\.finished"/.test(line) && line.includes('"coder:task_1"')
          ? line.replace(/"request":"[0-9a-f]{64}"/, `"request":"${'0'.repeat(64)}"`)
          : line,
      );
      assert.ok(changed.some((line) => line.includes('0'.repeat(64))));
      writeFileSync(file, changed.join('\n'));
    });
    assert.equal(stops, 2);
    const differs = ofType(events, 'redflag.raised').filter(({ flag }) => flag === 'transcript_differs');
    assert.deepEqual(
      differs.map(({ lane }) => lane),
      ['coder:task_1'],
    );
    assert.match(differs[0]?.message ?? '', /turn 1 was to another request/);
    assert.equal(scenario.fleet.requests.filter(({ role, path }) => role === 'coder' && /chat/.test(path)).length, 2);
  });
});
