import assert from 'node:assert/strict';
import { fold } from '../../src/shared/runState.ts';
import { type Fleet, startFleet } from '../models/fleet.ts';
import { type Conclave, openConclave } from '../support/conclave.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { crewScripts, edit, failed, plan } from '../support/scripts.ts';

const greetByName = edit(
  'src/greet.js',
  "export function greet() {\n  return 'Hello!';",
  "export function greet(name) {\n  return name ? `Hello, ${name}!` : 'Hello!';",
);
const greetWrong = edit(
  'src/greet.js',
  "export function greet() {\n  return 'Hello!';",
  'export function greet(name) {\n  return `Hello, ${name}!`;',
);
const mendWrong = edit('src/greet.js', '  return `Hello, ${name}!`;', "  return name ? `Hello, ${name}!` : 'Hello!';");
const onePlan = plan([{ id: 'task_1', files: [{ path: 'src/greet.js', action: 'modify' }] }]);

describe('a run', () => {
  let fleet: Fleet;
  let conclave: Conclave;
  let project: Project;

  const given = async (scripts: Parameters<typeof startFleet>[0]['script'], files = GREETER): Promise<void> => {
    fleet = await startFleet({ script: scripts });
    conclave = openConclave(fleet.urls);
    project = makeProject(files);
  };

  afterEach(async () => {
    await fleet.close();
    conclave.remove();
    project.remove();
  });

  it('plans, writes, checks, reviews and applies a change, and tells it all in events', async () => {
    await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }));
    const { status, events, stderr } = await conclave.run([
      'run',
      'Greet by name',
      '--workspace',
      project.dir,
      '--json',
      '--apply',
    ]);
    assert.equal(status, 0, stderr);
    assert.match(project.read('src/greet.js'), /Hello, \$\{name\}!/);
    const state = fold(events);
    assert.deepEqual(state.phase.kind === 'finished' && state.phase.outcome, 'approved');
    assert.equal(state.proposal?.state, 'accepted');
    assert.deepEqual(
      state.subtasks.map(({ phase }) => phase),
      ['approved'],
    );
    assert.deepEqual(fleet.unmatched, []);
    assert.deepEqual(fleet.violations, []);
  });

  it('leaves the workspace alone without --apply, and prints the diff', async () => {
    await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } }));
    const before = project.files();
    const { status, stdout } = await conclave.run(['run', 'Greet by name', '--workspace', project.dir]);
    assert.equal(status, 0);
    assert.deepEqual(project.files(), before);
    assert.match(stdout, /\+export function greet\(name\)/);
  });

  it('sends a red round back to the Coder, whatever the Reviewer says', async () => {
    await given(crewScripts({ plan: onePlan, edits: { task_1: [greetWrong, mendWrong] } }));
    const { status, events } = await conclave.run(['run', 'Greet by name', '--workspace', project.dir, '--json']);
    assert.equal(status, 0);
    const verdicts = events.flatMap((event) =>
      event.type === 'review.finished' ? [[event.review.status, event.verdict.status]] : [],
    );
    assert.deepEqual(verdicts, [
      ['approved', 'failed'],
      ['approved', 'approved'],
    ]);
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
    await given(crewScripts({ plan: onePlan, edits: { task_1: [greetByName] }, reviews: { task_1: [invented] } }));
    const { status, events } = await conclave.run(['run', 'Greet by name', '--workspace', project.dir, '--json']);
    assert.equal(status, 0);
    const review = events.find((event) => event.type === 'review.finished');
    assert.ok(
      review?.type === 'review.finished' &&
        review.verdict.findings.length === 0 &&
        review.verdict.notes.some((note) => note.includes('Launches rockets')),
    );
  });
});
