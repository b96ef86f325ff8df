import type * as vscode from 'vscode';
import { waiverLesson } from '../../core/memory/conventions.ts';
import type { Memory } from '../../core/ports.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import type { Finding } from '../../shared/events.ts';

/** Has later runs know what the user waived, and why: a waiver is given in no run, so no run can learn it. */
export async function rememberWaiver(
  memory: Memory,
  folder: vscode.Uri,
  finding: Finding,
  reason: string,
): Promise<void> {
  const workspace = await openWorkspaceFolder(folder.fsPath);
  await memory.remember(workspace, [waiverLesson(finding, reason, new Date().toISOString())]);
}
