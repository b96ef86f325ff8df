import assert from 'node:assert/strict';
import { forkPoints } from '../../src/core/orchestrator/forkRun.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import type { ChatRequest } from '../models/chatRequest.ts';
import { type CrewHere, type CrewHereOptions, openCrewHere } from '../support/crewHere.ts';
import { greetByName, greetWrong, leaveByName, mendWrong, onGreet, onLeave } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { chats, ofType } from '../support/scenario.ts';
import { approved, crewScripts, failed, plan } from '../support/scripts.ts';

const RED = {
  severity: 'high',
  type: 'bug',
  location: 'src/greet.js:2',
  quote: "  return 'Hello, ' + name + '!';",
  message: 'It greets "undefined".',
};
const twoSubtasks = plan([
  { id: 'task_1', ...onGreet },
  { id: 'task_2', ...onLeave },
]);
/** Two subtasks, one of which fails its first round. */
const script = crewScripts({
  plan: twoSubtasks,
  edits: { task_1: [greetWrong, mendWrong], task_2: [leaveByName] },
  reviews: { task_1: [failed([RED]), approved] },
});
const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const greeting = crewScripts({
  plan: onePlan,
  edits: { task_1: [greetByName] },
  coder: [
    {
      name: 'look at leave.js',
      when: { schema: 'action', none: ['src/leave.js (lines'] },
      reply: { json: { action: 'read_file', args: { path: 'src/leave.js' } } },
    },
  ],
});

function asked({ fleet }: CrewHere): string[] {
  return fleet.requests.flatMap(({ path, role, body }) =>
    path === '/v1/chat/completions' ? [`${role} ${JSON.stringify((body as ChatRequest).messages)}`] : [],
  );
}

function turns(events: readonly RunEvent[]): number {
  return ofType(events, 'turn.finished').length;
}

async function forkEvents(crew: CrewHere, ...args: Parameters<CrewHere['fork']>): Promise<RunEvent[]> {
  const end = await crew.fork(...args);
  assert.equal(end.state, 'finished', end.ending.message);
  assert.equal(end.ending.code, 'approved', end.ending.message);
  return crew.persisted(end.runId);
}

describe('a fork', function () {
  this.timeout(600_000);
  let open: CrewHere[] = [];
  const given = async (options: Partial<CrewHereOptions> = {}): Promise<CrewHere> => {
    const crew = await openCrewHere({ script: greeting, files: GREETER, ...options });
    open.push(crew);
    return crew;
  };
  afterEach(async () => {
    for (const crew of open) await crew.close();
    open = [];
  });

  it('goes on from every recorded step to an approved change, and asks for nothing again that is before it', async () => {
    // Without checks, which take seconds.
    const { 'src/greet.js': greet = '', 'src/leave.js': leave = '' } = GREETER;
    const crew = await given({ script, files: { 'src/greet.js': greet, 'src/leave.js': leave } });
    const { runId } = await crew.run('Greet');
    const events = await crew.persisted(runId);
    const change = fold(events).proposal;
    const points = events.filter(({ step = '', type }) => type === 'run.started' || (step && !/^proposal/.test(step)));
    assert.ok(points.length > 20, `${points.length} points`);
    for (const point of points) {
      const before = asked(crew).length;
      const forked = await forkEvents(crew, runId, point.step ?? String(point.seq));
      const what = point.step ?? 'the start';
      assert.deepEqual(fold(forked).proposal, change, what);
      const taken = turns(events.filter(({ seq }) => seq <= point.seq));
      assert.equal(asked(crew).length - before, turns(forked) - taken, `after ${what}, only what comes then is asked`);
      assert.deepEqual(
        ofType(forked, 'redflag.raised').filter(({ flag }) => flag === 'transcript_differs'),
        [],
      );
      const [started] = forked;
      assert.ok(started?.type === 'run.started' && started.fork?.of === runId && started.fork.seq === point.seq);
      const seqs = forked.map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].sort((a, b) => a - b),
      );
    }
  });

  it('really asks the other model, at the other temperature, and tells of it', async () => {
    const crew = await given({ roles: { coder: { others: ['Other-7B'] } } });
    const { runId } = await crew.run('Greet');
    const events = await crew.persisted(runId);
    const point = forkPoints(events).find(({ type }) => type === 'plan.proposed') ?? assert.fail('no plan');
    const before = { coder: chats(crew.fleet, 'coder').length, reviewer: chats(crew.fleet, 'reviewer').length };
    const roles = [{ role: 'coder' as const, model: 'Other-7B', temperature: 0.8 }];
    const forked = await forkEvents(crew, runId, String(point.seq), roles);
    const coder = chats(crew.fleet, 'coder').slice(before.coder);
    assert.ok(coder.length > 0);
    for (const { model, temperature } of coder) assert.deepEqual([model, temperature], ['Other-7B', 0.8]);
    for (const { model } of chats(crew.fleet, 'reviewer').slice(before.reviewer)) assert.ok(!model.includes('Other'));
    assert.ok(fold(forked).probes.coder?.model === 'Other-7B', 'it was measured itself');
  });

  it('goes on with another model in the middle of a conversation, on what that one can do', async () => {
    const crew = await given({ roles: { coder: { others: ['Other-7B'] } } });
    const { runId } = await crew.run('Greet');
    const events = await crew.persisted(runId);
    const turn = ofType(events, 'turn.finished').find(({ role }) => role === 'coder') ?? assert.fail('no turn');
    const forked = await forkEvents(crew, runId, String(turn.seq), [{ role: 'coder', model: 'Other-7B' }]);
    const models = ofType(forked, 'turn.finished').flatMap(({ role, model }) => (role === 'coder' ? [model] : []));
    assert.notEqual(models[0], 'Other-7B');
    assert.deepEqual([...new Set(models.slice(1))], ['Other-7B']);
  });

  it('sees the files as they were, and its change is merged into them as they are', async () => {
    const crew = await given({ acceptance: 'apply' });
    const { runId } = await crew.run('Greet');
    const greet = GREETER['src/greet.js'] ?? '';
    const { project } = crew;
    // The workspace moves on: the run's own change, one of the user's, a file gone and one that is new.
    project.write('src/greet.js', `${greet}// Mine.\n`);
    project.write('src/leave.js', '// Moved on.\n');
    project.write('src/new.test.js', 'throw new Error("red");\n');
    const before = asked(crew).length;
    const forked = await forkEvents(crew, runId, '1');
    const [read] = ofType(forked, 'tool.returned');
    assert.match(read?.text ?? '', /Goodbye/, 'as it was');
    assert.ok(!asked(crew).slice(before).join('\n').includes('Moved on'));
    const [restored] = ofType(forked, 'workspace.restored');
    assert.deepEqual([restored?.files, restored?.asNow, restored?.more], [3, [], 0]);
    assert.match(project.read('src/greet.js') ?? '', /^export function greet\(name\)[\s\S]*\/\/ Mine\.\n$/);
    assert.equal(project.read('src/leave.js'), '// Moved on.\n');
    assert.equal(project.read('src/new.test.js'), 'throw new Error("red");\n', 'no check has seen it');
  });

  it('says what is not kept any more', async () => {
    const crew = await given();
    const { runId } = await crew.run('Greet');
    crew.forgetContents();
    crew.project.write('src/leave.js', 'export function leave() {\n  return "Bye!";\n}\n');
    const forked = await forkEvents(crew, runId, '1');
    assert.deepEqual(
      ofType(forked, 'workspace.restored').map(({ lost }) => lost),
      [true],
    );
    assert.match(ofType(forked, 'tool.returned')[0]?.text ?? '', /Bye!/, 'as it is now');
  });
});
