import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { ROLES } from '../../src/shared/events.ts';
import { type Fleet, startFleet } from '../models/fleet.ts';
import { makeProject, type Project } from '../support/project.ts';
import { needBrowser } from './browser.ts';
import { type EditorHost, startHost } from './host.ts';
import { needEditor } from './installation.ts';
import {
  CENTS,
  CENTS_AFTER,
  CHOICE,
  MENDED,
  OLD,
  PRICES,
  PRICES_AFTER,
  PROJECT,
  QUESTION,
  REMARK,
  REMARKED,
  SCRIPT,
  TASK,
} from './priceList.ts';
import { packExtension } from './vsix.ts';
import { conclaveView, openWorkbench, runCommand, screenshotOfFailure, type Workbench } from './workbench.ts';

/** The installed .vsix in the real workbench, from a task to its undoing, as a user does it; the models are scripted. */
describe('a task in the editor', function () {
  this.timeout(180_000);
  let browser: Browser;
  let project: Project;
  let fleet: Fleet;
  let host: EditorHost;
  let window: Workbench;
  let page: Page;
  let chat: FrameLocator;

  /** The files before anything of the proposal is accepted. */
  let untouched: Record<string, string>;
  const statusBar = (text: string) => page.locator('.statusbar-item', { hasText: text });

  before(async function () {
    const editor = await needEditor(this, 'current');
    browser = await needBrowser(this);
    project = makeProject(PROJECT, { git: 'none' });
    fleet = await startFleet({ script: SCRIPT, pace: 'real', timing: { prefill: 1_000_000, decode: 400 } });
    host = await startHost(editor, {
      vsix: await packExtension(),
      settings: Object.fromEntries(ROLES.map((role) => [`conclave.endpoints.${role}.url`, fleet.urls[role]])),
    });
    window = await openWorkbench(browser, host, { folder: project.dir });
    page = window.page;
    chat = conclaveView(page);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') console.error(`See ${await screenshotOfFailure(page, 'scenario')}`);
  });
  after(async () => {
    await host?.stop();
    await browser?.close();
    await fleet?.close();
    project?.remove();
  });

  it('is typed into the chat, and the Planner asks', async () => {
    await page.locator('.activitybar').getByRole('tab', { name: 'Conclave' }).click();
    await page.mouse.move(700, 10);
    const box = chat.getByRole('textbox', { name: 'Message to the crew' });
    await box.fill(TASK);
    await box.press('Enter');
    await statusBar('Conclave: needs you').waitFor();
    await chat.getByText(QUESTION).waitFor();
    await chat.getByLabel(CHOICE, { exact: true }).check();
    await chat.getByRole('button', { name: 'Send answer' }).click();
  });

  it('becomes a plan, of which a round fails and the next one is approved', async () => {
    await chat.getByRole('region', { name: 'Plan', exact: true }).getByText('Delete src/oldPrices.js').waitFor();
    await chat
      .getByText(/an order costs its lines and the postage/)
      .first()
      .waitFor();
    await chat.getByRole('region', { name: 'Proposed change' }).waitFor();
    await chat.getByText('2 of 2').waitFor();
    assert.deepEqual(project.files(), PROJECT);
  });

  it('leaves a finding in Problems, which its quick fix mends', async () => {
    await page.keyboard.press('Control+Shift+M');
    const problem = page.locator('.markers-panel .monaco-list-row', { hasText: REMARK });
    await problem.waitFor();
    await problem.dblclick();
    await page.getByRole('tab', { name: 'prices.js' }).waitFor();
    await page.locator('.editor-instance .view-line', { hasText: REMARKED }).click();
    // The editor asks for quick fixes a moment after the caret has moved.
    await page
      .locator(
        '.editor-instance .lightBulbWidget:visible, .editor-instance [class*="codicon-gutter-lightbulb"]:visible',
      )
      .first()
      .waitFor();
    await page.keyboard.press('Control+.');
    await page.locator('.action-widget').first().waitFor();
    await page.locator('.action-widget').first().getByText('Apply the Reviewer’s suggestion').click();
    await problem.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+S');
    await eventually(() => project.read(PRICES).includes(MENDED));
    untouched = { ...PROJECT, [PRICES]: (PROJECT[PRICES] ?? '').replace(REMARKED, MENDED) };
    assert.deepEqual(project.files(), untouched);
    await page.keyboard.press('Control+J');
  });

  it('is a proposal of which two of three hunks are accepted', async () => {
    await chat.getByTitle(`Open diff of ${PRICES}`).click();
    const lens = page.locator('.codelens-decoration a', { hasText: 'Accept hunk' });
    await lens.nth(2).waitFor();
    await lens.first().click();
    await eventually(() => project.read(PRICES).includes('toCents(price'));
    await lens.nth(2).waitFor({ state: 'detached' });
    await lens.nth(1).click();
    await eventually(() => project.read(PRICES).includes('toCents(subtotal'));
    await lens.nth(1).waitFor({ state: 'detached' });
    assert.equal(project.read(PRICES), PRICES_AFTER);
    await chat.getByRole('button', { name: `Accept ${CENTS}` }).click();
    await eventually(() => project.files()[CENTS] !== undefined);
    await chat.getByRole('button', { name: `Accept ${OLD}` }).click();
    await eventually(() => project.files()[OLD] === undefined);
    const { [OLD]: _gone, ...kept } = untouched;
    assert.deepEqual(project.files(), { ...kept, [PRICES]: PRICES_AFTER, [CENTS]: CENTS_AFTER });
    await chat.getByRole('button', { name: 'Reject all' }).click();
    await chat.getByText('2 of 3 accepted').waitFor();
    assert.deepEqual(project.files(), { ...kept, [PRICES]: PRICES_AFTER, [CENTS]: CENTS_AFTER });
  });

  it('is undone, and every file is as it was before', async () => {
    await runCommand(page, 'Conclave: Undo Accepted Proposal');
    await chat.getByText('Undone; the files are as they were before.').waitFor();
    assert.deepEqual(project.files(), untouched);
  });
});

async function eventually(holds: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < limit, `It did not come to this: ${holds}`);
    await sleep(50);
  }
}
