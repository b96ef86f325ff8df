import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { DEFAULT_SETTINGS } from '../../../src/core/settings.ts';
import { loadEditorSettings, loadUserSettings } from '../../../src/host/editorSettings.ts';
import type { Fleet } from '../../models/fleet.ts';
import { crewScripts, plan } from '../../support/scripts.ts';
import { isOver, openFleet, openRecordedRuns, type RecordedRuns } from './support/crew.ts';
import { conclave, run, set, until } from './support/editor.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const GREET = vscode.Uri.joinPath(folder.uri, 'src/greet.js');
const { Global, Workspace } = vscode.ConfigurationTarget;

/** What the extension reads for the folder; no API key is kept. */
const loaded = () => loadEditorSettings(folder.uri, { get: async () => undefined } as never);

describe('settings', () => {
  let fleet: Fleet;
  let runs: RecordedRuns;

  before(async () => {
    await conclave();
    runs = await openRecordedRuns();
    fleet = await openFleet(crewScripts({ plan: plan([]), edits: {} }));
  });

  after(async () => {
    await run('conclave.newTask');
    await fleet?.close();
    await runs?.close();
    rmSync(join(folder.uri.fsPath, '.vscode'), { recursive: true, force: true });
  });

  it('that cannot be used are named where a task is started, with what was expected', async () => {
    await set('endpoints.coder.url', 'localhost:8002');
    assert.deepEqual(await run('conclave.reviewFile', GREET), [
      'Conclave: conclave.endpoints.coder.url: expected an http(s) URL that ends in /v1, got "localhost:8002"; did you mean http://localhost:8002/v1?',
    ]);
    await set('endpoints.coder.url', fleet.urls.coder);
    await set('limits.rounds', 0, Workspace);
    const [said = '', ...more] = await run('conclave.reviewFile', GREET);
    assert.match(said, /^Conclave: conclave\.limits\.rounds: expected .*>=\s?1.*, got 0$/);
    assert.deepEqual(more, []);
    // The fleet is the user's: no mistake of a workspace keeps it from being used.
    assert.equal((await loadUserSettings()).settings.limits.rounds, DEFAULT_SETTINGS.limits.rounds);
    await set('limits.rounds', undefined, Workspace);
  });

  it('are named as the editor calls them where a server does not answer', async () => {
    await set('endpoints.reviewer.url', 'http://127.0.0.1:9/v1');
    const { phase } = await runs.next(() => run('conclave.reviewFile', GREET), isOver);
    const said = phase.kind === 'paused' || phase.kind === 'finished' ? phase.ending.message : phase.kind;
    assert.match(said, /start it, or set conclave\.endpoints\.reviewer\.url to where it runs/);
    const { nameOf } = await loaded();
    assert.equal(nameOf('limits.tokens'), 'conclave.limits.tokens');
    assert.equal(nameOf('fleet.up'), '"Conclave: Start Fleet"');
    assert.equal(nameOf('apiKey'), 'the API key (command "Conclave: Set API Key…")');
    // The editor has no setting for it.
    assert.equal(nameOf('copies.files'), 'copies.files in .conclave/config.json');
    await set('endpoints.reviewer.url', fleet.urls.reviewer);
  });

  it('of a workspace count, but not where it says which servers see the code', async () => {
    await write('.vscode/settings.json', {
      'conclave.limits.rounds': 2,
      'conclave.endpoints.coder.url': 'http://elsewhere.test/v1',
      'conclave.approvals.commands': 'deny',
    });
    const { settings } = await until('the setting of the workspace', async () => {
      const now = await loaded();
      return now.settings.limits.rounds === 2 ? now : undefined;
    });
    assert.equal(settings.endpoints.coder.url, fleet.urls.coder);
    assert.equal(settings.approvals.commands, 'ask');
    await write('.vscode/settings.json', {});
    await until('the end of it', async () => ((await loaded()).settings.limits.rounds === 3 ? true : undefined));
  });

  it('of a workspace name a command for the checks, which waits for approval', async () => {
    const command = ['node', '--test', '--test-reporter=tap'];
    await set('checks.command', command, Workspace);
    assert.equal((await loaded()).checkCommandFrom, 'workspace');
    const { runId, openApprovals } = await runs.next(
      () => run('conclave.reviewFile', GREET),
      (state) => state.openApprovals.length > 0,
    );
    assert.match(openApprovals[0]?.what ?? '', /"--test-reporter=tap".*named by a file of the workspace/);
    const seen = (await runs.events(runId)).map(({ type }) => type);
    assert.ok(!seen.includes('checks.started'), `${seen}`);
    await run('conclave.stop');
    await runs.state(runId, isOver);
    await set('checks.command', undefined, Workspace);

    await set('checks.command', command, Global);
    assert.equal((await loaded()).checkCommandFrom, 'user');
    await set('checks.command', undefined, Global);
  });

  async function write(path: string, json: unknown): Promise<void> {
    const uri = vscode.Uri.joinPath(folder.uri, path);
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(JSON.stringify(json)));
  }
});
