import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import * as vscode from 'vscode';
import type { Memory, MemoryEntry } from '../../../src/core/ports.ts';
import { openStore } from '../../../src/node/openCrew.ts';
import { closeEditors, conclave, run, until } from './support/editor.ts';

const entry = (id: string, text: string): MemoryEntry => ({
  id,
  kind: 'failure',
  text,
  paths: ['src/greet.js'],
  at: '2026-11-20T12:00:00.000Z',
});

describe('what is remembered', () => {
  const [folder = assert.fail('no folder is open')] = vscode.workspace.workspaceFolders ?? [];
  const workspace = realpathSync(folder.uri.fsPath);
  let store: { memory: Memory; close(): Promise<void> };

  beforeEach(async () => {
    store = await openStore({ home: (await conclave()).extensionPath, env: process.env });
    await store.memory.forget(workspace, 'all');
    await store.memory.remember(workspace, [entry('a1', 'Failed: greets nobody.'), entry('a2', 'Failed: too loud.')]);
  });
  afterEach(async () => {
    await closeEditors();
    await store.memory.forget(workspace, 'all');
    await store.close();
  });

  async function shown(): Promise<vscode.TextDocument> {
    assert.deepEqual(await run('conclave.showMemory'), []);
    return vscode.window.activeTextEditor?.document ?? assert.fail('no document was opened');
  }
  async function edit(document: vscode.TextDocument, change: (text: string) => string): Promise<void> {
    const edits = new vscode.WorkspaceEdit();
    const text = document.getText();
    edits.replace(
      document.uri,
      new vscode.Range(document.positionAt(0), document.positionAt(text.length)),
      change(text),
    );
    assert.ok(await vscode.workspace.applyEdit(edits));
  }
  const remembered = async () => (await store.memory.recall(workspace)).map(({ id, text }) => [id, text]);

  it('is one Markdown document, of which text can be changed and sections deleted', async () => {
    const document = await shown();
    assert.equal(document.languageId, 'markdown');
    assert.match(
      document.getText(),
      /## failure · 2026-11-20 · a1\nFiles: `src\/greet\.js`\n\nFailed: greets nobody\./,
    );
    await edit(document, (text) =>
      text.slice(0, text.indexOf('## failure · 2026-11-20 · a2')).replace('nobody', 'Ada'),
    );
    assert.ok(await document.save());
    assert.deepEqual(await remembered(), [['a1', 'Failed: greets Ada.']]);
  });

  it('shows a new note with its id once it is saved, and keeps what a run learnt meanwhile', async () => {
    const document = await shown();
    await edit(document, (text) => `${text}\n## convention\nGreet softly.\n`);
    await store.memory.remember(workspace, [entry('a3', 'Learnt meanwhile.')]);
    assert.ok(await document.save());
    const ids = (await remembered()).map(([id]) => id);
    assert.deepEqual(ids.slice(0, 3), ['a1', 'a2', 'a3']);
    const added = ids[3] ?? assert.fail('the new note is not kept');
    await until('the saved document', () => document.getText().includes(added) && document.getText().includes('· a3'));
    assert.equal(document.isDirty, false);
  });

  it('is not saved where it cannot be understood, and nothing is lost', async () => {
    const document = await shown();
    await edit(document, (text) => text.replace('· a2', '· b7').replace('nobody', 'Ada'));
    assert.equal(await document.save(), false);
    assert.equal(document.isDirty, true);
    assert.match(document.getText(), /greets Ada/);
    assert.deepEqual(await remembered(), [
      ['a1', 'Failed: greets nobody.'],
      ['a2', 'Failed: too loud.'],
    ]);
  });
});
