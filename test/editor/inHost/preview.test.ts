import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type Previewed, previewProposal } from '../../../src/host/proposals/preview.ts';
import { hearMessages } from './support/editor.ts';
import { folder, lines, proposing, put, read, root, THREE, type, uri } from './support/proposing.ts';
import { openedPreview, type RefactorPreview, writtenFilesAreKnown } from './support/refactorPreview.ts';

describe('the refactor preview of a proposal', () => {
  const here = proposing();
  const { proposal, proposed } = here;

  beforeEach(() => rmSync(join(root, 'v'), { recursive: true, force: true }));

  /** Opens one of these files, does something in it and waits until it is over. */
  async function during<T>(
    open: () => Promise<T>,
    paths: readonly string[],
    inIt: (preview: RefactorPreview) => Promise<unknown>,
  ): Promise<T> {
    await writtenFilesAreKnown();
    const over = open();
    over.catch(() => {});
    // Where it is over at once, that tells more than that nothing opens.
    const none = over.then((outcome) => assert.fail(`no preview was opened: ${JSON.stringify(outcome)}`));
    const preview = await Promise.race([openedPreview(paths), none]);
    try {
      await inIt(preview);
    } catch (error) {
      // Otherwise the run is held, and the next test cannot say more than that.
      await vscode.commands.executeCommand('refactorPreview.discard');
      await over.catch(() => {});
      throw error;
    }
    return over;
  }

  const previewOf = (runId: string) => () => previewProposal(here.host, { runId, folder });

  it('has what is ticked accepted and the rest left open; discarded, it decides nothing', async () => {
    put('v/a.txt', lines());
    const runId = await proposed({ path: 'v/a.txt', text: lines(THREE) });
    await during(
      () => here.proposals.preview(),
      ['v/a.txt'],
      async () => vscode.commands.executeCommand('refactorPreview.discard'),
    );
    assert.deepEqual([read('v/a.txt'), (await proposal())?.decided], [lines(), {}]);
    assert.deepEqual(await here.crew.snapshots.of(runId), []);

    const heard = hearMessages();
    const ticked = lines({ 20: THREE[20] });
    const preview = () => here.proposals.preview().finally(() => heard.stop());
    await during(preview, ['v/a.txt'], async ({ tick, apply }) => {
      await tick('v/a.txt', ticked);
      await apply();
    });
    assert.deepEqual((await proposal())?.decided, { 'v/a.txt': { 1: 'accepted' } });
    assert.equal(read('v/a.txt'), ticked);
    assert.deepEqual(heard.texts, ['Hunks of the proposal: Accepted 1. Left open, because not ticked: 2.']);
    await here.proposals.undo();
    assert.equal(read('v/a.txt'), lines());
  });

  it('saves only what it has changed, and holds the run and the workspace meanwhile', async () => {
    for (const path of ['v/b.txt', 'v/c.txt']) put(path, lines());
    const runId = await proposed(...['v/b.txt', 'v/c.txt'].map((path) => ({ path, text: lines(THREE) })));
    const dirty = await type('v/c.txt', 10, 'mine\n');
    const mine = lines().replace('line 10\n', 'mine\nline 10\n');
    const { previewed: outcome } = await during(previewOf(runId), ['v/b.txt', 'v/c.txt'], async ({ tick, apply }) => {
      await assert.rejects(here.proposals.decide('accepted', {}), /Another run is at work in/);
      await tick('v/b.txt', lines(THREE));
      await apply();
    });
    assert.deepEqual(outcome, { applied: 3, open: 3, partly: [], conflicts: 0, apart: 0 } satisfies Previewed);
    assert.equal(read('v/b.txt'), lines(THREE));
    assert.deepEqual([dirty.isDirty, dirty.getText(), read('v/c.txt')], [true, mine, lines()]);
    assert.deepEqual(Object.keys((await proposal())?.decided ?? {}), ['v/b.txt']);
  });

  it('is closed where the run is stopped, and nothing is decided', async () => {
    put('v/d.txt', lines());
    const runId = await proposed({ path: 'v/d.txt', text: lines(THREE) });
    const { end, previewed: outcome } = await during(previewOf(runId), ['v/d.txt'], async () =>
      here.stop.abort(new Error('Stopped by the user.')),
    );
    assert.deepEqual([end.state, end.ending.code, outcome?.applied], ['finished', 'approved', 0]);
    assert.deepEqual([read('v/d.txt'), (await proposal())?.state], [lines(), 'open']);
    assert.deepEqual(await here.crew.snapshots.of(runId), []);
    here.stop = new AbortController();
    await here.proposals.decide('accepted', {});
    assert.equal(read('v/d.txt'), lines(THREE), 'the leases are free again');
  });

  it('knows its hunks where a formatter has a hand in what is saved, and undo knows too', async () => {
    const upperCase: vscode.DocumentFormattingEditProvider = {
      provideDocumentFormattingEdits: (document) => {
        const all = new vscode.Range(new vscode.Position(0, 0), document.lineAt(document.lineCount - 1).range.end);
        return [vscode.TextEdit.replace(all, document.getText().toUpperCase())];
      },
    };
    const formatter = vscode.languages.registerDocumentFormattingEditProvider({ pattern: '**/v/e*.txt' }, upperCase);
    const settings = vscode.workspace.getConfiguration('editor', { uri: uri('v/e.txt'), languageId: 'plaintext' });
    await settings.update('formatOnSave', true, vscode.ConfigurationTarget.Workspace);
    try {
      // The editor saves a refactoring of several files by itself.
      for (const path of ['v/e1.txt', 'v/e2.txt']) put(path, lines());
      const runId = await proposed(...['v/e1.txt', 'v/e2.txt'].map((path) => ({ path, text: lines(THREE) })));
      await during(previewOf(runId), ['v/e1.txt', 'v/e2.txt'], async ({ tick, apply }) => {
        await tick('v/e1.txt', lines(THREE));
        await tick('v/e2.txt', lines(THREE));
        await apply();
      });
      const upper = lines(THREE).toUpperCase();
      assert.deepEqual([read('v/e1.txt'), read('v/e2.txt'), (await proposal())?.state], [upper, upper, 'accepted']);
      await settings.update('formatOnSave', undefined, vscode.ConfigurationTarget.Workspace);
      await here.proposals.undo();
      assert.deepEqual([read('v/e1.txt'), read('v/e2.txt')], [lines(), lines()]);
    } finally {
      formatter.dispose();
      await settings.update('formatOnSave', undefined, vscode.ConfigurationTarget.Workspace);
      rmSync(join(root, '.vscode'), { recursive: true, force: true });
    }
  });

  it('of a file that cannot be saved accepts nothing of it, and what is there can be undone', async () => {
    put('v/f.txt', lines());
    const runId = await proposed({ path: 'v/f.txt', text: lines(THREE) });
    const saving = vscode.workspace.onWillSaveTextDocument(() => {
      rmSync(join(root, 'v/f.txt'), { force: true });
      mkdirSync(join(root, 'v/f.txt'), { recursive: true });
    });
    try {
      const { end } = await during(previewOf(runId), ['v/f.txt'], async ({ tick, apply }) => {
        await tick('v/f.txt', lines(THREE));
        await apply();
      });
      assert.equal(end.ending.code, 'workspace_failed');
      assert.match(end.ending.message, /^v\/f\.txt could not be saved\.$/);
      assert.deepEqual([(await proposal())?.state, (await proposal())?.decided], ['open', {}]);
    } finally {
      saving.dispose();
      rmSync(join(root, 'v/f.txt'), { recursive: true });
    }
  });

  it('is not opened for a file that must not be written, which is named', async () => {
    put('v/g.txt', lines());
    const runId = await proposed({ path: 'v/g.txt', text: lines(THREE) });
    const files = vscode.workspace.getConfiguration('files', folder);
    await files.update('readonlyInclude', { 'v/g.*': true }, vscode.ConfigurationTarget.Workspace);
    try {
      await assert.rejects(
        here.proposals.preview(runId),
        /v\/g\.txt cannot be written: it is marked as read-only by the setting files\.readonlyInclude/,
      );
      assert.deepEqual([read('v/g.txt'), (await proposal())?.decided], [lines(), {}]);
      assert.deepEqual(await here.crew.snapshots.of(runId), []);
    } finally {
      await files.update('readonlyInclude', undefined, vscode.ConfigurationTarget.Workspace);
      rmSync(join(root, '.vscode'), { recursive: true, force: true });
    }
  });

  it('of a rename of which one box was ticked leaves it open and says so; both boxes accept it', async () => {
    put('v/old/h.sh', '#!/bin/sh\n', 0o755);
    const runId = await proposed({ path: 'v/h.sh', text: '#!/bin/sh\n', from: 'v/old/h.sh' });
    const heard = hearMessages();
    const half = () => here.proposals.preview(runId).finally(() => heard.stop());
    await during(half, ['v/h.sh', 'v/old/h.sh'], async ({ tick, apply }) => {
      await tick('v/h.sh', '#!/bin/sh\n');
      await apply();
    });
    assert.match(heard.texts[0] ?? '', /A rename has two boxes.*v\/old\/h\.sh → v\/h\.sh/);
    assert.match(
      heard.texts[1] ?? '',
      /Accepted 0\. Applied in part only, and so left open: v\/old\/h\.sh → v\/h\.sh\./,
    );
    assert.deepEqual((await proposal())?.decided, {});
    assert.deepEqual([existsSync(join(root, 'v/h.sh')), existsSync(join(root, 'v/old/h.sh'))], [true, true]);

    const { previewed: outcome } = await during(previewOf(runId), ['v/old/h.sh'], async ({ tickDeletion, apply }) => {
      await tickDeletion();
      await apply();
    });
    assert.equal(outcome?.applied, 1);
    assert.equal((await proposal())?.state, 'accepted');
    assert.deepEqual([read('v/h.sh'), existsSync(join(root, 'v/old'))], ['#!/bin/sh\n', false]);
    await here.proposals.undo();
    assert.deepEqual([read('v/old/h.sh'), existsSync(join(root, 'v/h.sh'))], ['#!/bin/sh\n', false]);
    assert.equal(statSync(join(root, 'v/old/h.sh')).mode & 0o777, 0o755);
  });

  it('does not offer what the editor would not write exactly', async () => {
    const mixed = lines().replace('line 5\n', 'line 5\r\n');
    put('v/i.txt', mixed);
    await proposed({ path: 'v/i.txt', text: mixed.replace('line 20', 'twenty') });
    const heard = hearMessages();
    await here.proposals.preview().finally(() => heard.stop());
    assert.match(heard.texts.join('\n'), /line ends are mixed.*: 1\./);
    assert.equal(read('v/i.txt'), mixed);
  });
});
