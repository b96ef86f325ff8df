import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { isOver, openRecordedRuns } from '../support/crew.ts';
import { conclave, run } from '../support/editor.ts';

const german: Record<string, string> = {};
const NO_FOLDER = 'The crew works in a folder: open one first (File > Open Folder…).';

/** In the window's language, whatever that is: the desktop's suites are run in English. */
const inWords = (english: string): string => (vscode.env.language === 'de' ? german[english] : undefined) ?? english;

describe('without a folder', () => {
  before(async () => {
    const { extensionPath } = await conclave();
    Object.assign(german, JSON.parse(readFileSync(join(extensionPath, 'l10n', 'bundle.l10n.de.json'), 'utf8')));
  });

  after(() => run('conclave.newTask'));

  it('the words are those of the language of the window', async () => {
    assert.equal(vscode.l10n.t(NO_FOLDER), inWords(NO_FOLDER));
    if (vscode.env.language === 'de') {
      assert.notEqual(vscode.l10n.t(NO_FOLDER), NO_FOLDER);
      assert.match(vscode.l10n.uri?.path ?? '', /bundle\.l10n\.de\.json$/);
    }
  });

  for (const command of ['reviewChanges', 'attachFile', 'doctor', 'showRuns', 'runTask']) {
    it(`${command} says that one has to be opened`, async () => {
      assert.deepEqual(await run(`conclave.${command}`), [`Conclave: ${inWords(NO_FOLDER)}`]);
      assert.deepEqual(vscode.window.terminals, []);
    });
  }

  it('every other command ends well, or says what is missing in one message', async () => {
    const { contributes } = (await conclave()).packageJSON as { contributes: { commands: { command: string }[] } };
    for (const { command } of contributes.commands) {
      if (command === 'conclave.tryDemo') continue;
      const said = await run(command);
      assert.ok(said.length <= 1, `${command}: ${said}`);
    }
  });

  it('the demo runs all the same, asks its question, and can be stopped', async () => {
    const runs = await openRecordedRuns();
    try {
      const { runId, openQuestions } = await runs.next(
        () => run('conclave.tryDemo'),
        (state) => state.openQuestions.length > 0,
      );
      assert.match(openQuestions[0]?.text ?? '', /How long shall a token live\?/);
      assert.deepEqual(await run('conclave.stop'), []);
      await runs.state(runId, isOver);
    } finally {
      await runs.close();
    }
  });
});
