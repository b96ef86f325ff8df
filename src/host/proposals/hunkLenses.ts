import * as vscode from 'vscode';
import { PROPOSAL_SCHEME, type ProposalPlace, placeOfUri } from './proposalDocuments.ts';
import { type ProposalHost, viewOf } from './proposalHost.ts';
import { remainderOf } from './remainder.ts';

/** Which part of a proposal a command is about; all of the shown run's where nothing is said. */
export interface ProposalPart {
  runId?: string;
  path?: string;
  /** 0-based, in the order of the file's diff. */
  hunk?: number;
}

/** Puts "Accept hunk | Reject hunk" above each waiting hunk of a proposal's document. */
export function provideHunkLenses(host: ProposalHost): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changed.event,
    async provideCodeLenses({ uri }) {
      const place = placeOfUri(uri);
      return place?.side === 'open' ? lensesOf(host, place) : [];
    },
  };
  return vscode.Disposable.from(
    changed,
    vscode.languages.registerCodeLensProvider({ scheme: PROPOSAL_SCHEME }, provider),
    host.onDidChangeRun(() => changed.fire()),
  );
}

async function lensesOf(host: ProposalHost, { runId, path }: ProposalPlace): Promise<vscode.CodeLens[]> {
  const view = await viewOf(host, runId);
  const file = view?.proposal.files.find((one) => one.file.path === path);
  if (!view || !file || view.proposal.state !== 'open') return [];
  const { waiting, conflicts } = await remainderOf(file, view.proposal, host.workspaceOf(view.folder));
  const lens = (line: number, title: string, command: string, part: ProposalPart): vscode.CodeLens =>
    new vscode.CodeLens(new vscode.Range(line, 0, line, 0), { title, command, arguments: [part] });
  const whole = { runId, path };
  const warning = conflicts
    ? [lens(0, `$(warning) ${vscode.l10n.t('You changed the same lines since: those hunks are in conflict')}`, '', {})]
    : [];
  const ofFile = (line: number): vscode.CodeLens[] => [
    lens(line, `$(check-all) ${vscode.l10n.t('Accept file')}`, 'conclave.acceptFile', whole),
    lens(line, `$(close) ${vscode.l10n.t('Reject file')}`, 'conclave.rejectFile', whole),
  ];
  if (file.hunks.length === 1) return waiting.length === 0 ? [] : [...warning, ...ofFile(waiting[0]?.line ?? 0)];
  const ofHunks = waiting.flatMap(({ hunk, line }, i) => [
    lens(line, `$(check) ${vscode.l10n.t('Accept hunk')}`, 'conclave.acceptHunk', { ...whole, hunk }),
    lens(line, `$(close) ${vscode.l10n.t('Reject hunk')}`, 'conclave.rejectHunk', { ...whole, hunk }),
    ...(i === 0 ? ofFile(line) : []),
  ]);
  return [...warning, ...ofHunks];
}

/** The part that the cursor is in, where a proposal's document is active. */
export async function partAtCursor(host: ProposalHost): Promise<Required<ProposalPart> | undefined> {
  const editor = vscode.window.activeTextEditor;
  const place = editor && placeOfUri(editor.document.uri);
  const view = place && (await viewOf(host, place.runId));
  const file = view?.proposal.files.find((one) => one.file.path === place?.path);
  if (!editor || !place || !view || !file) return undefined;
  const { waiting } = await remainderOf(file, view.proposal, host.workspaceOf(view.folder));
  const line = editor.selection.active.line;
  const at = waiting.findLast((one) => one.line <= line) ?? waiting[0];
  return { runId: place.runId, path: place.path, hunk: at?.hunk ?? 0 };
}
