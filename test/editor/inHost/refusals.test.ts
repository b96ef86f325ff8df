import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { emptyChangeSet, withStates } from '../../../src/core/changes/changeSet.ts';
import { propose } from '../../../src/core/orchestrator/finishing.ts';
import { startRun } from '../../../src/core/orchestrator/session.ts';
import type { Workspace } from '../../../src/core/ports.ts';
import { assertMayStart } from '../../../src/host/fleet/fleetWork.ts';
import { folderForTask } from '../../../src/host/folders.ts';
import { openEditorWriter } from '../../../src/host/proposals/editorWriter.ts';
import { loadSettings } from '../../../src/node/configuration.ts';
import { openDiskWorkspace } from '../../../src/node/diskWorkspace.ts';
import { openDiskWriter } from '../../../src/node/diskWriter.ts';
import { openCrew, openStore } from '../../../src/node/openCrew.ts';
import { conclave, run, runWithFirstChoice } from './support/editor.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const PLAIN = { uri: folder.uri, name: 'plain', index: 0 };
const VIRTUAL = { uri: vscode.Uri.parse('conclave-test:/project'), name: 'virtual', index: 0 };

describe('a task', () => {
  it('goes to a folder on a disk, whatever stands before it', () => {
    const around = { isTrusted: true, workspaceFolders: [VIRTUAL, PLAIN] };
    assert.equal(folderForTask(undefined, around).name, 'plain');
    assert.equal(folderForTask(VIRTUAL.uri.toString(), around).name, 'plain');
  });

  it('is refused by name in a folder that is not on a disk', () => {
    assert.throws(
      () => folderForTask(undefined, { isTrusted: true, workspaceFolders: [VIRTUAL] }),
      /"virtual" is not on a disk \(conclave-test\): .* Clone it and open the clone/,
    );
  });

  it('is refused without a folder, and without trust, with what to do', () => {
    assert.throws(() => folderForTask(undefined, { isTrusted: true, workspaceFolders: undefined }), /open one first/);
    assert.throws(
      () => folderForTask(undefined, { isTrusted: false, workspaceFolders: [PLAIN] }),
      /not trusted: .* Trust it first/,
    );
  });
});

describe('the fleet', () => {
  it('is started in trusted workspaces only', () => {
    assert.doesNotThrow(() => assertMayStart({ isTrusted: true }));
    assert.throws(() => assertMayStart({ isTrusted: false }), /in trusted workspaces only\. Trust this one first/);
  });
});

describe('a virtual folder', () => {
  let registered: vscode.Disposable;

  before(async () => {
    await conclave();
    registered = vscode.workspace.registerFileSystemProvider('conclave-test', emptyFileSystem());
  });
  after(() => registered?.dispose());

  it('is not written to', async () => {
    const disk = openDiskWorkspace(folder.uri.fsPath, { ripgrep: undefined });
    const workspace: Workspace = { ...disk, root: disk.root, read: async () => ({ kind: 'missing' }) };
    const writer = openEditorWriter(VIRTUAL.uri, { workspace, writer: openDiskWriter(folder.uri.fsPath) });
    await assert.rejects(
      writer.write([{ path: 'a.js', before: null, text: 'x\n' }]),
      /\/project is not on a disk \(conclave-test\)/,
    );
  });

  it('is not reviewed in, and its file lies in no open folder', async () => {
    const said = await run('conclave.reviewFile', vscode.Uri.parse('conclave-test:/project/a.js'));
    assert.match(said.join('\n'), /a\.js lies in no open folder/);
  });
});

describe('a run of a folder that is not open', () => {
  const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-elsewhere-')));

  after(async () => {
    await run('conclave.newTask');
    rmSync(elsewhere, { recursive: true, force: true });
  });

  it('is shown, but not gone on with, accepted or undone', async () => {
    const { extensionPath } = await conclave();
    const env = process.env;
    const store = await openStore({ home: extensionPath, env });
    const crew = await openCrew(
      { version: '0', home: extensionPath, env },
      {
        workspace: elsewhere,
        user: { ask: async () => 'unanswered', approve: async () => 'unanswered' },
        ripgrep: undefined,
        loaded: await loadSettings({ env, workspace: elsewhere, trusted: true, flags: {} }),
      },
    );
    const { runId } = await startRun(
      crew,
      store,
      {
        holder: 'test',
        signal: new AbortController().signal,
        onEvent: () => {},
        catchUp: () => {},
        work: async (here) => {
          here.base.record('new.js', null, null);
          await propose(
            here,
            withStates(emptyChangeSet, [{ path: 'new.js', text: 'x\n' }], () => undefined),
          );
          return { type: 'run.finished', outcome: 'approved', ending: { code: 'approved', message: 'Approved.' } };
        },
      },
      { kind: 'run', task: 'Elsewhere' },
    );
    assert.equal((await store.log.list())[0]?.runId, runId);
    assert.deepEqual(await runWithFirstChoice('conclave.replayRun'), []);
    const refusal = `Conclave: This run belongs to ${elsewhere}. Open that folder to go on with it.`;
    for (const command of ['openProposal', 'acceptProposal', 'rejectProposal', 'undoProposal']) {
      assert.deepEqual(await run(`conclave.${command}`), [refusal], command);
    }
    // Nor is it offered.
    for (const command of ['resumeRun', 'restoreSnapshot']) {
      assert.ok(!(await run(`conclave.${command}`)).includes(refusal), command);
    }
    await store.log.delete(runId);
    await store.close();
  });
});

function emptyFileSystem(): vscode.FileSystemProvider {
  const refuse = (): never => {
    throw vscode.FileSystemError.NoPermissions();
  };
  return {
    onDidChangeFile: new vscode.EventEmitter<vscode.FileChangeEvent[]>().event,
    watch: () => ({ dispose() {} }),
    stat: () => ({ type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 }),
    readDirectory: () => [],
    readFile: refuse,
    writeFile: refuse,
    createDirectory: refuse,
    delete: refuse,
    rename: refuse,
  };
}
