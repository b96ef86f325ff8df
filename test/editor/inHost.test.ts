import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { needBrowser } from './browser.ts';
import type { InHostTest } from './inHost/index.ts';
import { buildInHostSuites, suitesOf, WINDOWS, type WindowKind } from './inHostBundles.ts';
import { openProjects, type Projects } from './inHostProjects.ts';
import { type EditorInstallation, needEditor } from './installation.ts';
import { type InHostRun, runInHost } from './runInHost.ts';

/** The suites of inHost/, run by VS Code inside its extension host. */
describe('inside the extension host', function () {
  this.timeout(600_000);
  let editor: EditorInstallation;
  let browser: Browser;
  let projects: Projects;
  let bundles: Record<WindowKind, string>;

  before(async function () {
    editor = await needEditor(this, 'current');
    browser = await needBrowser(this);
    projects = openProjects();
    bundles = await buildInHostSuites();
  });

  after(async () => {
    await browser?.close();
    projects?.remove();
  });

  for (const window of Object.keys(WINDOWS) as WindowKind[]) {
    describe(`of a window with ${window}`, () => {
      let run: InHostRun;

      before(async () => {
        // Without a folder there is least to read, so that is where the words are German.
        const locale = window === 'noFolder' ? 'de' : 'en';
        // Mocha tells at its very end what failed, and an interrupted run has none: so it is told at once as well.
        run = await runInHost(editor, browser, bundles[window], {
          ...projects.opened[window],
          locale,
          limit: 180_000,
        }).catch((error: Error) => {
          console.error(error.message);
          throw error;
        });
        for (const failure of failuresOf(run.tests)) console.error(`${failure}\n`);
      });

      for (const suite of suitesOf(window)) {
        it(`every test of ${suite} passes`, () => {
          const tests = run.tests.filter(({ file }) => file === suite);
          assert.ok(tests.length > 0, `there was no test in ${suite}`);
          const failed = failuresOf(tests);
          assert.equal(failed.length, 0, failed.join('\n\n'));
        });
      }

      it('the editor ends with success', () => {
        assert.deepEqual([run.exitCode, run.failures], [0, 0], run.output);
      });
    });
  }
});

function failuresOf(tests: readonly InHostTest[]): string[] {
  return tests.flatMap(({ title, error }) => (error === undefined ? [] : [`${title}: ${error}`]));
}
