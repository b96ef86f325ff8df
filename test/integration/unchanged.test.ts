import assert from 'node:assert/strict';
import { fold } from '../../src/shared/fold.ts';
import { greetByName, leaveByName, onGreet, onLeave } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { endingOf, ofType, scenarios } from '../support/scenario.ts';
import { approved, crewScripts, failed, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const claim = 'NO CHANGE: greet() says hello already.';
const missing = failed([
  {
    severity: 'high',
    type: 'bug',
    location: 'src/greet.js:2',
    quote: "  return 'Hello!';",
    message: 'It takes no name.',
  },
]);

describe('a subtask of which the Coder says that nothing has to be changed', () => {
  const given = scenarios();

  it('is approved where the checks are green and the Reviewer agrees; a run of such has nothing to do', async () => {
    const { run, project, prompts } = await given(
      crewScripts({
        plan: plan([
          { id: 'task_1', ...onGreet },
          { id: 'task_2', ...onLeave },
        ]),
        edits: { task_1: [`I looked at it.\n\n**${claim}**`], task_2: ['NO CHANGE: leave() is fine.'] },
      }),
    );
    const before = project.files();
    const { status, events, stderr } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    const { code, message } = endingOf(events);
    assert.equal(code, 'nothing_to_do');
    assert.match(message, /the Reviewer confirmed every subtask as met without a change; checks green \(\d+ passed\)/);
    assert.match(message, /task_1: greet\(\) says hello already\. task_2: leave\(\) is fine\.$/);
    assert.match(stderr, /task_1 ✓ approved without a change: greet\(\) says hello already\./);
    assert.deepEqual(
      ofType(events, 'subtask.finished').map(({ outcome, files }) => [outcome, files]),
      [
        ['approved', []],
        ['approved', []],
      ],
    );
    const checked = ofType(events, 'checks.finished').filter(({ scope }) => scope === 'attempt');
    assert.deepEqual(
      checked.map(({ report }) => report.status),
      ['passed', 'passed'],
    );
    assert.equal(ofType(events, 'review.finished').length, 2);
    const asked = prompts('reviewer').find((prompt) => prompt.includes('# Your subtask: task_1')) ?? '';
    assert.match(asked, /# Your subtask: task_1\n[\s\S]*- modify src\/greet\.js/);
    assert.match(asked, /the Coder says that nothing has to be changed\ngreet\(\) says hello already\./);
    assert.match(asked, /# The checks on it\nGreen/);
    assert.deepEqual(ofType(events, 'redflag.raised'), []);
    assert.deepEqual(ofType(events, 'proposal.ready'), []);
    assert.equal(fold(events).phase.kind, 'finished');
    assert.deepEqual(project.files(), before);
  });

  it('goes back to the Coder with what the Reviewer finds in the files as they are', async () => {
    const { run, project, prompts } = await given(
      crewScripts({ plan: onePlan, edits: { task_1: [claim, greetByName] }, reviews: { task_1: [missing, approved] } }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.deepEqual(
      ofType(events, 'review.finished').map(({ verdict }) => [verdict.status, verdict.findings.length]),
      [
        ['failed', 1],
        ['approved', 0],
      ],
    );
    assert.equal(status, 0);
    assert.match(prompts('coder').at(-1) ?? '', /# Round 1 failed[\s\S]*src\/greet\.js:2: It takes no name\./);
    assert.match(project.read('src/greet.js'), /Hello, ' \+ name/);
  });

  it('is not approved by the word of the Coder alone, though nothing counts that the Reviewer says', async () => {
    const { run } = await given(
      crewScripts({
        plan: onePlan,
        edits: { task_1: [claim] },
        reviews: { task_1: [failed([], 'No name is taken.')] },
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 1);
    assert.equal(endingOf(events).code, 'not_approved');
    const [first, ...more] = ofType(events, 'review.finished');
    assert.equal(first?.verdict.status, 'failed');
    assert.match(first.verdict.notes.join(), /does not confirm/);
    assert.deepEqual(more, [], 'the same claim on the same files is not reviewed again');
    assert.equal(ofType(events, 'attempt.started').length, 2);
    const [escalated] = ofType(events, 'subtask.escalated');
    assert.equal(escalated?.decision, 'give_up', 'and the Planner cannot waive it');
    assert.match(escalated.reason, /The Coder says that nothing has to be changed: greet\(\) says hello already\./);
  });

  it('is not approved on red checks, whatever Coder and Reviewer say', async () => {
    const { run } = await given(crewScripts({ plan: onePlan, edits: { task_1: [claim] } }), {
      files: { ...GREETER, 'src/greet.js': "export function greet() {\n  return 'Hullo!';\n}\n" },
    });
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 1);
    assert.deepEqual(
      ofType(events, 'review.finished').map(({ review, verdict }) => [review.status, verdict.status]),
      [['approved', 'failed']],
    );
  });

  it('is changed all the same where the answer holds an edit too', async () => {
    const { run, project } = await given(
      crewScripts({ plan: onePlan, edits: { task_1: [`${greetByName}\nNO CHANGE: the rest is fine.`] } }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(endingOf(events).code, 'approved');
    assert.match(project.read('src/greet.js'), /Hello, ' \+ name/);
  });

  it('may stand beside one that is changed, and the checklist says so', async () => {
    const { run, project } = await given(
      crewScripts({
        plan: plan([
          { id: 'task_1', ...onGreet },
          { id: 'task_2', depends_on: ['task_1'], ...onLeave },
        ]),
        edits: { task_1: [claim], task_2: [leaveByName] },
      }),
    );
    const { status, events } = await run(['run', 'Greet', '--apply']);
    assert.equal(status, 0);
    assert.equal(endingOf(events).code, 'approved');
    assert.match(project.read('src/leave.js'), /Goodbye, ' \+ name/);
    const items = ofType(events, 'checklist.finished')[0]?.items ?? [];
    assert.match(items[0]?.evidence ?? '', /approved without a change after 1 round/);
  });
});
