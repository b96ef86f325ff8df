import * as vscode from 'vscode';
import type { ChangedFile } from '../core/changes/changeSet.ts';
import { hashText } from '../core/changes/hash.ts';
import { overlay } from '../core/changes/overlay.ts';
import { workspacePath } from '../core/changes/workspacePath.ts';
import type { FileContent, Workspace } from '../core/ports.ts';
import { LARGEST_FILE } from '../node/plainFile.ts';

/**
 * A folder as the user sees it: its files on disk, with the unsaved ones as they stand in the editor. A document whose
 * file is not on disk (untitled, or deleted meanwhile) is no file of the folder.
 * @param folder the open folder that `disk` reads; its documents are named by this URI, whatever links lead to it
 */
export function openEditorWorkspace(disk: Workspace, folder: vscode.Uri): Workspace {
  const root = `${folder.path.replace(/\/$/, '')}/`;
  const dirtyDocuments = (): Map<string, vscode.TextDocument> => {
    const dirty = new Map<string, vscode.TextDocument>();
    for (const document of vscode.workspace.textDocuments) {
      const { uri, isDirty } = document;
      if (isDirty && uri.scheme === folder.scheme && uri.path.startsWith(root)) {
        dirty.set(uri.path.slice(root.length), document);
      }
    }
    return dirty;
  };

  /** The unsaved files among the listed ones: what is ignored stays out of lists, searches and copies. */
  async function changes(signal?: AbortSignal): Promise<ReadonlyMap<string, ChangedFile>> {
    const dirty = dirtyDocuments();
    const files = new Map<string, ChangedFile>();
    if (dirty.size === 0) return files;
    for (const { path } of await disk.list(signal)) {
      const document = dirty.get(path);
      if (!document) continue;
      const [before, now] = [await disk.read(path), bufferOf(document)];
      if (before.kind !== 'text' || now.kind !== 'text' || before.text === now.text) continue;
      files.set(path, { path, base: { text: before.text, hash: before.hash }, text: now.text });
    }
    return files;
  }
  const withUnsaved = async (signal?: AbortSignal): Promise<Workspace> => {
    const files = await changes(signal);
    return files.size === 0 ? disk : overlay(disk, { files });
  };

  return {
    root: disk.root,
    async read(written) {
      const content = await disk.read(written);
      const named = workspacePath(written);
      // What may not be read on disk may not be read in the editor either.
      if (named.kind === 'refused' || content.kind === 'forbidden' || content.kind === 'directory') return content;
      const document = content.kind === 'missing' ? undefined : dirtyDocuments().get(named.path);
      return document ? bufferOf(document) : content;
    },
    async readLines(written, range, signal) {
      const named = workspacePath(written);
      const isUnsaved = named.kind !== 'refused' && dirtyDocuments().has(named.path);
      return isUnsaved || !disk.readLines
        ? { kind: 'unreadable', reason: 'it has unsaved changes' }
        : disk.readLines(written, range, signal);
    },
    list: async (signal) => (await withUnsaved(signal)).list(signal),
    search: async (query, signal) => (await withUnsaved(signal)).search(query, signal),
    unsaved: async () => [...(await changes()).values()].map(({ path, text }) => ({ path, text })),
  };
}

/** The text as it would be saved: with the document's line ends and its byte order mark. */
function bufferOf(document: vscode.TextDocument): FileContent {
  const { encoding } = document;
  if (encoding !== 'utf8' && encoding !== 'utf8bom') {
    return { kind: 'forbidden', reason: `it has unsaved changes and is kept as ${encoding}; only UTF-8 can be read` };
  }
  const text = `${encoding === 'utf8bom' ? '\uFEFF' : ''}${document.getText()}`;
  const bytes = new TextEncoder().encode(text).length;
  return bytes > LARGEST_FILE ? { kind: 'tooLarge', bytes } : { kind: 'text', text, hash: hashText(text) };
}
