import * as vscode from 'vscode';
import {
  type FileProposal,
  hunksDecided,
  type PathText,
  type StandingProposal,
  textsWith,
} from '../../core/changes/hunks.ts';
import { mergeTexts } from '../../core/changes/mergeTexts.ts';
import { rawLines, stretches } from '../../core/changes/textLines.ts';
import { differOnlyByCase } from '../../core/changes/workspacePath.ts';
import type { Workspace } from '../../core/ports.ts';
import { catchUp, textNow } from './editorWriter.ts';
import { lineEdits, mixesLineEnds } from './lineEdits.ts';
import { assertWritable, documentToChange } from './writable.ts';

/** What one hunk changes, on top of what is accepted, whatever becomes of the other hunks. */
export interface Offer {
  path: string;
  hunk: number;
  /** For each path: what the change is made on, what it makes of it, and what is there now. */
  texts: { base: string | null; wanted: PathText; now: string | null }[];
  label: string;
}

/** Of each hunk that waits. @throws Error by name, where a file is no text any more */
export async function allOffers(proposal: StandingProposal, workspace: Workspace): Promise<Offer[]> {
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

/** Those that can be shown, and how many of each kind cannot: in conflict, not exactly written, in the files already. */
export async function sorted(
  all: readonly Offer[],
  folder: vscode.Uri,
): Promise<{ offers: Offer[]; conflicts: number; apart: number; there: number }> {
  const kinds = { offers: [] as Offer[], conflicts: 0, apart: 0, there: 0 };
  for (const offer of all) {
    const before = new Map(offer.texts.map(({ wanted, now }) => [wanted.path, now]));
    if (changesCase(offer)) kinds.apart += 1;
    else if (missingIn(offer, before) === undefined) kinds.conflicts += 1;
    else if (missingIn(offer, before) === 0) kinds.there += 1;
    else if (await isInexact(offer, folder)) kinds.apart += 1;
    else kinds.offers.push(offer);
  }
  return kinds;
}

/**
 * The edit that shows the offers, each in boxes of its own.
 * @returns `late` where a document does not show yet what is on disk
 * @throws Error by name, where a file cannot be written whatever its text is
 */
export async function editOf(
  offers: readonly Offer[],
  folder: vscode.Uri,
): Promise<{ kind: 'edit'; edit: vscode.WorkspaceEdit } | { kind: 'late'; path: string }> {
  const edit = new vscode.WorkspaceEdit();
  for (const { texts, label } of offers) {
    const metadata: vscode.WorkspaceEditEntryMetadata = { needsConfirmation: true, label };
    for (const { path, now, text } of texts.map(merged)) {
      if (text === now) continue;
      const uri = vscode.Uri.joinPath(folder, path);
      await assertWritable(folder, { path, text });
      if (text === null) edit.deleteFile(uri, {}, metadata);
      else if (now === null) edit.createFile(uri, { contents: new TextEncoder().encode(text) }, metadata);
      else {
        const document = await documentToChange(folder, path);
        if (!(await catchUp(document, now))) return { kind: 'late', path };
        for (const { range, newText } of lineEdits(document, text)) edit.replace(uri, range, newText, metadata);
      }
    }
  }
  return { kind: 'edit', edit };
}

/**
 * How many places of these texts an offer would still change: none where it is in them.
 * @returns undefined where it conflicts with them
 */
export function missingIn({ texts }: Offer, now: ReadonlyMap<string, string | null>): number | undefined {
  let missing = 0;
  for (const { base, wanted } of texts) {
    const text = now.get(wanted.path) ?? null;
    const merge = mergeTexts(base, text, wanted.text);
    if (merge.kind === 'conflict') return undefined;
    if (merge.text === text) continue;
    if (merge.text === null || text === null) missing += 1;
    else missing += stretches(rawLines(text), rawLines(merge.text)).filter(({ kind }) => kind === 'changed').length;
  }
  return missing;
}

/** The file, or both names of a rename. */
export function nameOf({ path, texts }: Offer): string {
  const from = texts.find(({ wanted }) => wanted.from !== undefined)?.wanted.from;
  return from === undefined ? path : `${from} → ${path}`;
}

/** @returns the text with the offer in it; as it is where it conflicts */
function merged({ base, wanted, now }: Offer['texts'][number]): {
  path: string;
  now: string | null;
  text: string | null;
} {
  const merge = mergeTexts(base, now, wanted.text);
  return { path: wanted.path, now, text: merge.kind === 'merged' ? merge.text : now };
}

/** Where only upper and lower case of the name change, the editor takes both names for the same file. */
function changesCase({ texts }: Offer): boolean {
  return texts.some(({ wanted: { from, path } }) => from !== undefined && differOnlyByCase(from, path));
}

/** Whether the editor would write other line ends: a document has one for all lines, and the preview cannot change it. */
async function isInexact({ texts }: Offer, folder: vscode.Uri): Promise<boolean> {
  for (const { path, now, text } of texts.map(merged)) {
    if (now === null || text === null || text === now) continue;
    if (mixesLineEnds(now) || mixesLineEnds(text)) return true;
    const document = await documentToChange(folder, path);
    if (lineEdits(document, text).some(({ newEol }) => newEol !== undefined)) return true;
  }
  return false;
}

function labelOf({ file, hunks }: FileProposal, hunk: number): string {
  switch (file.action) {
    case 'create':
      return vscode.l10n.t('Create {0}', file.path);
    case 'delete':
      return vscode.l10n.t('Delete {0}', file.path);
    case 'rename':
      return vscode.l10n.t('Rename {0} to {1} (tick both boxes)', file.from ?? '', file.path);
    case 'modify':
      return vscode.l10n.t('Hunk {0} of {1}', hunk + 1, hunks.length);
    default:
      return file.action satisfies never;
  }
}
