import assert from 'node:assert/strict';
import { runsOverBounds } from '../../src/core/store/storeBounds.ts';

const run = (runId: string, state: string, bytes = 10) => ({
  runId,
  state,
  bytes,
  startedAt: `2025-01-${runId}T00:00:00.000Z`,
});

describe('the bounds of a store', () => {
  it('let the oldest finished runs go, one by one, until both are kept', () => {
    const runs = [run('03', 'approved'), run('01', 'not_approved'), run('04', 'answered'), run('02', 'nothing_to_do')];
    assert.deepEqual(runsOverBounds(runs, { finishedRuns: 4, bytes: 40 }), []);
    assert.deepEqual(runsOverBounds(runs, { finishedRuns: 3, bytes: 40 }), ['01']);
    assert.deepEqual(runsOverBounds(runs, { finishedRuns: 4, bytes: 25 }), ['01', '02']);
    assert.deepEqual(runsOverBounds(runs, { finishedRuns: 1, bytes: 35 }), ['01', '02', '03']);
  });

  it('never take one that has not finished, whatever it holds', () => {
    const runs = ['running', 'interrupted', 'paused', 'aborted', 'unreadable'].map((state) => run('01', state, 1000));
    assert.deepEqual(runsOverBounds([...runs, run('02', 'approved')], { finishedRuns: 0, bytes: 0 }), ['02']);
  });
});
