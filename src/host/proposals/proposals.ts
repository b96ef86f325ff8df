import * as vscode from 'vscode';
import { type Decision, decideProposal } from '../../core/orchestrator/deciding.ts';
import type { RunEnd } from '../../core/orchestrator/session.ts';
import { undoProposal } from '../../core/orchestrator/undoing.ts';
import type { HunkDecision } from '../../shared/events.ts';
import { type ProposalPart, partAtCursor, provideHunkLenses } from './hunkLenses.ts';
import { openDiff } from './openDiff.ts';
import { type Previewed, previewProposal } from './preview.ts';
import { placeOfUri, provideProposalDocuments } from './proposalDocuments.ts';
import { type ProposalHost, type ProposalView, viewOf } from './proposalHost.ts';

/** Everything about proposals in the editor. What cannot be done is thrown, in words for the user. */
export interface Proposals extends vscode.Disposable {
  /** All about the shown run, where none is named. */
  openDiff(path: string | undefined, runId?: string): Promise<void>;
  preview(runId?: string): Promise<void>;
  decide(decision: HunkDecision, about: ProposalPart): Promise<void>;
  undo(runId?: string): Promise<void>;
  /** By command id. The lenses and the chat give a ProposalPart, an editor's title a Uri; the palette gives nothing. */
  readonly commands: Record<string, (about?: ProposalPart | vscode.Uri) => Promise<void>>;
}

export function openProposals(host: ProposalHost): Proposals {
  const registered = [provideProposalDocuments(host), provideHunkLenses(host)];

  async function shownView(runId = host.shownRun()): Promise<ProposalView> {
    const view = runId === undefined ? undefined : await viewOf(host, runId);
    if (!view) throw new Error(vscode.l10n.t('There is no proposal here: show a run that has one in the chat first.'));
    return view;
  }

  async function decide(decision: HunkDecision, { runId, path, hunk }: ProposalPart): Promise<void> {
    const view = await shownView(runId);
    const paths = path === undefined ? view.proposal.files.map(({ file }) => file.path) : [path];
    const hunks = hunk === undefined ? 'undecided' : [hunk];
    const decisions = paths.map((one): Decision => ({ path: one, hunks, decision }));
    throwWhereNotDone(await host.work(view.runId, (run) => decideProposal(run, decisions)));
  }

  async function undo(runId?: string): Promise<void> {
    const id = runId ?? host.shownRun();
    if (id === undefined) throw new Error(vscode.l10n.t('No run is shown. Choose one with "Restore Snapshot…".'));
    const end = await host.work(id, undoProposal);
    throwWhereNotDone(end);
    void vscode.window.showInformationMessage(end.ending.message);
  }

  async function preview(runId?: string): Promise<void> {
    const view = await shownView(runId);
    if (view.proposal.state !== 'open') throw new Error(vscode.l10n.t('Nothing of this proposal waits any more.'));
    const { end, previewed } = await previewProposal(host, view);
    if (previewed) tellOfPreview(previewed);
    throwWhereNotDone(end);
  }

  async function restore(): Promise<void> {
    const runs = await host.pastRuns();
    if (runs.length === 0) throw new Error(vscode.l10n.t('There is no run here yet that changed files.'));
    const picked = await vscode.window.showQuickPick(
      runs.map(({ runId, title, startedAt }) => {
        return { label: title, description: new Date(startedAt).toLocaleString(), detail: runId, runId };
      }),
      {
        title: vscode.l10n.t('Restore the files as they were before a run'),
        placeHolder: vscode.l10n.t('What you changed since is kept, or named where it is in the way'),
        matchOnDetail: true,
      },
    );
    if (picked) await undo(picked.runId);
  }

  /** What the arguments say, else what the cursor is in. */
  async function partFor(part: ProposalPart | undefined, need: 'file' | 'hunk'): Promise<ProposalPart> {
    if (part?.path !== undefined && (need === 'file' || part.hunk !== undefined)) return part;
    const found = await partAtCursor(host);
    if (!found) {
      throw new Error(vscode.l10n.t("Open the proposal's diff and put the cursor into the part that you mean."));
    }
    const { runId, path, hunk } = found;
    return need === 'file' ? { runId, path } : { runId, path, hunk };
  }

  const commands: Record<string, (part?: ProposalPart) => Promise<void>> = {
    'conclave.openProposal': async (part) => openDiff(await shownView(part?.runId), part?.path),
    'conclave.previewProposal': (part) => preview(part?.runId),
    'conclave.acceptProposal': (part) => decide('accepted', { ...(part?.runId && { runId: part.runId }) }),
    'conclave.rejectProposal': (part) => decide('rejected', { ...(part?.runId && { runId: part.runId }) }),
    'conclave.acceptFile': async (part) => decide('accepted', await partFor(part, 'file')),
    'conclave.rejectFile': async (part) => decide('rejected', await partFor(part, 'file')),
    'conclave.acceptHunk': async (part) => decide('accepted', await partFor(part, 'hunk')),
    'conclave.rejectHunk': async (part) => decide('rejected', await partFor(part, 'hunk')),
    'conclave.undoProposal': (part) => undo(part?.runId),
    'conclave.restoreSnapshot': () => restore(),
  };
  return {
    openDiff: async (path, runId) => openDiff(await shownView(runId), path),
    preview,
    decide,
    undo,
    commands: Object.fromEntries(
      Object.entries(commands).map(([id, run]) => [
        id,
        (about?: ProposalPart | vscode.Uri) => run(about instanceof vscode.Uri ? placeOfUri(about) : about),
      ]),
    ),
    dispose: () => vscode.Disposable.from(...registered).dispose(),
  };
}

function throwWhereNotDone({ ending }: RunEnd): void {
  if (ending.code === 'approved' || ending.code === 'proposal_rejected') return;
  throw new Error(`${ending.message}${ending.remedy === undefined ? '' : ` ${ending.remedy}`}`);
}

function tellOfPreview({ applied, open, partly, conflicts, apart }: Previewed): void {
  if (applied + partly.length + conflicts + apart === 0) return;
  const { t } = vscode.l10n;
  const parts = [
    t('Accepted {0}.', applied),
    ...(partly.length > 0
      ? [
          t(
            'Applied in part only, and so left open: {0}. Accept it to complete it, or take it back with the editor’s own Undo.',
            partly.join(', '),
          ),
        ]
      : []),
    ...(open > 0 ? [t('Left open, because not ticked: {0}.', open)] : []),
    ...(conflicts > 0 ? [t('Not offered, because you changed the same lines: {0}.', conflicts)] : []),
    ...(apart > 0
      ? [
          t(
            'Not offered, because the editor’s preview cannot write them exactly (only upper and lower case change, or line ends are mixed); accept them in the diff: {0}.',
            apart,
          ),
        ]
      : []),
  ];
  void vscode.window.showInformationMessage(`${t('Hunks of the proposal:')} ${parts.join(' ')}`);
}
