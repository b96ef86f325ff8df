import { statSync } from 'node:fs';
import * as vscode from 'vscode';
import { workspacePath } from '../../core/changes/workspacePath.ts';
import type { Attachment } from '../../shared/protocol.ts';

/** Chips for files and folders given as URIs; `refused` names those outside the open folders and in folders off limits. */
export function attachmentsOf(uris: readonly string[]): { attachments: Attachment[]; refused: string[] } {
  const attachments: Attachment[] = [];
  const refused: string[] = [];
  for (const written of new Set(uris.map((one) => one.trim()).filter((one) => one !== ''))) {
    const attachment = attachmentOf(written);
    if (attachment) attachments.push(attachment);
    else refused.push(nameOf(written));
  }
  return { attachments, refused };
}

function attachmentOf(written: string): Attachment | undefined {
  const uri = parsed(written);
  const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
  if (!uri || !folder || uri.scheme !== 'file') return undefined;
  const inside = uri.path.slice(folder.uri.path.replace(/\/$/, '').length + 1).replace(/\/$/, '');
  const about = { folder: folder.uri.toString() };
  if (inside === '') return { kind: 'folder', label: `${folder.name}/`, ...about, path: '' };
  const named = workspacePath(inside);
  if (named.kind === 'refused') return undefined;
  const isFolder = statSync(uri.fsPath, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder
    ? { kind: 'folder', label: `${named.path}/`, ...about, path: named.path }
    : { kind: 'file', label: named.path, ...about, path: named.path };
}

/** A URI as the editor drags it; a plain path, as other programs do, is one of a file. */
function parsed(written: string): vscode.Uri | undefined {
  if (/^([a-z]:)?[\\/]/i.test(written)) return vscode.Uri.file(written);
  try {
    return vscode.Uri.parse(written, true);
  } catch {
    return undefined;
  }
}

function nameOf(written: string): string {
  return parsed(written)?.path.replace(/\/$/, '').split('/').at(-1) || written;
}
