import type * as vscode from 'vscode';
import type { Store } from '../core/orchestrator/session.ts';
import type { Runs } from './runs.ts';
import type { Tasks } from './tasks.ts';

const AT_WORK = 'conclave.atWork';
const SHOWN = 'conclave.shown';

/** A reload takes seconds. What was interrupted longer ago waits for the user: nobody wants a GPU busy by surprise. */
const RELOAD = 2 * 60_000;

/** Remembers, for the next window on this workspace, what was shown and what was at work. */
export function rememberRuns(runs: Runs, memory: vscode.Memento): vscode.Disposable {
  return runs.onShow((shown) => void memory.update(SHOWN, shown?.runId));
}

/** Called when this window begins (or ends) working on a run. */
export function rememberWork(memory: vscode.Memento, runId: string | undefined): void {
  void memory.update(AT_WORK, runId);
}

/** Shows what was shown before the window was closed or reloaded; goes on with what the reload interrupted. */
export async function restoreRuns(parts: {
  runs: Runs;
  tasks: Tasks;
  store: Store;
  memory: vscode.Memento;
}): Promise<void> {
  const { runs, tasks, store, memory } = parts;
  const atWork = memory.get<string>(AT_WORK);
  const runId = atWork ?? memory.get<string>(SHOWN);
  if (runId === undefined) return;
  const summary = (await store.log.list()).find((one) => one.runId === runId);
  // Deleted meanwhile, or kept in another store.
  if (!summary) return;
  await runs.show(runId);
  if (atWork === undefined) return;
  rememberWork(memory, undefined);
  const last = await lastEventAt(store, runId, summary.lastSeq);
  if (Date.now() - last > RELOAD) return;
  const state = await stateWhenLeft(store, runId);
  if (state !== undefined && GOES_ON.includes(state)) await tasks.resume(runId);
}

/** The states of a run that a reload can have left; a finished one has nothing to go on with. */
const GOES_ON = ['interrupted', 'aborted', 'paused'];

/** The run's state once the old window has let go of it, which may take it a moment; undefined where it does not. */
async function stateWhenLeft(store: Store, runId: string): Promise<string | undefined> {
  for (let tries = 0; tries < 40; tries += 1) {
    const state = (await store.log.list()).find((one) => one.runId === runId)?.state;
    if (state !== 'running') return state;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return undefined;
}

/** Milliseconds since the epoch. */
async function lastEventAt(store: Store, runId: string, lastSeq: number): Promise<number> {
  let at = 0;
  for await (const event of store.log.read(runId, lastSeq - 1)) at = Date.parse(event.at);
  return at;
}
