import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { greetByName, greetWrong, leaveByName, mendWrong, onGreet, onLeave, remark } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { endingOf, idOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, edit, failed, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const twoPlan = plan([
  { id: 'task_1', ...onGreet },
  { id: 'task_2', ...onLeave },
]);

describe('a run', () => {
  const given = scenarios();

  it('plans, writes, checks, reviews and applies a change, and tells it all in events', async () => {
    const { run, project } = await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }));
    const { status, events, stderr } = await run(['run', 'Greet by name', '--apply']);
    assert.equal(status, 0, stderr);
    assert.match(project.read('src/greet.js'), /name \? 'Hello, '/);
    const state = fold(events);
    assert.deepEqual(state.phase.kind === 'finished' && state.phase.outcome, 'approved');
    assert.equal(state.proposal?.state, 'accepted');
    assert.deepEqual(
      state.subtasks.map(({ phase }) => phase),
      ['approved'],
    );
  });

  it('leaves the workspace alone without --apply, and prints the diff', async () => {
    const { conclave, project } = await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }));
    const before = project.files();
    const { status, stdout } = await conclave.run(['run', 'Greet by name', '--workspace', project.dir]);
    assert.equal(status, 0);
    assert.deepEqual(project.files(), before);
    assert.match(stdout, /\+export function greet\(name\)/);
  });

  it('writes nothing but events to stdout with --json, and never the .git of the user', async () => {
    const { run, project } = await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }));
    project.write('notes.txt', 'not committed\n');
    const before = project.git('rev-parse', 'HEAD') + project.git('status', '--porcelain=v1');
    const { status, stdout, events } = await run(['run', 'Greet by name']);
    assert.equal(status, 0);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      events,
    );
    assert.equal(project.git('rev-parse', 'HEAD') + project.git('status', '--porcelain=v1'), before);
    assert.equal(project.git('stash', 'list') + project.git('for-each-ref', 'refs/conclave'), '');
  });

  it('sends a red round back to the Coder, whatever the Reviewer says', async () => {
    const { run, prompts } = await given(crewScripts({ plan: onePlan, edits: { task_1: [greetWrong, mendWrong] } }));
    const { status, events } = await run(['run', 'Greet by name']);
    assert.equal(status, 0);
    assert.deepEqual(verdicts(events), [
      ['task_1', 'approved', 'failed'],
      ['task_1', 'approved', 'approved'],
    ]);
    assert.match(prompts('coder').at(-1) ?? '', /# Round 1 failed[\s\S]*## Failing checks[\s\S]*greets/);
  });

  it('does not let a finding count that quotes nothing', async () => {
    const invented = failed([
      {
        severity: 'critical',
        type: 'bug',
        location: 'src/greet.js:1',
        quote: 'launchRockets();',
        message: 'Launches rockets.',
      },
    ]);
    const { run } = await given(
      crewScripts({ plan: onePlan, edits: { task_1: [greetByName] }, reviews: { task_1: [invented] } }),
    );
    const { status, events } = await run(['run', 'Greet by name']);
    assert.equal(status, 0);
    const [review] = ofType(events, 'review.finished');
    assert.deepEqual(review?.verdict.findings, []);
    assert.ok(review.verdict.notes.some((note) => note.includes('Launches rockets')));
  });

  describe('with a question', () => {
    const question = 'Formal or friendly?';
    const asking = plan([], { clarifications_needed: [{ question, choices: ['formal', 'friendly'] }] });
    const scripts = () =>
      crewScripts({
        plan: asking,
        edits: { task_1: [greetByName] },
        planner: [{ name: 'answered', when: { schema: 'plan', all: 'The user answered:' }, reply: { json: onePlan } }],
      });
    const answers = (dir: string, value: unknown): string => {
      const file = join(dir, 'answers.json');
      writeFileSync(file, JSON.stringify(value));
      return file;
    };

    for (const [form, value] of [
      ['an array', ['friendly']],
      ['an object by text', { [question]: 'friendly' }],
      ['an object by id', { 'q1-1': 'friendly' }],
      ['the number of a choice', ['2']],
    ] as const) {
      it(`takes the answer from --answers as ${form}, and tells it to Planner and Coder`, async () => {
        const { run, conclave, prompts } = await given(scripts());
        const { status, events } = await run(['run', 'Greet', '--answers', answers(conclave.data, value)]);
        assert.equal(status, 0);
        assert.deepEqual(ofType(events, 'plan.answered')[0]?.answers, [{ id: 'q1-1', question, answer: 'friendly' }]);
        assert.match(prompts('planner').find((prompt) => prompt.includes('The user answered')) ?? '', /friendly/);
        assert.ok(
          prompts('coder').every((prompt) =>
            /What the user answered\n- Formal or friendly\?\n {2}friendly/.test(prompt),
          ),
        );
      });
    }

    it('that is asked again word for word is not put to the user again', async () => {
      const again = plan([{ id: 'task_1', ...onGreet }], { clarifications_needed: [{ question, choices: [] }] });
      const { run, conclave } = await given(crewScripts({ plan: again, edits: { task_1: [greetByName] } }));
      const { status, events } = await run([
        'run',
        'Greet',
        '--answers',
        answers(conclave.data, ['friendly', 'what?']),
      ]);
      assert.equal(status, 0);
      assert.equal(ofType(events, 'plan.question').length, 1);
    });

    it('that nobody answers stops with status 3, and goes on with --resume and the answer', async () => {
      const { run, conclave, fleet } = await given(scripts());
      const stopped = await run(['run', 'Greet']);
      assert.equal(stopped.status, 3);
      assert.deepEqual(endingOf(stopped.events).code, 'question_unanswered');
      assert.match(stopped.stderr, /Formal or friendly\?[\s\S]*--answers FILE/);
      const asked = fleet.requests.length;

      const { status, events } = await run([
        'run',
        '--resume',
        idOf(stopped.events),
        '--answers',
        answers(conclave.data, ['friendly']),
      ]);
      assert.equal(status, 0);
      assert.equal(events[0]?.type, 'run.resumed');
      const again = fleet.requests.slice(asked).filter(({ body }) => {
        return fleet.requests
          .slice(0, asked)
          .some((old) => old.body !== null && JSON.stringify(old.body) === JSON.stringify(body));
      });
      assert.deepEqual(again, [], 'nothing was asked twice');
    });

    it('that comes after others takes its own answer from the array, also in a resumed run', async () => {
      const second = 'In capitals?';
      const { run, conclave } = await given(
        crewScripts({
          plan: asking,
          edits: { task_1: [greetByName] },
          planner: [
            { name: 'planned', when: { schema: 'plan', all: `- ${second}\n  no` }, reply: { json: onePlan } },
            {
              name: 'second question',
              when: { schema: 'plan', all: 'The user answered:' },
              reply: { json: plan([], { clarifications_needed: [{ question: second, choices: [] }] }) },
            },
          ],
        }),
      );
      const stopped = await run(['run', 'Greet', '--answers', answers(conclave.data, ['friendly'])]);
      assert.equal(stopped.status, 3);
      assert.match(stopped.stderr, /In capitals\?/);
      const all = answers(conclave.data, ['friendly', 'no']);
      const { status, events } = await run(['run', '--resume', idOf(stopped.events), '--answers', all]);
      assert.equal(status, 0);
      assert.deepEqual(
        ofType(events, 'plan.answered').map(({ answers: given }) => given.map(({ answer }) => answer)),
        [['no']],
      );
    });
  });

  describe('with several subtasks', () => {
    it('begins a dependent one on top of what it depends on', async () => {
      const chain = plan([
        { id: 'later', depends_on: ['first'], ...onGreet },
        { id: 'first', ...onGreet },
      ]);
      const { run, project } = await given(
        crewScripts({ plan: chain, edits: { first: [greetByName], later: [remark('By name where there is one.')] } }),
      );
      const { status, events } = await run(['run', 'Greet', '--apply']);
      assert.equal(status, 0);
      assert.deepEqual(
        ofType(events, 'subtask.started').map(({ subtask, includes }) => [subtask, includes]),
        [
          ['first', []],
          ['later', ['first']],
          ['merged', ['first', 'later']],
        ],
      );
      assert.match(project.read('src/greet.js'), /By name where there is one\.\n {2}return name \?/);
    });

    it('works on independent ones at the same time', async () => {
      const { run, start, fleet } = await given(
        crewScripts({ plan: twoPlan, edits: { task_1: [greetByName], task_2: [leaveByName] } }),
      );
      // One Coder gets no answer at all; only work at the same time brings the other subtask to its end.
      fleet.inject('coder', 'hangBeforeFirstByte');
      const { ended } = start(['run', 'Greet and leave'], {
        onEvent: (event, child) => {
          if (event.type === 'subtask.finished') child.kill('SIGINT');
        },
      });
      const stopped = await ended;
      assert.equal(stopped.status, 130);
      assert.deepEqual(
        ofType(stopped.events, 'subtask.started').map(({ subtask }) => subtask),
        ['task_1', 'task_2'],
      );
      assert.equal(ofType(stopped.events, 'subtask.finished')[0]?.outcome, 'approved');

      const { status, events } = await run(['run', '--resume', idOf(stopped.events)]);
      assert.equal(status, 0);
      assert.equal(ofType(events, 'subtask.finished').length, 2, 'only the other one was left, and the whole');
      assert.deepEqual(
        ofType(events, 'proposal.ready')[0]?.files.map(({ path }) => path),
        ['src/greet.js', 'src/leave.js'],
      );
    });

    it('keeps apart those that declare the same file, and begins the second on top of the first', async () => {
      const both = plan([
        { id: 'task_1', ...onGreet },
        { id: 'task_2', ...onGreet },
      ]);
      const { run } = await given(crewScripts({ plan: both, edits: { task_1: [greetWrong], task_2: [mendWrong] } }), {
        files: {
          ...GREETER,
          'test/greet.test.js':
            "import { test } from 'node:test';\n\ntest('loads', () => import('../src/greet.js'));\n",
        },
      });
      const { status, events } = await run(['run', 'Greet']);
      assert.equal(status, 0);
      assert.deepEqual(spans(events), [
        ...['task_1 starts', 'task_1 approved', 'task_2 starts', 'task_2 approved'],
        ...['merged starts', 'merged approved'],
      ]);
      assert.deepEqual(
        ofType(events, 'subtask.started').map(({ includes }) => includes),
        [[], ['task_1'], ['task_1', 'task_2']],
      );
    });

    it('starts one anew on the merged base that collided through a file it had not declared, and loses nothing', async () => {
      const footer = (path: string, text: string): string => edit(path, '', text);
      const { run, project, prompts } = await given(
        crewScripts({
          plan: twoPlan,
          edits: {
            task_1: [`${greetByName}\n${footer('NOTES.md', 'Greets by name.')}`],
            task_2: [`${leaveByName}\n${footer('NOTES.md', 'Leaves by name.')}`],
          },
          coder: ['task_1', 'task_2'].map((id) => ({
            name: `${id} again`,
            when: { schema: false as const, all: [`# Your subtask: ${id}\n`, 'starts again on top'] },
            reply: {
              text: `${id === 'task_1' ? greetByName : leaveByName}\n${edit('NOTES.md', id === 'task_1' ? 'Leaves by name.' : 'Greets by name.', 'Greets by name.\nLeaves by name.')}`,
            },
          })),
        }),
      );
      const { status, events } = await run(['run', 'Greet and leave', '--apply']);
      assert.equal(status, 0);
      const outcomes = ofType(events, 'subtask.finished').map(({ outcome, reason }) => [
        outcome,
        reason.includes('NOTES.md'),
      ]);
      assert.deepEqual(outcomes, [
        ['approved', false],
        ['restarted', true],
        ['approved', false],
        ['approved', false],
      ]);
      assert.equal(project.read('NOTES.md'), 'Greets by name.\nLeaves by name.\n');
      assert.match(
        project.read('src/greet.js') + project.read('src/leave.js'),
        /'Hello, ' \+ name[\s\S]*'Goodbye, ' \+ name/,
      );
      assert.ok(prompts('coder').some((prompt) => prompt.includes('Another subtask changed NOTES.md meanwhile')));
    });

    it('mends in a round of its own what is red only when merged', async () => {
      const files = {
        ...GREETER,
        'test/both.test.js':
          "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport * as one from '../src/greet.js';\nimport * as other from '../src/leave.js';\n\ntest('not both take a name', () => {\n  assert.ok(one.greet.length + other.leave.length < 2);\n});\n",
      };
      const mended = edit('src/leave.js', 'export function leave(name) {', 'export function leave(...[name]) {');
      const { run, project } = await given(
        crewScripts({
          plan: twoPlan,
          edits: { task_1: [greetByName], task_2: [leaveByName], merged: [mended, mended] },
        }),
        { files },
      );
      const { status, events } = await run(['run', 'Greet and leave', '--apply']);
      assert.equal(status, 0);
      assert.deepEqual(
        verdicts(events).filter(([subtask]) => subtask === 'merged'),
        [
          ['merged', 'approved', 'failed'],
          ['merged', 'approved', 'approved'],
        ],
      );
      assert.deepEqual(
        ofType(events, 'checks.finished')
          .filter(({ scope }) => scope === 'merged')
          .map(({ report }) => report.failed.map(({ name }) => name)),
        [['not both take a name'], []],
      );
      assert.match(project.read('src/leave.js'), /leave\(\.\.\.\[name\]\)/);
    });
  });

  describe('with checks', () => {
    const oldTest = {
      'test/old.test.js':
        "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n\ntest('was red before', () => assert.fail('always'));\n",
    };

    it('that are red on the base, passes where the plan names them as known, and says so', async () => {
      const { run } = await given(
        crewScripts({
          plan: plan([{ id: 'task_1', ...onGreet }], { known_failures: ['was red before'] }),
          edits: { task_1: [greetByName] },
        }),
        { files: { ...GREETER, ...oldTest } },
      );
      const { status, events } = await run(['run', 'Greet']);
      assert.equal(status, 0);
      assert.match(
        ofType(events, 'review.finished')[0]?.verdict.notes.join() ?? '',
        /declared unrelated.*was red before/,
      );
      assert.match(JSON.stringify(ofType(events, 'checklist.finished')[0]), /declared unrelated: was red before/);
    });

    it('that are red on the base, blocks where the plan does not name them; the Planner saw them', async () => {
      const { run, prompts, project } = await given(
        crewScripts({
          plan: onePlan,
          edits: {
            task_1: [greetByName, remark('Round 2.'), remark('Round 3.')],
          },
        }),
        {
          files: { ...GREETER, ...oldTest },
        },
      );
      const before = project.files();
      const { status, events } = await run(['run', 'Greet', '--apply']);
      assert.equal(status, 1);
      assert.equal(endingOf(events).code, 'not_approved');
      assert.match(prompts('planner')[0] ?? '', /Red:[\s\S]*was red before/);
      assert.deepEqual(
        ofType(events, 'review.finished').map(({ verdict }) => verdict.failingChecks.map(({ name }) => name)),
        [['was red before'], ['was red before'], ['was red before']],
      );
      assert.deepEqual(project.files(), before);
    });

    it('that do not exist, says so in the review and in the checklist', async () => {
      const { run } = await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }), {
        files: { 'src/greet.js': GREETER['src/greet.js'] ?? '' },
      });
      const { status, events } = await run(['run', 'Greet']);
      assert.equal(status, 0);
      assert.match(ofType(events, 'review.finished')[0]?.verdict.notes.join() ?? '', /No checks ran/);
      assert.match(ofType(events, 'checklist.finished')[0]?.items[0]?.evidence ?? '', /no checks in this workspace/);
    });
  });

  it('ends well where there is nothing to do', async () => {
    const { run } = await given(crewScripts({ plan: plan([], { task_understood: 'It greets already.' }), edits: {} }));
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    assert.deepEqual(endingOf(events), { code: 'nothing_to_do', message: 'It greets already.' });
  });
});

/** Of every review: the subtask, what the Reviewer said, and what was decided. */
function verdicts(events: readonly RunEvent[]): string[][] {
  return ofType(events, 'review.finished').map(({ subtask, review, verdict }) => [
    subtask,
    review.status,
    verdict.status,
  ]);
}

/** When subtasks start and end, in order. */
function spans(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'subtask.started') return [`${event.subtask} starts`];
    return event.type === 'subtask.finished' ? [`${event.subtask} ${event.outcome}`] : [];
  });
}
