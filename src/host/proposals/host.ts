import * as vscode from 'vscode';
import type { Store } from '../../core/orchestrator/session.ts';
import type { RunEvent } from '../../shared/events.ts';
import { isOpenFolder } from '../folders.ts';
import { listRuns } from '../pastRuns.ts';
import type { Runs } from '../runs.ts';
import type { Tasks } from '../tasks.ts';
import type { ProposalHost } from './proposalHost.ts';

/** What the proposals need, from the parts that have it. */
export function proposalHost({ runs, tasks, store }: { runs: Runs; tasks: Tasks; store: Store }): ProposalHost {
  const onDidChangeRun = new vscode.EventEmitter<string>();
  runs.onEvents(({ shown, events }) => {
    if (events.some(({ type }) => type.startsWith('proposal.') || type === 'run.finished'))
      onDidChangeRun.fire(shown.runId);
  });
  return {
    shownRun: () => runs.shown?.runId,
    async eventsOf(runId) {
      const events: RunEvent[] = [];
      for await (const event of store.log.read(runId)) events.push(event);
      return events;
    },
    work: (runId, flow) => tasks.workOn(runId, flow),
    folderOf: (workspace) => tasks.folderOf(workspace),
    crewOf: (folder) => tasks.crewOf(folder.fsPath),
    pastRuns: async () =>
      (await listRuns(store, isOpenFolder, '')).filter(({ isHere, state }) => isHere && state === 'approved'),
    onDidChangeRun: onDidChangeRun.event,
  };
}
