import assert from 'node:assert/strict';
import { templatesKey } from '../../src/core/memory/planTemplates.ts';
import { decideProposal } from '../../src/core/orchestrator/deciding.ts';
import type { Crew } from '../../src/core/orchestrator/runContext.ts';
import type { Memory } from '../../src/core/ports.ts';
import { StoreError } from '../../src/core/store/storeError.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { schemaName } from '../models/chatRequest.ts';
import type { Fleet } from '../models/fleet.ts';
import type { ScriptEntryInput } from '../models/script.ts';
import { type CrewHere, type CrewHereOptions, openCrewHere } from '../support/crewHere.ts';
import { greetByName, greetWrong, leaveByName, onGreet } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { ofType } from '../support/scenario.ts';
import { crewScripts, failed, plan } from '../support/scripts.ts';

const TASK = 'Greet by name.';
const FILES = { 'src/greet.js': GREETER['src/greet.js'] ?? '', 'src/leave.js': GREETER['src/leave.js'] ?? '' };
const PLAN = plan([{ id: 'task_1', ...onGreet }]);
const SCRIPTS = crewScripts({ plan: PLAN, edits: { task_1: [greetByName] } });

describe('the plan cache', function () {
  this.timeout(60_000);
  let open: CrewHere[] = [];
  afterEach(async () => {
    const ended = open;
    open = [];
    for (const crew of ended) {
      await crew.close();
      assert.deepEqual([...crew.fleet.unmatched, ...crew.fleet.violations], []);
    }
  });
  async function crewWith(options: Partial<CrewHereOptions> = {}): Promise<CrewHere> {
    const crew = await openCrewHere({ files: FILES, script: SCRIPTS, ...options });
    open.push(crew);
    return crew;
  }
  /** A run to its end, and what happened in it. */
  async function runIn(crew: CrewHere, task = TASK, what: Parameters<CrewHere['run']>[2] = {}) {
    const from = crew.live.length;
    const end = await crew.run(task, undefined, what);
    await crew.fleet.settled();
    return { ...end, events: crew.live.slice(from) };
  }

  it('takes the plan of the same task on the same files without a request for one', async () => {
    const crew = await crewWith();
    const first = await runIn(crew, TASK, { kind: 'plan' });
    assert.equal(first.ending.code, 'approved');
    assert.equal(planRequests(crew), 1);
    const asked = crew.fleet.requests.filter(({ role }) => role === 'planner').length;

    const second = await runIn(crew);
    assert.equal(second.ending.code, 'approved');
    assert.equal(planRequests(crew), 1);
    // Of the Planner, only the checklist is asked for.
    assert.equal(crew.fleet.requests.filter(({ role }) => role === 'planner').length, asked + 1);
    const [cached] = ofType(second.events, 'plan.cached');
    assert.equal(cached?.run, first.runId);
    assert.equal(cached?.hit.kind, 'exact');
    assert.deepEqual(planOf(second.events), planOf(first.events));
    assert.match(ofType(second.events, 'proposal.ready')[0]?.files[0]?.diff ?? '', /\+export function greet\(name\)/);
  });

  it('takes it for the task in other spaces too, and for no other task', async () => {
    const crew = await crewWith();
    await runIn(crew, TASK, { kind: 'plan' });
    assert.equal(hitOf((await runIn(crew, ' Greet  by name', { kind: 'plan' })).events), 'exact');
    assert.equal(hitOf((await runIn(crew, 'Greet by Name.', { kind: 'plan' })).events), 'none');
    assert.equal(hitOf((await runIn(crew, 'Greet by "name".', { kind: 'plan' })).events), 'none');
  });

  it('plans anew where a named file, a rules file, a prompt or a model is another one', async () => {
    let prompts: Crew['prompts'] | undefined;
    let served: string | undefined;
    const crew = await crewWith({
      files: { ...FILES, 'AGENTS.md': 'Be brief.\n' },
      over: (_, own) => {
        prompts = { ...own.prompts };
        const coder = own.models.coder;
        const other = {
          ...coder,
          url: coder.url,
          served: async (signal: AbortSignal) => ({
            ...(await coder.served(signal)),
            ...(served === undefined ? {} : { model: served }),
          }),
        };
        return { prompts, models: { ...own.models, coder: other } };
      },
    });
    const hit = async (): Promise<string> => hitOf((await runIn(crew, TASK, { kind: 'plan' })).events);
    assert.equal(await hit(), 'none');
    assert.equal(await hit(), 'exact');
    crew.project.write('src/greet.js', `${FILES['src/greet.js']}// changed\n`);
    assert.equal(await hit(), 'none');
    assert.equal(await hit(), 'exact');
    crew.project.write('AGENTS.md', 'Be very brief.\n');
    assert.equal(await hit(), 'none');
    assert.equal(await hit(), 'exact');
    if (prompts) prompts.reviewer += '\nBe kind.';
    assert.equal(await hit(), 'none');
    assert.equal(await hit(), 'exact');
    served = 'another/coder';
    assert.equal(await hit(), 'none');
    assert.equal(await hit(), 'exact');
  });

  it('plans anew where a file that was read for it has changed, or other checks are red', async () => {
    const check = 'import { greet } from "../src/greet.js";\nif (greet() !== "Hello!") throw new Error("red");\n';
    const crew = await crewWith({
      files: { ...GREETER, 'test/greet.test.js': check },
      script: {
        ...SCRIPTS,
        planner: [
          {
            when: { schema: 'action', none: ['src/leave.js (lines'] },
            reply: { json: { action: 'read_file', args: { path: 'src/leave.js' } } },
          },
          ...(SCRIPTS.planner as []),
        ],
      },
    });
    const hit = async (): Promise<string> => hitOf((await runIn(crew, TASK, { kind: 'plan' })).events);
    assert.equal(await hit(), 'none');
    assert.equal(await hit(), 'exact');
    crew.project.write('src/leave.js', `${FILES['src/leave.js']}// changed\n`);
    assert.equal(await hit(), 'none');
    assert.equal(await hit(), 'exact');
    crew.project.write('test/greet.test.js', 'throw new Error("red");\n');
    assert.equal(await hit(), 'none');
  });

  it('says with which answers it was made', async () => {
    const question = 'Shall it be loud?';
    const crew = await crewWith({
      answers: ['yes'],
      script: crewScripts({
        plan: PLAN,
        edits: { task_1: [greetByName] },
        planner: [
          {
            when: { schema: 'plan', none: ['The user answered:'] },
            reply: { json: plan([], { clarifications_needed: [{ question, choices: ['yes', 'no'] }] }) },
          },
        ],
      }),
    });
    await runIn(crew, TASK, { kind: 'plan' });
    const { events } = await runIn(crew);
    assert.equal(hitOf(events), 'exact');
    assert.deepEqual(ofType(events, 'plan.question'), []);
    assert.match(ofType(events, 'plan.proposed')[0]?.notes.join() ?? '', /answer of then: Shall it be loud\? → yes/);
    const coder = crew.fleet.requests.find(({ role }) => role === 'coder');
    assert.match(JSON.stringify(coder?.body), /Shall it be loud\?/);
  });

  it('forgets a plan that the user wants afresh, and keeps the new one', async () => {
    const crew = await crewWith();
    await runIn(crew, TASK, { kind: 'plan' });
    const afresh = await runIn(crew, TASK, { kind: 'plan', freshPlan: true });
    assert.equal(hitOf(afresh.events), 'none');
    assert.equal(planRequests(crew), 2);
    const { events } = await runIn(crew, TASK, { kind: 'plan' });
    assert.equal(ofType(events, 'plan.cached')[0]?.run, afresh.runId);
  });

  it('forgets the plan whose proposal was rejected, and one that was taken again and failed', async () => {
    const rejected = await crewWith();
    const first = await runIn(rejected);
    assert.notEqual(await rejected.store.memory.plan(keyOf(first.events)), undefined);
    await rejected.workOn(first.runId, (run) =>
      decideProposal(run, [{ path: 'src/greet.js', hunks: 'undecided', decision: 'rejected' }]),
    );
    assert.equal(await rejected.store.memory.plan(keyOf(first.events)), undefined);
    assert.equal(hitOf((await runIn(rejected)).events), 'none');

    const unloved = failed([
      { severity: 'high', type: 'bug', location: 'src/greet.js:1', quote: 'export function', message: 'No.' },
    ]);
    const failing = await crewWith({
      limits: { rounds: 1, replans: 0, answerRepairs: 0 },
      script: crewScripts({
        plan: PLAN,
        edits: { task_1: [greetWrong] },
        reviews: { task_1: [unloved] },
        planner: [
          {
            when: { schema: 'escalation' },
            reply: { json: { decision: 'replan', reason: '', question: '', plan: [] } },
          },
        ],
      }),
    });
    const planned = await runIn(failing, TASK, { kind: 'plan' });
    const second = await runIn(failing);
    assert.equal(second.ending.code, 'not_approved');
    assert.equal(hitOf(second.events), 'exact');
    assert.equal(await failing.store.memory.plan(keyOf(planned.events)), undefined);
  });

  it('is not asked where it is off, and does not stop a run where it cannot be read', async () => {
    const off = await crewWith({ over: (_, own) => ({ settings: { ...own.settings, planCache: 'off' } }) });
    await runIn(off, TASK, { kind: 'plan' });
    assert.equal(hitOf((await runIn(off, TASK, { kind: 'plan' })).events), 'not asked');

    const broken = await crewWith();
    const fails = async (): Promise<never> => {
      throw new StoreError('unreachable', 'The disk is gone.', 'Bring it back.');
    };
    Object.assign(broken.store.memory, { plan: fails, keepPlan: fails } satisfies Partial<Memory>);
    const { ending, events } = await runIn(broken);
    assert.equal(ending.code, 'approved');
    assert.deepEqual(
      ofType(events, 'memory.lost').map(({ message }) => message),
      ['The disk is gone.'],
    );
  });

  it('goes the same way when a run is resumed, whatever has become of the entry', async () => {
    let onEvent = (_event: RunEvent): void => {};
    const crew = await crewWith({ onEvent: (event) => onEvent(event) });
    const { events } = await runIn(crew, TASK, { kind: 'plan' });
    for (const stopAt of ['plan.cached', 'plan.proposed']) {
      await crew.store.memory.keepPlan(keyOf(events), JSON.stringify({ format: 1, ...keptIn(events) }));
      const stop = new AbortController();
      onEvent = ({ type }) => {
        if (type === stopAt) stop.abort();
      };
      const stopped = await crew.run(TASK, stop.signal);
      assert.equal(stopped.state, 'aborted');
      onEvent = () => {};
      await crew.store.memory.forgetPlan(keyOf(events));
      const { ending } = await crew.resume(stopped.runId);
      assert.equal(ending.code, 'approved');
      assert.equal(planRequests(crew), 1, stopAt);
    }
  });

  it('lifts its bounds for what the Planner of the run plans anew', async () => {
    const crew = await crewWith({
      acceptance: 'apply',
      limits: { rounds: 1 },
      script: crewScripts({
        plan: PLAN,
        planner: [
          {
            when: { schema: 'escalation' },
            reply: {
              json: { decision: 'replan', reason: 'So.', question: '', plan: plan([{ id: 'other', ...onGreet }]).plan },
            },
          },
        ],
        // Nothing but what the plan does not name; then, planned anew, more than is declared.
        edits: { task_1: [leaveByName], other: [`${greetByName}\n${leaveByName}`] },
      }),
    });
    await runIn(crew, TASK, { kind: 'plan' });
    const { ending, events } = await runIn(crew);
    assert.equal(hitOf(events), 'exact');
    const refused = ofType(events, 'edit.rejected');
    assert.deepEqual([...new Set(refused.map(({ subtask, path }) => `${subtask} ${path}`))], ['task_1 src/leave.js']);
    assert.match(refused[0]?.reason ?? '', /The plan does not name src\/leave\.js.*only this: modify src\/greet\.js/);
    assert.equal(ending.code, 'approved', ending.message);
    assert.match(crew.project.read('src/leave.js'), /leave\(name\)/);
    assert.equal(await crew.store.memory.plan(keyOf(events)), undefined, 'what had to be planned anew is not kept');
  });

  describe('with an outline of an approved change', () => {
    const OTHER = 'Make the farewell personal.';
    const intents = (tasks: number, ...kinds: string[]): ScriptEntryInput => ({
      when: { schema: 'intents', all: [`# Task ${tasks}`], none: [`# Task ${tasks + 1}`] },
      reply: { json: { intents: kinds } },
    });
    const withIntents = (...planner: ScriptEntryInput[]) =>
      crewScripts({ plan: PLAN, edits: { task_1: [greetByName] }, planner });
    const intentRequests = ({ fleet }: CrewHere): number => requestsFor(fleet.requests, 'intents');

    it('asks for nothing more where there is none, or where only names and numbers differ', async () => {
      const crew = await crewWith();
      await runIn(crew, 'Greet in sayHello() of src/greet.js.', { kind: 'plan' });
      await runIn(crew, 'Greet in sayBye() of src/leave.js.', { kind: 'plan' });
      // A plan alone has proven nothing.
      assert.equal(intentRequests(crew), 0);
      await runIn(crew, 'Greet in sayHello() of src/greet.js.');
      const { events } = await runIn(crew, 'Greet in sayAgain() of lib/again.js.', { kind: 'plan' });
      assert.equal(hitOf(events), 'template');
      assert.equal(intentRequests(crew), 0);
      const asked = JSON.stringify(crew.fleet.requests.filter(({ role }) => role === 'planner').at(-1)?.body);
      assert.match(asked, /Adapt it, or plan anew where it does not fit/);
      assert.match(asked, /Greet in <NAME_1> of <FILE_1>/);
      assert.match(asked, /- task_1: Do task_1\.\\n {2}Files: modify <FILE_1>/);
    });

    it('finds it by the kind of the task, asked for once', async () => {
      const crew = await crewWith({
        script: withIntents(intents(2, 'Add parameter!', 'add_parameter'), intents(1, 'add-parameter')),
      });
      const first = await runIn(crew);
      const second = await runIn(crew, OTHER, { kind: 'plan' });
      assert.equal(hitOf(second.events), 'template');
      assert.equal(ofType(second.events, 'plan.cached')[0]?.run, first.runId);
      assert.equal(ofType(second.events, 'plan.cached')[0]?.intent, 'add_parameter');
      // The template has its kind by now.
      assert.equal(hitOf((await runIn(crew, 'Do it once more.', { kind: 'plan' })).events), 'template');
      assert.equal(intentRequests(crew), 2);
      assert.equal(planRequests(crew), 3);
    });

    it('plans as ever where the kind is another, or the answer of no use', async () => {
      const crew = await crewWith({ script: withIntents(intents(2, 'rename_file', 'add_parameter')) });
      await runIn(crew);
      const { ending, events } = await runIn(crew, OTHER, { kind: 'plan' });
      assert.equal(ending.code, 'approved');
      assert.equal(hitOf(events), 'none');

      const useless = await crewWith({
        script: withIntents({ when: { schema: 'intents' }, reply: { json: { intents: ['one'] } } }),
      });
      await runIn(useless);
      const after = await runIn(useless, OTHER, { kind: 'plan' });
      assert.equal(after.ending.code, 'approved');
      assert.equal(hitOf(after.events), 'none');
      assert.equal(intentRequests(useless), 2);
    });

    it('does not ask any more where that was of little use, and says so once', async () => {
      const crew = await crewWith({ script: withIntents(intents(2, 'one', 'two')) });
      await runIn(crew);
      const key = templatesKey(crew.project.dir);
      const kept = JSON.parse((await crew.store.memory.plan(key)) ?? '{}');
      await crew.store.memory.keepPlan(key, JSON.stringify({ ...kept, found: new Array(19).fill(false) }));
      const last = await runIn(crew, OTHER, { kind: 'plan' });
      assert.match(ofType(last.events, 'plan.proposed')[0]?.notes.join() ?? '', /none had an outline.*for 30 days/);
      const next = await runIn(crew, 'Do it once more.', { kind: 'plan' });
      assert.deepEqual(ofType(next.events, 'plan.proposed')[0]?.notes, []);
      assert.equal(intentRequests(crew), 1);
    });
  });
});

/** Requests for a plan that the Planner's server has had. */
function planRequests({ fleet }: CrewHere): number {
  return requestsFor(fleet.requests, 'plan');
}

function requestsFor(requests: Fleet['requests'], schema: string): number {
  return requests.filter(({ role, body }) => role === 'planner' && schemaName(body as never) === schema).length;
}

function planOf(events: readonly RunEvent[]) {
  return ofType(events, 'plan.proposed')[0]?.plan;
}

function hitOf(events: readonly RunEvent[]): string {
  const [cached] = ofType(events, 'plan.cached');
  return cached?.hit.kind ?? (ofType(events, 'plan.uncached').length > 0 ? 'none' : 'not asked');
}

function keyOf(events: readonly RunEvent[]): string {
  return [...ofType(events, 'plan.cached'), ...ofType(events, 'plan.uncached')][0]?.key ?? '';
}

/** What is kept of the plan in these events, in a workspace without checks. */
function keptIn(events: readonly RunEvent[]) {
  const [proposed] = ofType(events, 'plan.proposed');
  assert.ok(proposed);
  const { plan: made, files, runId, at } = proposed;
  return { plan: made, answers: [], files, checks: { status: 'none', red: [] }, run: runId, at };
}
