import * as vscode from 'vscode';
import { hashText } from '../../core/changes/hash.ts';
import type { FileWrite, Workspace, WorkspaceWriter } from '../../core/ports.ts';
import { holds, lineEdits } from './lineEdits.ts';

/** What is written through the editor. */
export interface Due extends FileWrite {
  uri: vscode.Uri;
  was: string | null;
  /** Permission bits of the file before. */
  wasMode: number | undefined;
  /** Of a file that is there and stays. */
  document: vscode.TextDocument | undefined;
  wasDirty: boolean;
  /** The document as it was saved, which a formatter may have had a hand in; undefined until then. */
  saved?: string;
  /** The user typed into it between our change and the saving. */
  typedInto?: true;
}

/** What goes past the editor. */
export interface Direct extends FileWrite {
  was: string | null;
  /** The other name of a rename that only changes upper and lower case. */
  renamed?: FileWrite;
}

/** `theirs`: it holds neither what was there nor what we made of it, so it is left alone. */
type Restored = 'done' | 'failed' | 'theirs';

/** The paths that are not as they were. */
export interface Left {
  failed: string[];
  theirs: string[];
}

/** Takes a write back that was not finished, but only where the files still hold what was written. */
export async function putBack(
  { due, direct }: { due: readonly Due[]; direct: readonly Direct[] },
  workspace: Workspace,
  disk: WorkspaceWriter,
): Promise<Left> {
  const outcomes: { path: string; restored: Restored }[] = [];
  for (const one of due.toReversed()) {
    const { path, document } = one;
    const restoring = document ? restoreDocument(one, document) : restoreFile(one, workspace, disk);
    outcomes.push({ path, restored: await restoring.catch((): Restored => 'failed') });
  }
  const back = await restoreDirect(direct, disk).catch((): Restored => 'failed');
  for (const { path } of direct) outcomes.push({ path, restored: back });
  const named = (kind: Restored): string[] =>
    outcomes.flatMap(({ path, restored }) => (restored === kind ? [path] : []));
  return { failed: named('failed'), theirs: named('theirs') };
}

/** Sentences that say what state the files are in. */
export function leftInWords({ failed, theirs }: Left): string {
  if (failed.length + theirs.length === 0) return vscode.l10n.t('Nothing was changed.');
  return [
    ...(failed.length === 0
      ? []
      : [vscode.l10n.t('Not everything could be put back: look at {0}.', failed.join(', '))]),
    ...(theirs.length === 0
      ? []
      : [vscode.l10n.t('Changed in this moment, and so left as it is: {0}.', theirs.join(', '))]),
  ].join(' ');
}

async function restoreDocument(
  { uri, was, text, wasDirty, saved }: Due,
  document: vscode.TextDocument,
): Promise<Restored> {
  if (was === null || text === null) return 'done';
  if (!holds(document, saved ?? text)) return holds(document, was) ? 'done' : 'theirs';
  const edit = new vscode.WorkspaceEdit();
  const edits = lineEdits(document, was);
  edit.set(uri, edits);
  if (edits.length > 0 && !(await vscode.workspace.applyEdit(edit))) return 'failed';
  // What the user had not saved, and we neither, stays unsaved.
  const mayStayDirty = wasDirty && saved === undefined;
  return mayStayDirty || !document.isDirty || (await document.save()) ? 'done' : 'failed';
}

async function restoreFile(
  { path, was, text, wasMode }: Due,
  workspace: Workspace,
  disk: WorkspaceWriter,
): Promise<Restored> {
  const content = await workspace.read(path);
  const now = content.kind === 'missing' ? null : content.kind === 'text' ? content.text : undefined;
  if (now === was) return 'done';
  if (now !== text) return 'theirs';
  const mode = wasMode === undefined ? {} : { mode: wasMode };
  return kindOf(disk, [{ path, before: text === null ? null : hashText(text), text: was, ...mode }]);
}

function restoreDirect(direct: readonly Direct[], disk: WorkspaceWriter): Promise<Restored> {
  const back = direct.map(({ path, text, was, renamed }): FileWrite => {
    const from = text === null && renamed ? { from: renamed.path } : {};
    return { path, before: text === null ? null : hashText(text), text: was, ...from };
  });
  return kindOf(disk, back);
}

async function kindOf(disk: WorkspaceWriter, writes: readonly FileWrite[]): Promise<Restored> {
  return (await disk.write(writes)).kind === 'conflict' ? 'theirs' : 'done';
}
