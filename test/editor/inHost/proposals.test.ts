import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { placeOfUri, proposalUri } from '../../../src/host/proposals/proposalDocuments.ts';
import { lines, proposing, put, read, root, THREE, type, until, uri } from './support/proposing.ts';

describe('a proposal in the editor', () => {
  const here = proposing();
  const { proposal, proposed } = here;

  const textOf = async (path: string, side: 'open' | 'base' | 'result' = 'open') =>
    (await vscode.workspace.openTextDocument(proposalUri({ runId: here.shown ?? '', path, side }))).getText();

  it('is shown as what the file will be, with lenses above each hunk that waits', async () => {
    put('p/a.txt', lines());
    const runId = await proposed({ path: 'p/a.txt', text: lines(THREE) });
    await here.proposals.openDiff(undefined);
    assert.equal(await textOf('p/a.txt'), lines(THREE));
    const lenses = async () => {
      const place = proposalUri({ runId, path: 'p/a.txt', side: 'open' });
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        place,
        20,
      );
      return found
        .filter(({ command }) => command?.command.endsWith('Hunk'))
        .map(({ range, command }) => `${range.start.line} ${command?.command} ${command?.arguments?.[0]?.hunk}`);
    };
    const both = (line: number, hunk: number) => [
      `${line} conclave.acceptHunk ${hunk}`,
      `${line} conclave.rejectHunk ${hunk}`,
    ];
    assert.deepEqual(await lenses(), [...both(2, 0), ...both(20, 1), ...both(37, 2)]);
    assert.equal(vscode.workspace.getConfiguration('diffEditor').get('codeLens'), true, 'and diff editors show them');

    await here.proposals.decide('rejected', { path: 'p/a.txt', hunk: 1 });
    await until(async () => (await textOf('p/a.txt')) === lines({ 2: 'two', 37: 'thirty-seven' }));
    assert.deepEqual(await lenses(), [...both(2, 0), ...both(37, 2)]);
  });

  it('is accepted hunk by hunk, and undone with deletions and permissions', async () => {
    put('p/b.txt', lines());
    put('p/gone.sh', '#!/bin/sh\n', 0o755);
    put('p/old.sh', 'old\n', 0o755);
    rmSync(join(root, 'p/deep'), { recursive: true, force: true });
    await proposed(
      { path: 'p/b.txt', text: lines(THREE) },
      { path: 'p/deep/new.txt', text: 'new\r\n' },
      { path: 'p/gone.sh', text: null },
      { path: 'p/deep/moved.sh', text: 'moved\n', from: 'p/old.sh' },
    );
    await here.proposals.commands['conclave.acceptHunk']?.({ path: 'p/b.txt', hunk: 0 });
    assert.equal(read('p/b.txt'), lines({ 2: 'two' }));
    await here.proposals.commands['conclave.rejectHunk']?.({ path: 'p/b.txt', hunk: 1 });
    await here.proposals.commands['conclave.acceptProposal']?.();
    assert.equal(read('p/b.txt'), lines({ 2: 'two', 37: 'thirty-seven' }));
    assert.equal(read('p/deep/new.txt'), 'new\r\n');
    assert.deepEqual([existsSync(join(root, 'p/gone.sh')), existsSync(join(root, 'p/old.sh'))], [false, false]);
    assert.deepEqual(
      [read('p/deep/moved.sh'), statSync(join(root, 'p/deep/moved.sh')).mode & 0o777],
      ['moved\n', 0o755],
    );
    assert.equal((await proposal())?.state, 'accepted');

    await here.proposals.undo();
    assert.equal(read('p/b.txt'), lines());
    assert.equal(existsSync(join(root, 'p/deep')), false);
    assert.deepEqual([read('p/gone.sh'), statSync(join(root, 'p/gone.sh')).mode & 0o777], ['#!/bin/sh\n', 0o755]);
    assert.deepEqual([read('p/old.sh'), statSync(join(root, 'p/old.sh')).mode & 0o777], ['old\n', 0o755]);
    assert.equal((await proposal())?.state, 'undone');
  });

  it('is accepted file by file where one is new and one goes', async () => {
    put('p/goes.txt', 'old\n');
    await proposed({ path: 'p/comes.txt', text: 'new\n' }, { path: 'p/goes.txt', text: null });
    await here.proposals.decide('accepted', { path: 'p/comes.txt' });
    assert.deepEqual([read('p/comes.txt'), read('p/goes.txt')], ['new\n', 'old\n']);
    await here.proposals.decide('accepted', { path: 'p/goes.txt' });
    assert.equal(existsSync(join(root, 'p/goes.txt')), false);
    await here.proposals.undo();
    assert.deepEqual([existsSync(join(root, 'p/comes.txt')), read('p/goes.txt')], [false, 'old\n']);
  });

  it('is merged with unsaved edits, which are saved with it', async () => {
    put('p/c.txt', lines());
    await proposed({ path: 'p/c.txt', text: lines(THREE) });
    const document = await type('p/c.txt', 10, 'mine\n');
    const mine = (changes = {}) => lines(changes).replace('line 10\n', 'mine\nline 10\n');
    assert.equal(await textOf('p/c.txt'), mine(THREE));
    await here.proposals.decide('accepted', { path: 'p/c.txt' });
    assert.deepEqual([read('p/c.txt'), document.isDirty, document.getText()], [mine(THREE), false, mine(THREE)]);
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), mine(), 'one undo of the editor takes it back');
    await vscode.commands.executeCommand('redo');
    await document.save();
    await here.proposals.undo();
    assert.equal(read('p/c.txt'), mine());
  });

  it('is a conflict by name where the same lines changed since, and nothing is written', async () => {
    put('p/d.txt', lines());
    await proposed({ path: 'p/d.txt', text: lines(THREE) }, { path: 'p/new.txt', text: 'new\n' });
    const document = await type('p/d.txt', 20, 'mine ');
    await assert.rejects(
      here.proposals.decide('accepted', {}),
      /Nothing was written: p\/d\.txt changed since in line 21/,
    );
    assert.deepEqual([read('p/d.txt'), document.isDirty, existsSync(join(root, 'p/new.txt'))], [lines(), true, false]);
    assert.equal((await proposal())?.state, 'open');
    await here.proposals.decide('accepted', { path: 'p/d.txt', hunk: 0 });
    assert.equal(read('p/d.txt'), lines({ 2: 'two', 20: 'mine line 20' }));
  });

  it('keeps line ends, the byte order mark and the lack of a final newline', async () => {
    const before = `\uFEFF${lines().replaceAll('\n', '\r\n')}end`;
    const after = before.replace('line 2\r\n', 'two\r\nand more\r\n');
    put('p/e.txt', before);
    await proposed({ path: 'p/e.txt', text: after });
    await here.proposals.decide('accepted', {});
    assert.equal(read('p/e.txt'), after);
    await here.proposals.undo();
    assert.equal(read('p/e.txt'), before);
  });

  it('is formatted on save where the user wants that, and undo knows', async () => {
    const formatter = vscode.languages.registerDocumentFormattingEditProvider(
      { pattern: '**/p/f.txt' },
      {
        provideDocumentFormattingEdits: (document) => {
          const last = document.lineAt(document.lineCount - 1).range.end;
          return [
            vscode.TextEdit.replace(
              new vscode.Range(new vscode.Position(0, 0), last),
              document.getText().toUpperCase(),
            ),
          ];
        },
      },
    );
    const settings = vscode.workspace.getConfiguration('editor', { uri: uri('p/f.txt'), languageId: 'plaintext' });
    await settings.update('formatOnSave', true, vscode.ConfigurationTarget.Workspace);
    try {
      put('p/f.txt', lines());
      await proposed({ path: 'p/f.txt', text: lines(THREE) });
      await here.proposals.decide('accepted', {});
      assert.equal(read('p/f.txt'), lines(THREE).toUpperCase());
      const [told] = await here.crew.formatter.recall();
      assert.match(told?.diff ?? '', /^\+\+\+ b\/p\/f\.txt\n[\s\S]*-line 1\n[\s\S]*\+LINE 1\n/m, 'the Coder will know');
      await settings.update('formatOnSave', undefined, vscode.ConfigurationTarget.Workspace);
      await here.proposals.undo();
      assert.equal(read('p/f.txt'), lines());
    } finally {
      formatter.dispose();
      await settings.update('formatOnSave', undefined, vscode.ConfigurationTarget.Workspace);
      rmSync(join(root, '.vscode'), { recursive: true, force: true });
    }
  });

  it('of a decided proposal shows what was accepted, against what was there before', async () => {
    put('p/h.txt', lines());
    await proposed({ path: 'p/h.txt', text: lines(THREE) });
    await here.proposals.decide('accepted', { path: 'p/h.txt', hunk: 0 });
    await here.proposals.decide('rejected', { path: 'p/h.txt' });
    await here.proposals.openDiff('p/h.txt');
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(tab instanceof vscode.TabInputTextDiff);
    assert.deepEqual([placeOfUri(tab.original)?.side, placeOfUri(tab.modified)?.side], ['base', 'result']);
    assert.deepEqual(
      [await textOf('p/h.txt', 'base'), await textOf('p/h.txt', 'result')],
      [lines(), lines({ 2: 'two' })],
    );
  });

  it('that could not be saved is taken back, but nothing of what the user typed meanwhile', async () => {
    for (const name of ['a', 'b', 'c']) put(`p/l${name}.txt`, lines());
    await proposed(...['a', 'b', 'c'].map((name) => ({ path: `p/l${name}.txt`, text: lines(THREE) })));
    const mine = await vscode.workspace.openTextDocument(uri('p/lc.txt'));
    const saving = vscode.workspace.onWillSaveTextDocument((event) => {
      if (!event.document.uri.path.endsWith('/p/lb.txt')) return;
      rmSync(join(root, 'p/lb.txt'), { force: true });
      mkdirSync(join(root, 'p/lb.txt'), { recursive: true });
      const edit = new vscode.WorkspaceEdit();
      edit.insert(mine.uri, new vscode.Position(10, 0), 'mine\n');
      event.waitUntil(vscode.workspace.applyEdit(edit).then(() => []));
    });
    try {
      await assert.rejects(
        here.proposals.decide('accepted', {}),
        /p\/lb\.txt could not be saved.*left as it is: p\/lc\.txt\./,
      );
      const typed = lines(THREE).replace('line 10\n', 'mine\nline 10\n');
      assert.deepEqual([read('p/la.txt'), read('p/lc.txt'), mine.getText()], [lines(), lines(), typed]);
      assert.equal((await proposal())?.state, 'open');
    } finally {
      saving.dispose();
      rmSync(join(root, 'p/lb.txt'), { recursive: true });
    }
  });

  it('is decided by a file’s buttons in the title of its diff, which give a Uri', async () => {
    put('p/m.txt', lines());
    const runId = await proposed({ path: 'p/m.txt', text: lines(THREE) });
    await here.proposals.commands['conclave.acceptFile']?.(proposalUri({ runId, path: 'p/m.txt', side: 'open' }));
    assert.equal(read('p/m.txt'), lines(THREE));
  });

  it('that changes only upper and lower case of a name is accepted and undone, where the disk takes both for one', async () => {
    put('p/name.txt', lines(), 0o755);
    const runId = await proposed(
      { path: 'p/Name.txt', text: lines(THREE), from: 'p/name.txt' },
      { path: 'p/k.txt', text: 'new\n' },
    );
    here.ignoresCase = true;
    const place = proposalUri({ runId, path: 'p/Name.txt', side: 'open' });
    await vscode.workspace.openTextDocument(place);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', place, 20);
    assert.ok(lenses.length > 0 && !lenses.some(({ command }) => command?.title.includes('conflict')));
    await here.proposals.decide('accepted', {});
    assert.deepEqual(
      [names('p', /^name/i), read('p/Name.txt'), read('p/k.txt')],
      [['Name.txt'], lines(THREE), 'new\n'],
    );
    assert.equal(statSync(join(root, 'p/Name.txt')).mode & 0o777, 0o755);
    await here.proposals.undo();
    assert.deepEqual(
      [names('p', /^name/i), read('p/name.txt'), existsSync(join(root, 'p/k.txt'))],
      [['name.txt'], lines(), false],
    );
    assert.equal(statSync(join(root, 'p/name.txt')).mode & 0o777, 0o755);
  });

  it('of several files is one editor for all of them', async () => {
    put('p/i.txt', lines());
    await proposed({ path: 'p/i.txt', text: lines(THREE) }, { path: 'p/j.txt', text: 'new\n' });
    await here.proposals.openDiff(undefined);
    await until(async () => /2/.test(vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? ''));
  });
});

function names(path: string, pattern: RegExp): string[] {
  return readdirSync(join(root, path)).filter((name) => pattern.test(name));
}
