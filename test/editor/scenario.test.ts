import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Frame, FrameLocator, Page } from 'playwright-core';
import { ROLES } from '../../src/shared/events.ts';
import { type Fleet, startFleet } from '../models/fleet.ts';
import { makeProject, type Project } from '../support/project.ts';
import { needBrowser } from './browser.ts';
import { type EditorHost, startHost } from './host.ts';
import { needEditor } from './installation.ts';
import { COUNT_MESSAGES, LONG_RUN, memoryOfExtensionHosts, storeLongRun } from './longRun.ts';
import {
  CATALOGUE,
  CENTS,
  CENTS_AFTER,
  CHOICE,
  LAST_ARTICLE,
  LONG_TASK,
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
import {
  conclaveView,
  openWorkbench,
  quickFix,
  ready,
  runCommand,
  screenshot,
  screenshotOfFailure,
  THEMES,
  type Workbench,
  webviewFrame,
  widenChat,
} from './workbench.ts';

/** Where README's pictures are to be put, by whoever wants them anew. */
const PICTURES = process.env.CONCLAVE_SCREENSHOTS;

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

  async function openChatView(where: Page): Promise<void> {
    await where.locator('.activitybar').getByRole('tab', { name: 'Conclave' }).click();
    // Its tooltip would lie over the chat.
    await where.mouse.move(700, 10);
  }
  async function send(task: string): Promise<void> {
    const box = chat.getByRole('textbox', { name: 'Message to the crew' });
    await box.fill(task);
    await box.press('Enter');
  }

  const settings = () => Object.fromEntries(ROLES.map((role) => [`conclave.endpoints.${role}.url`, fleet.urls[role]]));
  async function pictured(name: string): Promise<void> {
    await widenChat(page, 400);
    await runCommand(page, 'Notifications: Clear All Notifications');
    await page.mouse.move(900, 760);
    await sleep(1500);
    await screenshot(page, PICTURES ?? '', name);
  }

  before(async function () {
    const editor = await needEditor(this, 'current');
    browser = await needBrowser(this);
    project = makeProject(PROJECT, { git: 'none', name: 'shop' });
    fleet = await startFleet({ script: SCRIPT, pace: 'real', timing: { prefill: 1_000_000, decode: 400 } });
    host = await startHost(editor, {
      vsix: await packExtension(),
      settings: settings(),
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
    await openChatView(page);
    await send(TASK);
    await statusBar('Conclave: needs you').waitFor();
    await chat.getByText(QUESTION, { exact: true }).waitFor();
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
    const fixAll = chat.getByRole('button', { name: 'Fix all findings' });
    await fixAll.waitFor();
    await problem.dblclick();
    await page.getByRole('tab', { name: 'prices.js' }).waitFor();
    await page.locator('.editor-instance .view-line', { hasText: REMARKED }).click();
    await (await quickFix(page, 'Apply the Reviewer’s suggestion')).click();
    await problem.waitFor({ state: 'detached' });
    await fixAll.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+S');
    await eventually(() => project.read(PRICES).includes(MENDED));
    untouched = { ...PROJECT, [PRICES]: (PROJECT[PRICES] ?? '').replace(REMARKED, MENDED) };
    assert.deepEqual(project.files(), untouched);
    await page.keyboard.press('Control+J');
    await page.locator('.markers-panel').waitFor({ state: 'hidden' });
  });

  it('is a proposal of which two of three hunks are accepted', async () => {
    await chat.getByTitle(`Open diff of ${PRICES}`).click();
    const lens = page.locator('.codelens-decoration a', { hasText: 'Accept hunk' });
    await lens.nth(2).waitFor();
    // The lenses come without the diff. When that is there, the lines move, and a click would miss.
    await page.locator('.monaco-diff-editor .editor.modified .line-insert').first().waitFor();
    if (PICTURES !== undefined) await pictured('review');
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

  it('stops when it is told to, and goes on when it is told to', async () => {
    await chat.getByRole('button', { name: 'New task' }).click();
    await chat.getByText('What shall the crew do?').waitFor();
    await send(LONG_TASK);
    await statusBar('Coder: docs_1').waitFor();
    await eventually(() => fleet.running('coder') === 1);
    await chat.getByRole('button', { name: 'Stop' }).click();
    await statusBar('Conclave: stopped').waitFor();
    assert.equal(fleet.running('coder'), 0);
    await chat.getByRole('button', { name: 'Continue' }).first().click();
    await statusBar('Coder: docs_1').waitFor();
    await eventually(() => fleet.running('coder') === 1);
  });

  it('is followed live in another window', async () => {
    const other = await openWorkbench(browser, host, { folder: project.dir });
    try {
      await openChatView(other.page);
      const there = conclaveView(other.page);
      await there.getByRole('button', { name: 'Show runs' }).click();
      await there.getByText(LONG_TASK).click();
      await there.getByText('you follow it live').waitFor();
      await there.getByText('Write the catalogue.').first().waitFor();
      assert.equal(await there.getByRole('button', { name: 'Stop' }).count(), 0);

      await page.reload();
      await ready(page);
      await there.getByRole('region', { name: 'Proposed change' }).waitFor({ timeout: 60_000 });
    } catch (error) {
      throw new Error(`See ${await screenshotOfFailure(other.page, 'other')}`, { cause: error });
    } finally {
      await other.close();
    }
  });

  it('goes on by itself after the reload, and nothing of it is there twice', async () => {
    await chat.getByRole('region', { name: 'Proposed change' }).waitFor();
    assert.equal(await chat.getByRole('region', { name: 'Proposed change' }).count(), 1);
    await chat.getByRole('log').evaluate((log) => log.scrollTo(0, 0));
    await chat.getByRole('region', { name: 'Plan', exact: true }).waitFor();
    assert.equal(await chat.getByRole('region', { name: 'Plan', exact: true }).count(), 1);
    const plans = fleet.requests.filter(({ reply }) => reply === 'the long plan');
    assert.equal(plans.length, 1, 'what was planned is not planned again');
    assert.ok(!(CATALOGUE in project.files()));
    await chat.getByRole('button', { name: 'Jump to latest' }).click();
    await chat.getByRole('button', { name: 'Accept all' }).click();
    await eventually(() => (project.files()[CATALOGUE] ?? '').includes(LAST_ARTICLE));
  });

  if (PICTURES !== undefined) {
    for (const theme of ['light', 'highContrast'] as const) {
      it(`is pictured in a narrow side bar (${theme})`, async () => {
        host.setSettings({ ...settings(), 'workbench.colorTheme': THEMES[theme] });
        const other = await openWorkbench(browser, host, { folder: project.dir });
        await openChatView(other.page);
        await widenChat(other.page, 320);
        const there = conclaveView(other.page);
        await there.getByRole('button', { name: 'Show runs' }).click();
        await there.getByText(TASK).click();
        await there.getByRole('region', { name: 'End of the run' }).waitFor();
        await runCommand(other.page, 'Notifications: Clear All Notifications');
        await other.page.mouse.move(900, 500);
        await sleep(1000);
        await webviewFrame(other.page).screenshot({ path: join(PICTURES, `chat-${theme}.png`) });
        await other.close();
      });
    }
  }

  it('has no serious obstacle for anyone in the chat', async () => {
    const frame = await frameOf(chat);
    // The side bar shows through the page, which axe cannot see.
    await frame.evaluate("document.body.style.background = 'var(--vscode-sideBar-background)'");
    await frame.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const violations = await frame.evaluate<string[]>(
      `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ' ' + nodes[0].html.slice(0, 200) + ' ' + nodes[0].failureSummary))`,
    );
    assert.deepEqual(violations, []);
  });

  it('is shown again with 10,000 events: one message a frame, a bounded page, a bounded extension host', async () => {
    const events = await storeLongRun(join(host.dir, 'data', 'conclave'), 10_000);
    const frame = await frameOf(chat);
    await frame.evaluate(COUNT_MESSAGES);
    const before = memoryOfExtensionHosts(host);
    await runCommand(page, 'Conclave: Replay Run…');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: LONG_RUN }).first().click();
    await chat.getByRole('button', { name: 'To the end' }).click();
    const counted = () => frame.evaluate<{ events: number; most: number }>('counted');
    while ((await counted()).events < events) await sleep(200);
    assert.equal((await counted()).most, 1, 'messages of events in a frame');
    const nodes = await frame.evaluate<number>('document.querySelectorAll("*").length');
    assert.ok(nodes < 1500, `the page has ${nodes} elements`);
    for (const [pid, bytes] of memoryOfExtensionHosts(host)) {
      const grown = (bytes - (before.get(pid) ?? bytes)) / 2 ** 20;
      assert.ok(grown < 100, `an extension host has grown by ${Math.round(grown)} MB`);
    }
  });
});

async function frameOf(view: FrameLocator): Promise<Frame> {
  const body = await view.locator('body').elementHandle();
  return (await body?.ownerFrame()) ?? assert.fail('the chat is not there');
}

async function eventually(holds: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < limit, `It did not come to this: ${holds}`);
    await sleep(50);
  }
}
