import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import type { EventBody } from '../../src/shared/events.ts';
import { fold, foldEvent } from '../../src/shared/fold.ts';
import type { Probe } from '../../src/shared/probe.ts';
import { emptyRunState } from '../../src/shared/runState.ts';
import { foldLanes, type LiveLanes } from '../../src/terminal/liveLanes.ts';
import { drawChecklist, drawSubtasks } from '../../src/terminal/render/checklist.ts';
import { drawDiff } from '../../src/terminal/render/diff.ts';
import { lineFor } from '../../src/terminal/render/event.ts';
import { drawLiveRegion } from '../../src/terminal/render/liveRegion.ts';
import { painter } from '../../src/terminal/render/paint.ts';
import { columnsOf } from '../../src/terminal/render/plainText.ts';
import { paintLine } from '../../src/terminal/render/speaking.ts';
import { drawSummary } from '../../src/terminal/render/summary.ts';
import { eventsOf, planOf, probed, started, subtask, wholeRun } from './runEvents.ts';

const plain = painter({ colour: false });
const coloured = painter({ colour: true });
const canvas = { width: 80, paint: plain };

/** The lines that a run leaves behind. */
function transcript(bodies: readonly EventBody[]): string[] {
  let state = emptyRunState();
  return eventsOf(bodies).flatMap((event) => {
    const lines = lineFor(event, state)?.split('\n') ?? [];
    state = foldEvent(state, event);
    return lines;
  });
}

/** State and lanes after the first events of a run. */
function during(bodies: readonly EventBody[]) {
  let state = emptyRunState();
  let lanes: LiveLanes = {};
  for (const event of eventsOf(bodies)) {
    state = foldEvent(state, event);
    lanes = foldLanes(lanes, event, state);
  }
  return { state, lanes, now: Date.parse(state.lastAt) };
}

function upTo(type: EventBody['type'], more: Record<string, unknown> = {}): EventBody[] {
  const at = wholeRun.findIndex(
    (body) => body.type === type && Object.entries(more).every(([key, value]) => Reflect.get(body, key) === value),
  );
  assert.notEqual(at, -1, `no ${type}`);
  return wholeRun.slice(0, at + 1);
}

describe('the lines a run leaves behind', () => {
  it('says in a line what a server was seen to do', () => {
    const broken: Probe['tools'] = { streamed: 'broken', whole: 'broken', required: 'works', heldToSchema: 'broken' };
    const lines = transcript([
      probed('planner', { tools: broken }),
      probed('coder', { tools: { ...broken, whole: 'works' }, schema: 'ignored', windowFrom: 'assumed', decode: 27.4 }),
      probed('reviewer', { schema: 'runsAway', window: 131_072 }),
    ]);
    assert.deepEqual(lines, [
      'planner   SmolLM2 at http://localhost:8001/v1, window 8,192, schema held, native tools broken',
      'coder     SmolLM2 at http://localhost:8001/v1, window 8,192 (assumed: it does not tell), schema ignored, native tools only when not streamed, 27 tokens/s',
      'reviewer  SmolLM2 at http://localhost:8001/v1, window 131,072, schema answers run away in white space, native tools streamed',
    ]);
  });

  it('tell the run from start to end', () => {
    assert.deepEqual(transcript(wholeRun), [
      'crew      run run-1: Use tokens instead of sessions',
      '          in /projects/orders',
      'checks    before the change ✓ 8 passed',
      'user      How long shall a token live? → 1 hour',
      'planner   plan of 2 subtasks: Replace sessions by tokens.',
      '          task_1  Do task_1',
      '          task_2  Do task_2 (after task_1)',
      'coder     task_1 round 1/3: created src/jwt.js +40 −0',
      'coder     task_1 round 1/3: ! an edit of src/app.js could not be applied: the text occurs twice',
      'checks    task_1 ✗ 1 of 9 failed: expired tokens are refused',
      'reviewer  task_1 ✗ not approved: 1 failing check and 1 finding in the way',
      '          ✗ high src/jwt.js:31 The expiry is never compared.',
      'coder     task_1 round 2/3: mends what was found',
      'coder     task_1 round 2/3: edited src/jwt.js +3 −2',
      'checks    task_1 ✓ 9 passed',
      'reviewer  task_1 ✓ approved',
      'crew      task_1 ✓ approved after 2 rounds',
      'coder     task_2 round 3/3: mends what was found',
      'planner   task_2 is stuck: not approved in 3 rounds',
      '          so task_2a take its place: it is two things',
      'planner   thinks again about task_2',
      'planner   new plan for task_2, 1 subtask: Replace sessions by tokens.',
      '          task_2a  Do task_2a (after task_1)',
      '          smaller now',
      'crew      task_2a ! waived: the user wants it so',
      'checks    merged ✓ 12 passed',
      'reviewer  merged ✓ approved',
      'planner   ✓ Expired tokens are refused – a test says so',
      'crew      proposal: 2 files, +42 −1',
      'crew      Approved: a change of 2 files.',
    ]);
  });

  it('say what was approved, and by whom', () => {
    const asked: EventBody = { type: 'approval.requested', id: 'a', kind: 'command', what: 'Run `make check`' };
    const lines = (approved: boolean, by: 'user' | 'policy' | 'remembered') =>
      transcript([started, asked, { type: 'approval.answered', id: 'a', approved, by }]).slice(2);
    assert.deepEqual(lines(true, 'user'), ['user      approved: Run `make check`']);
    assert.deepEqual(lines(true, 'remembered'), ['user      approved, as before: Run `make check`']);
    assert.deepEqual(lines(false, 'policy'), ['user      not approved by policy: Run `make check`']);
  });

  it('hold nothing that a model or a file name could steer the terminal with', () => {
    const evil = '\x1b[2J\x07evil\r\n\u202e';
    const bodies = JSON.parse(
      JSON.stringify(wholeRun, (key, value) => (typeof value === 'string' && !FIXED.has(key) ? value + evil : value)),
    ) as EventBody[];
    const lines = transcript(bodies);
    assert.ok(lines.some((line) => line.includes('evil')));
    for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}]/u);
    const state = fold(eventsOf(bodies));
    const drawn = [
      ...drawChecklist(state, canvas),
      ...drawSummary(state, { ...canvas, delivery: { kind: 'none' }, times: {} }),
      ...drawDiff(state.proposal?.files ?? [], { paint: plain }),
    ];
    for (const line of drawn) assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}]/u);
  });

  it('are coloured without a change to their words', () => {
    const line = 'coder     task_1 round 1/3: edited a.js +40 −1';
    const painted = paintLine(line, coloured);
    assert.equal(stripVTControlCharacters(painted), line);
    assert.ok(painted.includes(coloured('coder', 'coder')));
    assert.ok(painted.includes(coloured('good', '+40')));
    assert.ok(painted.includes(coloured('bad', '−1')));
    assert.equal(paintLine(line, plain), line);
  });
});

/** Fields that hold a word of ours and no text from outside. */
const FIXED = new Set([
  'type',
  'kind',
  'role',
  'lane',
  'scope',
  'outcome',
  'status',
  'severity',
  'action',
  'decision',
  'channel',
  'state',
  'code',
  'by',
  'subtask',
  'id',
  'replanFor',
]);

describe('the plan as a checklist', () => {
  it('shows what every subtask is doing or waiting for', () => {
    const { state } = during(upTo('attempt.started', { round: 2 }));
    assert.deepEqual(drawSubtasks(state, { width: 70, paint: plain }), [
      '● task_1  Do task_1                 mending 1 failing check, round 2/3',
      '○ task_2  Do task_2                                       after task_1',
    ]);
  });

  it('ends with replaced and waived subtasks, the merged check and the evidence', () => {
    const lines = drawChecklist(fold(eventsOf(wholeRun)), canvas);
    assert.deepEqual(
      lines.map((line) => line.replace(/ {2,}/g, '  ')),
      [
        '✓ task_1  Do task_1  approved, round 2/3',
        '↷ task_2  Do task_2  replaced, round 3/3',
        '~ task_2a  Do task_2a  waived',
        'merged  ✓ 12 passed, ✓ review approved',
        '✓ Expired tokens are refused',
        '  a test says so',
      ],
    );
  });

  it('shows open questions with numbered choices', () => {
    const { state } = during(upTo('plan.question'));
    assert.deepEqual(drawChecklist(state, canvas), [
      '? How long shall a token live?',
      '  1. 15 minutes',
      '  2. 1 hour',
    ]);
  });

  it('keeps those at work in sight where there is no room for all', () => {
    const ids = Array.from({ length: 20 }, (_, at) => `task_${at + 1}`);
    const { state } = during([
      started,
      { type: 'plan.proposed', plan: planOf(...ids.map((id) => subtask(id))), notes: [] },
      ...ids.slice(0, 9).map(
        (id): EventBody => ({
          type: 'subtask.finished',
          subtask: id,
          start: 1,
          outcome: 'approved',
          rounds: 1,
          reason: '',
          files: [],
        }),
      ),
      { type: 'subtask.started', subtask: 'task_15', start: 1, includes: [], answers: 0 },
    ]);
    const lines = drawSubtasks(state, { ...canvas, rows: 3 });
    assert.equal(lines.length, 3);
    assert.match(lines.join('\n'), /task_10 [\s\S]*● task_15 [\s\S]*… 18 more subtasks, 9 of 20 done/);
  });
});

describe('the live region', () => {
  it('shows who is at work, how fast, and the end of what is being written', () => {
    const bodies = [
      ...upTo('usage.reported'),
      ...Array.from(
        { length: 3 },
        (): EventBody => ({
          type: 'agent.delta',
          role: 'coder',
          lane: 'coder:task_1',
          channel: 'text',
          delta: '\n  const key = 1;',
        }),
      ),
    ];
    const { state, lanes, now } = during(bodies);
    const lines = drawLiveRegion(state, lanes, { ...canvas, rows: 20, now });
    assert.equal(lines[0], 'coder     task_1  writing · 38 tokens/s · 6 s');
    assert.equal(lines[1], '            const key = 1;');
    assert.match(lines.join('\n'), /● task_1/);
  });

  it('says what is looked up, what is run, and who is waited for', () => {
    const first = (bodies: EventBody[]) => {
      const { state, lanes, now } = during(bodies);
      return drawLiveRegion(state, lanes, { ...canvas, rows: 20, now })[0];
    };
    assert.equal(first(upTo('tool.called')), 'planner   read_file src/auth.js');
    assert.equal(first(upTo('checks.started', { scope: 'attempt' })), 'checks    task_1  runs npm test');
    assert.equal(first(upTo('checks.finished', { scope: 'attempt' })), 'reviewer  task_1  reading');
  });

  it('dims reasoning and not the answer', () => {
    const { state, lanes, now } = during(upTo('agent.delta', { channel: 'reasoning' }));
    const lines = drawLiveRegion(state, lanes, { width: 80, paint: coloured, rows: 20, now });
    assert.equal(lines[1], coloured('faint', '          First I look at the routes.'));
  });

  it('is never larger than the terminal, at any point of a run', () => {
    fc.assert(
      fc.property(
        fc.nat(wholeRun.length),
        fc.integer({ min: 1, max: 130 }),
        fc.integer({ min: 0, max: 12 }),
        (end, width, rows) => {
          const { state, lanes, now } = during(wholeRun.slice(0, end));
          const lines = drawLiveRegion(state, lanes, { width, rows, paint: coloured, now: now + 5000 });
          assert.ok(lines.length <= rows, `${lines.length} lines`);
          for (const line of lines) assert.ok(columnsOf(stripVTControlCharacters(line)) <= width, line);
        },
      ),
    );
  });

  it('is empty when the run is over', () => {
    const { state, lanes, now } = during([
      started,
      { type: 'plan.started' },
      { type: 'run.aborted', ending: { code: 'aborted', message: 'Stopped.' } },
    ]);
    assert.deepEqual(drawLiveRegion(state, lanes, { ...canvas, rows: 20, now }), []);
  });
});
