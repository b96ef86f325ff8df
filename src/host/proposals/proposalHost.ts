import type * as vscode from 'vscode';
import type { StandingProposal } from '../../core/changes/hunks.ts';
import type { Finish } from '../../core/orchestrator/finish.ts';
import type { RunContext } from '../../core/orchestrator/runContext.ts';
import type { RunEnd } from '../../core/orchestrator/session.ts';
import type { Workspace } from '../../core/ports.ts';
import type { Standing } from './standingProposals.ts';

/** What the proposals need of the rest of the editor's side. */
export interface ProposalHost {
  /** The run that the chat shows. */
  shownRun(): string | undefined;
  /** The proposal of a run, as it is recorded by now; undefined where it has none. */
  standing(runId: string): Promise<Standing | undefined>;
  /** Does a piece of work on a run that is over, under its and its workspace's lease. */
  work(runId: string, flow: (run: RunContext) => Promise<Finish>): Promise<RunEnd>;
  /** The open folder at a run's workspace. @throws Error in words, where it is not open */
  folderOf(workspace: string): vscode.Uri;
  /** The files of that folder as the user sees them. */
  workspaceOf(folder: vscode.Uri): Workspace;
  /** Runs that can be restored to before, newest first. */
  pastRuns(): Promise<{ runId: string; title: string; startedAt: string }[]>;
  /** A run went on; its id. */
  readonly onDidChangeRun: vscode.Event<string>;
}

/** A run's proposal, in the folder that it belongs to. */
export interface ProposalView {
  runId: string;
  folder: vscode.Uri;
  proposal: StandingProposal;
}

/** @returns undefined where the run has none */
export async function viewOf(host: ProposalHost, runId: string): Promise<ProposalView | undefined> {
  const standing = await host.standing(runId);
  return standing && { runId, folder: host.folderOf(standing.workspace), proposal: standing.proposal };
}
