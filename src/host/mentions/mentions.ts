import * as vscode from 'vscode';
import type { Processes, Workspace } from '../../core/ports.ts';
import type { Attachment, Completion } from '../../shared/protocol.ts';
import type { Folder } from '../folders.ts';
import { completionsFor } from './completions.ts';
import { attachmentsOf } from './dropped.ts';
import { type KnownPaths, openKnownPaths } from './knownPaths.ts';
import { resolveAttachments } from './resolve.ts';
import { watchTerminals } from './terminalOutput.ts';

/** What the user can add to a message, from typing "@" to the text that the crew gets. */
export interface Mentions extends vscode.Disposable {
  /** @param query what stands behind "@" */
  complete(query: string, folder: Folder): Promise<Completion[]>;
  /** Lets the user pick files and folders. */
  pick(folder: Folder): Promise<Attachment[]>;
  /** What was dropped, as URIs. What lies outside the open folders is refused by name. */
  drop(uris: readonly string[]): Attachment[];
  /** The text of each chip, as it is now. Throws where one cannot be had, or all together are too long. */
  resolve(attachments: readonly Attachment[], folder: Folder): Promise<{ label: string; text: string }[]>;
}

/** @param options.workspaceOf the files of an open folder, unsaved ones included */
export function openMentions(options: {
  workspaceOf: (folder: vscode.Uri) => Workspace;
  processes: Processes;
}): Mentions {
  const terminals = watchTerminals();
  const known = new Map<string, KnownPaths>();
  const pathsOf = (folder: vscode.Uri): KnownPaths => {
    const key = folder.toString();
    const paths = known.get(key) ?? openKnownPaths(folder, options.workspaceOf(folder));
    known.set(key, paths);
    return paths;
  };
  const forgetClosed = vscode.workspace.onDidChangeWorkspaceFolders(({ removed }) => {
    for (const { uri } of removed) {
      known.get(uri.toString())?.dispose();
      known.delete(uri.toString());
    }
  });

  function drop(uris: readonly string[]): Attachment[] {
    const { attachments, refused } = attachmentsOf(uris);
    if (refused.length === 0) return attachments;
    const message = vscode.l10n.t(
      'Only what lies in the open folders can be attached, not: {0}. Open its folder, or copy it into one.',
      refused.join(', '),
    );
    if (attachments.length === 0) throw new Error(message);
    void vscode.window.showWarningMessage(message);
    return attachments;
  }

  return {
    complete: async (query, folder) =>
      completionsFor(query, { folder, paths: await pathsOf(folder.uri).get(), terminal: terminals.last() }),
    async pick({ uri }) {
      const picked = await vscode.window.showOpenDialog({
        defaultUri: uri,
        canSelectMany: true,
        canSelectFiles: true,
        canSelectFolders: true,
        openLabel: vscode.l10n.t('Attach'),
      });
      return drop((picked ?? []).map((one) => one.toString()));
    },
    drop,
    resolve: (attachments, folder) =>
      resolveAttachments(attachments, {
        folder,
        workspaceOf: options.workspaceOf,
        processes: options.processes,
        terminal: terminals.last(),
      }),
    dispose() {
      terminals.dispose();
      forgetClosed.dispose();
      for (const paths of known.values()) paths.dispose();
    },
  };
}
