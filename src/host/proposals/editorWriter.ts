import { chmod, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { hashText } from '../../core/changes/hash.ts';
import { differOnlyByCase } from '../../core/changes/workspacePath.ts';
import type { FileContent, FileWrite, Workspace, WorkspaceWriter, Written } from '../../core/ports.ts';
import { removeEmptyFolders } from '../../node/diskWriter.ts';
import { realRoot } from '../../node/paths.ts';
import { holds, lineEdits, mixesLineEnds } from './lineEdits.ts';
import { type Direct, type Due, leftInWords, putBack } from './putBack.ts';
import { assertWritable, documentToChange, ignoreMissing, notSaved, refusal, saveDocument } from './writable.ts';

/** How long a document may take to show what is on disk, in milliseconds. */
const CATCH_UP = 3_000;

/**
 * Writes accepted texts through the editor: one WorkspaceEdit for all files, so that one undo takes it back, then saved.
 * Unsaved edits are part of what is compared, and are saved with it. A rename is written as a deletion and a creation:
 * the editor's own would have language extensions ask to change other files too. One that only changes upper and lower
 * case is written to disk: the editor takes both names for the same file where the disk does. So is a file whose line
 * ends are mixed: the editor would make them all the same.
 * @param folder the open folder of the workspace
 * @param over.workspace the files as the user sees them, unsaved ones included
 * @param over.writer writes to disk: what the editor cannot, and what is put back because it could not be finished
 */
export function openEditorWriter(
  folder: vscode.Uri,
  { workspace, writer }: { workspace: Workspace; writer: WorkspaceWriter },
): WorkspaceWriter {
  return {
    async write(writes) {
      if (folder.scheme !== 'file') {
        throw new Error(
          vscode.l10n.t('{0} is not on a disk ({1}), so nothing can be written to it.', folder.path, folder.scheme),
        );
      }
      const conflicts: string[] = [];
      const due: Due[] = [];
      const direct: Direct[] = [];
      for (const write of writes) {
        const renamed = writes.find(({ path }) => differOnlyByCase(path, write.path));
        if (renamed) {
          await assertWritable(folder, write);
          direct.push({ ...write, was: write.text === null ? await textNow(workspace, write.path) : null, renamed });
          continue;
        }
        const was = await textNow(workspace, write.path);
        const hash = was === null ? null : hashText(was);
        if (hash !== (write.text === null ? null : hashText(write.text))) {
          if (hash !== write.before) {
            conflicts.push(write.path);
            continue;
          }
        } else if (!openDocument(folder, write.path)?.isDirty) continue;
        if (losesLineEnds(folder, write, was)) {
          await assertWritable(folder, write);
          direct.push({ ...write, was });
        } else due.push(await prepared(folder, write, was));
      }
      if (conflicts.length > 0) return { kind: 'conflict', paths: conflicts };
      const late = await notCaughtUp(due);
      if (late.length > 0) return { kind: 'conflict', paths: late };
      const written = await writeDirectly(folder, direct, writer);
      if (written.kind === 'conflict') return written;
      try {
        await apply(due);
      } catch (cause) {
        const left = await putBack({ due, direct }, workspace, writer);
        if (cause instanceof ChangedMeanwhile && left.failed.length === 0) {
          return { kind: 'conflict', paths: cause.paths };
        }
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${why} ${leftInWords(left)}`, { cause });
      }
      await tidyFolders(
        folder,
        due.filter(({ text, was }) => text === null && was !== null).map(({ path }) => path),
      );
      const files = [...written.files];
      for (const { path, text } of writes) {
        if (files.some((one) => one.path === path)) continue;
        // What the user typed meanwhile is in the file, but it is none of ours.
        const isTyped = due.some((one) => one.path === path && one.typedInto);
        files.push({ path, text: isTyped ? text : await textNow(workspace, path) });
      }
      return { kind: 'written', files };
    },
  };
}

/**
 * A document knows one line end only, so the editor would change lines that nobody touched. A document with unsaved
 * edits has lost the others already.
 */
function losesLineEnds(folder: vscode.Uri, { path, text }: FileWrite, was: string | null): boolean {
  if (was === null || text === null || openDocument(folder, path)?.isDirty) return false;
  return mixesLineEnds(was) || mixesLineEnds(text);
}

/** The file's text as the user sees it, null where there is none. @throws Error by name, where it is no text */
export async function textNow(workspace: Workspace, path: string): Promise<string | null> {
  const content = await workspace.read(path);
  if (content.kind === 'missing') return null;
  if (content.kind === 'text') return content.text;
  throw refusal(path, whyNot(content));
}

function whyNot(content: Exclude<FileContent, { kind: 'text' | 'missing' }>): string {
  switch (content.kind) {
    case 'binary':
      return vscode.l10n.t('it is a binary file');
    case 'tooLarge':
      return vscode.l10n.t('it is too large');
    case 'directory':
      return vscode.l10n.t('it is a folder');
    case 'forbidden':
      return content.reason;
    default:
      return content satisfies never;
  }
}

function openDocument(folder: vscode.Uri, path: string): vscode.TextDocument | undefined {
  const uri = vscode.Uri.joinPath(folder, path).toString();
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
}

/** @throws Error by name, where the file cannot be written through the editor */
async function prepared(folder: vscode.Uri, write: FileWrite, was: string | null): Promise<Due> {
  await assertWritable(folder, write);
  const uri = vscode.Uri.joinPath(folder, write.path);
  const stays = was !== null && write.text !== null;
  const document = stays ? await documentToChange(folder, write.path) : undefined;
  const source = write.from === undefined ? uri : vscode.Uri.joinPath(folder, write.from);
  const wasMode = (await stat(source.fsPath).catch(ignoreMissing))?.mode;
  const wasDirty = document?.isDirty === true;
  return { ...write, uri, was, document, wasDirty, wasMode: wasMode === undefined ? undefined : wasMode & 0o7777 };
}

/** Documents that show neither unsaved edits nor what is on disk by now: the editor has not noticed a change yet. */
async function notCaughtUp(due: readonly Due[]): Promise<string[]> {
  const late: string[] = [];
  for (const { path, document, was } of due) {
    if (document && was !== null && !(await catchUp(document, was))) late.push(path);
  }
  return late;
}

/** Resolves when the document shows this text, or with false where it does not come to that. */
export function catchUp(document: vscode.TextDocument, text: string): Promise<boolean> {
  if (holds(document, text)) return Promise.resolve(true);
  // Somebody typed into it just now, so it will not come to that.
  if (document.isDirty) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (caughtUp: boolean): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve(caughtUp);
    };
    const timer = setTimeout(() => end(false), CATCH_UP);
    const listening = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document === document && holds(document, text)) end(true);
    });
  });
}

/** Unsaved edits are saved first; where that changes a text, it is a conflict. */
async function writeDirectly(folder: vscode.Uri, direct: readonly Direct[], disk: WorkspaceWriter): Promise<Written> {
  for (const { path } of direct) {
    const document = openDocument(folder, path);
    if (document?.isDirty && !(await saveDocument(document))) throw notSaved(path);
  }
  return disk.write(direct.map(({ was: _was, renamed: _renamed, ...write }) => write));
}

/** The user changed documents before the editor could: nothing of ours is in them. */
class ChangedMeanwhile extends Error {
  readonly paths: string[];

  constructor(paths: string[]) {
    super(vscode.l10n.t('The editor did not take the change.'));
    this.paths = paths;
  }
}

/** @throws ChangedMeanwhile */
async function apply(due: readonly Due[]): Promise<void> {
  const assertUnchanged = (): void => {
    const typed = due.filter(({ document, was }) => document && was !== null && !holds(document, was));
    if (typed.length > 0) throw new ChangedMeanwhile(typed.map(({ path }) => path));
  };
  // What is typed from here on has the editor refuse the edit, which names the versions that it was made for.
  assertUnchanged();
  const edit = new vscode.WorkspaceEdit();
  const gone = due.filter(({ text, was }) => text === null && was !== null);
  const fresh = due.filter(({ text, was }) => text !== null && was === null);
  const changed = due.flatMap(({ uri, text, document }) => {
    const edits = document && text !== null ? lineEdits(document, text) : [];
    return edits.length > 0 ? [{ uri, edits }] : [];
  });
  // Deletions first: a file may make room for a folder of its name.
  for (const { uri } of gone) edit.deleteFile(uri, { recursive: false });
  for (const { uri, text } of fresh) edit.createFile(uri, { contents: new TextEncoder().encode(text ?? '') });
  for (const { uri, edits } of changed) edit.set(uri, edits);
  // Its own size does not count files that come and go, and an empty one is said not to have been applied.
  const isEmpty = gone.length + fresh.length + changed.length === 0;
  if (!isEmpty && !(await vscode.workspace.applyEdit(edit))) {
    assertUnchanged();
    throw new Error(vscode.l10n.t('The editor did not take the change.'));
  }
  for (const one of due) {
    const { path, document, text } = one;
    if (!document?.isDirty) continue;
    if (text !== null && !holds(document, text)) one.typedInto = true;
    if (!(await saveDocument(document))) throw notSaved(path);
    if (!document.isDirty) one.saved = document.getText();
  }
  for (const { path, uri, text } of [...gone, ...fresh]) {
    const isThere = (await lstat(uri.fsPath).catch(ignoreMissing)) !== undefined;
    if (isThere !== (text !== null)) throw new Error(vscode.l10n.t('The editor did not take the change of {0}.', path));
  }
  for (const { uri, from, mode, wasMode } of fresh) {
    const permissions = from === undefined ? mode : (wasMode ?? mode);
    if (permissions !== undefined) await chmod(uri.fsPath, permissions);
  }
}

/** Removes the folders that these files, which are gone, have left empty. */
export async function tidyFolders(folder: vscode.Uri, gone: readonly string[]): Promise<void> {
  const root = await realRoot(folder.fsPath);
  for (const path of gone) {
    await removeEmptyFolders(root, dirname(vscode.Uri.joinPath(vscode.Uri.file(root), path).fsPath));
  }
}
