import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { FleetHostMethods, FleetPanelMethods, FleetView } from '../../src/shared/fleetProtocol.ts';
import { needBrowser } from '../editor/browser.ts';
import { fourServers, inUse, READY, serverOf, twoMinutes } from '../support/fleetViews.ts';
import { assertAccessible, openWebview, THEMES, type WebviewOptions, type WebviewPage } from './webviewPage.ts';

type FleetPage = WebviewPage<FleetHostMethods, FleetPanelMethods>;

const PICTURES = process.env.CONCLAVE_SCREENSHOTS;

/** In the middle of a start: one ready, one loading, one downloading, one that waits. */
const STARTING = inUse(
  fourServers({
    planner: { kind: 'starting', step: 'loading weights', percent: 50, since: '2026-11-26T06:00:00Z' },
    coder: { kind: 'fetching', what: 'weights of mistralai/Devstral-Small-2-24B-Instruct-2512' },
    reviewer: { kind: 'queued', after: 'vllm-coder' },
  }),
  0,
  { work: 'starting' },
);

const WHY = 'The memory of the GPU ran out. Stop what else uses the GPU, or choose a smaller profile.';
const BROKEN = inUse(
  fourServers({
    preprocessor: { kind: 'stopped' },
    planner: { kind: 'crashing', times: 3, why: WHY },
    coder: { kind: 'failed', why: WHY },
    reviewer: { kind: 'unhealthy', why: 'It runs, and does not answer on port 8003.' },
  }),
);
const UNSEEN = inUse({
  ...fourServers({
    preprocessor: { kind: 'absent' },
    planner: { kind: 'absent' },
    coder: { kind: 'absent' },
    reviewer: { kind: 'absent' },
  }),
  problem: { what: 'Docker does not answer.', remedy: 'Start Docker Desktop, or the docker service.' },
});

describe('the panel of the fleet in a browser', () => {
  let browser: Browser;
  let open: FleetPage[] = [];

  before(async function () {
    this.timeout(120_000);
    browser = await needBrowser(this);
  });
  after(() => browser?.close());
  afterEach(async () => {
    const ended = open;
    open = [];
    for (const panel of ended) await panel.close();
    for (const { complaints } of ended) assert.deepEqual(complaints, []);
  });

  async function panelWith(
    view: FleetView,
    options: WebviewOptions<FleetHostMethods> & { trusted?: boolean } = {},
  ): Promise<FleetPage> {
    const panel = await openWebview<FleetHostMethods, FleetPanelMethods>(browser, 'fleet', options);
    open.push(panel);
    await panel.peer.call('show', { view, trusted: options.trusted ?? true });
    return panel;
  }

  const asked = ({ calls }: FleetPage) => calls.filter(({ method }) => method !== 'ready');
  const card = ({ page }: FleetPage, title: string) =>
    page.getByRole('list', { name: 'Servers' }).getByRole('listitem').filter({ hasText: title });

  it('shows what each server is, where it stands and how it does', async () => {
    const [first = inUse(fourServers()), ...looks] = twoMinutes();
    const panel = await panelWith(first);
    for (const view of looks) await panel.peer.call('show', { view, trusted: true });
    const { page } = panel;
    assert.equal(await page.getByRole('status').innerText(), '4 of 4 roles ready');
    const coder = card(panel, 'Coder').filter({ hasText: 'Devstral' });
    assert.match(await coder.innerText(), /Ready[\s\S]*Devstral-Small-2-24B-Instruct-2512\s+window 65,536/);
    const writes = coder.getByRole('img', { name: /^Writes: \d+ tokens a second now, at most \d+ tokens a second/ });
    const line = await writes.locator('.chart-line').getAttribute('d');
    assert.ok((line?.split('L').length ?? 0) > 50, `a line of two minutes, not ${line}`);
    await coder.getByRole('img', { name: /^KV cache: \d\d% now/ }).waitFor();
    // It reads a prompt now and then only: what was seen last stays.
    await coder.getByRole('img', { name: /^Prefix hits: \d\d% now/ }).waitFor();
    await card(panel, 'Planner').getByRole('img', { name: 'First token: not known' }).waitFor();
  });

  it('keeps its charts while it is hidden, with a gap where nobody looked', async () => {
    const at = (second: number) =>
      inUse({ services: [serverOf('coder', READY, { running: 1, waiting: 0, writing: second })] }, second);
    const samples = [0, 2, 4].map((second) => ({
      at: Date.parse(at(second).at),
      running: 1,
      waiting: 0,
      writing: second,
    }));
    const panel = await panelWith(at(60), { state: { 'vllm-coder': samples } });
    await panel.peer.call('show', { view: at(62), trusted: true });
    const lines = panel.page.getByRole('img', { name: /^Writes/ }).locator('.chart-line');
    assert.equal(await lines.count(), 2);
    await panel.peer.call('show', { view: at(200), trusted: true });
    assert.equal(await lines.count(), 1, 'what is older than two minutes is gone');
  });

  it('says how far a start is, and cancels it', async () => {
    const panel = await panelWith(STARTING);
    const { page } = panel;
    assert.equal(await page.getByRole('status').innerText(), '1 of 4 roles ready · Planner: loading weights 50 %');
    const bar = page.getByRole('progressbar', { name: 'Start of Planner' });
    assert.equal(await bar.getAttribute('value'), '50');
    assert.equal(await page.getByRole('progressbar', { name: 'Start of Coder' }).getAttribute('value'), null);
    await card(panel, 'Reviewer').getByText('waits for Coder').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Stop Planner' }).isDisabled());
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.deepEqual(asked(panel), [{ method: 'command', params: { id: 'cancel' } }]);
  });

  it('starts, stops, restarts and shows the log of one server or all, with the keyboard', async () => {
    const panel = await panelWith(inUse(fourServers({ reviewer: { kind: 'stopped' } })));
    const { page } = panel;
    for (const name of [
      'Start what is not running',
      'Restart all servers',
      'Stop all servers',
      'Show the log of Coder',
      'Restart Coder',
      'Stop Coder',
      'Start Reviewer',
    ]) {
      await page.getByRole('button', { name, exact: true }).focus();
      await page.keyboard.press('Enter');
    }
    assert.deepEqual(asked(panel), [
      { method: 'start', params: { services: 'all' } },
      { method: 'restart', params: { services: 'all' } },
      { method: 'stop', params: { services: 'all' } },
      { method: 'showLog', params: { service: 'vllm-coder' } },
      { method: 'restart', params: { services: ['vllm-coder'] } },
      { method: 'stop', params: { services: ['vllm-coder'] } },
      { method: 'start', params: { services: ['vllm-reviewer'] } },
    ]);
  });

  it('says why a server is down, and offers its log and a restart', async () => {
    const panel = await panelWith(BROKEN);
    const planner = card(panel, 'Planner');
    await planner.getByText(`It ended 3 times. ${WHY}`).waitFor();
    await planner.getByRole('button', { name: 'Show log', exact: true }).click();
    await planner.getByRole('button', { name: 'Restart', exact: true }).click();
    assert.deepEqual(asked(panel), [
      { method: 'showLog', params: { service: 'vllm-planner' } },
      { method: 'restart', params: { services: ['vllm-planner'] } },
    ]);
  });

  it('says what keeps the fleet from being seen, with the remedy', async () => {
    const panel = await panelWith(UNSEEN);
    const problem = panel.page.getByRole('region', { name: 'Problem' });
    await problem.getByText('Start Docker Desktop, or the docker service.').waitFor();
    await problem.getByRole('button', { name: 'Open Doctor' }).click();
    assert.deepEqual(asked(panel), [{ method: 'command', params: { id: 'doctor' } }]);
    assert.equal(await panel.page.getByRole('button', { name: 'Start', exact: true }).count(), 0);
  });

  it('explains profiles where none was chosen', async () => {
    const panel = await panelWith({ kind: 'none' });
    await panel.page.getByText(/A profile says which models/).waitFor();
    await panel.page.getByRole('button', { name: 'I have my own servers' }).click();
    await panel.page.getByRole('button', { name: 'Choose a profile' }).click();
    assert.deepEqual(asked(panel), [
      { method: 'command', params: { id: 'ownServers' } },
      { method: 'command', params: { id: 'chooseProfile' } },
    ]);
  });

  it('shows what could not be done, until it is dismissed', async () => {
    const panel = await panelWith(inUse(fourServers()), {
      answers: {
        stop: () => {
          throw new Error('The engine is gone.');
        },
      },
    });
    await panel.page.getByRole('button', { name: 'Stop all servers' }).click();
    await panel.page.getByRole('alert').getByText('The engine is gone.').waitFor();
    await panel.page.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(await panel.page.getByRole('alert').count(), 0);
  });

  it('starts nothing in a workspace that is not trusted, and says so', async () => {
    const panel = await panelWith(inUse(fourServers({ coder: { kind: 'absent' } })), { trusted: false });
    assert.ok(await panel.page.getByRole('button', { name: 'Start Coder' }).isDisabled());
    await panel.page.getByRole('button', { name: 'Manage workspace trust' }).click();
    assert.deepEqual(asked(panel), [{ method: 'command', params: { id: 'trust' } }]);
  });

  it('speaks the language of the editor', async () => {
    const panel = await panelWith(inUse(fourServers()), { language: 'de' });
    await panel.page.getByText('4 von 4 Rollen bereit').waitFor();
  });

  for (const theme of THEMES) {
    it(`has no serious obstacle for anyone, and fits 300 pixels (${theme})`, async function () {
      this.timeout(60_000);
      const panel = await panelWith({ kind: 'looking' }, { theme, width: 300, height: 1200 });
      const states: Record<string, FleetView[]> = {
        looking: [],
        none: [{ kind: 'none' }],
        own: [{ kind: 'own' }],
        unusable: [
          { kind: 'unusable', profile: 'gpu-80gb', problem: { what: 'It does not fit.', remedy: 'Buy more.' } },
        ],
        working: twoMinutes(),
        starting: [STARTING],
        broken: [BROKEN],
        unseen: [UNSEEN],
      };
      for (const [name, views] of Object.entries(states)) {
        for (const view of views) await panel.peer.call('show', { view, trusted: name !== 'none' });
        await assertAccessible(panel, name);
        if (PICTURES !== undefined) await panel.page.screenshot({ path: join(PICTURES, `fleet-${theme}-${name}.png`) });
      }
    });
  }
});
