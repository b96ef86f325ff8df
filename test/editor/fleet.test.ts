import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Frame, Locator, Page } from 'playwright-core';
import { ROLES, type Role } from '../../src/shared/events.ts';
import { type CrewServers, openCrewServers } from '../support/crewServers.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { needBrowser } from './browser.ts';
import { type EditorHost, startHost } from './host.ts';
import { needEditor } from './installation.ts';
import { packExtension } from './vsix.ts';
import {
  notification,
  openFile,
  openWorkbench,
  runCommand,
  screenshot,
  screenshotOfFailure,
  type Workbench,
  widenChat,
} from './workbench.ts';

/** Where README's picture is to be put, by whoever wants it anew. */
const PICTURES = process.env.CONCLAVE_SCREENSHOTS;

/** The installed .vsix in the real workbench, with a fleet of real processes; only what they are is made up. */
describe('the fleet in the editor', function () {
  this.timeout(120_000);
  let browser: Browser;
  let project: Project;
  let servers: CrewServers;
  let host: EditorHost;
  let window: Workbench;
  let page: Page;
  let panel: Frame;

  const statusBar = (text: string): Promise<void> =>
    page.locator('.statusbar-item', { hasText: text }).waitFor({ timeout: 30_000 });
  const card = (title: string): Locator =>
    panel.locator('.service', { has: panel.getByRole('heading', { name: title }) });
  const pane = (): Locator => page.locator('.pane-header', { hasText: 'Fleet' });
  const picker = (text: string): Locator =>
    page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();

  /** Has one of a command's choices taken, once it is there. */
  async function choose(title: string, text: string): Promise<void> {
    await runCommand(page, title);
    await picker(text).click();
  }

  before(async function () {
    const editor = await needEditor(this, 'current');
    browser = await needBrowser(this);
    project = makeProject(GREETER, { git: 'none' });
    servers = await openCrewServers();
    host = await startHost(editor, {
      vsix: await packExtension(),
      // What a terminal shows is in the page then.
      settings: { 'conclave.fleet.vllm': servers.vllm, 'terminal.integrated.gpuAcceleration': 'off' },
    });
    const [extension = assert.fail('it is not installed')] = host.extensions();
    writeFileSync(join(extension, 'profiles', `${servers.profile.name}.yaml`), servers.profile.yaml);
    window = await openWorkbench(browser, host, { folder: project.dir, viewport: { width: 1280, height: 1000 } });
    page = window.page;
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') console.error(`See ${await screenshotOfFailure(page, 'fleet')}`);
  });
  after(async () => {
    for (const pid of pidsOf(host)) endGroup(pid);
    await host?.stop();
    await browser?.close();
    servers?.remove();
    project?.remove();
  });

  it('is a folded view that explains profiles, while the status bar is as ever', async () => {
    await page.locator('.activitybar').getByRole('tab', { name: 'Conclave' }).click();
    await page.mouse.move(700, 10);
    await statusBar('Conclave');
    assert.equal(await pane().getAttribute('aria-expanded'), 'false');
    await runCommand(page, 'Conclave: Show Fleet');
    panel = await fleetFrame(page);
    await panel.getByText('A profile says which models').waitFor();
  });

  it('is none of our business where the user has servers of their own', async () => {
    await panel.getByRole('button', { name: 'I have my own servers' }).click();
    await panel.getByRole('heading', { name: 'You use your own servers' }).waitFor();
    await statusBar('Conclave');
    assert.equal(await page.locator('.statusbar-item', { hasText: 'ready' }).count(), 0);
  });

  it('is chosen from profiles, of which those that do not fit show the sum and cannot be chosen', async () => {
    await panel.getByRole('button', { name: 'Choose a profile' }).click();
    await picker('advised for this machine').waitFor();
    const refused = picker('Do not fit this machine');
    await refused.scrollIntoViewIfNeeded();
    const input = page.locator('.quick-input-widget input.input');
    await input.fill('blueprint');
    await picker('GiB of GPU memory').click();
    await input.fill(servers.profile.title);
    await picker('A server for each role').click();
    await notification(page, `the profile is now “${servers.profile.title}”`).waitFor();
    await statusBar('Conclave 0/4 ready');
    await panel.getByRole('heading', { name: servers.profile.title }).waitFor();
  });

  it('starts one server after another, tells how far it is, and can be cancelled', async () => {
    servers.set('planner', 'hold');
    await page.getByRole('button', { name: 'Start', exact: true }).first().click();
    await notification(page, 'Starting Planner (2 of 4): loading weights 50 %').waitFor();
    await statusBar('Conclave 1/4 ready, 50 %');
    assert.equal(await panel.getByRole('progressbar', { name: 'Start of Planner' }).getAttribute('value'), '50');
    await card('Coder').getByText('Waits its turn').waitFor();
    await notification(page, 'Starting Planner').getByRole('button', { name: 'Cancel' }).click();
    await notification(page, 'Starting Planner').waitFor({ state: 'detached' });
    await card('Planner').getByText('Off').waitFor();
    await card('Coder').getByText('Not started').waitFor();
    await statusBar('Conclave 1/4 ready');
    servers.unset('planner', 'hold');
  });

  it('is ready then, and shows what each server does', async () => {
    await runCommand(page, 'Conclave: Start Fleet');
    await statusBar('Conclave 4/4 ready');
    await card('Coder')
      .getByRole('img', { name: /^Writes: [\d.]+k? tokens a second now/ })
      .waitFor();
    await card('Coder')
      .getByRole('img', { name: /^KV cache: \d+% now/ })
      .waitFor();
    await page.locator('.statusbar-item', { hasText: 'Conclave 4/4 ready' }).hover();
    await page.locator('.monaco-hover', { hasText: 'Devstral-Small-2-24B-Instruct-2512 · window 65536' }).waitFor();
    await page.mouse.move(700, 10);
  });

  it('has the roles use its servers', async () => {
    const started = join(dataOf(host), 'fleet', 'started');
    const ports = readdirSync(started).map((file) => {
      const { service } = JSON.parse(readFileSync(join(started, file), 'utf8')) as { service: { port: number } };
      return service.port;
    });
    assert.deepEqual(ports.toSorted(), ROLES.map((role) => servers.ports[role]).toSorted());
  });

  it('asks for no figures while nobody looks', async () => {
    await pane().click();
    assert.equal(await pane().getAttribute('aria-expanded'), 'false');
    // What was asked just before is answered by then.
    await sleep(1000);
    const before = ROLES.map((role) => servers.asked(role));
    // Somebody who looked would have asked twice.
    await sleep(4500);
    assert.deepEqual(
      ROLES.map((role) => servers.asked(role)),
      before,
    );
    await pane().click();
    panel = await fleetFrame(page);
    await eventually(() => servers.asked('coder') > (before[ROLES.indexOf('coder')] ?? 0));
  });

  it('shows the log of a server in a terminal, in its colours', async () => {
    await choose('Conclave: Show Server Log…', 'Coder');
    await page.locator('.xterm-rows', { hasText: 'Application startup complete' }).waitFor();
    await page.locator('.xterm-rows span[class*="xterm-fg-6"]', { hasText: '(APIServer pid=' }).first().waitFor();
    await page.getByText('Coder log').first().waitFor();
    await runCommand(page, 'View: Toggle Terminal');
  });

  it('says once that a server has failed, and starts it again', async () => {
    process.kill(pidOf(host, 'coder'), 'SIGKILL');
    const said = notification(page, 'Coder has failed');
    await said.waitFor();
    await statusBar('Conclave 3/4 ready');
    assert.match(
      (await page.locator('.statusbar-item', { hasText: 'Conclave 3/4 ready' }).getAttribute('class')) ?? '',
      /has-background-color/,
    );
    await card('Coder').getByText('Failed').waitFor();
    assert.equal(await page.locator('.notification-toast', { hasText: 'Coder has failed' }).count(), 1);
    await said.getByRole('button', { name: 'Restart' }).click();
    await statusBar('Conclave 4/4 ready');
  });

  it('says why a start failed, once', async () => {
    servers.set('reviewer', 'memory');
    await choose('Conclave: Restart One Server…', 'Reviewer');
    await notification(page, 'Reviewer has failed: The memory of the GPU ran out').waitFor();
    await card('Reviewer').getByText('The memory of the GPU ran out').waitFor();
    assert.equal(await page.locator('.notification-toast', { hasText: 'The memory of the GPU' }).count(), 1);
    servers.unset('reviewer', 'memory');
    await card('Reviewer').getByRole('button', { name: 'Restart', exact: true }).click();
    await statusBar('Conclave 4/4 ready');
  });

  it('stops and starts one server', async () => {
    await choose('Conclave: Stop One Server…', 'Preprocessor');
    await card('Preprocessor').getByText('Off').waitFor();
    await statusBar('Conclave 3/4 ready');
    await choose('Conclave: Start One Server…', 'Preprocessor');
    await statusBar('Conclave 4/4 ready');
  });

  it('starts all of them anew', async () => {
    const before = pidsOf(host);
    await runCommand(page, 'Conclave: Restart Fleet');
    await eventually(() => {
      const now = pidsOf(host);
      return now.length === before.length && !now.some((pid) => before.includes(pid));
    });
    await statusBar('Conclave 4/4 ready');
    assert.deepEqual(before.filter(isAlive), []);
  });

  it('has no serious obstacle for anyone in its panel', async () => {
    await panel.evaluate("document.body.style.background = 'var(--vscode-sideBar-background)'");
    await panel.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const violations = await panel.evaluate<string[]>(
      `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ' ' + nodes[0].html.slice(0, 200) + ' ' + nodes[0].failureSummary))`,
    );
    assert.deepEqual(violations, []);
  });

  it('is offered in the menu of the status bar', async () => {
    await page.locator('.statusbar-item', { hasText: 'Conclave 4/4 ready' }).click();
    for (const text of ['Show the fleet', 'Stop the fleet', 'Show a server’s log', 'Choose a profile']) {
      await picker(text).waitFor();
    }
    assert.equal(await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Start the fleet' }).count(), 0);
    await page.keyboard.press('Escape');
  });

  if (PICTURES !== undefined) {
    it('is pictured', async function () {
      this.timeout(300_000);
      await page.locator('.pane-header', { hasText: 'Chat' }).click();
      await widenChat(page, 400);
      await openFile(page, 'greet.js');
      await runCommand(page, 'Notifications: Clear All Notifications');
      await page.locator('.editor-instance .view-line', { hasText: 'Hello' }).click();
      await page.mouse.move(900, 300);
      await panel.evaluate('window.scrollTo(0, 0)');
      // The charts reach back two minutes.
      await sleep(125_000);
      await screenshot(page, PICTURES, 'fleet');
    });
  }

  it('stops, and nothing of it is left', async () => {
    const pids = pidsOf(host);
    assert.equal(pids.length, 4);
    await runCommand(page, 'Conclave: Stop Fleet');
    await statusBar('Conclave 0/4 ready');
    assert.deepEqual(pids.filter(isAlive), []);
  });
});

/** The panel's own frame, among those of the workbench. */
async function fleetFrame(page: Page): Promise<Frame> {
  const limit = Date.now() + 30_000;
  for (;;) {
    for (const frame of page.frames()) {
      if (
        (await frame
          .locator('main.fleet')
          .count()
          .catch(() => 0)) > 0
      )
        return frame;
    }
    assert.ok(Date.now() < limit, 'the panel of the fleet never came');
    await sleep(100);
  }
}

async function eventually(holds: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < limit, `It did not come to this: ${holds}`);
    await sleep(50);
  }
}

const dataOf = (host: EditorHost): string => join(host.dir, 'data', 'conclave');

/** The first process of a role's server, as it is written down. */
function pidOf(host: EditorHost, role: Role): number {
  return (
    JSON.parse(readFileSync(join(dataOf(host), 'fleet', 'servers', `vllm-${role}.json`), 'utf8')) as { pid: number }
  ).pid;
}

function pidsOf(host: EditorHost | undefined): number[] {
  return ROLES.flatMap((role) => {
    try {
      return host === undefined ? [] : [pidOf(host, role)].filter(isAlive);
    } catch {
      // It was never started.
      return [];
    }
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
