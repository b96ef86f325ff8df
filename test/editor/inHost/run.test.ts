import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Fleet } from '../../models/fleet.ts';
import { greetBroken, mendBroken, onGreet } from '../../support/greeter.ts';
import { crewScripts, failed, plan } from '../../support/scripts.ts';
import { isOver, openFleet, openRecordedRuns, type RecordedRuns } from './support/crew.ts';
import { closeEditors, conclave, run, runWithFirstChoice, until } from './support/editor.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const GREET = vscode.Uri.joinPath(folder.uri, 'src/greet.js');
const text = (): string => readFileSync(GREET.fsPath, 'utf8');

const finding = {
  severity: 'high',
  type: 'bug',
  location: 'src/greet.js:1',
  quote: 'export function greet() {',
  message: 'It cannot greet by name.',
};

describe('a whole run', () => {
  let fleet: Fleet;
  let runs: RecordedRuns;
  let original = '';

  before(async () => {
    await conclave();
    original = text();
    runs = await openRecordedRuns();
    fleet = await openFleet(
      crewScripts({
        plan: plan([{ id: 'greet', ...onGreet }]),
        edits: { greet: [greetBroken] },
        coder: [{ when: { schema: false, last: 'does not parse' }, reply: { text: mendBroken } }],
        reviewer: [
          {
            name: 'findings',
            when: { schema: 'review', all: ['# Your subtask: review'] },
            reply: { json: failed([finding]) },
          },
        ],
      }),
    );
  });

  after(async () => {
    await run('conclave.newTask');
    await fleet?.close();
    await runs?.close();
    await closeEditors();
  });

  it('of a review ends with findings in Problems', async () => {
    const state = await runs.next(() => run('conclave.reviewFile', GREET), isOver);
    assert.equal(state.phase.kind === 'finished' && state.phase.outcome, 'not_approved', JSON.stringify(state.phase));
    const [problem] = await problems(1);
    assert.equal(problem?.message, finding.message);
    assert.equal(problem?.range.start.line, 0);
  });

  it('of a finding that is fixed ends with a proposal, which is accepted and undone', async () => {
    const [problem] = await problems(1);
    await vscode.window.showTextDocument(GREET);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      GREET,
      problem?.range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const fix = actions.find(({ command }) => command?.command === 'conclave.fixFinding')?.command;
    assert.ok(fix, `offered are ${actions.map(({ title }) => title)}`);
    const state = await runs.next(() => run(fix.command, ...(fix.arguments ?? [])), isOver);
    assert.equal(state.proposal?.state, 'open', JSON.stringify(state.phase));
    assert.equal(text(), original);
    // The editor's bundle finds the grammars, too.
    const syntax = (await runs.events(state.runId)).flatMap((event) =>
      event.type === 'syntax.checked' ? [[event.outcome, event.problems.length, event.unchecked]] : [],
    );
    assert.deepEqual(syntax, [['sent_back', 1, []]]);

    assert.deepEqual(await run('conclave.openProposal'), []);
    assert.deepEqual(await run('conclave.acceptProposal'), []);
    assert.match(text(), /greet\(name\)/);
    await runs.state(state.runId, ({ proposal }) => proposal?.state === 'accepted');

    assert.equal((await run('conclave.undoProposal')).length, 1);
    assert.equal(text(), original);
    await runs.state(state.runId, ({ proposal }) => proposal?.state === 'undone');
  });

  it('can be shown again, exported and restored to before, once it is over', async () => {
    assert.deepEqual(await runWithFirstChoice('conclave.replayRun'), []);
    assert.deepEqual(await run('conclave.restoreSnapshot'), []);
    await vscode.workspace.getConfiguration('files').update('simpleDialog.enable', true, true);
    assert.deepEqual(await runWithFirstChoice('conclave.exportRun'), []);
    const [newest = ''] = await runs.ids();
    const exported = join(folder.uri.fsPath, `conclave-${newest}.md`);
    assert.match(readFileSync(exported, 'utf8'), /^# Fix: It cannot greet by name\. \(src\/greet\.js\)/);
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, exported);
  });

  /** Ours, of the greeter, once there are so many. */
  function problems(count: number): Promise<vscode.Diagnostic[]> {
    return until(`${count} problems`, () => {
      const found = vscode.languages.getDiagnostics(GREET).filter(({ source }) => source === 'Conclave');
      return found.length === count ? found : undefined;
    });
  }
});
