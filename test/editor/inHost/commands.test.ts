import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeEditors, conclave, run } from './support/editor.ts';

/** What a command says where what it is about is not there: a folder is open, and nothing else. */
const MESSAGES: Record<string, RegExp> = {
  'conclave.reviewFile': /Open the file that shall be reviewed first/,
  'conclave.fixFinding': /There are no findings/,
  'conclave.fixAllFindings': /There are no findings to fix/,
  'conclave.waiveFinding': /There are no findings/,
  'conclave.explainFinding': /There are no findings/,
  'conclave.resumeRun': /There is no such run/,
  'conclave.replayRun': /There is no such run/,
  'conclave.forkRun': /There is no such run/,
  'conclave.exportRun': /There is no such run/,
  'conclave.openProposal': /There is no proposal here: show a run/,
  'conclave.previewProposal': /There is no proposal here: show a run/,
  'conclave.acceptProposal': /There is no proposal here: show a run/,
  'conclave.rejectProposal': /There is no proposal here: show a run/,
  'conclave.acceptFile': /Open the proposal's diff/,
  'conclave.rejectFile': /Open the proposal's diff/,
  'conclave.acceptHunk': /Open the proposal's diff/,
  'conclave.rejectHunk': /Open the proposal's diff/,
  'conclave.undoProposal': /No run is shown/,
  'conclave.stopFleet': /No profile is chosen yet/,
  'conclave.restartFleet': /No profile is chosen yet/,
  'conclave.startServer': /No profile is chosen yet/,
  'conclave.stopServer': /No profile is chosen yet/,
  'conclave.restartServer': /No profile is chosen yet/,
  'conclave.showServerLog': /No profile is chosen yet/,
  'conclave.restoreSnapshot': /There is no run here yet that changed files/,
};

/** Those that start something of their own: run.test.ts and demo. */
const STARTING = ['conclave.reviewChanges', 'conclave.tryDemo'];

interface Manifest {
  commands: { command: string }[];
  keybindings: { command: string; key: string; mac?: string }[];
}

describe('the commands of the manifest', () => {
  let contributes: Manifest;

  before(async () => {
    ({ contributes } = (await conclave()).packageJSON as { contributes: Manifest });
  });

  beforeEach(async () => {
    await closeEditors();
    await run('conclave.newTask');
  });

  after(async () => {
    for (const terminal of vscode.window.terminals) terminal.dispose();
    await closeEditors();
  });

  it('each end well without a run, or say what is missing', async () => {
    const wrong: string[] = [];
    for (const { command } of contributes.commands) {
      if (STARTING.includes(command)) continue;
      const said = await run(command).catch((error: Error) => [`threw ${error.message}`]);
      const wanted = MESSAGES[command];
      const isRight = wanted === undefined ? said.length === 0 : said.length === 1 && wanted.test(said[0] ?? '');
      if (!isRight) wrong.push(`${command}: ${JSON.stringify(said)}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('say where a file lies that cannot be reviewed', async () => {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: 'x' }));
    const said = await run('conclave.reviewFile');
    assert.match(said.join('\n'), /Untitled-\d+ lies in no open folder/);
  });

  it('have keys that mean nothing else in the editor', async () => {
    const uri = vscode.Uri.parse('vscode://defaultsettings/keybindings.json');
    const text = (await vscode.workspace.openTextDocument(uri)).getText();
    const bindings = parseWithComments(text) as { key: string; command: string; when?: string }[];
    assert.ok(bindings.length > 300, `only ${bindings.length} keybindings were read`);
    assert.ok(bindings.some(({ command }) => command === 'conclave.openChat'));
    const others = bindings.filter(({ command, when }) => !/^-?conclave\./.test(command) && when !== 'false');
    for (const { command, key, mac } of contributes.keybindings) {
      const ours = (process.platform === 'darwin' ? mac : undefined) ?? key;
      // A longer chord that begins with ours, or a shorter one that ours begins with, is in the way too.
      const taken = others.filter(
        (one) => one.key === ours || one.key.startsWith(`${ours} `) || ours.startsWith(`${one.key} `),
      );
      assert.deepEqual(taken, [], `${command} wants ${ours}`);
    }
  });
});

/** JSON with comments on lines of their own, as the editor writes its defaults. */
function parseWithComments(text: string): unknown {
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''));
}
