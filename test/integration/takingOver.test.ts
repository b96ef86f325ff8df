import assert from 'node:assert/strict';
import type { User } from '../../src/core/ports.ts';
import type { Answer, RunEvent } from '../../src/shared/events.ts';
import { type CrewHere, openCrewHere } from '../support/crewHere.ts';
import { greetByName, leaveByName, onGreet, onLeave } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { chats, idOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const QUESTION = 'In capitals?';
const SCRIPT = crewScripts({
  planner: [
    {
      name: 'question',
      when: { schema: 'plan', none: ['The user answered:'] },
      reply: { json: plan([], { clarifications_needed: [{ question: QUESTION, choices: ['yes', 'no'] }] }) },
    },
  ],
  plan: onePlan,
  edits: { task_1: [greetByName] },
});

/** A user who answers when the test says so. */
function patientUser(): { user: User; asked: Promise<AbortSignal>; answer: (text: string) => void } {
  let answer: (text: string) => void = () => {};
  let whenAsked: (signal: AbortSignal) => void = () => {};
  const asked = new Promise<AbortSignal>((resolve) => {
    whenAsked = resolve;
  });
  const user: User = {
    approve: async () => ({ approved: true, by: 'user' }),
    ask: ([question], signal) =>
      new Promise<Answer[]>((resolve, reject) => {
        assert.ok(question);
        answer = (text) => resolve([{ id: question.id, question: question.text, answer: text }]);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        whenAsked(signal);
      }),
  };
  return { user, asked, answer: (text) => answer(text) };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

function assertOneStory(events: readonly RunEvent[]): void {
  const steps = events.flatMap(({ step }) => step ?? []);
  assert.equal(new Set(steps).size, steps.length, 'no step is recorded twice');
  assert.deepEqual(
    events.map(({ seq }) => seq),
    [...new Set(events.map(({ seq }) => seq))].sort((a, b) => a - b),
  );
}

describe('a run that waits for its user', function () {
  this.timeout(60_000);
  let here: CrewHere | undefined;
  afterEach(async () => {
    await here?.close();
    here = undefined;
  });

  /** Starts a run whose user is asked, and waits until it has let its leases go. */
  async function waitingRun(): Promise<{
    here: CrewHere;
    ended: ReturnType<CrewHere['run']>;
    runId: string;
    answer: (text: string) => void;
    signal: AbortSignal;
  }> {
    const { user, asked, answer } = patientUser();
    const open = await openCrewHere({ script: SCRIPT, files: GREETER, over: () => ({ user }) });
    here = open;
    const ended = open.run('Greet by name');
    const signal = await asked;
    const stateNow = async (): Promise<string | undefined> => (await open.store.log.list())[0]?.state;
    assert.equal(await stateNow(), 'running');
    await until(async () => (await stateNow()) === 'waiting');
    return { here: open, ended, runId: idOf(open.live), answer, signal };
  }

  it('holds no lease, and goes on with the next epoch when it is answered', async () => {
    const { here, ended, runId, answer } = await waitingRun();
    const { leases } = here.store;
    const lease = await leases.acquire(`run/${runId}`, 'a look');
    assert.ok(!('heldBy' in lease), 'nobody holds it');
    await leases.release(lease);
    answer('yes');
    const end = await ended;
    assert.equal(end.ending.code, 'approved', end.ending.message);
    const events = await here.persisted(runId);
    assertOneStory(events);
    assert.deepEqual(events.map(({ seq, type }) => [seq, type]).at(-1), [here.live.at(-1)?.seq, 'run.finished']);
    assert.equal(ofType(events, 'plan.answered').length, 1);
  });

  it('can be answered elsewhere, and tells who waited that it goes on there', async () => {
    const { here, ended, runId, signal } = await waitingRun();
    const before = here.live.length;
    const elsewhere = await here.resume(runId, undefined, {
      user: {
        approve: async () => ({ approved: true, by: 'user' }),
        ask: async ([question]) => [{ id: question?.id ?? '', question: QUESTION, answer: 'no' }],
      },
    });
    assert.equal(elsewhere.ending.code, 'approved');
    const end = await ended;
    assert.equal(end.state, 'takenOver');
    assert.match(end.ending.message, /taken over by another process/);
    assert.ok(signal.aborted, 'the question is not open any more');
    const events = await here.persisted(runId);
    assertOneStory(events);
    assert.deepEqual(
      ofType(events, 'plan.answered').map(({ answers }) => answers[0]?.answer),
      ['no'],
    );
    // Both sessions told the same listener: each event once.
    assert.deepEqual(
      here.live.slice(before).map(({ seq }) => seq),
      here.live.slice(before).map((_, index) => (here.live[before]?.seq ?? 0) + index),
    );
  });

  it('is not refused because the store is just cleaning up', async () => {
    const { here, ended, runId, answer } = await waitingRun();
    const { leases } = here.store;
    const cleanUp = await leases.acquire(`run/${runId}`, 'a clean-up');
    assert.ok(!('heldBy' in cleanUp));
    setTimeout(() => void leases.release(cleanUp), 300);
    answer('yes');
    assert.equal((await ended).ending.code, 'approved');
  });

  it('keeps the answer where another run has begun in the workspace meanwhile, and says who is in the way', async () => {
    const { here, ended, runId, answer } = await waitingRun();
    const { leases, log } = here.store;
    const [{ workspace = '' } = {}] = await log.list();
    const { workspaceLeaseName } = await import('../../src/core/orchestrator/session.ts');
    const other = await leases.acquire(workspaceLeaseName(workspace), 'another run');
    assert.ok(!('heldBy' in other));
    answer('yes');
    const end = await ended;
    assert.deepEqual([end.state, end.ending.code], ['paused', 'configuration']);
    assert.match(end.ending.message, /Another run is at work in .*: another run/);
    assert.equal(ofType(await here.persisted(runId), 'plan.answered').length, 1);
    await leases.release(other);
    assert.equal((await here.resume(runId)).ending.code, 'approved');
  });
});

describe('a run at work', function () {
  this.timeout(120_000);
  const given = scenarios();

  it('is taken over by who asks for that: no step is lost or done twice, and the old process stops', async () => {
    const { fleet, conclave, start, run } = await given(
      crewScripts({
        plan: plan([
          { id: 'task_1', ...onGreet },
          { id: 'task_2', depends_on: ['task_1'], ...onLeave },
        ]),
        edits: { task_1: [greetByName], task_2: [leaveByName] },
      }),
    );
    let hangs = false;
    const old = start(['run', 'Greet and leave'], {
      onEvent: ({ type, ...event }) => {
        if (hangs || type !== 'subtask.started' || !('subtask' in event) || event.subtask !== 'task_2') return;
        hangs = true;
        fleet.inject('coder', 'hangBeforeFirstByte');
      },
    });
    let runId = '';
    await until(async () => {
      runId = (await conclave.run(['runs', '--json'])).stdout.split('"runId":"')[1]?.split('"')[0] ?? '';
      return hangs;
    });
    const refused = await conclave.run(['run', '--resume', runId]);
    assert.equal(refused.status, 2);
    const { status, stderr } = await run(['run', '--resume', runId, '--take-over']);
    assert.equal(status, 0, stderr);
    const ended = await old.ended;
    assert.equal(ended.status, 130, ended.stderr);
    assert.match(ended.stderr, /taken over by another process/);
    const { events } = await conclave.run(['replay', runId, '--json']);
    assertOneStory(events);
    assert.equal(ofType(events, 'run.finished').length, 1);
    assert.equal(ofType(events, 'plan.proposed').length, 1, 'what was recorded is not done again');
  });

  it('tells its Coders of each other, and its Reviewer what the Coder said and how its rounds went', async () => {
    const { fleet, run } = await given(
      crewScripts({
        plan: plan([
          { id: 'task_1', ...onGreet },
          { id: 'task_2', description: 'Leave by name.', ...onLeave },
        ]),
        edits: {
          task_1: [`I take the name as an argument, because callers have it.\n\n${greetByName}`],
          task_2: [leaveByName],
        },
      }),
    );
    const { status, stderr } = await run(['run', 'Greet and leave']);
    assert.equal(status, 0, stderr);
    const texts = (role: 'coder' | 'reviewer', subtask: string): string =>
      chats(fleet, role)
        .map(({ messages }) => messages.map(({ content }) => content).join('\n'))
        .find((text) => text.includes(`# Your subtask: ${subtask}\n`)) ?? '';
    assert.match(
      texts('coder', 'task_1'),
      /Other Coders are at work at the same time.*\n- task_2 \(modify src\/leave\.js\): Leave by name\./,
    );
    assert.match(texts('coder', 'task_2'), /\n- task_1 \(modify src\/greet\.js\)/);
    assert.match(
      texts('reviewer', 'task_1'),
      /# What the Coder says of it\. It is no evidence\nI take the name as an argument, because callers have it\./,
    );
  });
});
