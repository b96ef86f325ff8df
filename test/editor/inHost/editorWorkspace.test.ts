import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { hashText } from '../../../src/core/changes/hash.ts';
import { openEditorWorkspace } from '../../../src/host/editorWorkspace.ts';
import { openDiskWorkspace } from '../../../src/node/diskWorkspace.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const root = folder.uri.fsPath;
const disk = openDiskWorkspace(root, { ripgrep: undefined });
const workspace = openEditorWorkspace(disk, folder.uri);

function write(path: string, text: string): vscode.Uri {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return vscode.Uri.joinPath(folder.uri, path);
}

async function typeAtStart(uri: vscode.Uri, text: string): Promise<void> {
  const editor = await vscode.window.showTextDocument(uri);
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), text));
  assert.equal(editor.document.isDirty, true);
}

const search = (pattern: string) =>
  workspace.search({ pattern, regex: false, caseSensitive: true, wholeWord: false, limit: 10 });

describe('the workspace in the editor', () => {
  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('reads, lists and searches what is not saved, and gives it to the checks', async () => {
    await typeAtStart(write('buffers/a.js', 'old();\n'), 'fresh();\n');
    const text = 'fresh();\nold();\n';
    assert.deepEqual(await workspace.read('./buffers//a.js'), { kind: 'text', text, hash: hashText(text) });
    assert.deepEqual(
      (await workspace.list()).find(({ path }) => path === 'buffers/a.js'),
      { path: 'buffers/a.js', bytes: text.length },
    );
    assert.deepEqual(await search('fresh'), [{ path: 'buffers/a.js', line: 1, text: 'fresh();' }]);
    assert.deepEqual(await workspace.unsaved?.(), [{ path: 'buffers/a.js', text }]);
    await vscode.window.activeTextEditor?.document.save();
    assert.deepEqual(await workspace.unsaved?.(), []);
    assert.deepEqual(await workspace.read('buffers/a.js'), await disk.read('buffers/a.js'));
  });

  it('gives the bytes that saving would write: byte order mark and line ends', async () => {
    const uri = write('buffers/b.txt', '\uFEFFone\r\ntwo\r\n');
    await typeAtStart(uri, 'zero\n');
    const unsaved = await workspace.read('buffers/b.txt');
    assert.deepEqual(unsaved.kind === 'text' && unsaved.text, '\uFEFFzero\r\none\r\ntwo\r\n');
    await vscode.window.activeTextEditor?.document.save();
    assert.deepEqual(await disk.read('buffers/b.txt'), unsaved);
  });

  it('leaves out what is no file of the folder: untitled, deleted, ignored', async () => {
    const untitled = await vscode.workspace.openTextDocument({ content: 'untitledText();' });
    await vscode.window.showTextDocument(untitled);
    await typeAtStart(write('buffers/gone.js', 'x();\n'), 'goneText();\n');
    rmSync(join(root, 'buffers/gone.js'));
    assert.deepEqual((await workspace.read('buffers/gone.js')).kind, 'missing');
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');

    write('.gitignore', 'secret.env\n');
    await typeAtStart(write('secret.env', 'A=1\n'), 'SECRET=2\n');
    for (const pattern of ['untitledText', 'goneText', 'SECRET=2']) assert.deepEqual(await search(pattern), []);
    assert.deepEqual(await workspace.unsaved?.(), []);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    rmSync(join(root, '.gitignore'));
    rmSync(join(root, 'secret.env'));
  });

  it('reads nothing that the disk refuses', async () => {
    await typeAtStart(write('.conclave/notes.md', 'x\n'), 'y\n');
    assert.equal((await workspace.read('.conclave/notes.md')).kind, 'forbidden');
    assert.equal((await workspace.read('../outside')).kind, 'forbidden');
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    rmSync(join(root, '.conclave'), { recursive: true });
  });
});
