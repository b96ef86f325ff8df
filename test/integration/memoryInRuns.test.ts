import assert from 'node:assert/strict';
import { decideProposal } from '../../src/core/orchestrator/deciding.ts';
import type { Memory } from '../../src/core/ports.ts';
import { StoreError } from '../../src/core/store/storeError.ts';
import { emptyRunState } from '../../src/shared/runState.ts';
import { lineFor } from '../../src/terminal/render/event.ts';
import { type CrewHere, type CrewHereOptions, openCrewHere } from '../support/crewHere.ts';
import { greetByName, greetWrong, mendWrong, onGreet, remark } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { chats, ofType } from '../support/scenario.ts';
import { crewScripts, failed, plan } from '../support/scripts.ts';

const ONE = plan([{ id: 'task_1', description: 'greet() takes a name.', ...onGreet }]);
const TOO_CLEVER = failed([
  {
    severity: 'high',
    type: 'style',
    location: 'src/greet.js:2',
    quote: "return name ? 'Hello, ' + name + '!' : 'Hello!';",
    message: 'Too clever.',
  },
]);

describe('what runs have taught', () => {
  let crew: CrewHere | undefined;
  afterEach(async () => await crew?.close());

  async function given(options: Omit<CrewHereOptions, 'files'>): Promise<CrewHere> {
    crew = await openCrewHere({ files: GREETER, ...options });
    return crew;
  }
  const noted = async ({ store, project }: CrewHere) => store.memory.recall(project.dir);
  const offered = (here: CrewHere): boolean[] =>
    chats(here.fleet, 'coder').map((chat) => JSON.stringify(chat).includes('recall'));

  it('is looked up by the next run: a failed check with what mended it, with the tool that the first was not offered', async () => {
    const here = await given({
      script: crewScripts({
        plan: ONE,
        edits: { task_1: [greetWrong, `Handles the missing name.\n${mendWrong}`] },
        coder: [
          {
            name: 'recalls',
            when: { schema: 'action', all: ['recall(query'], none: ['Result of recall'] },
            reply: { json: { action: 'recall', args: { query: 'greet name' } } },
          },
        ],
      }),
    });
    const first = await here.run('Greet by name');
    assert.equal(first.ending.code, 'approved', first.ending.message);
    assert.ok(!offered(here).some(Boolean), 'nothing was there to recall');
    const [entry, ...others] = await noted(here);
    assert.deepEqual(others, []);
    assert.equal(entry?.kind, 'failure');
    assert.equal(entry?.run, first.runId);
    assert.match(entry?.text ?? '', /^Failed: check ".*greets/);
    assert.match(entry?.text ?? '', /\nMended in src\/greet\.js: Handles the missing name\.\nSubtask: greet\(\) takes/);

    const asked = chats(here.fleet, 'coder').length;
    const second = await here.run('Greet by name, again');
    assert.equal(second.ending.code, 'approved', second.ending.message);
    const events = await here.persisted(second.runId);
    assert.deepEqual(
      ofType(events, 'rules.found').map(({ remembered }) => remembered),
      [1],
    );
    const found = events.find(({ type }) => type === 'rules.found') ?? assert.fail('no rules were looked for');
    assert.equal(lineFor(found, emptyRunState()), 'crew      1 note from earlier runs can be looked up');
    const [result] = ofType(events, 'tool.returned').filter(({ tool, role }) => tool === 'recall' && role === 'coder');
    assert.match(result?.text ?? '', /1 of 1 note of earlier runs.*no instructions/);
    assert.ok(result?.text.includes(entry?.text ?? '-'), result?.text);
    const told = chats(here.fleet, 'coder').slice(asked);
    assert.ok(
      told.every((chat) => JSON.stringify(chat.messages[0]).includes('recall(query')),
      'from the first request to the last',
    );
    assert.ok(!JSON.stringify(told[0]).includes('Handles the missing name'), 'it is not stuffed into the prompt');
    assert.equal((await noted(here)).length, 1, 'the same trouble is kept once');
  });

  it('is not what a run that goes on learnt itself: its tools stay as they were', async () => {
    const here = await given({
      script: crewScripts({
        plan: ONE,
        edits: { task_1: [greetByName, remark('Plain.')] },
        reviews: { task_1: [TOO_CLEVER] },
        planner: [
          {
            name: 'asks',
            when: { schema: 'escalation' },
            reply: { json: { decision: 'ask', reason: 'Taste.', question: 'Is it too clever?', plan: [] } },
          },
        ],
      }),
      limits: { rounds: 1 },
    });
    const run = await here.run('Greet by name');
    assert.equal(run.ending.code, 'question_unanswered', run.ending.message);
    await here.store.memory.remember(here.project.dir, [
      { id: 'x', kind: 'convention', text: 'greet', paths: [], at: '2026-01-01T00:00:00.000Z' },
    ]);
    await here.resume(run.runId);
    assert.ok(!offered(here).some(Boolean));
  });

  it('is which hunk the user rejected', async () => {
    const here = await given({ script: crewScripts({ plan: ONE, edits: { task_1: [greetByName] } }) });
    const { runId } = await here.run('Greet by name');
    assert.deepEqual(await noted(here), []);
    const decides = (decision: 'accepted' | 'rejected') =>
      here.workOn(runId, (run) => decideProposal(run, [{ path: 'src/greet.js', hunks: [0], decision }]));
    await decides('rejected');
    const [entry] = await noted(here);
    assert.equal(entry?.kind, 'convention');
    assert.match(entry?.text ?? '', /^The user rejected this change \(modify\):\n-export function greet\(\) \{\n/);
    assert.deepEqual(entry?.paths, ['src/greet.js']);
  });

  it('is what the user answered to the Planner', async () => {
    const here = await given({
      script: crewScripts({
        plan: ONE,
        edits: { task_1: [greetByName] },
        planner: [
          {
            name: 'asks',
            when: { schema: 'plan', none: ['Always by first name.'] },
            reply: {
              json: {
                ...plan([]),
                clarifications_needed: [{ question: 'By which name?', choices: [] }],
              },
            },
          },
        ],
      }),
      answers: ['Always by first name.'],
    });
    const run = await here.run('Greet by name');
    assert.equal(run.ending.code, 'approved', run.ending.message);
    assert.deepEqual(
      (await noted(here)).map(({ text }) => text),
      ['Asked: By which name?\nThe user answered: Always by first name.'],
    );
  });

  it('that cannot be read or written stops no run, and is said once', async () => {
    const failing = async (): Promise<never> => {
      throw new StoreError('unreachable', 'The memory is gone.', 'Mend it.');
    };
    const memory: Memory = {
      recall: failing,
      remember: failing,
      forget: failing,
      plan: failing,
      keepPlan: failing,
      forgetPlan: failing,
    };
    const here = await given({
      script: crewScripts({ plan: ONE, edits: { task_1: [greetWrong, mendWrong] } }),
      memory: () => memory,
    });
    const run = await here.run('Greet by name');
    assert.equal(run.ending.code, 'approved', run.ending.message);
    assert.deepEqual(
      ofType(await here.persisted(run.runId), 'memory.lost').map(({ message }) => message),
      ['The memory is gone.'],
    );
  });
});
