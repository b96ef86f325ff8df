import assert from 'node:assert/strict';
import type { Fleet } from '../../../src/core/fleet/fleet.ts';
import { type FleetWatch, openFleetWatch } from '../../../src/host/fleet/fleetWatch.ts';
import type { FleetState } from '../../../src/shared/fleet.ts';
import { until } from './support/editor.ts';

const coder = { name: 'vllm-coder', kind: 'model', roles: ['coder'] } as const;
const READY: FleetState = { profile: 'one', services: [{ ...coder, state: { kind: 'ready' } }] };

/** A fleet that is told of by `follow`, which is all of it that is followed. */
function fleetTold(by: (signal: AbortSignal) => AsyncIterable<FleetState>): Fleet {
  return { follow: by } as Partial<Fleet> as Fleet;
}

async function* untilAborted(signal: AbortSignal): AsyncIterable<FleetState> {
  yield READY;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

describe('what follows the fleet', () => {
  let watch: FleetWatch | undefined;

  afterEach(() => watch?.dispose());

  it('says that it cannot be followed, once in the log, and follows it again', async () => {
    const reported: unknown[] = [];
    const seen: string[] = [];
    let follows = 0;
    async function* sometimes(signal: AbortSignal): AsyncIterable<FleetState> {
      follows += 1;
      if (follows <= 3) throw new Error('too many open files');
      yield* untilAborted(signal);
    }
    watch = openFleetWatch({
      open: async () => ({ kind: 'fleet', profile: 'one', title: 'One', fleet: fleetTold(sometimes) }),
      basis: async () => 'one',
      again: 600,
      report: (error) => reported.push(error),
    });
    watch.onChange((view) => seen.push(view.kind === 'unusable' ? view.problem.what : view.kind));
    await until('the fleet that is followed again', () => watch?.view.kind === 'fleet' || undefined);
    assert.deepEqual(seen.slice(0, 1), ['too many open files']);
    assert.equal(reported.length, 1);
  });
});
