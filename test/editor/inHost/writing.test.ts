import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { folder, lines, proposing, put, read, root, THREE, until, uri } from './support/proposing.ts';

describe('what is accepted in the editor', () => {
  const here = proposing();
  const { proposal, proposed } = here;

  it('leaves mixed line ends as they are, byte for byte, and so does undo', async () => {
    const mixed = (changes = {}) =>
      lines(changes).replace('line 5\n', 'line 5\r\n').replace('line 30\n', 'line 30\r\n');
    put('w/a.txt', mixed());
    put('w/b.txt', lines());
    await proposed(
      { path: 'w/a.txt', text: mixed(THREE) },
      { path: 'w/b.txt', text: lines(THREE).replace('two\n', 'two\r\n') },
      { path: 'w/c.txt', text: 'one\r\ntwo\n' },
    );
    const document = await vscode.workspace.openTextDocument(uri('w/a.txt'));
    await vscode.window.showTextDocument(document);
    await here.proposals.decide('accepted', { path: 'w/a.txt', hunk: 1 });
    assert.equal(read('w/a.txt'), mixed({ 20: 'twenty' }));
    await until(async () => document.getText().includes('twenty') && !document.isDirty);
    await here.proposals.decide('accepted', {});
    assert.deepEqual(
      [read('w/a.txt'), read('w/b.txt'), read('w/c.txt')],
      [mixed(THREE), lines(THREE).replace('two\n', 'two\r\n'), 'one\r\ntwo\n'],
    );
    await here.proposals.undo();
    assert.deepEqual([read('w/a.txt'), read('w/b.txt')], [mixed(), lines()]);
  });

  it('is not written to a file that a setting marks as read-only, but by name', async () => {
    for (const path of ['w/d.txt', 'w/e.txt']) put(path, lines());
    const files = vscode.workspace.getConfiguration('files', folder);
    const set = (setting: string, value: unknown) => files.update(setting, value, vscode.ConfigurationTarget.Workspace);
    await set('readonlyInclude', { 'w/*.txt': true, '**/b.txt': false });
    try {
      await proposed({ path: 'w/d.txt', text: lines(THREE) }, { path: 'w/e.txt', text: null });
      const refusal = (path: string) =>
        new RegExp(`${path} cannot be written: it is marked as read-only by the setting files.readonlyInclude`);
      await assert.rejects(here.proposals.decide('accepted', { path: 'w/d.txt' }), refusal('w/d.txt'));
      await assert.rejects(here.proposals.decide('accepted', { path: 'w/e.txt' }), refusal('w/e.txt'));
      assert.deepEqual([read('w/d.txt'), read('w/e.txt'), (await proposal())?.decided], [lines(), lines(), {}]);
      await set('readonlyExclude', { '**/d.txt': true });
      await here.proposals.decide('accepted', { path: 'w/d.txt' });
      assert.equal(read('w/d.txt'), lines(THREE));
    } finally {
      for (const setting of ['readonlyInclude', 'readonlyExclude']) await set(setting, undefined);
      rmSync(join(root, '.vscode'), { recursive: true, force: true });
    }
  });

  describe('while the user types into the same file', () => {
    const mine = (changes = {}) => lines(changes).replace('line 10\n', 'mine\nline 10\n');
    const listening: vscode.Disposable[] = [];

    afterEach(() => vscode.Disposable.from(...listening.splice(0)).dispose());

    /** For each moment: what has something happen in it. */
    const moments: Record<string, (now: () => Promise<void>) => void> = {
      'at once': (now) => void now(),
      'when it is merged': (now) => {
        here.afterRead = now;
      },
      'when it is compared': (now) => {
        let reads = 0;
        here.afterRead = async () => {
          if (++reads === 2) await now();
        };
      },
      'before the editor gets it': (now) => {
        here.beforeWrite = now;
      },
      'when the editor has it': (now) => {
        listening.push(
          vscode.workspace.onDidChangeTextDocument(({ document }) => {
            if (document.getText().includes('twenty')) void now();
          }),
        );
      },
      'when another file is saved': (now) => {
        listening.push(vscode.workspace.onWillSaveTextDocument((event) => event.waitUntil(now())));
      },
      'when it is saved': (now) => {
        listening.push(
          vscode.workspace.onWillSaveTextDocument(({ document }) => {
            if (document.uri.path.includes('typed')) void now();
          }),
        );
      },
    };
    /** Too late for what is saved to be told from what a formatter makes of it: undo takes both back. */
    const inSaving = ['when the editor has it', 'when it is saved'];
    for (const [moment, arrange] of Object.entries(moments)) {
      it(`(${moment}) is merged or in conflict, and nothing that was typed is lost`, async () => {
        const path = `w/typed ${moment}.txt`;
        put(path, lines());
        put('w/another.txt', lines());
        await proposed({ path: 'w/another.txt', text: lines(THREE) }, { path, text: lines(THREE) });
        const document = await vscode.workspace.openTextDocument(uri(path));
        await vscode.window.showTextDocument(document);
        let typing: Thenable<boolean> | undefined;
        arrange(async () => {
          const edit = new vscode.WorkspaceEdit();
          edit.insert(document.uri, new vscode.Position(10, 0), 'mine\n');
          typing ??= vscode.workspace.applyEdit(edit);
          await typing;
        });
        const said = await here.proposals.decide('accepted', {}).then(
          () => 'written',
          ({ message }: Error) => message,
        );
        here.afterRead = here.beforeWrite = async () => {};
        const isTyped = await typing;
        assert.notEqual(typing, undefined, 'the moment came');
        if (said === 'written') {
          assert.equal(document.getText(), isTyped ? mine(THREE) : lines(THREE));
          assert.equal((await proposal())?.state, 'accepted');
          await document.save();
          await here.proposals.undo();
          if (!inSaving.includes(moment)) assert.equal(read(path), isTyped ? mine() : lines());
        } else {
          assert.match(said, new RegExp(`Nothing was written: ${path} changed in this moment`));
          assert.deepEqual([document.getText(), read(path), (await proposal())?.state], [mine(), lines(), 'open']);
          assert.equal(read('w/another.txt'), lines());
        }
      });
    }
  });
});
