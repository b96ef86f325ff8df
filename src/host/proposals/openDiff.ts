import * as vscode from 'vscode';
import { type FileProposal, hunksDecided } from '../../core/changes/hunks.ts';
import { type ProposalSide, proposalUri } from './proposalDocuments.ts';
import type { ProposalView } from './proposalHost.ts';

/**
 * Opens the proposal as a diff: of what waits against the files as they are, or, once it is decided, of what was accepted
 * against the files as they were before the run.
 * @param path one file; all of them, in one editor where this editor can do that, where it is left away
 */
export async function openDiff(view: ProposalView, path?: string): Promise<void> {
  const files = view.proposal.files.filter(({ file }) => path === undefined || file.path === path);
  if (files.length === 0) {
    throw new Error(vscode.l10n.t('The proposal has no change of {0}.', path ?? vscode.l10n.t('any file')));
  }
  const waiting = files.filter((file) => waits(view, file));
  const shown = path === undefined && waiting.length > 0 ? waiting : files;
  const [first] = shown;
  if (shown.length === 1 && first) return openOne(view, first);
  // The editor adds how many files there are.
  const title = vscode.l10n.t('Proposal');
  const known = new Set(await vscode.commands.getCommands(false));
  const sides = shown.map((file) => ({ ...sidesOf(view, file), label: proposalUri(labelOf(view, file)) }));
  if (known.has('vscode.changes')) {
    await vscode.commands.executeCommand(
      'vscode.changes',
      title,
      sides.map(({ label, left, right }) => [label, left, right]),
    );
  } else if (known.has('_workbench.openMultiDiffEditor')) {
    const resources = sides.map(({ left, right }) => ({ originalUri: left, modifiedUri: right }));
    await vscode.commands.executeCommand('_workbench.openMultiDiffEditor', { title, resources });
  } else {
    for (const file of shown) await openOne(view, file, { preview: false });
  }
}

function openOne(view: ProposalView, file: FileProposal, options: vscode.TextDocumentShowOptions = {}): Thenable<void> {
  const { left, right } = sidesOf(view, file);
  const { path, from } = file.file;
  const name = from === undefined ? path : `${from} → ${path}`;
  const title = waits(view, file) ? vscode.l10n.t('{0} (proposal)', name) : vscode.l10n.t('{0} (decided)', name);
  return vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true, ...options });
}

function waits({ proposal }: ProposalView, { file }: FileProposal): boolean {
  return proposal.state === 'open' && hunksDecided(proposal, file.path, undefined).size > 0;
}

function labelOf({ runId }: ProposalView, { file }: FileProposal): Parameters<typeof proposalUri>[0] {
  return { runId, path: file.path, side: 'open' };
}

function sidesOf(view: ProposalView, file: FileProposal): { left: vscode.Uri; right: vscode.Uri } {
  const { path, from, action } = file.file;
  const side = (one: ProposalSide): vscode.Uri => proposalUri({ runId: view.runId, path, side: one });
  if (!waits(view, file)) {
    return {
      left: action === 'create' ? side('none') : side('base'),
      right: action === 'delete' ? side('none') : side('result'),
    };
  }
  const onDisk = vscode.Uri.joinPath(view.folder, from ?? path);
  return { left: action === 'create' ? side('none') : onDisk, right: side('open') };
}
