import assert from 'node:assert/strict';
import { EVENT_VERSION, openUpgrade } from '../../src/core/store/eventVersion.ts';
import type { RunEvent } from '../../src/shared/events.ts';

/** Events of a run with the fields that a test is about. */
function events(...bodies: object[]): RunEvent[] {
  return bodies.map((body, index) => ({
    ...body,
    runId: 'a',
    seq: index + 1,
    at: '2025-01-01T00:00:00.000Z',
  })) as RunEvent[];
}

function upgraded(old: readonly RunEvent[], version: number): RunEvent[] {
  const upgrade = openUpgrade();
  return old.map((event) => upgrade(event, version));
}

const answers = (count: number): object[] => Array.from({ length: count }, (_, index) => ({ id: `q${index}` }));

describe('events of version 1', () => {
  it('get which start a subtask ends, by their step', () => {
    const [first, second] = upgraded(
      events(
        { type: 'subtask.finished', subtask: 'x', outcome: 'restarted', step: 'subtask/x/start-1/finished' },
        { type: 'subtask.finished', subtask: 'x', outcome: 'approved', step: 'subtask/x/start-2/finished' },
      ),
      1,
    );
    assert.deepEqual(
      [first, second].map((event) => event?.type === 'subtask.finished' && event.start),
      [1, 2],
    );
  });

  it('get the number of answers that a subtask knew of when it started', () => {
    const start = (subtask: string, number: number): object => ({
      type: 'subtask.started',
      subtask,
      start: number,
      step: `subtask/${subtask}/start-${number}/started`,
    });
    const known = upgraded(
      events(
        { type: 'plan.answered', answers: answers(2), step: 'plan/questions-1' },
        start('x', 1),
        { type: 'plan.answered', answers: answers(1), step: 'subtask/x/start-1/question' },
        // Answered, but it is not known to the others before the subtask has ended.
        start('y', 1),
        { type: 'subtask.finished', subtask: 'x', outcome: 'restarted', step: 'subtask/x/start-1/finished' },
        start('x', 2),
        { type: 'subtask.finished', subtask: 'y', outcome: 'restarted', step: 'subtask/y/start-1/finished' },
        start('y', 2),
      ),
      1,
    ).flatMap((event) => (event.type === 'subtask.started' ? [event.answers] : []));
    assert.deepEqual(known, [2, 2, 3, 3]);
  });

  it('have the merged change as a subtask', () => {
    const [round, end] = upgraded(
      events(
        { type: 'attempt.started', subtask: 'merged', round: 1, rounds: 3, step: 'merged/round-1' },
        {
          type: 'merged.finished',
          outcome: 'failed',
          rounds: 3,
          reason: 'It is red.',
          files: [],
          step: 'merged/finished',
        },
      ),
      1,
    );
    assert.equal(round?.step, 'subtask/merged/start-1/round-1');
    const { runId, seq, at, ...body } = end as RunEvent;
    assert.deepEqual(body, {
      type: 'subtask.finished',
      subtask: 'merged',
      start: 1,
      outcome: 'failed',
      rounds: 3,
      reason: 'It is red.',
      files: [],
      step: 'subtask/merged/start-1/finished',
    });
  });

  it('are left as they are where they say it already, and so are those of today', () => {
    const full = events(
      { type: 'subtask.started', subtask: 'x', start: 1, answers: 7, includes: [], step: 'subtask/x/start-1/started' },
      { type: 'subtask.finished', subtask: 'x', start: 1, outcome: 'approved', step: 'subtask/x/start-1/finished' },
      { type: 'of a newer version' },
    );
    assert.deepEqual(upgraded(full, 1), full);
    const odd = events({ type: 'subtask.ready', subtask: 'merged', step: 'merged/x' });
    assert.deepEqual(upgraded(odd, EVENT_VERSION), odd);
  });
});
