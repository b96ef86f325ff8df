import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { FileWrite } from '../../core/ports.ts';
import { errorCode } from '../../node/paths.ts';

/** @throws Error by name, where the file cannot be written whatever the text is */
export async function assertWritable(
  folder: vscode.Uri,
  { path, text }: Pick<FileWrite, 'path' | 'text'>,
): Promise<void> {
  const uri = vscode.Uri.joinPath(folder, path);
  const found = await lstat(uri.fsPath).catch(ignoreMissing);
  if (text === null && found?.isSymbolicLink()) {
    throw refusal(path, vscode.l10n.t('it is a symbolic link, which only you can remove'));
  }
  if (found && !(await isWritable(uri.fsPath))) throw refusal(path, vscode.l10n.t('it is read-only'));
  if (vscode.workspace.notebookDocuments.some((notebook) => notebook.uri.toString() === uri.toString())) {
    throw refusal(path, vscode.l10n.t('it is open as a notebook; close it first'));
  }
  if (found && (await isMarkedReadOnly(folder, uri))) {
    throw refusal(path, vscode.l10n.t('it is marked as read-only by the setting {0}', 'files.readonlyInclude'));
  }
}

/**
 * The document of a file that shall be changed.
 * @throws Error by name, where the editor would save it in another encoding than the one it was read in
 */
export async function documentToChange(folder: vscode.Uri, path: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder, path));
  if (document.encoding === 'utf8' || document.encoding === 'utf8bom') return document;
  throw refusal(path, vscode.l10n.t('the editor takes it for {0}; reopen it as UTF-8', document.encoding));
}

/** How often a document is saved into which somebody types just then. */
const SAVES = 5;

/** Saves it, again where the editor gave up because somebody typed into it meanwhile. @returns whether it is saved */
export async function saveDocument(document: vscode.TextDocument): Promise<boolean> {
  for (let saves = 1; saves <= SAVES; saves++) {
    const { version } = document;
    if (await document.save()) return true;
    if (document.version === version) return false;
  }
  return false;
}

export function refusal(path: string, why: string): Error {
  return new Error(vscode.l10n.t('{0} cannot be written: {1}. Nothing was written.', path, why));
}

export function notSaved(path: string): Error {
  return new Error(vscode.l10n.t('{0} could not be saved.', path));
}

export function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error;
  return undefined;
}

/** The editor would save such a file all the same, and only keeps its user from typing into it. */
async function isMarkedReadOnly(folder: vscode.Uri, uri: vscode.Uri): Promise<boolean> {
  const files = vscode.workspace.getConfiguration('files', uri);
  const selectors = (setting: string): vscode.DocumentFilter[] =>
    Object.entries(files.get<Record<string, boolean>>(setting) ?? {})
      .filter(([, isMeant]) => isMeant)
      .flatMap(([pattern]) => [{ pattern: new vscode.RelativePattern(folder, pattern) }, { pattern }]);
  const marked = selectors('readonlyInclude');
  if (marked.length === 0) return false;
  const document = await vscode.workspace.openTextDocument(uri);
  if (vscode.languages.match(marked, document) === 0) return false;
  return vscode.languages.match(selectors('readonlyExclude'), document) === 0;
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}
