import * as vscode from 'vscode';
import { type FileProposal, hunksDecided, type PathText, textsWith } from '../../core/changes/hunks.ts';
import { mergeTexts } from '../../core/changes/mergeTexts.ts';
import { differOnlyByCase } from '../../core/changes/workspacePath.ts';
import { type Decision, decideProposal } from '../../core/orchestrator/deciding.ts';
import type { Workspace } from '../../core/ports.ts';
import { lineEdits } from './lineEdits.ts';
import type { ProposalHost, ProposalView } from './proposalHost.ts';

/** How a preview came out, in hunks. */
export interface Previewed {
  applied: number;
  /** Left unticked, or applied in part only: they stay open. */
  open: number;
  /** Could not be offered: the user changed the same lines. */
  conflicts: number;
  /** Is not offered: a name that only changes upper and lower case, which the editor takes for the same one. */
  apart: number;
}

/** What one hunk changes, on top of what is accepted, whatever becomes of the other hunks. */
interface Offer {
  path: string;
  hunk: number;
  /** For each path: what the change is made on, what it makes of it, and what is there now. */
  texts: { base: string | null; wanted: PathText; now: string | null }[];
  label: string;
}

/**
 * Shows what waits in the editor's own refactor preview, each hunk to be ticked. What is applied there is accepted; what
 * is left unticked stays open, and discarding decides nothing.
 */
export async function previewProposal(host: ProposalHost, view: ProposalView): Promise<Previewed> {
  const { workspace, snapshots } = await host.crewOf(view.folder);
  const cased = view.proposal.files.filter(({ file: { path, from = path } }) => differOnlyByCase(from, path));
  const apart = cased.filter(({ file }) => hunksDecided(view.proposal, file.path, undefined).size > 0).length;
  const all = (await offersOf(view, workspace)).filter(({ path }) => !cased.some(({ file }) => file.path === path));
  const offers = all.filter(({ texts }) =>
    texts.every((text) => mergeTexts(text.base, text.now, text.wanted.text).kind === 'merged'),
  );
  const conflicts = all.length - offers.length;
  if (offers.length === 0) return { applied: 0, open: 0, conflicts, apart };
  const edit = new vscode.WorkspaceEdit();
  for (const offer of offers) await offerIn(edit, view.folder, offer);
  const before = new Map(offers.flatMap(({ texts }) => texts.map(({ wanted, now }) => [wanted.path, now])));
  const kept = await snapshots.keep(
    view.runId,
    [...before].map(([path, text]) => ({ path, before: text, after: text })),
  );
  const wasApplied = await vscode.workspace.applyEdit(edit, { isRefactoring: true });
  for (const path of before.keys()) {
    const uri = vscode.Uri.joinPath(view.folder, path).toString();
    const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri);
    if (wasApplied && document?.isDirty) await document.save();
  }
  const after = new Map<string, string | null>();
  for (const path of before.keys()) after.set(path, await textNow(workspace, path));
  if ([...after].every(([path, text]) => before.get(path) === text)) {
    await kept.discard();
    return { applied: 0, open: offers.length, conflicts, apart };
  }
  await kept.settle([...after].map(([path, text]) => ({ path, text })));
  const applied = offers.filter(({ texts }) =>
    texts.every(({ base, wanted }) => {
      const now = after.get(wanted.path) ?? null;
      const merge = mergeTexts(base, now, wanted.text);
      return merge.kind === 'merged' && merge.text === now;
    }),
  );
  const decisions = applied.map(({ path, hunk }): Decision => ({ path, hunks: [hunk], decision: 'accepted' }));
  // They are in the files already, so this writes nothing: it records them.
  if (decisions.length > 0) await host.work(view.runId, (run) => decideProposal(run, decisions));
  return { applied: applied.length, open: offers.length - applied.length, conflicts, apart };
}

async function offersOf({ proposal }: ProposalView, workspace: Workspace): Promise<Offer[]> {
  const offers: Offer[] = [];
  for (const file of proposal.files) {
    const accepted = hunksDecided(proposal, file.file.path, 'accepted');
    const bases = new Map(textsWith(file, accepted).map(({ path, text }) => [path, text]));
    for (const hunk of hunksDecided(proposal, file.file.path, undefined)) {
      const texts: Offer['texts'] = [];
      for (const wanted of textsWith(file, new Set([...accepted, hunk]))) {
        texts.push({ base: bases.get(wanted.path) ?? null, wanted, now: await textNow(workspace, wanted.path) });
      }
      offers.push({ path: file.file.path, hunk, texts, label: labelOf(file, hunk) });
    }
  }
  return offers;
}

function labelOf({ file, hunks }: FileProposal, hunk: number): string {
  switch (file.action) {
    case 'create':
      return vscode.l10n.t('Create {0}', file.path);
    case 'delete':
      return vscode.l10n.t('Delete {0}', file.path);
    case 'rename':
      return vscode.l10n.t('Rename {0} to {1}', file.from ?? '', file.path);
    case 'modify':
      return vscode.l10n.t('Hunk {0} of {1}', hunk + 1, hunks.length);
    default:
      return file.action satisfies never;
  }
}

async function offerIn(edit: vscode.WorkspaceEdit, folder: vscode.Uri, { texts, label }: Offer): Promise<void> {
  const metadata: vscode.WorkspaceEditEntryMetadata = { needsConfirmation: true, label };
  for (const { base, wanted, now } of texts) {
    const uri = vscode.Uri.joinPath(folder, wanted.path);
    const merge = mergeTexts(base, now, wanted.text);
    if (merge.kind === 'conflict' || merge.text === now) continue;
    if (merge.text === null) edit.deleteFile(uri, {}, metadata);
    else if (now === null) edit.createFile(uri, { contents: new TextEncoder().encode(merge.text) }, metadata);
    else {
      const document = await vscode.workspace.openTextDocument(uri);
      for (const { range, newText } of lineEdits(document, merge.text)) edit.replace(uri, range, newText, metadata);
    }
  }
}

async function textNow(workspace: Workspace, path: string): Promise<string | null> {
  const content = await workspace.read(path);
  return content.kind === 'text' ? content.text : null;
}
