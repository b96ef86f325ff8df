import { constants } from 'node:fs';
import { access, chmod, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { hashText } from '../../core/changes/hash.ts';
import type { FileContent, FileWrite, Workspace, WorkspaceWriter } from '../../core/ports.ts';
import { removeEmptyFolders } from '../../node/diskWriter.ts';
import { errorCode, realRoot } from '../../node/paths.ts';
import { holds, lineEdits } from './lineEdits.ts';

/** How long a document may take to show what is on disk, in milliseconds. */
const CATCH_UP = 3_000;

/**
 * Writes accepted texts through the editor: one WorkspaceEdit for all files, so that one undo takes it back, then saved.
 * Unsaved edits are part of what is compared, and are saved with it. A rename is written as a deletion and a creation:
 * the editor's own would have language extensions ask to change other files too.
 * @param folder the open folder of the workspace
 * @param over.workspace the files as the user sees them, unsaved ones included
 * @param over.writer writes to disk; only used to put back what could not be finished
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
      for (const write of writes) {
        const was = await textNow(workspace, write.path);
        const hash = was === null ? null : hashText(was);
        if (hash !== (write.text === null ? null : hashText(write.text))) {
          if (hash !== write.before) {
            conflicts.push(write.path);
            continue;
          }
        } else if (!isDirty(folder, write.path)) continue;
        due.push(await prepared(folder, write, was));
      }
      if (conflicts.length > 0) return { kind: 'conflict', paths: conflicts };
      const late = await notCaughtUp(due);
      if (late.length > 0) return { kind: 'conflict', paths: late };
      try {
        await apply(due);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${why} ${await putBack(due, workspace, writer)}`, { cause });
      }
      await tidyFolders(folder, due);
      const files: { path: string; text: string | null }[] = [];
      for (const { path } of writes) files.push({ path, text: await textNow(workspace, path) });
      return { kind: 'written', files };
    },
  };
}

interface Due extends FileWrite {
  uri: vscode.Uri;
  /** Permission bits of the file before. */
  wasMode: number | undefined;
  was: string | null;
  /** Of a file that is there and stays. */
  document: vscode.TextDocument | undefined;
}

async function textNow(workspace: Workspace, path: string): Promise<string | null> {
  const content = await workspace.read(path);
  if (content.kind === 'missing') return null;
  if (content.kind === 'text') return content.text;
  throw new Error(vscode.l10n.t('{0} cannot be written: {1}. Nothing was written.', path, whyNot(content)));
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

function isDirty(folder: vscode.Uri, path: string): boolean {
  const uri = vscode.Uri.joinPath(folder, path).toString();
  return vscode.workspace.textDocuments.some((document) => document.isDirty && document.uri.toString() === uri);
}

/** @throws Error by name, where the file cannot be written through the editor */
async function prepared(folder: vscode.Uri, write: FileWrite, was: string | null): Promise<Due> {
  const uri = vscode.Uri.joinPath(folder, write.path);
  const refuse = (why: string): Error =>
    new Error(vscode.l10n.t('{0} cannot be written: {1}. Nothing was written.', write.path, why));
  const found = await lstat(uri.fsPath).catch(ignoreMissing);
  if (write.text === null && found?.isSymbolicLink()) {
    throw refuse(vscode.l10n.t('it is a symbolic link, which only you can remove'));
  }
  if (found && !(await isWritable(uri.fsPath))) throw refuse(vscode.l10n.t('it is read-only'));
  if (vscode.workspace.notebookDocuments.some((notebook) => notebook.uri.toString() === uri.toString())) {
    throw refuse(vscode.l10n.t('it is open as a notebook; close it first'));
  }
  const stays = was !== null && write.text !== null;
  const document = stays ? await vscode.workspace.openTextDocument(uri) : undefined;
  if (document && document.encoding !== 'utf8' && document.encoding !== 'utf8bom') {
    throw refuse(vscode.l10n.t('the editor takes it for {0}; reopen it as UTF-8', document.encoding));
  }
  const source = write.from === undefined ? uri : vscode.Uri.joinPath(folder, write.from);
  const wasMode = (await stat(source.fsPath).catch(ignoreMissing))?.mode;
  return { ...write, uri, was, document, wasMode: wasMode === undefined ? undefined : wasMode & 0o7777 };
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Documents that show neither unsaved edits nor what is on disk by now: the editor has not noticed a change yet. */
async function notCaughtUp(due: readonly Due[]): Promise<string[]> {
  const late: string[] = [];
  for (const { path, document, was } of due) {
    if (document && was !== null && !(await catchUp(document, was))) late.push(path);
  }
  return late;
}

function catchUp(document: vscode.TextDocument, text: string): Promise<boolean> {
  if (holds(document, text)) return Promise.resolve(true);
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

async function apply(due: readonly Due[]): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  // Deletions first: a file may make room for a folder of its name.
  for (const { uri, text, was } of due) if (text === null && was !== null) edit.deleteFile(uri, { recursive: false });
  for (const { uri, text, was } of due) {
    if (text !== null && was === null) edit.createFile(uri, { contents: new TextEncoder().encode(text) });
  }
  for (const { uri, text, document } of due) {
    if (document && text !== null) edit.set(uri, lineEdits(document, text));
  }
  // Not by the edit's `size`: that counts texts only, neither creations nor deletions.
  if (due.length > 0 && !(await vscode.workspace.applyEdit(edit))) {
    throw new Error(vscode.l10n.t('The editor did not take the change.'));
  }
  for (const { path, document } of due) {
    if (document?.isDirty && !(await document.save())) {
      throw new Error(vscode.l10n.t('{0} could not be saved.', path));
    }
  }
  for (const { path, uri, text } of due) {
    const isThere = (await lstat(uri.fsPath).catch(ignoreMissing)) !== undefined;
    if (isThere !== (text !== null)) throw new Error(vscode.l10n.t('The editor did not take the change of {0}.', path));
  }
  for (const { uri, text, was, from, mode, wasMode } of due) {
    const permissions = from === undefined ? mode : (wasMode ?? mode);
    if (text !== null && was === null && permissions !== undefined) await chmod(uri.fsPath, permissions);
  }
}

/** @returns a sentence that says what state the files are in */
async function putBack(due: readonly Due[], workspace: Workspace, disk: WorkspaceWriter): Promise<string> {
  const failed: string[] = [];
  for (const { path, uri, was, document, wasMode } of due.toReversed()) {
    try {
      if (document && was !== null) {
        const edit = new vscode.WorkspaceEdit();
        edit.set(uri, lineEdits(document, was));
        if (!(await vscode.workspace.applyEdit(edit)) || (document.isDirty && !(await document.save())))
          failed.push(path);
        continue;
      }
      const now = await textNow(workspace, path);
      if (now === was) continue;
      const mode = wasMode === undefined ? {} : { mode: wasMode };
      const back = { path, before: now === null ? null : hashText(now), text: was, ...mode };
      if ((await disk.write([back])).kind === 'conflict') failed.push(path);
    } catch {
      failed.push(path);
    }
  }
  return failed.length === 0
    ? vscode.l10n.t('Nothing was changed.')
    : vscode.l10n.t('Not everything could be put back: look at {0}.', failed.join(', '));
}

async function tidyFolders(folder: vscode.Uri, due: readonly Due[]): Promise<void> {
  const root = await realRoot(folder.fsPath);
  for (const { path, text, was } of due) {
    if (text !== null || was === null) continue;
    await removeEmptyFolders(root, dirname(vscode.Uri.joinPath(vscode.Uri.file(root), path).fsPath));
  }
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error;
  return undefined;
}
