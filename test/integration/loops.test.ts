import assert from 'node:assert/strict';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import type { FaultInput } from '../models/faults.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import { greetByName, greetWrong, leaveByName, mendWrong, onGreet, remark } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { chats, endingOf, idOf, ofType, scenarios } from '../support/scenario.ts';
import { approved, crewScripts, edit, failed, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const greetsByName = /Hello, ' \+ name/;

/** The Coder's first answer, and what it says to each message that contains the given words. */
function coderSays(first: string, replies: Record<string, string> = {}, fault?: FaultInput) {
  const answer = (text: string, when: ScriptEntryInput['when']): ScriptEntryInput => ({
    when: { schema: false, ...when },
    reply: { text },
  });
  return crewScripts({
    plan: onePlan,
    edits: {},
    coder: [
      ...Object.entries(replies).map(([last, text]) => answer(text, { last })),
      { ...answer(first, {}), ...(fault === undefined ? {} : { fault }) },
    ],
  });
}

/** The flags of a role, in order. */
function flags(events: readonly RunEvent[], role: string): string[] {
  return ofType(events, 'redflag.raised')
    .filter((event) => event.role === role)
    .map(({ flag }) => flag);
}

describe('an answer of the Coder', () => {
  const given = scenarios();

  it('with a block that does not apply comes back with the nearest lines, and is mended; what applied stays', async () => {
    const wrong = edit('src/greet.js', "export function greet() {\n  return 'Hello?';", 'export function greet() {');
    const { run, project, prompts } = await given(
      coderSays(`${leaveByName}\n${wrong}`, { 'These edits were not applied': greetByName }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.match(
      prompts('coder').at(-1) ?? '',
      /Applied: modify src\/leave\.js\.[\s\S]*src\/greet\.js: SEARCH was not found[\s\S]*nearest[\s\S]*return 'Hello!';/,
    );
    assert.deepEqual(flags(events, 'coder'), ['edit_rejected']);
    assert.equal(ofType(events, 'attempt.started').length, 1, 'all within one round');
    assert.match(project.read('src/greet.js'), greetsByName);
    assert.match(project.read('src/leave.js'), /Goodbye, ' \+ name/);
  });

  it('may name files with spaces as they are, where they or their folders exist; prose in that place is told so', async () => {
    const files = { ...GREETER, 'src/my notes.md': 'Old.\n' };
    const prose = edit('Then we change the file src/leave.js:', "  return 'Goodbye!';", "  return 'Bye!';");
    const { run, project, prompts } = await given(
      coderSays(
        `${greetByName}${edit('src/my notes.md', 'Old.', 'New.')}${edit('src/more notes.md', '', 'More.')}${prose}`,
        {
          'names no file: "Then we change the file src/leave.js"': leaveByName,
        },
      ),
      { files },
    );
    const { status } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.match(
      prompts('coder').at(-1) ?? '',
      /Applied: modify src\/greet\.js, modify src\/my notes\.md, create src\/more notes\.md\./,
    );
    assert.equal(project.read('src/my notes.md'), 'New.\n');
    assert.equal(project.read('src/more notes.md'), 'More.\n');
    assert.match(project.read('src/leave.js'), /Goodbye, ' \+ name/);
  });

  it('that is cut off keeps its whole blocks, and goes on in parts', async () => {
    const long = edit('docs/long.md', '', Array.from({ length: 200 }, (_, line) => `Line ${line}.`).join('\n'));
    const { run, project, prompts } = await given(
      coderSays(
        `${greetByName}\n${long}`,
        {
          'cut off at the length limit': `${edit('docs/long.md', '', 'One.')}\nMORE`,
          'Go on with the next part': 'docs/long.md\n<<<<<<< APPEND\nTwo.\n>>>>>>> APPEND\n',
        },
        { kind: 'truncated', afterTokens: 120 },
      ),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'coder'), ['truncated']);
    assert.ok(prompts('coder').some((prompt) => /Applied: modify src\/greet\.js\.[\s\S]*<<<<<<< APPEND/.test(prompt)));
    assert.equal(project.read('docs/long.md'), 'One.\nTwo.\n');
    assert.match(project.read('src/greet.js'), greetsByName);
  });

  for (const [what, answer, flag, said] of [
    ['is empty', '', 'empty', 'Your answer was empty'],
    [
      'is a tool call as text that is not whole',
      '<tool_call>\n{"name": "read_file", "arguments": {"path": "src/greet.js"}}\n',
      'foreign_tool_call',
      'It is not whole',
    ],
    [
      'is a tool call as text, of a tool that there is not',
      '<tool_call>\n{"name": "write_file", "arguments": {"path": "src/greet.js"}}\n</tool_call>',
      'foreign_tool_call',
      'There is no tool "write_file"',
    ],
    [
      'shows code without an edit',
      "Use this:\n```js\nexport const greet = () => 'Hello!';\n```\n",
      'code_without_edit',
      'shows code in a fence',
    ],
    [
      'has the markers of a merge conflict',
      "src/greet.js\n<<<<<<< HEAD\n  return 'Hello!';\n=======\n  return 'Hi!';\n>>>>>>> feature\n",
      'edit_rejected',
      'The closing marker must read',
    ],
    ['only says that nothing is to do', 'The code is fine as it is.', 'no_change', 'holds no edit block'],
  ] as const) {
    it(`that ${what} goes back with what is wrong, and changes nothing`, async () => {
      const { run, prompts, project } = await given(coderSays(answer, { [said]: greetByName }));
      const { status, events } = await run(['run', 'Greet', '--apply']);
      assert.equal(status, 0);
      assert.deepEqual(flags(events, 'coder'), [flag]);
      assert.equal(prompts('coder').length, 3);
      assert.deepEqual(ofType(events, 'tool.called'), []);
      assert.match(project.read('src/greet.js'), greetsByName);
    });
  }

  it('that is a whole tool call as text is run, and goes on with its result', async () => {
    const call = '<tool_call>\n{"name": "read_file", "arguments": {"path": "src/greet.js"}}\n</tool_call>';
    const { run, prompts } = await given(coderSays(call, { 'Result of read_file:': greetByName }));
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'coder'), ['foreign_tool_call']);
    assert.deepEqual(
      ofType(events, 'tool.called').map(({ tool, args }) => [tool, args]),
      [['read_file', { path: 'src/greet.js' }]],
    );
    assert.match(prompts('coder').at(-1) ?? '', /Result of read_file:[\s\S]*return 'Hello!';/);
  });

  it('in the code_chunk JSON of the blueprint is a whole file, its chunks in order', async () => {
    const chunk = (text: string) =>
      JSON.stringify({
        type: 'code_chunk',
        file: 'src/greet.js',
        language: 'javascript',
        chunk: text,
        explanation: 'By name.',
      });
    const first = "export function greet(name) {\n  if (!name) return 'Hello!';\n";
    const { run, project } = await given(coderSays(`${chunk(first)}\n${chunk("  return 'Hello, ' + name;\n}\n")}\n`));
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(project.read('src/greet.js'), `${first}  return 'Hello, ' + name;\n}\n`);
    assert.deepEqual(
      ofType(events, 'code.chunk').map(({ file, language }) => [file, language]),
      [['src/greet.js', 'javascript']],
    );
  });

  it('deletes and renames files', async () => {
    const { run, project } = await given(
      coderSays('Moves it.\nRENAME test/greet.test.js TO test/hello.test.js\nDELETE src/leave.js\n'),
    );
    const before = project.files();
    const { status, events } = await run(['run', 'Tidy up', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'proposal.ready')[0]?.files.map(({ path, action, from }) => [action, from, path]),
      [
        ['delete', undefined, 'src/leave.js'],
        ['rename', 'test/greet.test.js', 'test/hello.test.js'],
      ],
    );
    const { 'src/leave.js': _left, 'test/greet.test.js': test, ...rest } = before;
    assert.deepEqual(project.files(), { ...rest, 'test/hello.test.js': test });
  });

  for (const [what, answer] of [
    ['never holds an edit', 'The code is fine as it is.'],
    [
      'takes back what it changes',
      `${greetByName}\n${edit('src/greet.js', "export function greet(name) {\n  return name ? 'Hello, ' + name + '!' : 'Hello!';", "export function greet() {\n  return 'Hello!';")}`,
    ],
  ] as const) {
    it(`that ${what} never ends approved`, async () => {
      const { run, project } = await given(coderSays(answer));
      const before = project.files();
      const { status, events } = await run(['run', 'Greet', '--apply']);
      assert.equal(status, 1);
      assert.equal(endingOf(events).code, 'not_approved');
      assert.deepEqual(ofType(events, 'review.finished'), []);
      assert.deepEqual(project.files(), before);
    });
  }

  it('that changes nothing more after a red round ends the rounds with the reason', async () => {
    const there = edit('src/leave.js', "  return 'Goodbye!';", "  return 'Bye!';");
    const andBack = edit('src/leave.js', "  return 'Bye!';", "  return 'Goodbye!';");
    const { run } = await given(
      crewScripts({ plan: onePlan, edits: { task_1: [greetWrong, `${there}\n${andBack}`] } }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 1);
    assert.equal(ofType(events, 'review.finished').length, 1);
    assert.match(ofType(events, 'subtask.escalated')[0]?.reason ?? '', /A round changed nothing/);
  });
});

describe('an answer in JSON', () => {
  const given = scenarios();
  const greeting = { plan: onePlan, edits: { task_1: [greetByName] } };

  it('that is malformed, empty, cut off or not of the right form is sent back, and then taken', async () => {
    const spoilt = (name: string, fault: FaultInput, text: string): ScriptEntryInput => ({
      name,
      when: { schema: 'plan' },
      reply: { text },
      fault,
      times: 1,
    });
    const { run, prompts, project } = await given(
      crewScripts({
        ...greeting,
        planner: [
          spoilt('broken', 'schemaIgnored', '{"plan": ['),
          spoilt('empty', 'empty', JSON.stringify(onePlan)),
          spoilt('cut', { kind: 'truncated', afterTokens: 12 }, JSON.stringify(onePlan)),
          spoilt('wrong', 'schemaIgnored', JSON.stringify({ plan: [{ id: 'task 1!', description: 'x' }] })),
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'planner'), ['malformed', 'empty', 'truncated', 'malformed']);
    assert.match(prompts('planner').join('\n'), /Your JSON was not usable: plan\.0\.id: must be a short name/);
    assert.match(project.read('src/greet.js'), greetsByName);
  });

  it('in its final form is taken while gathering', async () => {
    const early = (role: string, reply: ScriptEntryInput['reply']): ScriptEntryInput => ({
      name: `early ${role}`,
      when: { schema: 'action' },
      reply,
      fault: 'schemaIgnored',
    });
    const { run, fleet, project } = await given(
      crewScripts({
        ...greeting,
        planner: [early('plan', { json: onePlan })],
        coder: [early('change', { text: greetByName })],
        reviewer: [early('review', { json: approved })],
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(ofType(events, 'redflag.raised'), []);
    assert.equal(chats(fleet, 'planner').length, 2, 'the plan and the checklist');
    assert.equal(chats(fleet, 'coder').length, 1);
    assert.equal(chats(fleet, 'reviewer').length, 1);
    assert.match(project.read('src/greet.js'), greetsByName);
  });

  it('of the Reviewer that fails for nothing that exists goes back once, and is then only shown', async () => {
    const invented = failed([
      { severity: 'high', type: 'bug', location: 'src/nowhere.js:3', quote: 'boom();', message: 'It explodes.' },
    ]);
    const { run, fleet } = await given(crewScripts({ ...greeting, reviews: { task_1: [invented] } }));
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'reviewer'), ['unsupported_findings']);
    assert.equal(
      chats(fleet, 'reviewer').filter(({ messages }) => messages.length > 4).length,
      2,
      'gathering and answer',
    );
    const verdict = ofType(events, 'review.finished')[0]?.verdict;
    assert.equal(verdict?.status, 'approved');
    assert.match(verdict.notes.join('\n'), /It explodes\.[\s\S]*The Reviewer's remark: Mend it\./);
  });

  for (const [how, evidence, statuses] of [
    ['blocks with evidence', 'task_1 is done and tested', ['failed', 'failed', 'approved']],
    ['does not block without evidence', '', ['failed', 'approved']],
  ] as const) {
    it(`of the Reviewer with a new grave finding in round 2 ${how}`, async () => {
      const finding = (quote: string, message: string, more = '') =>
        failed([{ severity: 'high', type: 'bug', location: 'src/greet.js:1', quote, message, evidence: more }]);
      const { run } = await given(
        crewScripts({
          plan: onePlan,
          edits: { task_1: [greetByName, remark('Two.'), remark('Three.')] },
          reviews: {
            task_1: [
              finding('export function greet(name) {', 'No remark.'),
              finding('  // Two.', 'The remark is bad.', evidence),
              approved,
            ],
          },
        }),
      );
      const { status, events } = await run(['run', 'Greet']);
      assert.equal(status, 0);
      const reviews = ofType(events, 'review.finished').map(({ verdict }) => verdict);
      assert.deepEqual(
        reviews.map((verdict) => verdict.status),
        statuses,
      );
      assert.match(reviews[1]?.findings[0]?.because ?? '', evidence === '' ? /without evidence/ : /success criterion/);
    });
  }
});

describe('a tool call', () => {
  const given = scenarios();
  const read = { json: { action: 'read_file', args: { path: 'src/greet.js' } } };

  it('that is repeated is run once, flagged, and ends the gathering', async () => {
    const { run, prompts, fleet } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        planner: [{ name: 'again', when: { schema: 'action' }, reply: read }],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'tool.called').length, 1);
    assert.deepEqual(flags(events, 'planner'), ['repeated_call', 'repeated_call']);
    assert.match(prompts('planner').join('\n'), /You already have the result of this call/);
    const temperatures = chats(fleet, 'planner').map(({ temperature }) => temperature.toFixed(1));
    assert.deepEqual(
      temperatures.slice(0, 4),
      ['0.6', '0.6', '0.9', '0.6'],
      'hotter to shake it out, and not for the plan',
    );
  });

  it('is run again once the change has moved on, and sees the change', async () => {
    const { run } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetWrong, mendWrong] },
        coder: [
          { name: 'look', when: { schema: 'action', none: 'Result of read_file' }, reply: read },
          { name: 'look again', when: { schema: 'action', last: '# Round 1 failed' }, reply: read },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    const seen = ofType(events, 'tool.returned').map(({ text }) => text.includes("'Hello, ' + name"));
    assert.deepEqual(seen, [false, true]);
    assert.deepEqual(flags(events, 'coder'), []);
  });

  it('made over and over in place of the answer ends the round soon, and the next one begins with the answer', async () => {
    const { run } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        coder: [{ name: 'look', when: { none: '# Round 1 gave no usable change' }, reply: read }],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    const turns = ofType(events, 'turn.finished').filter(({ role }) => role === 'coder');
    assert.equal(turns.length, 3 + 3 + 1, 'gathering, the first answer, the second');
    assert.deepEqual(flags(events, 'coder'), Array(5).fill('repeated_call'));
  });

  it('of a tool that the role does not have, or out of the workspace, is told so and runs nothing', async () => {
    const { run, prompts } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        planner: [
          {
            when: { schema: 'action', none: 'Result of read_file' },
            reply: { json: { action: 'read_file', args: { path: '../../etc/passwd' } } },
          },
          {
            when: { schema: 'action', none: 'Result of run_tests' },
            reply: { json: { action: 'run_tests', args: {} } },
            fault: 'schemaIgnored',
          },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0, JSON.stringify(events.slice(-6)));
    assert.deepEqual(
      ofType(events, 'tool.returned').map(({ isError }) => isError),
      [true, true],
    );
    assert.match(
      prompts('planner').at(-2) ?? '',
      /Result of read_file \(failed\)[\s\S]*There is no tool "run_tests" for you/,
    );
    assert.ok(!prompts('planner').join().includes('root:'));
  });
});

describe('the thinking switch of Nemotron', () => {
  const given = scenarios();

  it('is its whole system message: on to plan, off for the checklist', async () => {
    const { run, fleet } = await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }));
    assert.equal((await run(['run', 'Greet'])).status, 0);
    const systems = chats(fleet, 'planner').map(({ messages }) => messages.filter(({ role }) => role === 'system'));
    assert.deepEqual(systems, [
      [{ role: 'system', content: 'detailed thinking on' }],
      [{ role: 'system', content: 'detailed thinking on' }],
      [{ role: 'system', content: 'detailed thinking off' }],
    ]);
  });
});

describe('a server', () => {
  const given = scenarios();
  const greeting = () => crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } });

  it('that is busy, breaks off or talks nonsense once is asked again, and the run says so', async () => {
    const { run, fleet, project } = await given(greeting());
    fleet.inject('planner', 'busy');
    fleet.inject('planner', 'malformedChunk');
    fleet.inject('coder', { kind: 'dropMidStream', afterTokens: 2 });
    fleet.inject('coder', 'endWithoutFinish');
    fleet.inject('reviewer', 'dropBeforeHeaders');
    fleet.inject('reviewer', 'deadEngine');
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'server.busy').map(({ role }) => role),
      ['planner'],
    );
    assert.deepEqual(
      ofType(events, 'server.lost').map(({ role }) => role),
      ['planner', 'coder', 'coder', 'reviewer', 'reviewer'],
    );
    assert.deepEqual(
      ofType(events, 'server.recovered').map(({ role }) => role),
      ['planner', 'coder', 'reviewer'],
    );
    assert.match(project.read('src/greet.js'), greetsByName);
  });

  it('that breaks off after a block leaves nothing of it behind: the change is that of the whole answer', async () => {
    const both = `${leaveByName}\n${greetByName}`;
    const { run, project } = await given(
      crewScripts({
        plan: onePlan,
        edits: {},
        coder: [
          {
            name: 'lost',
            when: { schema: false },
            reply: { text: `${edit('LOST.md', '', 'Lost.')}\n${both}` },
            fault: { kind: 'dropMidStream', afterTokens: 60 },
            times: 1,
          },
          { name: 'whole', when: { schema: false }, reply: { text: both } },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(ofType(events, 'server.lost').length, 1);
    assert.ok(
      ofType(events, 'edit.applied').some(({ path }) => path === 'LOST.md'),
      'the block was there',
    );
    assert.deepEqual(
      ofType(events, 'proposal.ready')[0]?.files.map(({ path }) => path),
      ['src/greet.js', 'src/leave.js'],
    );
    assert.equal(project.files()['LOST.md'], undefined);
  });

  it('that writes white space without end is cut short and asked again', async () => {
    const { run, fleet } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        planner: [
          { name: 'blank', when: { schema: 'plan' }, reply: { json: onePlan }, fault: 'whitespaceLoop', times: 1 },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'planner'), ['whitespace']);
    const temperatures = chats(fleet, 'planner').map(({ temperature }) => temperature.toFixed(1));
    assert.deepEqual(temperatures.slice(1, 3), ['0.6', '0.9'], 'once more, at another temperature');
  });

  it('that writes white space again at another temperature is told that its answer was cut off', async () => {
    const blank: ScriptEntryInput = {
      when: { schema: 'plan' },
      reply: { json: onePlan },
      fault: 'whitespaceLoop',
      times: 2,
    };
    const { run, fleet } = await given(
      crewScripts({ plan: onePlan, edits: { task_1: [greetByName] }, planner: [blank] }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'planner'), ['whitespace', 'whitespace', 'truncated']);
    assert.equal(chats(fleet, 'planner').length, 1 + 2 + 1 + 1, 'gathering, twice blank, the plan, the checklist');
  });

  it('that leaves tabs and line ends as they are within the strings of its JSON is understood', async () => {
    const planned = plan([{ id: 'task_1', description: 'First.\n\tThen.', ...onGreet }]);
    const raw: ScriptEntryInput = { when: { schema: 'plan' }, reply: { json: planned }, fault: 'rawControls' };
    const { run } = await given(crewScripts({ plan: planned, edits: { task_1: [greetByName] }, planner: [raw] }));
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'planner'), []);
    assert.equal(ofType(events, 'plan.proposed')[0]?.plan.plan[0]?.description, 'First.\n\tThen.');
  });

  it('that says the same over and over is asked again, and in the end told that its answer was cut off', async () => {
    const { run, fleet } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        planner: [
          { name: 'endless', when: { schema: 'plan' }, reply: { json: onePlan }, fault: 'repetitionLoop', times: 2 },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'planner'), ['repetition', 'repetition', 'truncated']);
    const outcomes = fleet.requests.filter(({ role, path }) => role === 'planner' && path.endsWith('/completions'));
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'cancelled').length, 2, 'none went on to its limit');
  });

  it('that does so in free text is cut short and asked again', async () => {
    const { run } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [greetByName] },
        coder: [
          { name: 'endless', when: { schema: false }, reply: { text: 'Well.' }, fault: 'repetitionLoop', times: 1 },
        ],
      }),
    );
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(flags(events, 'coder'), ['repetition']);
  });

  it('whose window a prompt exceeds gets a shorter one', async () => {
    const { run, fleet } = await given(greeting());
    fleet.inject('reviewer', 'contextExceeded');
    const { status } = await run(['run', 'Greet']);
    assert.equal(status, 0);
  });

  it('that stays broken stops the run with status 4; when it is well again, the run goes on from there', async () => {
    const { run, fleet } = await given(greeting());
    fleet.inject('reviewer', 'serverError', { times: 4 });
    const stopped = await run(['run', 'Greet']);
    assert.equal(stopped.status, 4);
    assert.equal(endingOf(stopped.events).code, 'server_unavailable');
    assert.match(stopped.stderr, /The reviewer server at http:\S+ [\s\S]*resume/);
    const asked = fleet.requests.length;

    const { status } = await run(['run', '--resume', idOf(stopped.events)]);
    assert.equal(status, 0);
    const roles = fleet.requests.slice(asked).map(({ role }) => role);
    assert.deepEqual(roles, ['reviewer', 'reviewer', 'planner'], 'the review, and then the checklist');
  });

  it('that comes back does not make a resumed run tell twice what it told before', async () => {
    const { run, conclave, fleet } = await given(coderSays('Fine as it is.', { 'holds no edit block': greetByName }));
    fleet.inject('reviewer', 'serverError', { times: 4 });
    const stopped = await run(['run', 'Greet']);
    assert.equal(stopped.status, 4);
    const resumed = await run(['run', '--resume', idOf(stopped.events)]);
    assert.equal(resumed.status, 0);
    const { events } = await conclave.run(['replay', idOf(stopped.events), '--json']);
    assert.deepEqual(flags(events, 'coder'), ['no_change']);
    assert.equal(ofType(events, 'edit.applied').length, 1);
    assert.deepEqual(fold(events), fold([...stopped.events, ...resumed.events]));
  });

  it('that hangs does not keep Ctrl-C from working', async () => {
    const { start, run, fleet } = await given(greeting());
    fleet.inject('coder', { kind: 'hangMidStream', afterTokens: 1 });
    const stopped = await start(['run', 'Greet'], {
      onEvent: (event, child) => {
        if (event.type === 'agent.delta' && event.role === 'coder') child.kill('SIGINT');
      },
    }).ended;
    assert.equal(stopped.status, 130);
    assert.equal(endingOf(stopped.events).code, 'aborted');
    await fleet.settled();
    assert.equal(fleet.requests.at(-1)?.outcome, 'cancelled', 'the server was told');
    const { status } = await run(['run', '--resume', idOf(stopped.events)]);
    assert.equal(status, 0);
  });
});
