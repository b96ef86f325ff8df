import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { hashText } from '../../src/core/changes/hash.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import { flowOf } from '../../src/core/orchestrator/flows.ts';
import { startRun } from '../../src/core/orchestrator/session.ts';
import type { User, Workspace } from '../../src/core/ports.ts';
import { loadSettings } from '../../src/node/configuration.ts';
import { openCrew, openStore } from '../../src/node/openCrew.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

const nobody: User = { ask: async () => 'unanswered', approve: async () => 'unanswered' };

/** The folder with one file as an editor holds it, unsaved. */
function withUnsaved(disk: Workspace, path: string, before: string, text: string): Workspace {
  const files = new Map([[path, { path, base: { text: before, hash: hashText(before) }, text }]]);
  return { ...overlay(disk, { files }), unsaved: async () => [{ path, text }] };
}

describe('what the editor has not saved', () => {
  const given = scenarios();

  async function run(text: string, kind: 'run' | 'review') {
    const scenario = await given(
      crewScripts({ plan: plan([{ id: 'task_1', ...onGreet }]), edits: { task_1: [greetByName] } }),
    );
    const { project, conclave } = scenario;
    const env = conclave.env;
    const loaded = await loadSettings({ env, workspace: project.dir, trusted: true, flags: {} });
    const before = project.read('test/greet.test.js');
    const crew = await openCrew(
      { version: '0', home: join(import.meta.dirname, '../..'), env },
      {
        workspace: project.dir,
        user: nobody,
        loaded,
        ripgrep: undefined,
        over: ({ workspace }) => ({ workspace: withUnsaved(workspace, 'test/greet.test.js', before, text) }),
      },
    );
    const store = await openStore({ home: resolve('.'), env });
    const events: RunEvent[] = [];
    try {
      await startRun(
        crew,
        store,
        {
          holder: 'a test',
          signal: AbortSignal.timeout(60_000),
          onEvent: (event) => events.push(event),
          catchUp: () => {},
          work: (context, started) => flowOf(context, started, 'leave'),
        },
        { kind, task: 'Greet by name' },
      );
    } finally {
      await store.close();
    }
    assert.equal(project.read('test/greet.test.js'), before);
    return { events, prompts: scenario.prompts };
  }

  const wanting = (word: string): string =>
    `import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { greet } from '../src/greet.js';\n\ntest('greets unsaved', () => {\n  assert.equal(greet(), '${word}');\n});\n`;

  it('is checked: before the run, and below the change of the run', async () => {
    const { events } = await run(wanting('Hi!'), 'run');
    const reports = ofType(events, 'checks.finished').map(({ scope, report }) => [
      scope,
      report.failed.map(({ name }) => name),
    ]);
    assert.deepEqual(reports.slice(0, 2), [
      ['base', ['greets unsaved']],
      ['attempt', ['greets unsaved']],
    ]);
  });

  it('is among the changes that a review shows', async () => {
    const { events, prompts } = await run(wanting('Hello!'), 'review');
    assert.match(prompts('reviewer').at(-1) ?? '', /\+test\('greets unsaved'/);
    assert.equal(ofType(events, 'checks.finished')[0]?.report.status, 'passed');
  });
});
