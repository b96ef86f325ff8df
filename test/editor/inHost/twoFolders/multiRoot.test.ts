import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { openEditorWorkspace } from '../../../../src/host/editorWorkspace.ts';
import { folderForTask } from '../../../../src/host/folders.ts';
import { openMentions } from '../../../../src/host/mentions/mentions.ts';
import { openDiskWorkspace } from '../../../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../../../src/node/processes.ts';
import type { Fleet } from '../../../models/fleet.ts';
import { greetByName, onGreet } from '../../../support/greeter.ts';
import { crewScripts, failed, plan } from '../../../support/scripts.ts';
import { isOver, openFleet, openRecordedRuns, type RecordedRuns } from '../support/crew.ts';
import { closeEditors, conclave, run, until } from '../support/editor.ts';

const [first = assert.fail('no folder is open'), second = assert.fail('only one folder is open')] =
  vscode.workspace.workspaceFolders ?? [];
const greetIn = (folder: vscode.WorkspaceFolder): vscode.Uri => vscode.Uri.joinPath(folder.uri, 'src/greet.js');
const textIn = (folder: vscode.WorkspaceFolder): string => readFileSync(greetIn(folder).fsPath, 'utf8');
const problemsIn = (folder: vscode.WorkspaceFolder): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(greetIn(folder)).filter(({ source }) => source === 'Conclave');

describe('with two folders, the second', () => {
  let fleet: Fleet;
  let runs: RecordedRuns;
  const original = textIn(second);

  before(async () => {
    await conclave();
    runs = await openRecordedRuns();
    fleet = await openFleet(
      crewScripts({
        plan: plan([{ id: 'greet', ...onGreet }]),
        edits: { greet: [greetByName] },
        reviewer: [
          {
            name: 'findings',
            when: { schema: 'review', all: ['# Your subtask: review'] },
            reply: {
              json: failed([
                {
                  severity: 'high',
                  type: 'bug',
                  location: 'src/greet.js:1',
                  quote: 'export function greet() {',
                  message: 'It cannot greet by name.',
                },
              ]),
            },
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

  it('gets its tasks once it is chosen, and the first before that', () => {
    assert.equal(folderForTask(undefined).name, 'first');
    assert.equal(folderForTask(second.uri.toString()).name, 'second');
  });

  it('completes its own files behind an @, and takes what is dropped from either', async () => {
    const mentions = openMentions({
      workspaceOf: (uri) => openEditorWorkspace(openDiskWorkspace(uri.fsPath, { ripgrep: undefined }), uri),
      processes: nodeProcesses(),
    });
    try {
      const labels = async (folder: vscode.WorkspaceFolder): Promise<string[]> =>
        (await mentions.complete('onlyInSecond', folder)).map(({ attachment }) => attachment.label);
      assert.ok((await labels(second)).includes('src/onlyInSecond.js'));
      assert.ok(!(await labels(first)).includes('src/onlyInSecond.js'));
      const dropped = mentions.drop([greetIn(first).toString(), greetIn(second).toString()]);
      assert.deepEqual(
        dropped.map(({ folder, path }) => [folder, path]),
        [first, second].map(({ uri }) => [uri.toString(), 'src/greet.js']),
      );
      // A chip of one folder gives the text of that folder in a task of the other.
      const [resolved] = await mentions.resolve(mentions.drop([`${second.uri}/src/onlyInSecond.js`]), first);
      assert.match(resolved?.text ?? '', /second = 2/);
    } finally {
      mentions.dispose();
    }
  });

  it('has its own findings and its own proposal', async () => {
    const review = await runs.next(() => run('conclave.reviewFile', greetIn(second)), isOver);
    assert.equal(review.workspace, second.uri.fsPath);
    const [problem] = await until('the finding', () =>
      problemsIn(second).length > 0 ? problemsIn(second) : undefined,
    );
    assert.deepEqual(problemsIn(first), []);

    await vscode.window.showTextDocument(greetIn(second));
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      greetIn(second),
      problem?.range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const fix = actions.find(({ command }) => command?.command === 'conclave.fixFinding')?.command;
    const { workspace, proposal } = await runs.next(
      () => run(fix?.command ?? 'there is no fix', ...(fix?.arguments ?? [])),
      isOver,
    );
    assert.equal(workspace, second.uri.fsPath);
    assert.equal(proposal?.state, 'open');
    assert.deepEqual(await run('conclave.acceptProposal'), []);
    assert.match(textIn(second), /greet\(name\)/);
    assert.equal(textIn(first), original);
    await run('conclave.undoProposal');
    assert.deepEqual([textIn(first), textIn(second)], [original, original]);
  });

  it('no longer open, has its runs shown and nothing more', async () => {
    const runId = (await runs.ids())[0] ?? '';
    await runs.state(runId, ({ proposal }) => proposal?.state === 'undone');
    const heard = until('the folder is closed', () =>
      vscode.workspace.workspaceFolders?.length === 1 ? true : undefined,
    );
    assert.ok(vscode.workspace.updateWorkspaceFolders(1, 1));
    await heard;
    assert.deepEqual(await run('conclave.undoProposal'), [
      `Conclave: This run belongs to ${second.uri.fsPath}. Open that folder to go on with it.`,
    ]);
    assert.deepEqual(problemsIn(second), []);
  });
});
