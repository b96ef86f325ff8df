import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { until } from './editor.ts';
import { folder, root, uri } from './proposing.ts';

/**
 * VS Code's refactor preview, as it shows one edit. Its commands answer before its tree is there, and do nothing then,
 * without a word. But behind each file of it lies a document with what the file will be if it is applied as it is ticked,
 * which the editor writes anew at each tick: that is how one sees here what a press of a key did.
 */
export interface RefactorPreview {
  /** Ticks or unticks the box after which this will be the text of the file. Boxes that were ticked in part do not count. */
  tick(path: string, text: string): Promise<void>;
  /** Ticks the first box where that is a deletion, of which its document shows nothing. */
  tickDeletion(): Promise<void>;
  /** Applies what is ticked. */
  apply(): Promise<void>;
}

/** What the editor names the documents by. */
const SCHEME = 'vscode-bulkeditpreview-editor';
/** More rows than any test has. */
const ROWS = 12;

/** Each preview has a name of its own, in the addresses of its documents; they outlive it for a moment. */
const seen = new Set<string>();

/**
 * Waits until the preview that opens now has all it needs.
 * @param paths the files that it shows, each of them
 */
export async function openedPreview(paths: readonly string[]): Promise<RefactorPreview> {
  const files = paths.map((path) => uri(path).path);
  const name = await until(`a preview of ${paths.join(', ')}`, () => {
    const shown = documents().filter((document) => files.includes(fileOf(document)) && !seen.has(nameOf(document)));
    return shown.length === files.length ? shown.map(nameOf)[0] : undefined;
  });
  seen.add(name);
  return { tick, tickDeletion, apply: () => command('refactorPreview.apply') };

  /** What the files will be, and how often each was written anew. */
  function look(): Map<string, { text: string; version: number }> {
    const own = documents().filter((document) => nameOf(document) === name);
    return new Map(own.map((one) => [fileOf(one), { text: one.getText(), version: one.version }]));
  }

  /** Presses the box of the row in focus, if there is one. @returns the files of which it changed what will be applied */
  async function toggle(): Promise<string[]> {
    const before = look();
    await command('refactorPreview.toggleCheckedState');
    // The editor writes the documents in the very turn in which it answers, so a second answer comes after their news.
    await command('refactorPreview.focus');
    const after = look();
    return files.filter((file) => before.get(file)?.version !== after.get(file)?.version);
  }

  async function tick(path: string, text: string): Promise<void> {
    const file = uri(path).path;
    await until(`a box of the preview that makes ${path} what it shall be`, async () => {
      await command('list.focusFirst');
      for (let row = 0; row < ROWS; row++, await command('list.focusDown')) {
        const touched = await toggle();
        if (touched.includes(file) && look().get(file)?.text === text) return true;
        // Another row, or none yet.
        if (touched.length > 0) assert.deepEqual(await toggle(), touched, 'what was ticked can be unticked');
      }
      return undefined;
    });
  }

  async function tickDeletion(): Promise<void> {
    // Who selects a row is shown the comparison; then it is in focus, too.
    await until('the comparison of the first file in the preview', async () => {
      await command('list.focusFirst');
      await command('list.select');
      const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
      return tabs.some(({ label }) => label.startsWith('Refactor Preview')) || undefined;
    });
    assert.deepEqual(await toggle(), [], 'it is a deletion');
  }
}

/**
 * Waits until the editor has heard of all that was written to the folder so far: news of a file that come after a preview
 * was opened count as a conflict, and nothing can be applied.
 */
export async function writtenFilesAreKnown(): Promise<void> {
  const last = `written-${randomUUID()}`;
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, last));
  const isKnown = new Promise<void>((resolve) => watcher.onDidCreate(() => resolve()));
  // News come in order.
  writeFileSync(join(root, last), '');
  await isKnown.finally(() => watcher.dispose());
  rmSync(join(root, last));
}

function documents(): vscode.TextDocument[] {
  return vscode.workspace.textDocuments.filter((document) => document.uri.scheme === SCHEME);
}

const nameOf = (document: vscode.TextDocument): string => document.uri.authority;
/** By its path alone, for the scheme is another one where the extension host is remote. */
const fileOf = (document: vscode.TextDocument): string => document.uri.path;

async function command(id: string): Promise<void> {
  await vscode.commands.executeCommand(id);
}
