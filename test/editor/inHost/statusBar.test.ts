import assert from 'node:assert/strict';
import type { Shown } from '../../../src/host/runs.ts';
import { type Glance, glanceAt } from '../../../src/host/statusBar.ts';
import type { Ending, EventBody } from '../../../src/shared/events.ts';
import { fold } from '../../../src/shared/fold.ts';
import type { Activity } from '../../../src/shared/protocol.ts';
import { eventsOf, planOf, proposed, started, subtask } from '../../unit/runEvents.ts';

const TITLE = 'Use tokens instead of sessions';
const planned: EventBody[] = [
  started,
  { type: 'plan.started' },
  { type: 'plan.proposed', plan: planOf(subtask('task_1'), subtask('task_2')), notes: [] },
];

const writing = (id: string): EventBody[] => [
  { type: 'subtask.started', subtask: id, start: 1, includes: [], answers: 0 },
  { type: 'attempt.started', subtask: id, round: 1, rounds: 3 },
  { type: 'agent.delta', role: 'coder', lane: `coder:${id}`, channel: 'text', delta: 'x' },
];
const question: EventBody = { type: 'plan.question', questions: [{ id: 'q1', text: 'How long?' }] };
const ready: EventBody = { type: 'proposal.ready', files: [proposed('src/a.js')] };
const ended = (outcome: 'approved' | 'not_approved', code: Ending['code']): EventBody => ({
  type: 'run.finished',
  outcome,
  ending: { code, message: 'It is over.' },
});
const paused = (code: Ending['code']): EventBody => ({ type: 'run.paused', ending: { code, message: 'It paused.' } });

function glance(events: EventBody[], activity: Activity = { kind: 'working' }): Glance {
  const shown: Shown = { runId: 'run-1', state: fold(eventsOf(events)), activity };
  return glanceAt(shown);
}

describe('the status bar', () => {
  it('is calm before the first task', () => {
    assert.deepEqual(glanceAt(undefined), {
      text: '$(organization) Conclave',
      tooltip: 'Conclave: no task yet',
      tone: 'plain',
    });
  });

  const states: [string, Glance, string, string, Glance['tone']][] = [
    ['planning', glance([started, { type: 'plan.started' }]), '$(sync~spin) Planner', 'Conclave is working', 'plain'],
    [
      'a Coder at work',
      glance([...planned, ...writing('task_1')]),
      '$(sync~spin) Coder: task_1',
      'Conclave is working',
      'plain',
    ],
    [
      'two Coders',
      glance([...planned, ...writing('task_1'), ...writing('task_2')]),
      '$(sync~spin) 2 Coders',
      'Conclave is working',
      'plain',
    ],
    [
      'tests that run',
      glance([
        ...planned,
        ...writing('task_1'),
        { type: 'checks.started', scope: 'attempt', subtask: 'task_1', round: 1, runner: 'npm', argv: ['npm', 'test'] },
      ]),
      '$(sync~spin) Tests: task_1',
      'Conclave is working',
      'plain',
    ],
    [
      'a question',
      glance([started, { type: 'plan.started' }, question]),
      '$(bell-dot) Conclave: needs you',
      'The Planner has a question',
      'needsYou',
    ],
    [
      'an approval',
      glance([started, { type: 'approval.requested', id: 'a1', kind: 'command', what: 'make test' }]),
      '$(bell-dot) Conclave: needs you',
      'Something waits for your approval',
      'needsYou',
    ],
    [
      'a proposal',
      glance([...planned, ready, ended('approved', 'approved')], { kind: 'idle' }),
      '$(bell-dot) Conclave: needs you',
      'A change waits for your review',
      'needsYou',
    ],
    [
      'a run that was not approved',
      glance([...planned, ended('not_approved', 'not_approved')], { kind: 'idle' }),
      '$(error) Conclave: not approved',
      'It is over.',
      'plain',
    ],
    [
      'a run that ended well',
      glance([...planned, ended('approved', 'approved')], { kind: 'idle' }),
      '$(pass) Conclave',
      'It is over.',
      'plain',
    ],
    [
      'a server that is gone',
      glance([...planned, paused('server_unavailable')], { kind: 'idle' }),
      '$(debug-pause) Conclave: stopped',
      'It paused.',
      'error',
    ],
    [
      'a run without anybody at work',
      glance([...planned, ...writing('task_1')], { kind: 'idle' }),
      '$(debug-pause) Conclave: interrupted',
      'The run can go on',
      'plain',
    ],
    [
      'work of another window',
      glance([...planned, ...writing('task_1')], { kind: 'elsewhere', holder: 'another window' }),
      '$(sync~spin) Coder: task_1',
      'Conclave is working',
      'plain',
    ],
    [
      'a replay, whatever was open then',
      glance([started, question], { kind: 'replaying', pace: 4 }),
      '$(history) Conclave: replay',
      'A past run is shown again',
      'plain',
    ],
  ];
  for (const [what, { text, tooltip, tone }, wantedText, wantedTooltip, wantedTone] of states) {
    it(`tells of ${what}`, () => {
      assert.deepEqual([text, tooltip, tone], [wantedText, `${wantedTooltip}\n${TITLE}`, wantedTone]);
    });
  }
});
