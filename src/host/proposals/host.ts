import * as vscode from 'vscode';
import type { Store } from '../../core/orchestrator/session.ts';
import type { Workspace } from '../../core/ports.ts';
import { isOpenFolder } from '../folders.ts';
import { listRuns } from '../pastRuns.ts';
import type { Runs } from '../runs.ts';
import type { Tasks } from '../tasks.ts';
import type { ProposalHost } from './proposalHost.ts';
import { openStandingProposals } from './standingProposals.ts';

/** What the proposals need, from the parts that have it. */
export function proposalHost({
  runs,
  tasks,
  store,
  workspaceOf,
}: {
  runs: Runs;
  tasks: Tasks;
  store: Store;
  workspaceOf: (folder: vscode.Uri) => Workspace;
}): ProposalHost {
  const onDidChangeRun = new vscode.EventEmitter<string>();
  runs.onEvents(({ shown, events }) => {
    if (events.some(({ type }) => type.startsWith('proposal.') || type === 'run.finished'))
      onDidChangeRun.fire(shown.runId);
  });
  return {
    shownRun: () => runs.shown?.runId,
    standing: openStandingProposals(store.log),
    work: (runId, flow) => tasks.workOn(runId, flow),
    folderOf: (workspace) => tasks.folderOf(workspace),
    workspaceOf,
    pastRuns: async () =>
      (await listRuns(store, isOpenFolder, '')).filter(({ isHere, state }) => isHere && state === 'approved'),
    onDidChangeRun: onDidChangeRun.event,
  };
}
