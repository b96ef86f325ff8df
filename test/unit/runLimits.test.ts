import assert from 'node:assert/strict';
import { openLimits } from '../../src/core/orchestrator/runLimits.ts';
import { RunStop } from '../../src/core/orchestrator/runStop.ts';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { eventsOf, started } from './runEvents.ts';

describe('the limits of a run', () => {
  it('count what earlier sessions worked, and name the setting as the user knows it', () => {
    const settings = { ...DEFAULT_SETTINGS, limits: { ...DEFAULT_SETTINGS.limits, tokens: 10, minutes: 2 } };
    const nameOf = (key: string): string => `conclave.${key}`;
    const open = (recorded: RunEvent[], now: () => Date) => openLimits({ settings, nameOf, now }, recorded);
    const fresh = open([], () => new Date());
    fresh.check();
    const turn = { type: 'turn.finished', usage: { promptTokens: 1, completionTokens: 10 } } as RunEvent;
    fresh.count(turn);
    assert.throws(fresh.check, ({ ending }: RunStop) => {
      assert.deepEqual(ending, {
        code: 'limit_reached',
        message: 'The run has used up its 10 tokens of answers.',
        remedy: 'Raise conclave.limits.tokens and resume the run, or give smaller tasks.',
      });
      return true;
    });

    const ended = { type: 'run.paused', ending: { code: 'stopped', message: 'Stopped.' } } as never;
    let at = new Date('2026-11-24T08:00:00Z');
    const resumed = open(eventsOf([started, ended]), () => at);
    at = new Date('2026-11-24T08:01:58Z');
    resumed.check();
    at = new Date('2026-11-24T08:01:59Z');
    assert.throws(resumed.check, (error: unknown) => error instanceof RunStop && /2 minutes/.test(error.message));
  });
});
