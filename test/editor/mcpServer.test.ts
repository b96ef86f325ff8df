import assert from 'node:assert/strict';
import type { Browser, Locator } from 'playwright-core';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { needBrowser } from './browser.ts';
import { type EditorHost, startHost } from './host.ts';
import { needEditor } from './installation.ts';
import { packExtension } from './vsix.ts';
import { openWorkbench, runCommand, screenshotOfFailure, type Workbench } from './workbench.ts';

/** What the editor's other agents get of us: our tools, as one of the editor's own MCP servers. */
describe("the editor's MCP servers", function () {
  this.timeout(600_000);
  let browser: Browser;
  let project: Project;

  before(async function () {
    browser = await needBrowser(this);
    project = makeProject(GREETER, { git: 'none' });
  });
  after(async () => {
    await browser?.close();
    project?.remove();
  });

  for (const version of ['current', 'floor'] as const) {
    describe(`on the ${version} version of VS Code`, () => {
      let host: EditorHost;
      let window: Workbench;

      before(async function () {
        const editor = await needEditor(this, version);
        host = await startHost(editor, { vsix: await packExtension() });
        // With the editor's agents go its MCP servers.
        host.setSettings({ 'chat.disableAIFeatures': false });
        window = await openWorkbench(browser, host, { folder: project.dir });
      });
      after(() => host?.stop());
      afterEach(async function () {
        if (this.currentTest?.state === 'failed') await screenshotOfFailure(window.page, `mcp-${version}`);
      });

      const row = (text: string | RegExp): Locator =>
        window.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();

      it('have ours among them, and start it', async () => {
        await runCommand(window.page, 'MCP: List Servers');
        await row('Conclave').click();
        await row('Start Server').click();
        if (version === 'current') {
          // It shows what the server does, and how many tools it has.
          await window.page.getByText(/Discovered\s+\d+\s+tools/).waitFor();
        } else {
          await runCommand(window.page, 'MCP: List Servers');
          await row(/Conclave.*Running/).waitFor();
        }
        assert.deepEqual([...window.otherHosts], []);
      });
    });
  }
});
