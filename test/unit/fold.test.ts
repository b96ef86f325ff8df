import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventBody, RunEvent } from '../../src/shared/events.ts';
import { fold, foldEvent } from '../../src/shared/fold.ts';
import { emptyRunState, type RunState } from '../../src/shared/runState.ts';
import { checks, eventsOf, planOf, proposed, reviewed, started, subtask, verdict, wholeRun } from './runEvents.ts';

const plan = planOf(subtask('task_1'), subtask('task_2', ['task_1']));
const planned: EventBody[] = [
  started,
  { type: 'plan.started' },
  { type: 'plan.proposed', plan, notes: ['merged two subtasks'] },
];

function stateAfter(...bodies: EventBody[]): RunState {
  return fold(eventsOf(bodies));
}

function phases(state: RunState): string[] {
  return state.subtasks.map(({ plan: { id }, phase }) => `${id} ${phase}`);
}

describe('the state of a run', () => {
  it('starts with what the user asked for', () => {
    const state = stateAfter(started);
    assert.deepEqual(state.phase, { kind: 'starting' });
    assert.equal(state.task, 'Use tokens instead of sessions');
    assert.equal(state.workspace, '/projects/orders');
    assert.equal(state.startedAt, '2026-11-23T20:00:00.000Z');
    assert.equal(state.lastSeq, 1);
  });

  it('keeps open questions until they are answered', () => {
    const question = { id: 'q1', text: 'Which database?' };
    const asked: EventBody[] = [started, { type: 'plan.started' }, { type: 'plan.question', questions: [question] }];
    assert.deepEqual(stateAfter(...asked).phase, { kind: 'planning' });
    assert.deepEqual(stateAfter(...asked).openQuestions, [question]);
    const answered = stateAfter(...asked, {
      type: 'plan.answered',
      answers: [{ id: 'q1', question: question.text, answer: 'SQLite' }],
    });
    assert.deepEqual(answered.openQuestions, []);
    assert.equal(answered.answers[0]?.answer, 'SQLite');
  });

  it('knows which plan comes from the plan cache', () => {
    const plan = planOf(subtask('task_1'));
    const from = { key: 'k', run: 'r1', plannedAt: '2026-01-02T03:04:05.000Z', notes: [] };
    const hit = { kind: 'exact' as const, plan, answers: [] };
    const state = stateAfter(
      started,
      { type: 'plan.cached', ...from, hit },
      { type: 'plan.proposed', plan, notes: [] },
    );
    assert.deepEqual(state.planCached, { kind: 'exact', run: 'r1', plannedAt: from.plannedAt });
    assert.equal(stateAfter(...planned).planCached, undefined);
  });

  it('lists the planned subtasks as waiting', () => {
    const state = stateAfter(...planned);
    assert.deepEqual(state.phase, { kind: 'working' });
    assert.deepEqual(phases(state), ['task_1 waiting', 'task_2 waiting']);
    assert.deepEqual(state.planNotes, ['merged two subtasks']);
  });

  it('follows a subtask from ready over its rounds to approved', () => {
    const steps: [EventBody, string][] = [
      [{ type: 'subtask.ready', subtask: 'task_1' }, 'ready'],
      [{ type: 'subtask.started', subtask: 'task_1', start: 1, includes: [], answers: 0 }, 'coding'],
      [{ type: 'attempt.started', subtask: 'task_1', round: 1, rounds: 3 }, 'coding'],
      [
        { type: 'checks.started', scope: 'attempt', subtask: 'task_1', round: 1, runner: 'npm', argv: ['npm', 'test'] },
        'checking',
      ],
      [
        { type: 'checks.finished', scope: 'attempt', subtask: 'task_1', round: 1, report: checks(1, [{ name: 'a' }]) },
        'reviewing',
      ],
      [reviewed('task_1', 1, verdict([], [{ name: 'a' }])), 'reviewing'],
      [{ type: 'attempt.started', subtask: 'task_1', round: 2, rounds: 3 }, 'coding'],
      [
        {
          type: 'subtask.finished',
          subtask: 'task_1',
          start: 1,
          outcome: 'approved',
          rounds: 2,
          reason: 'green',
          files: [],
        },
        'approved',
      ],
    ];
    let state = stateAfter(...planned);
    for (const [at, [body, phase]] of steps.entries()) {
      state = foldEvent(state, { ...body, runId: 'run-1', seq: 10 + at, at: '2026-11-23T21:00:00.000Z' });
      assert.deepEqual(phases(state), [`task_1 ${phase}`, 'task_2 waiting'], body.type);
    }
    const [first] = state.subtasks;
    assert.equal(first?.round, 2);
    assert.equal(first?.verdict?.status, 'failed');
    assert.equal(first?.reason, 'green');
  });

  it('counts an edit once, although a turn that is taken again reports it again', () => {
    const edit: EventBody = {
      type: 'edit.applied',
      lane: 'coder:task_1',
      subtask: 'task_1',
      edit: 'e1',
      path: 'a.js',
      action: 'modify',
      added: 2,
      removed: 1,
    };
    const rejected: EventBody = {
      type: 'edit.rejected',
      lane: 'coder:task_1',
      subtask: 'task_1',
      edit: 'e2',
      path: 'b.js',
      reason: 'not found',
    };
    const [first] = stateAfter(...planned, edit, rejected, { type: 'run.resumed', epoch: 2 }, edit, rejected).subtasks;
    assert.deepEqual(first?.edits, [{ edit: 'e1', path: 'a.js', action: 'modify', added: 2, removed: 1 }]);
    assert.deepEqual(first?.rejectedEdits, ['e2']);
  });

  it('puts replacements behind the subtask they replace', () => {
    const state = stateAfter(
      ...planned,
      {
        type: 'subtask.escalated',
        subtask: 'task_1',
        reason: 'red three times',
        decision: 'replan',
        because: 'too big',
        replacements: ['task_1a', 'task_1b'],
      },
      {
        type: 'subtask.finished',
        subtask: 'task_1',
        start: 1,
        outcome: 'replaced',
        rounds: 3,
        reason: 'too big',
        files: [],
      },
      { type: 'plan.started', replanFor: 'task_1' },
      {
        type: 'plan.proposed',
        replanFor: 'task_1',
        plan: planOf(subtask('task_1a'), subtask('task_1b')),
        notes: ['smaller'],
      },
    );
    assert.deepEqual(phases(state), ['task_1 replaced', 'task_1a waiting', 'task_1b waiting', 'task_2 waiting']);
    assert.deepEqual(state.planNotes, ['merged two subtasks', 'smaller']);
    assert.deepEqual(state.plan, plan, 'the first plan stays the plan');
  });

  it('makes a restarted subtask ready again', () => {
    const finished: EventBody = {
      type: 'subtask.finished',
      subtask: 'task_1',
      start: 1,
      outcome: 'restarted',
      rounds: 1,
      reason: 'app.js changed',
      files: [],
    };
    assert.deepEqual(phases(stateAfter(...planned, finished)), ['task_1 ready', 'task_2 waiting']);
  });

  it('knows the merged change apart from the subtasks', () => {
    const state = stateAfter(
      ...planned,
      { type: 'checks.finished', scope: 'merged', subtask: 'merged', report: checks(12) },
      reviewed('merged', 1, verdict()),
    );
    assert.deepEqual(state.phase, { kind: 'merging' });
    assert.equal(state.merged.checks?.passed, 12);
    assert.equal(state.merged.verdict?.status, 'approved');
    assert.deepEqual(phases(state), ['task_1 waiting', 'task_2 waiting']);
  });

  it('follows the merged change through its rounds, and puts behind everything what is planned for it', () => {
    const events: EventBody[] = [
      ...planned,
      { type: 'subtask.started', subtask: 'merged', start: 1, includes: ['task_1', 'task_2'], answers: 0 },
      { type: 'attempt.started', subtask: 'merged', round: 2, rounds: 4 },
      { type: 'checks.finished', scope: 'merged', subtask: 'merged', report: checks(12) },
    ];
    const reviewing = stateAfter(...events);
    assert.deepEqual([reviewing.merged.phase, reviewing.merged.round, reviewing.merged.rounds], ['reviewing', 2, 4]);
    assert.deepEqual(reviewing.phase, { kind: 'merging' });
    const fresh = { id: 'task_3', description: '', success_criteria: '', depends_on: ['task_1', 'task_2'], files: [] };
    const replanned = stateAfter(
      ...events,
      {
        type: 'plan.proposed',
        plan: { task_understood: '', clarifications_needed: [], plan: [fresh], known_failures: [], risks: [] },
        replanFor: 'merged',
        notes: [],
      },
      { type: 'subtask.finished', subtask: 'merged', start: 1, outcome: 'replaced', rounds: 4, reason: '', files: [] },
    );
    assert.deepEqual(phases(replanned), ['task_1 waiting', 'task_2 waiting', 'task_3 waiting']);
    assert.equal(replanned.merged.phase, 'replaced');
    assert.deepEqual(replanned.phase, { kind: 'working' });
  });

  it('shows a pause, goes on where it was when resumed, and forgets who was at work', () => {
    const ending = { code: 'server_unavailable' as const, message: 'The coder is gone.' };
    const working: EventBody[] = [
      ...planned,
      { type: 'agent.delta', role: 'coder', lane: 'coder:task_1', channel: 'text', delta: 'x' },
    ];
    const lost: EventBody = { type: 'server.lost', role: 'coder', url: 'http://localhost:8002/v1', message: 'gone' };
    assert.deepEqual(Object.keys(stateAfter(...working, lost).lanes), ['planner', 'coder:task_1']);

    const paused = stateAfter(...working, lost, { type: 'run.paused', ending });
    assert.deepEqual(paused.phase, { kind: 'paused', ending });
    assert.deepEqual(paused.lanes, {});
    const resumed = stateAfter(...working, lost, { type: 'run.paused', ending }, { type: 'run.resumed', epoch: 2 });
    assert.deepEqual(resumed.phase, { kind: 'working' });
    assert.deepEqual(resumed.servers, {});
    assert.deepEqual(phases(resumed), phases(paused));
    assert.deepEqual(stateAfter(started, { type: 'run.aborted', ending }, { type: 'run.resumed', epoch: 2 }).phase, {
      kind: 'planning',
    });
  });

  it('goes from proposal to accepted or rejected, and to its end', () => {
    const ready: EventBody = { type: 'proposal.ready', files: [proposed('a.js')] };
    assert.deepEqual(stateAfter(...planned, ready).phase, { kind: 'proposed' });
    assert.equal(stateAfter(...planned, ready).proposal?.state, 'open');
    assert.equal(
      stateAfter(...planned, ready, { type: 'proposal.accepted', paths: ['a.js'], by: 'apply' }).proposal?.state,
      'accepted',
    );
    assert.equal(
      stateAfter(...planned, ready, { type: 'proposal.rejected', reason: 'no' }).proposal?.state,
      'rejected',
    );
    const ending = { code: 'approved' as const, message: 'Approved.' };
    assert.deepEqual(stateAfter(...planned, ready, { type: 'run.finished', outcome: 'approved', ending }).phase, {
      kind: 'finished',
      outcome: 'approved',
      ending,
    });
  });

  it('adds up what each role read and wrote', () => {
    const usage = (promptTokens: number, cachedTokens?: number): EventBody => ({
      type: 'usage.reported',
      role: 'coder',
      lane: 'coder:task_1',
      model: 'devstral',
      window: 8192,
      usage: { promptTokens, completionTokens: 10, ...(cachedTokens === undefined ? {} : { cachedTokens }) },
      tokensPerSecond: 40,
    });
    assert.deepEqual(stateAfter(started, usage(100), usage(150, 90)).usage.coder, {
      requests: 2,
      promptTokens: 250,
      cachedTokens: 90,
      completionTokens: 20,
      window: 8192,
      lastPromptTokens: 150,
      tokensPerSecond: 40,
      model: 'devstral',
    });
  });

  it('keeps an approval open until it is answered', () => {
    const asked: EventBody = { type: 'approval.requested', id: 'a', kind: 'command', what: 'Run make' };
    assert.deepEqual(stateAfter(started, asked).openApprovals, [{ id: 'a', what: 'Run make' }]);
    assert.deepEqual(
      stateAfter(started, asked, { type: 'approval.answered', id: 'a', approved: true, by: 'user' }).openApprovals,
      [],
    );
  });

  it('is the same folded at once, one by one, in two halves, or from what was stored as JSON', () => {
    const bodies = fc.array(fc.constantFrom(...wholeRun, { type: 'run.resumed', epoch: 2 } as const), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(bodies, fc.nat(60), (chosen, half) => {
        const events = eventsOf([started, ...chosen]);
        const frozen = events.map((event) => deeplyFrozen(structuredClone(event)));
        const oneByOne = frozen.reduce(
          (state, event) => deeplyFrozen(foldEvent(state, event)),
          deeplyFrozen(emptyRunState()),
        );
        const atOnce = fold(events);
        assert.deepEqual(oneByOne, atOnce);
        assert.deepEqual(events.slice(half).reduce(foldEvent, fold(events.slice(0, half))), atOnce);
        const stored = events.map((event) => JSON.parse(JSON.stringify(event)) as RunEvent);
        assert.deepEqual(fold(stored), atOnce);
        // The state itself is stored as JSON too.
        assert.deepEqual(JSON.parse(JSON.stringify(atOnce)), atOnce);
      }),
      { numRuns: 60 },
    );
  });
});

/** A fold that changes what it was given throws. */
function deeplyFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deeplyFrozen);
  }
  return value;
}
