import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fold } from '../../src/shared/fold.ts';
import {
  greetByName,
  greetWrong,
  greetWrongAgain,
  greetWrongStill,
  leaveByName,
  onGreet,
  onLeave,
  remark,
} from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { endingOf, idOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, edit, failed, plan, type ScriptedSubtask } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const redThreeTimes = [greetWrong, greetWrongAgain, greetWrongStill];
const unloved = failed([
  {
    severity: 'high',
    type: 'style',
    location: 'src/greet.js:2',
    quote: "return name ? 'Hello, ' + name + '!' : 'Hello!';",
    message: 'Too clever.',
  },
]);

/** What the Planner says about a subtask that failed three rounds. */
function decides(decision: 'replan' | 'waive' | 'ask', more: { question?: string; subtasks?: ScriptedSubtask[] } = {}) {
  const subtasks = more.subtasks === undefined ? [] : plan(more.subtasks).plan;
  return {
    name: decision,
    when: { schema: 'escalation' },
    reply: {
      json: { decision, reason: `So says the Planner: ${decision}.`, question: more.question ?? '', plan: subtasks },
    },
  };
}

describe('a subtask that fails three rounds', () => {
  const given = scenarios();

  it('is planned anew, and what depends on it follows its replacements', async () => {
    const { run, prompts } = await given(
      crewScripts({
        plan: plan([
          { id: 'task_1', ...onGreet },
          { id: 'task_2', depends_on: ['task_1'], ...onLeave },
        ]),
        planner: [
          decides('replan', {
            subtasks: [
              { id: 'small_1', ...onGreet },
              { id: 'small_2', depends_on: ['small_1'], ...onGreet },
            ],
          }),
        ],
        edits: { task_1: redThreeTimes, small_1: [greetByName], small_2: [remark('Small.')], task_2: [leaveByName] },
      }),
    );
    const { status, events } = await run(['run', 'Greet and leave']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'subtask.escalated').map(({ decision, replacements }) => [decision, replacements]),
      [['replan', ['small_1', 'small_2']]],
    );
    assert.deepEqual(
      ofType(events, 'subtask.started').map(({ subtask, includes }) => [subtask, includes]),
      [
        ['task_1', []],
        ['small_1', []],
        ['small_2', ['small_1']],
        ['task_2', ['small_1', 'small_2']],
        ['merged', ['small_1', 'small_2', 'task_2']],
      ],
    );
    assert.deepEqual(
      fold(events).subtasks.map(({ plan: { id }, phase }) => [id, phase]),
      [
        ['task_1', 'replaced'],
        ['small_1', 'approved'],
        ['small_2', 'approved'],
        ['task_2', 'approved'],
      ],
    );
    const record = prompts('planner').find((prompt) => prompt.includes('# Subtask "task_1" failed 3 times')) ?? '';
    assert.match(record, /## Round 1:[\s\S]*check: greets[\s\S]*## Round 3:/);
    assert.ok(
      !JSON.stringify(ofType(events, 'proposal.ready')).includes('Hey, '),
      'nothing of the failed change is left',
    );
  });

  it('is planned anew only so many times', async () => {
    const again = decides('replan', { subtasks: [{ id: 'task_1', ...onGreet }] });
    const { run, project } = await given(
      crewScripts({
        plan: onePlan,
        planner: [again],
        edits: { task_1: redThreeTimes, task_1_2: redThreeTimes, task_1_3: redThreeTimes },
      }),
    );
    const before = project.files();
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 1);
    assert.equal(ofType(events, 'subtask.escalated').filter(({ decision }) => decision === 'replan').length, 2);
    assert.equal(ofType(events, 'subtask.escalated').at(-1)?.decision, 'give_up');
    assert.equal(endingOf(events).code, 'not_approved');
    const ids = fold(events).subtasks.map(({ plan: { id } }) => id);
    assert.equal(new Set(ids).size, ids.length, `every subtask has a name of its own: ${ids.join(', ')}`);
    assert.deepEqual(project.files(), before);
  }).timeout(120_000);

  it('with green checks may be waived, and the checklist shows it', async () => {
    const { run, conclave, project } = await given(
      crewScripts({
        plan: onePlan,
        planner: [decides('waive')],
        edits: { task_1: [greetByName, remark('Two.'), remark('Three.')] },
        reviews: { task_1: [unloved] },
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'review.finished').map(({ verdict }) => verdict.status),
      ['failed', 'failed', 'failed'],
    );
    assert.equal(ofType(events, 'subtask.finished')[0]?.outcome, 'waived');
    const [item] = ofType(events, 'checklist.finished')[0]?.items ?? [];
    assert.equal(item?.state, 'unverified');
    assert.match(item.evidence, /Waived by the Planner: So says the Planner: waive\./);
    assert.match(project.read('src/greet.js'), /Three/);
    const { stderr } = await conclave.run(['replay', idOf(events)]);
    assert.match(stderr, /Waived by the Planner/);
  });

  it('with red checks is never waived, whatever the Planner says', async () => {
    const { run, prompts, project } = await given(
      crewScripts({ plan: onePlan, planner: [decides('waive')], edits: { task_1: redThreeTimes } }),
    );
    const before = project.files();
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 1);
    assert.equal(ofType(events, 'subtask.escalated')[0]?.decision, 'give_up');
    assert.ok(
      prompts('planner').some((prompt) => prompt.includes('"waive" is not possible here, because checks still fail')),
    );
    assert.match(endingOf(events).message, /task_1/);
    assert.deepEqual(project.files(), before);
  });

  describe('and about which the Planner asks', () => {
    const question = 'May it greet without a name?';
    const scripts = () =>
      crewScripts({
        plan: onePlan,
        planner: [decides('ask', { question })],
        coder: [
          {
            name: 'answered',
            when: {
              schema: false,
              all: ['The user was asked: May it greet without a name?\nThe answer: Yes, simply.'],
            },
            reply: { text: greetByName },
          },
        ],
        edits: { task_1: redThreeTimes },
      });

    it('starts again with the answer', async () => {
      const { run, conclave } = await given(scripts());
      const file = join(conclave.data, 'answers.json');
      writeFileSync(file, JSON.stringify({ [question]: 'Yes, simply.' }));
      const { status, events } = await run(['run', 'Greet', '--answers', file]);
      assert.equal(status, 0);
      assert.deepEqual(
        ofType(events, 'subtask.finished').map(({ outcome }) => outcome),
        ['restarted', 'approved'],
      );
      assert.deepEqual(fold(events).openQuestions, []);
    });

    it('waits for the answer, and goes on from there', async () => {
      const { run, conclave } = await given(scripts());
      const stopped = await run(['run', 'Greet']);
      assert.equal(stopped.status, 3);
      assert.match(stopped.stderr, /May it greet without a name\?/);
      assert.equal(ofType(stopped.events, 'attempt.started').length, 3);

      const file = join(conclave.data, 'answers.json');
      writeFileSync(file, JSON.stringify(['Yes, simply.']));
      const { status, events } = await run(['run', '--resume', idOf(stopped.events), '--answers', file]);
      assert.equal(status, 0);
      assert.equal(ofType(events, 'attempt.started').length, 1);
    });
  });
});

describe('a merged change that fails its rounds', () => {
  const given = scenarios();
  const files = {
    ...GREETER,
    'test/both.test.js':
      "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport * as one from '../src/greet.js';\nimport * as other from '../src/leave.js';\n\ntest('not both take a name', () => {\n  assert.ok(one.greet.length + other.leave.length < 2);\n});\n",
    '.conclave/config.json': '{ "limits": { "rounds": 1 } }\n',
  };
  const { 'test/both.test.js': _red, ...green } = files;
  const mended = edit('src/leave.js', 'export function leave(name) {', 'export function leave(...[name]) {');
  const leaves = (before: string, after: string) => {
    const line = (word: string) => `  return name ? '${word}, ' + name + '!' : 'Goodbye!';`;
    return edit('src/leave.js', line(before), line(after));
  };
  const scripts = (more: Partial<Parameters<typeof crewScripts>[0]>) =>
    crewScripts({
      plan: plan([
        { id: 'task_1', ...onGreet },
        { id: 'task_2', ...onLeave },
      ]),
      ...more,
      edits: { task_1: [greetByName], task_2: [leaveByName], merged: [remark('One.')], ...more.edits },
    });

  it('is planned anew on top of itself, and the whole is checked and reviewed again', async () => {
    const { run, project, prompts } = await given(
      scripts({
        planner: [decides('replan', { subtasks: [{ id: 'merged', ...onLeave }] })],
        edits: { merged_2: [mended] },
      }),
      { files },
    );
    const { status, events, stderr } = await run(['run', 'Greet and leave', '--apply']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'subtask.finished')
        .map(({ subtask, start, outcome }) => `${subtask} ${start} ${outcome}`)
        .slice(-3),
      ['merged 1 replaced', 'merged_2 1 approved', 'merged 2 approved'],
    );
    assert.deepEqual(
      ofType(events, 'subtask.started')
        .slice(-3)
        .map(({ subtask, includes }) => [subtask, includes.toSorted()]),
      [
        ['merged', ['task_1', 'task_2']],
        ['merged_2', ['task_1', 'task_2']],
        ['merged', ['merged_2', 'task_1', 'task_2']],
      ],
    );
    assert.deepEqual(
      ofType(events, 'checks.finished')
        .filter(({ scope }) => scope === 'merged')
        .map(({ report }) => report.status),
      ['failed', 'failed', 'passed'],
    );
    const record = prompts('planner').find((prompt) => prompt.includes('# Subtask "merged" failed 2 times')) ?? '';
    assert.match(record, /check: not both take a name[\s\S]*src\/greet\.js[\s\S]*src\/leave\.js/);
    assert.match(stderr, /merged is stuck[\s\S]*merged_2 shall mend it[\s\S]*merged ✓ approved after 1 round/);
    const state = fold(events);
    assert.deepEqual(
      state.subtasks.map(({ plan: { id }, phase }) => [id, phase]),
      [
        ['task_1', 'approved'],
        ['task_2', 'approved'],
        ['merged_2', 'approved'],
      ],
    );
    assert.equal(state.merged.phase, 'approved');
    assert.match(project.read('src/leave.js'), /leave\(\.\.\.\[name\]\)/);
    assert.doesNotMatch(project.read('src/greet.js'), /One\./, 'nothing of the failed rounds is left');
  });

  it('is planned anew only so many times', async () => {
    const { run, project } = await given(
      scripts({
        reviews: { merged: [unloved] },
        planner: [decides('replan', { subtasks: [{ id: 'more', ...onLeave }] })],
        edits: {
          more: [leaves('Goodbye', 'Bye')],
          more_2: [leaves('Bye', 'See you')],
        },
      }),
      { files: green },
    );
    const before = project.files();
    const { status, events } = await run(['run', 'Greet and leave', '--apply']);
    assert.equal(status, 1);
    assert.deepEqual(
      ofType(events, 'subtask.escalated').map(({ decision }) => decision),
      ['replan', 'replan', 'give_up'],
    );
    assert.match(endingOf(events).message, /^Every subtask was approved, but the merged change was not\./);
    assert.equal(fold(events).merged.phase, 'failed');
    assert.deepEqual(project.files(), before);
  }).timeout(180_000);

  it('with green checks may be waived, and the checklist shows it', async () => {
    const { run, project } = await given(scripts({ planner: [decides('waive')], reviews: { merged: [unloved] } }), {
      files: green,
    });
    const { status, events } = await run(['run', 'Greet and leave', '--apply']);
    assert.equal(status, 0);
    assert.match(ofType(events, 'checklist.finished')[0]?.notes.join() ?? '', /as a whole: Waived by the Planner/);
    assert.match(endingOf(events).message, /waived findings of merged/);
    assert.match(project.read('src/greet.js'), /One\./);
  });
});

describe('a plan', () => {
  const given = scenarios();

  it('that stays unusable ends the run with status 1 and the reason', async () => {
    const { run, project } = await given(
      crewScripts({
        plan: onePlan,
        planner: [
          { name: 'no plan', when: { schema: 'plan' }, reply: { text: 'I would rather not.' }, fault: 'schemaIgnored' },
          { name: 'no plan in words', when: { schema: false }, reply: { text: 'I would rather not.' } },
        ],
        edits: {},
      }),
    );
    const before = project.files();
    const { status, events, stderr } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 1);
    assert.equal(endingOf(events).code, 'plan_unusable');
    assert.match(stderr, /The Planner gave no usable plan[\s\S]*smaller steps/);
    assert.deepEqual(
      ofType(events, 'protocol.lowered').map(({ from, to, reason }) => [from, to, reason]),
      [['json', 'text', 'it does not hold answers to their schema']],
    );
    assert.deepEqual(project.files(), before);
  });
});
