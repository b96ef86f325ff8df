import { homedir } from 'node:os';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { exportedRun } from '../core/export/exportRun.ts';
import type { Store } from '../core/orchestrator/session.ts';
import type { RunEvent } from '../shared/events.ts';
import type { RunEntry } from '../shared/protocol.ts';

/** The past runs that match, newest first. */
export async function listRuns(
  store: Store,
  isHere: (workspace: string) => boolean,
  query: string,
): Promise<RunEntry[]> {
  const wanted = query.trim().toLowerCase();
  return (await store.log.list())
    .map(({ runId, task, startedAt, workspace, state }) => ({
      runId,
      title: task.replace(/\s+/g, ' ').trim().slice(0, 200),
      startedAt,
      workspace: basename(workspace),
      state,
      isHere: isHere(workspace),
    }))
    .filter(
      ({ runId, title, workspace }) =>
        wanted === '' || [runId, title, workspace].some((text) => text.toLowerCase().includes(wanted)),
    )
    .slice(0, 200);
}

/** Asks where to, and writes the run there, without secrets. @returns the file, or undefined where the user thought better of it */
export async function exportRun(
  store: Store,
  runId: string,
  format: 'markdown' | 'json',
): Promise<vscode.Uri | undefined> {
  const extension = format === 'markdown' ? 'md' : 'jsonl';
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = `conclave-${runId}.${extension}`;
  const file = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export run'),
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
    filters: format === 'markdown' ? { Markdown: ['md'] } : { 'JSON Lines': ['jsonl'] },
  });
  if (!file) return undefined;
  const events: RunEvent[] = [];
  for await (const event of store.log.read(runId)) events.push(event);
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(exportedRun(events, format, homedir())));
  return file;
}

/** Lets the user choose a past run of an open folder. */
export async function pickRun(entries: readonly RunEntry[], title: string): Promise<RunEntry | undefined> {
  if (entries.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no such run yet.'));
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(
    entries.map((entry) => ({
      label: entry.title,
      description: entry.state,
      detail: `${new Date(entry.startedAt).toLocaleString()} · ${entry.workspace} · ${entry.runId}`,
      entry,
    })),
    { title, matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.entry;
}
