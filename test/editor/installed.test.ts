import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { needBrowser } from './browser.ts';
import { type EditorHost, startHost } from './host.ts';
import { needEditor } from './installation.ts';
import { packExtension } from './vsix.ts';
import {
  notification,
  openFile,
  openWorkbench,
  paletteEntry,
  runCommand,
  THEMES,
  type Workbench,
} from './workbench.ts';

/** The .vsix as users install it, in the newest editor and in the oldest that its manifest allows. */
describe('the installed extension', function () {
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
        window = await openWorkbench(browser, host);
      });
      after(() => host?.stop());

      it('has its commands in the palette', async () => {
        await paletteEntry(window.page, 'Conclave: Show Runs in Terminal');
        await window.page.keyboard.press('Escape');
      });

      it('activates on a command, which says what is missing where no folder is open', async () => {
        await runCommand(window.page, 'Conclave: Show Runs in Terminal');
        await notification(window.page, 'The crew works in a folder: open one first').waitFor();
      });

      it('is in a window with a folder and another theme', async () => {
        await window.close();
        host.setSettings({ 'workbench.colorTheme': THEMES.highContrast });
        window = await openWorkbench(browser, host, { folder: project.dir });
        await window.page.locator('.monaco-workbench.hc-black').waitFor();
        await openFile(window.page, 'package.json');
        await paletteEntry(window.page, 'Conclave: Show Runs in Terminal');
      });

      it('asks no host but this machine', () => {
        assert.deepEqual([...window.otherHosts], []);
      });
    });
  }
});
