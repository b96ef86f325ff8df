import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { openEditorWorkspace } from '../../../src/host/editorWorkspace.ts';
import { type Mentions, openMentions } from '../../../src/host/mentions/mentions.ts';
import { openDiskWorkspace } from '../../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../../src/node/processes.ts';
import type { Attachment } from '../../../src/shared/protocol.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const root = folder.uri.fsPath;

function write(path: string, text: string): vscode.Uri {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return vscode.Uri.joinPath(folder.uri, path);
}

describe('mentions', () => {
  let mentions: Mentions;
  const labels = async (query: string): Promise<string[]> =>
    (await mentions.complete(query, folder)).map(({ attachment }) => attachment.label);
  const text = async (attachment: Omit<Attachment, 'label' | 'folder'>): Promise<string> => {
    const full = { label: 'x', folder: folder.uri.toString(), ...attachment };
    return (await mentions.resolve([full], folder))[0]?.text ?? '';
  };

  beforeEach(() => {
    mentions = openMentions({
      workspaceOf: (uri) => openEditorWorkspace(openDiskWorkspace(uri.fsPath, { ripgrep: undefined }), uri),
      processes: nodeProcesses(),
    });
  });

  afterEach(async () => {
    mentions.dispose();
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('complete files, folders, and what is at hand', async () => {
    assert.equal((await labels('greet.js'))[0], 'src/greet.js');
    assert.deepEqual(await labels('folder:src'), ['src/']);
    assert.ok((await labels('file:leave')).every((label) => !label.endsWith('/')));
    assert.ok((await labels('')).includes('Uncommitted changes'));
    assert.deepEqual((await mentions.complete('diff', folder))[0]?.attachment.kind, 'diff');
  });

  it('complete files that came since', async () => {
    await labels('');
    write('mentions/brandNew.js', '1;\n');
    const end = Date.now() + 10_000;
    while (!(await labels('brandNew')).includes('mentions/brandNew.js')) {
      assert.ok(Date.now() < end, 'the new file is never offered');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it('give a selection with its line numbers, from the unsaved buffer', async () => {
    const editor = await vscode.window.showTextDocument(write('mentions/one.js', 'one();\ntwo();\nthree();\n'));
    await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), 'unsaved();\n'));
    editor.selection = new vscode.Selection(1, 0, 3, 0);
    const [completion] = await mentions.complete('selection', folder);
    assert.deepEqual(completion?.attachment, {
      kind: 'selection',
      label: 'mentions/one.js:2-3',
      path: 'mentions/one.js',
      lines: { from: 2, to: 3 },
      folder: folder.uri.toString(),
    });
    const [resolved] = await mentions.resolve([completion?.attachment ?? assert.fail()], folder);
    assert.equal(resolved?.text, 'mentions/one.js\n2  unsaved();\n3  two();');
    assert.equal(await text({ kind: 'file', path: 'mentions/one.js' }), 'one();\nunsaved();\ntwo();\nthree();\n');
    assert.match(await text({ kind: 'diff' }), /mentions\/one\.js[\s\S]*\+unsaved\(\);/);
  });

  it('give folders, problems and the diff', async () => {
    write('mentions/one.js', 'one();\n');
    assert.match(await text({ kind: 'folder', path: 'mentions' }), /^mentions\/.*one\.js$/m);
    const collection = vscode.languages.createDiagnosticCollection('test');
    try {
      const at = vscode.Uri.joinPath(folder.uri, 'mentions/one.js');
      collection.set(at, [new vscode.Diagnostic(new vscode.Range(0, 0, 0, 3), 'No such function.')]);
      assert.match((await labels('problems'))[0] ?? '', /^Problems \(\d+\)$/);
      assert.match(await text({ kind: 'problems' }), /mentions\/one\.js:1: error: No such function\./);
    } finally {
      collection.dispose();
    }
  });

  it('take what is dropped, and refuse by name what lies outside', async () => {
    const one = write('mentions/one.js', 'one();\n');
    assert.deepEqual(
      mentions
        .drop([one.toString(), vscode.Uri.joinPath(folder.uri, 'mentions').toString(), one.fsPath])
        .map(({ kind, label }) => [kind, label]),
      [
        ['file', 'mentions/one.js'],
        ['folder', 'mentions/'],
        ['file', 'mentions/one.js'],
      ],
    );
    assert.throws(() => mentions.drop(['file:///etc/hosts', 'https://example.test/x.txt']), /not: hosts, x\.txt/);
    assert.throws(() => mentions.drop([vscode.Uri.joinPath(folder.uri, '.git/config').toString()]), /not: config/);
    assert.equal(mentions.drop([one.toString(), 'file:///etc/hosts']).length, 1);
  });

  it('say what cannot be attached', async () => {
    await assert.rejects(text({ kind: 'file', path: 'mentions/gone.js' }), /gone\.js is not there any more/);
    await assert.rejects(text({ kind: 'file', path: '../secret' }), /secret cannot be attached: .*outside/);
    write('mentions/long.txt', 'long\n'.repeat(20_000));
    await assert.rejects(
      text({ kind: 'file', path: 'mentions/long.txt' }),
      /100000 characters together; at most 65536/,
    );
    await assert.rejects(text({ kind: 'terminal' }), /No command has run/);
  });
});
