import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { needBrowser } from './browser.ts';
import { buildInHostSuites, IN_HOST_SUITES } from './inHostBundles.ts';
import { needEditor } from './installation.ts';
import { type InHostRun, runInHost } from './runInHost.ts';

/** The suites of inHost/, run by VS Code inside its extension host. */
describe('inside the extension host', function () {
  this.timeout(600_000);
  let browser: Browser;
  let project: Project;
  let run: InHostRun;

  before(async function () {
    const editor = await needEditor(this, 'current');
    browser = await needBrowser(this);
    project = makeProject(GREETER);
    run = await runInHost(editor, browser, await buildInHostSuites(), { folder: project.dir, limit: 180_000 });
  });

  after(async () => {
    await browser?.close();
    project?.remove();
  });

  for (const suite of IN_HOST_SUITES) {
    it(`every test of ${suite} passes`, () => {
      const tests = run.tests.filter(({ file }) => file === suite);
      assert.ok(tests.length > 0, `there was no test in ${suite}`);
      const failed = tests.flatMap(({ title, error }) => (error === undefined ? [] : [`${title}: ${error}`]));
      assert.equal(failed.length, 0, failed.join('\n\n'));
    });
  }

  it('the editor ends with success', () => {
    assert.deepEqual([run.exitCode, run.failures], [0, 0], run.output);
  });
});
