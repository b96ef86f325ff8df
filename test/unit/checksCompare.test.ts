import assert from 'node:assert/strict';
import { blockingFailures } from '../../src/core/checks/compare.ts';
import type { CheckReport } from '../../src/shared/events.ts';

function report(status: CheckReport['status'], names: readonly string[] = [], reason?: string): CheckReport {
  const failed = names.map((name) => ({ name }));
  const because = reason === undefined ? {} : { reason };
  return { type: 'test_results', status, runner: 'npm', exit_code: 1, output: '', failed, ms: 1, ...because };
}

function check(
  base: CheckReport | undefined,
  now: CheckReport,
  declared: readonly string[],
  expected: { blocking: string[]; known: string[]; fresh: string[] },
) {
  const compared = blockingFailures(base, now, declared);
  const names = (of: 'blocking' | 'known' | 'fresh') => compared[of].map(({ name }) => name);
  assert.deepEqual({ blocking: names('blocking'), known: names('known'), fresh: names('fresh') }, expected);
}

describe('which failing checks block', () => {
  it('lets green and absent checks pass', () => {
    check(report('passed'), report('passed'), [], { blocking: [], known: [], fresh: [] });
    check(undefined, report('none'), [], { blocking: [], known: [], fresh: [] });
  });

  it('blocks old failures too', () => {
    check(report('failed', ['a']), report('failed', ['a', 'b']), [], { blocking: ['a', 'b'], known: [], fresh: ['b'] });
  });

  it('excuses what was red and is declared, by its exact name', () => {
    check(report('failed', ['a', 'b']), report('failed', ['a', 'b']), ['a', 'B', ' b'], {
      blocking: ['b'],
      known: ['a'],
      fresh: [],
    });
  });

  it('never excuses what newly fails, declared or not', () => {
    for (const base of [report('passed'), report('failed', ['other']), report('none'), undefined]) {
      check(base, report('failed', ['a']), ['a'], { blocking: ['a'], known: [], fresh: ['a'] });
    }
  });

  it('blocks checks that timed out or could not run as one failure', () => {
    check(report('passed'), report('timed_out'), [], {
      blocking: ['npm: timed out'],
      known: [],
      fresh: ['npm: timed out'],
    });
    check(undefined, report('could_not_run', [], 'no npm'), ['npm: could not run'], {
      blocking: ['npm: could not run'],
      known: [],
      fresh: ['npm: could not run'],
    });
  });

  it('excuses them where the base ended in the same way, but not tests that were seen to fail', () => {
    check(report('could_not_run', [], 'no npm'), report('could_not_run', [], 'no npm'), [], {
      blocking: [],
      known: ['npm: could not run'],
      fresh: [],
    });
    check(report('could_not_run', [], 'no npm'), report('could_not_run', [], 'no vitest'), [], {
      blocking: ['npm: could not run'],
      known: [],
      fresh: ['npm: could not run'],
    });
    check(report('timed_out'), report('timed_out', ['a']), [], {
      blocking: ['a'],
      known: ['npm: timed out'],
      fresh: ['a'],
    });
  });

  it('blocks a red run that names no test', () => {
    check(report('passed'), report('failed'), [], { blocking: ['npm: failed'], known: [], fresh: ['npm: failed'] });
  });
});
