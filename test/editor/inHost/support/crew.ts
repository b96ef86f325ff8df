import assert from 'node:assert/strict';
import { openStore } from '../../../../src/node/openCrew.ts';
import { ROLES, type RunEvent } from '../../../../src/shared/events.ts';
import { fold } from '../../../../src/shared/fold.ts';
import type { RunState } from '../../../../src/shared/runState.ts';
import { type Fleet, type FleetOptions, startFleet } from '../../../models/fleet.ts';
import { conclave, set, until } from './editor.ts';

/** The scripted fleet, and the extension set to use it. */
export async function openFleet(script: FleetOptions['script']): Promise<Fleet> {
  const fleet = await startFleet({ script });
  for (const role of ROLES) await set(`endpoints.${role}.url`, fleet.urls[role]);
  return {
    ...fleet,
    async close() {
      for (const role of ROLES) await set(`endpoints.${role}.url`, undefined);
      await fleet.close();
    },
  };
}

/** The runs that the extension records, read beside it. */
export interface RecordedRuns {
  ids(): Promise<string[]>;
  events(runId: string): Promise<RunEvent[]>;
  /** The run that starts after this was called, once it is as wanted. */
  next(work: () => PromiseLike<unknown>, isAsWanted: (state: RunState) => boolean): Promise<RunState>;
  /** The run, once it is as wanted. */
  state(runId: string, isAsWanted: (state: RunState) => boolean): Promise<RunState>;
  close(): Promise<void>;
}

export async function openRecordedRuns(): Promise<RecordedRuns> {
  const store = await openStore({ home: (await conclave()).extensionPath, env: process.env });
  const ids = async (): Promise<string[]> => (await store.log.list()).map(({ runId }) => runId);
  async function events(runId: string): Promise<RunEvent[]> {
    const all: RunEvent[] = [];
    for await (const event of store.log.read(runId)) all.push(event);
    return all;
  }
  const runs: RecordedRuns = {
    ids,
    events,
    async next(work, isAsWanted) {
      const before = new Set(await ids());
      await work();
      const runId = await until('the run', async () => (await ids()).find((id) => !before.has(id)));
      return runs.state(runId, isAsWanted);
    },
    async state(runId, isAsWanted) {
      let state = fold(await events(runId));
      try {
        return await until('the state', async () => {
          state = fold(await events(runId));
          return isAsWanted(state) ? state : undefined;
        });
      } catch {
        assert.fail(`run ${runId} never came to the wanted state; it is ${JSON.stringify(state.phase)}`);
      }
    },
    close: () => store.close(),
  };
  return runs;
}

export const isOver = ({ phase: { kind } }: RunState): boolean =>
  kind === 'finished' || kind === 'paused' || kind === 'aborted';
