import type * as vscode from 'vscode';
import { type StandingProposal, standingProposal } from '../../core/changes/hunks.ts';
import type { Finish } from '../../core/orchestrator/finish.ts';
import type { Crew, RunContext } from '../../core/orchestrator/runContext.ts';
import type { RunEnd } from '../../core/orchestrator/session.ts';
import type { RunEvent } from '../../shared/events.ts';

/** What the proposals need of the rest of the editor's side. */
export interface ProposalHost {
  /** The run that the chat shows. */
  shownRun(): string | undefined;
  /** All recorded events of a run. */
  eventsOf(runId: string): Promise<readonly RunEvent[]>;
  /** Does a piece of work on a run that is over, under its and its workspace's lease. */
  work(runId: string, flow: (run: RunContext) => Promise<Finish>): Promise<RunEnd>;
  /** The open folder at a run's workspace. @throws Error in words, where it is not open */
  folderOf(workspace: string): vscode.Uri;
  /** The ports for that folder: files as the user sees them. */
  crewOf(folder: vscode.Uri): Promise<Pick<Crew, 'workspace' | 'snapshots'>>;
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
  const events = await host.eventsOf(runId);
  const proposal = standingProposal(events);
  const [started] = events;
  if (!proposal || started?.type !== 'run.started') return undefined;
  return { runId, folder: host.folderOf(started.workspace), proposal };
}
