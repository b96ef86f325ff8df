import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { openRuns, type Runs } from '../../../src/host/runs.ts';
import { openTasks, type Tasks } from '../../../src/host/tasks.ts';
import { loadSettings } from '../../../src/node/configuration.ts';
import { openCrew, openStore } from '../../../src/node/openCrew.ts';
import { ROLES, type RunEvent } from '../../../src/shared/events.ts';
import { type ChatRequest, renderPrompt } from '../../models/chatRequest.ts';
import { type Fleet, startFleet } from '../../models/fleet.ts';
import { greetByName, onGreet } from '../../support/greeter.ts';
import { crewScripts, plan } from '../../support/scripts.ts';
import { until } from './support/editor.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const TASK = 'Greet by name.';

describe('planning afresh', () => {
  let data = '';
  let fleet: Fleet;
  let store: Awaited<ReturnType<typeof openStore>>;
  let runs: Runs;
  let tasks: Tasks;

  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'conclave-data-'));
    fleet = await startFleet({
      script: crewScripts({ plan: plan([{ id: 'task_1', ...onGreet }]), edits: { task_1: [greetByName] } }),
    });
    const urls = ROLES.map((role) => [`CONCLAVE_${role.toUpperCase()}_URL`, fleet.urls[role]]);
    const env = { ...process.env, CONCLAVE_DATA: data, CONCLAVE_STORE: '', ...Object.fromEntries(urls) };
    const home = vscode.extensions.getExtension('conclave.conclave')?.extensionPath ?? assert.fail('not installed');
    const installation = { version: '0', home, env };
    store = await openStore(installation);
    const workspace = realpathSync(folder.uri.fsPath);
    const user = { ask: async () => 'unanswered' as const, approve: async () => 'unanswered' as const };
    const loaded = await loadSettings({ env, workspace, trusted: false, flags: {} });
    const crew = await openCrew(installation, { workspace, user, loaded, ripgrep: undefined });
    runs = openRuns({ store, appName: 'Test', onWork: () => {}, onUnreadable: () => {} });
    tasks = openTasks({
      runs,
      crews: { forFolder: async () => crew } as never,
      facts: {} as never,
      resolve: async () => [],
    });
  });

  after(async () => {
    await runs?.stop();
    runs?.dispose();
    await fleet?.close();
    await store?.close();
    rmSync(data, { recursive: true, force: true });
  });

  const eventsOf = async (runId: string): Promise<RunEvent[]> => {
    const all: RunEvent[] = [];
    for await (const event of store.log.read(runId)) all.push(event);
    return all;
  };
  const has = async (runId: string, type: RunEvent['type']): Promise<boolean> =>
    (await eventsOf(runId)).some((event) => event.type === type);
  /** Resolves when the run has finished and this window works on it no more. */
  const over = (runId: string): Promise<true> =>
    until('the end', async () => (!runs.working && (await has(runId, 'run.finished'))) || undefined);
  const start = (kind: 'plan' | 'run'): Promise<string> =>
    tasks.start(folder, { kind, task: TASK, said: { text: TASK, attachments: [] } });
  /** The run that this starts. */
  async function afresh(runId: string): Promise<string> {
    await tasks.planAfresh(runId);
    const next = runs.shown?.runId ?? '';
    assert.notEqual(next, runId);
    return next;
  }

  it('begins the task of a run that is over again, with a plan of its own', async () => {
    const first = await start('plan');
    await over(first);
    const second = await start('plan');
    await over(second);
    assert.ok(await has(second, 'plan.cached'));

    const third = await afresh(second);
    await over(third);
    const [started] = await eventsOf(third);
    assert.ok(started?.type === 'run.started');
    assert.deepEqual([started.kind, started.task, started.said?.text, started.freshPlan], ['plan', TASK, TASK, true]);
    assert.ok(!(await has(third, 'plan.cached')));
    assert.ok(await has(third, 'plan.started'));
  });

  it('stops the run that this window works on', async () => {
    // Not the first contact, at which it is measured.
    const isWork = (request: ChatRequest): boolean => renderPrompt(request).includes('# Your subtask');
    fleet.inject('coder', 'hangBeforeFirstByte', { at: isWork });
    const working = await start('run');
    await until(
      'the Coder',
      async () => ((await has(working, 'attempt.started')) && fleet.running('coder') > 0) || undefined,
    );
    assert.ok(await has(working, 'plan.cached'));
    const next = await afresh(working);
    assert.ok(await has(working, 'run.aborted'));
    await over(next);
    assert.ok(!(await has(next, 'plan.cached')));
  });
});
