import { chmod, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { type PathText, standingProposal } from '../../core/changes/hunks.ts';
import { notWritten, recordAccepted } from '../../core/orchestrator/deciding.ts';
import type { RunContext } from '../../core/orchestrator/runContext.ts';
import type { RunEnd } from '../../core/orchestrator/session.ts';
import { rememberFormatting } from '../../core/orchestrator/writing.ts';
import type { Workspace } from '../../core/ports.ts';
import type { Ending } from '../../shared/events.ts';
import { tidyFolders } from './editorWriter.ts';
import { allOffers, editOf, missingIn, nameOf, type Offer, sorted } from './previewOffers.ts';
import type { ProposalHost, ProposalView } from './proposalHost.ts';
import { ignoreMissing, notSaved, saveDocument } from './writable.ts';

/** How a preview came out, in hunks. */
export interface Previewed {
  applied: number;
  /** Left unticked: they stay open. */
  open: number;
  /** The files of hunks of which a part was ticked only: they stay open too. */
  partly: string[];
  /** Could not be offered: the user changed the same lines. */
  conflicts: number;
  /** Are not offered: what the editor would not write exactly as it is proposed. */
  apart: number;
}

/**
 * Shows what waits in the editor's own refactor preview, each hunk to be ticked. What is applied there is accepted; what
 * is left unticked stays open, and discarding decides nothing. The run is held all the while: nobody else can decide about
 * the proposal or work in the folder, and stopping it closes the preview.
 */
export async function previewProposal(
  host: ProposalHost,
  { runId, folder }: Pick<ProposalView, 'runId' | 'folder'>,
): Promise<{ end: RunEnd; previewed: Previewed | undefined }> {
  let previewed: Previewed | undefined;
  const end = await host.work(runId, async (run) => {
    const outcome = await preview(run, folder).catch((cause: unknown): Outcome => {
      return { accepted: [], failure: failureOf('workspace_failed', cause) };
    });
    previewed = outcome.previewed;
    // They are in the files already.
    const finish = await recordAccepted(
      run,
      outcome.accepted.map(({ path, hunk }) => ({ path, hunks: [hunk] })),
    );
    return outcome.failure ? notWritten(outcome.failure) : finish;
  });
  return { end, previewed };
}

interface Outcome {
  accepted: Offer[];
  previewed?: Previewed;
  failure?: Pick<Ending, 'code' | 'message'>;
}

function failureOf(code: Ending['code'], cause: unknown): Pick<Ending, 'code' | 'message'> {
  return { code, message: cause instanceof Error ? cause.message : String(cause) };
}

async function preview(run: RunContext, folder: vscode.Uri): Promise<Outcome> {
  const { workspace, snapshots, runId, signal } = run;
  const proposal = standingProposal(run.journal.outcomes(), run.base.get);
  // What can be said about that, recording says.
  if (proposal?.state !== 'open') return { accepted: [] };
  const { offers, conflicts, apart, there } = await sorted(await allOffers(proposal, workspace), folder);
  if (offers.length === 0) {
    if (there > 0 && conflicts + apart === 0) {
      throw new Error(vscode.l10n.t('Everything that waits is in the files already: accept it in the chat.'));
    }
    return { accepted: [], previewed: { applied: 0, open: there, partly: [], conflicts, apart } };
  }
  const before = new Map(offers.flatMap(({ texts }) => texts.map(({ wanted, now }) => [wanted.path, now])));
  const edited = await editOf(offers, folder);
  if (edited.kind === 'late') {
    const message = `Nothing was written: ${edited.path} changed in this moment.`;
    return { accepted: [], failure: { code: 'conflict', message } };
  }
  tellOfRenames(offers);
  signal.throwIfAborted();
  const files = [...before].map(([path, text]) => ({ path, before: text, after: text }));
  const kept = await snapshots.keep(runId, files);
  try {
    const { accepted, partly, unsaved, written } = await applied(edited.edit, {
      offers,
      before,
      folder,
      workspace,
      signal,
    });
    const saved = await textsNow(
      workspace,
      written.map(({ path }) => path),
    );
    await rememberFormatting(
      run,
      written,
      [...saved].map(([path, text]) => ({ path, text })),
    );
    const open = offers.length - accepted.length - partly.length + there;
    return {
      accepted,
      previewed: { applied: accepted.length, open, partly: partly.map(nameOf), conflicts, apart },
      ...(unsaved.length > 0 && { failure: failureOf('workspace_failed', notSaved(unsaved.join(', '))) }),
    };
  } finally {
    // Whatever became of it: undo takes back what is there now.
    const after = await textsNow(workspace, before.keys());
    if ([...after].every(([path, text]) => before.get(path) === text)) await kept.discard();
    else await kept.settle([...after].map(([path, text]) => ({ path, text })));
  }
}

/** The label of a box is not seen in each of the preview's views. */
function tellOfRenames(offers: readonly Offer[]): void {
  const renames = offers.filter(({ texts }) => texts.length > 1).map(nameOf);
  if (renames.length === 0) return;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('A rename has two boxes, a deletion and a creation; tick both: {0}', renames.join(', ')),
  );
}

/** Lets the user tick and apply, then saves what that has changed. */
async function applied(
  edit: vscode.WorkspaceEdit,
  about: {
    offers: readonly Offer[];
    before: ReadonlyMap<string, string | null>;
    folder: vscode.Uri;
    workspace: Workspace;
    signal: AbortSignal;
  },
): Promise<{ accepted: Offer[]; partly: Offer[]; unsaved: string[]; written: PathText[] }> {
  const { offers, before, folder, workspace, signal } = about;
  const modes = await modesOf(offers, folder);
  if (!(await isApplied(edit, signal))) return { accepted: [], partly: [], unsaved: [], written: [] };
  // Before anything is saved, for a formatter would make the hunks unrecognisable.
  const shown = await textsNow(workspace, before.keys());
  const changed = [...shown].filter(([path, text]) => before.get(path) !== text);
  const unsaved: string[] = [];
  for (const [path] of changed) {
    const uri = vscode.Uri.joinPath(folder, path).toString();
    const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri);
    if (document?.isDirty && !(await saveDocument(document))) unsaved.push(path);
  }
  for (const [path, mode] of modes) {
    if (changed.some((one) => one[0] === path)) await chmod(vscode.Uri.joinPath(folder, path).fsPath, mode);
  }
  const gone = changed.flatMap(([path, text]) => (text === null ? [path] : []));
  await tidyFolders(folder, gone);
  const isSaved = ({ texts }: Offer): boolean => !texts.some(({ wanted }) => unsaved.includes(wanted.path));
  const accepted = offers.filter((offer) => missingIn(offer, shown) === 0 && isSaved(offer));
  const partly = offers.filter((offer) => {
    const missing = missingIn(offer, shown) ?? 0;
    return missing > 0 && missing < (missingIn(offer, before) ?? 0);
  });
  const written = changed.map(([path, text]) => ({ path, text })).filter(({ path }) => !unsaved.includes(path));
  return { accepted, partly, unsaved, written };
}

/** The permissions that the new file of a rename takes over, by its path. */
async function modesOf(offers: readonly Offer[], folder: vscode.Uri): Promise<Map<string, number>> {
  const modes = new Map<string, number>();
  for (const { path, from } of offers.flatMap(({ texts }) => texts.map(({ wanted }) => wanted))) {
    const found = from && (await stat(vscode.Uri.joinPath(folder, from).fsPath).catch(ignoreMissing));
    if (found) modes.set(path, found.mode & 0o7777);
  }
  return modes;
}

/** How often, and after how many milliseconds, a preview that is to be closed is looked for: it opens a moment late. */
const CLOSING = { tries: 8, every: 250 };

/** Whether the user applied something. A signal closes the preview. */
async function isApplied(edit: vscode.WorkspaceEdit, signal: AbortSignal): Promise<boolean> {
  const applying = Promise.resolve(vscode.workspace.applyEdit(edit));
  const stopped = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });
  let isDone = await Promise.race([applying, stopped]);
  for (let tries = 0; isDone === undefined && tries < CLOSING.tries; tries++) {
    // In a window that closes, nobody answers this any more.
    vscode.commands.executeCommand('refactorPreview.discard').then(undefined, () => {});
    isDone = await Promise.race([applying, sleep(CLOSING.every, undefined)]);
  }
  return isDone ?? false;
}

/** The texts as the user sees them; what is no text any more is left out. */
async function textsNow(workspace: Workspace, paths: Iterable<string>): Promise<Map<string, string | null>> {
  const texts = new Map<string, string | null>();
  for (const path of paths) {
    const content = await workspace.read(path);
    if (content.kind === 'text') texts.set(path, content.text);
    else if (content.kind === 'missing') texts.set(path, null);
  }
  return texts;
}
