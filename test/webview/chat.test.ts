import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { EventBody, RunEvent } from '../../src/shared/events.ts';
import type { ChatMethods, RunEntry } from '../../src/shared/protocol.ts';
import { needBrowser } from '../editor/browser.ts';
import { recordDemo } from '../support/demoRun.ts';
import { longRun } from '../support/longRun.ts';
import { eventsOf, finding, planOf, reviewed, started, subtask, verdict } from '../unit/runEvents.ts';
import { type ChatOptions, type ChatPage, openChat } from './chatPage.ts';
import { assertAccessible, THEMES } from './webviewPage.ts';

describe('the chat in a browser', () => {
  let browser: Browser;
  let demo: RunEvent[];
  let open: ChatPage[] = [];

  before(async function () {
    this.timeout(300_000);
    browser = await needBrowser(this);
    demo = await recordDemo();
  });
  after(() => browser?.close());
  afterEach(async () => {
    const ended = open;
    open = [];
    for (const chat of ended) await chat.close();
    // Asserted when all are closed, so that none stays open.
    for (const { complaints } of ended) assert.deepEqual(complaints, []);
  });

  async function chatWith(options: ChatOptions = {}): Promise<ChatPage> {
    const chat = await openChat(browser, options);
    open.push(chat);
    return chat;
  }
  const upTo = (type: RunEvent['type']): RunEvent[] =>
    demo.slice(0, demo.findIndex((event) => event.type === type) + 1);

  it('takes over a run that is at work elsewhere, answers one that only waits, and says that the store is away', async () => {
    const chat = await chatWith();
    const { page } = chat;
    const runId = demo[0]?.runId ?? '';
    await chat.play(upTo('plan.question'), { activity: { kind: 'elsewhere', holder: 'another window or terminal' } });
    assert.equal(await page.getByRole('button', { name: 'Send answer' }).count(), 0, 'it is asked elsewhere');
    await page.getByRole('button', { name: 'Take over' }).click();
    assert.deepEqual(chat.of('takeOver'), [{ runId }]);

    // Nobody works on it: it waits for its user, wherever that one is.
    await chat.chat.call('activity', { kind: 'idle' });
    await page.getByLabel('1 hour', { exact: true }).check();
    await page.getByRole('button', { name: 'Send answer' }).click();
    assert.equal(chat.of('answer')[0]?.runId, runId);

    const away = 'Writing events failed: Redis at 127.0.0.1:6379 cannot be reached (ECONNREFUSED).';
    const lost = eventsOf([{ type: 'store.lost', message: away }]).map((event) => ({
      ...event,
      runId,
      seq: upTo('plan.question').length + 1_000,
    }));
    await chat.chat.call('activity', { kind: 'working' });
    await chat.chat.call('events', { runId, events: lost });
    await page.getByRole('status').filter({ hasText: away }).waitFor();
    const pictures = process.env.CONCLAVE_SCREENSHOTS;
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, 'storeLost.png') });
    await assertAccessible(chat, 'a store that is away');
  });

  it('sends a task, answers the question and decides about the proposal', async () => {
    const chat = await chatWith();
    const { page } = chat;
    const box = page.getByRole('textbox', { name: 'Message to the crew' });
    await box.fill('Refactor auth to use JWT');
    await box.press('Shift+Enter');
    await box.press('Enter');
    assert.deepEqual(chat.of('send'), [{ text: 'Refactor auth to use JWT', command: 'implement', attachments: [] }]);
    assert.equal(await box.inputValue(), '');

    await chat.play(upTo('plan.question'));
    await page.getByLabel('1 hour', { exact: true }).check();
    await page.getByRole('button', { name: 'Send answer' }).click();
    assert.deepEqual(
      chat.of('answer')[0]?.answers.map(({ answer }) => answer),
      ['1 hour'],
    );
    await page.getByRole('button', { name: 'Stop' }).click();
    assert.equal(chat.of('stop').length, 1);

    await chat.play(demo);
    await chat.chat.call('activity', { kind: 'idle' });
    await page.getByRole('button', { name: 'Accept src/app.js' }).click();
    await page.getByRole('button', { name: 'Accept all' }).click();
    const runId = demo[0]?.runId;
    assert.deepEqual(chat.of('decide'), [
      { runId, decision: 'accepted', path: 'src/app.js' },
      { runId, decision: 'accepted' },
    ]);
    await page.getByTitle('Open diff of src/app.js').click();
    assert.deepEqual(chat.of('openDiff'), [{ runId, path: 'src/app.js' }]);
  });

  it('shows what happened and no JSON: the failing test, the finding and where, the edit and its code', async () => {
    const chat = await chatWith({ height: 6000 });
    const { page } = chat;
    await chat.play(demo);
    const text = await page.getByRole('log').innerText();
    assert.match(text, /a token expires at the end of its lifetime/);
    assert.match(text, /Not approved: 1 failing check, 1 finding/);
    assert.match(text, /round 2\/3/);
    assert.doesNotMatch(text, /"action"|task_understood|"issues"|<<<<<<< SEARCH/);
    await page.getByRole('button', { name: 'src/auth/jwt.js:7' }).click();
    assert.deepEqual(chat.of('openPlace'), [{ runId: demo[0]?.runId, path: 'src/auth/jwt.js', line: 7 }]);
    const coder = page.getByRole('region', { name: 'Coder task_2' });
    const edit = coder.getByRole('button', { name: /^src\/config\.js created/ });
    await edit.click();
    assert.equal(await edit.getAttribute('aria-expanded'), 'true');
    assert.match(await page.locator('pre.code').first().innerText(), /SHORTEST_SECRET/);
  });

  it('completes mentions and commands by keyboard, and walks through what was asked before', async () => {
    const chat = await chatWith({
      answers: {
        complete: ({ query }) =>
          ['src/app.js', 'src/server.js']
            .filter((path) => path.includes(query))
            .map((path) => ({ attachment: { kind: 'file' as const, label: path, path }, icon: 'file', detail: 'src' })),
      },
    });
    const { page } = chat;
    const box = page.getByLabel('Message to the crew').and(page.locator('textarea'));
    await box.press('ArrowUp');
    await box.press('ArrowUp');
    assert.equal(await box.inputValue(), 'The first task');
    await box.press('ArrowDown');
    await box.press('ArrowDown');
    assert.equal(await box.inputValue(), '');

    await box.pressSequentially('/pl');
    await page.getByRole('option', { name: '/plan' }).waitFor();
    await box.press('Enter');
    await box.pressSequentially('Look at @ser');
    const option = page.getByRole('option', { name: 'src/server.js' });
    await option.waitFor();
    assert.equal(await box.getAttribute('aria-activedescendant'), await option.getAttribute('id'));
    await box.press('Tab');
    await page.getByRole('button', { name: 'Remove src/server.js' }).waitFor();
    await box.press('Enter');
    assert.deepEqual(chat.of('send'), [
      {
        text: 'Look at',
        command: 'plan',
        attachments: [{ kind: 'file', label: 'src/server.js', path: 'src/server.js' }],
      },
    ]);
  });

  it('keeps what was typed where sending fails, and where the view is made anew', async () => {
    const chat = await chatWith({
      state: { text: 'Half a thought', attachments: [] },
      answers: {
        send: () => {
          throw new Error('No model answers. Start one.');
        },
      },
    });
    const box = chat.page.locator('textarea');
    assert.equal(await box.inputValue(), 'Half a thought');
    await box.press('Enter');
    await chat.page.getByRole('alert').getByText('No model answers. Start one.').waitFor();
    assert.equal(await box.inputValue(), 'Half a thought');
  });

  it('takes chips and commands from the editor beside what is being typed, and an example once', async () => {
    const { page, chat } = await chatWith();
    const box = page.locator('textarea');
    await box.fill('Typed meanwhile');
    await chat.call('compose', { attachments: [] });
    const attachment = { kind: 'file' as const, label: 'src/app.js', path: 'src/app.js' };
    await chat.call('compose', { command: 'plan', attachments: [attachment] });
    await page.getByRole('button', { name: 'Remove src/app.js' }).waitFor();
    await page.getByRole('button', { name: /^Remove .*plan/ }).waitFor();
    assert.equal(await box.inputValue(), 'Typed meanwhile');

    await page.getByRole('button', { name: /My uncommitted changes/ }).click();
    await page.getByRole('button', { name: /^Remove .*plan/ }).waitFor({ state: 'detached' });
    assert.equal(await box.inputValue(), '/review My uncommitted changes');
    await box.fill('Something else');
    await page.getByRole('button', { name: 'Show runs' }).click();
    await box.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Back to the chat' }).click();
    assert.equal(await box.inputValue(), 'Something else');
  });

  it('offers nothing more for findings that were waived or mended, also where it is made anew', async () => {
    const slow = finding('Slow.', { path: 'src/app.js', line: 3 });
    const loose = finding('Compares loosely.', { path: 'src/app.js', line: 9 });
    const ending = { code: 'not_approved' as const, message: 'Two findings block.' };
    const events = eventsOf([
      { ...started, kind: 'review' } as EventBody,
      reviewed('review', 1, verdict([slow, loose])),
      { type: 'run.finished', outcome: 'not_approved', ending },
    ]);
    const first = await chatWith();
    await first.play(events, { activity: { kind: 'idle' } });
    const all = first.page.getByRole('button', { name: 'Fix all findings' });
    await all.waitFor();
    await first.page.getByRole('button', { name: 'Waive…' }).first().click();
    assert.deepEqual(first.of('waiveFinding'), [{ runId: 'run-1', fingerprint: 'Slow.' }]);
    // Until the user has given a reason, nothing is waived.
    assert.equal(await first.page.getByRole('button', { name: 'Waive…' }).count(), 2);
    await first.chat.call('settled', { waived: ['Slow.'], mended: [] });
    await first.page.getByText('Waived', { exact: true }).waitFor();
    assert.equal(await all.count(), 1);
    await first.chat.call('settled', { waived: ['Slow.'], mended: ['Compares loosely.'] });
    await all.waitFor({ state: 'detached' });

    const anew = await chatWith();
    await anew.chat.call('settled', { waived: ['Slow.'], mended: ['Compares loosely.'] });
    await anew.play(events, { activity: { kind: 'idle' } });
    await anew.page.getByText('Mended', { exact: true }).waitFor();
    await anew.page.getByText('Waived', { exact: true }).waitFor();
    for (const name of ['Fix all findings', 'Fix', 'Waive…'])
      assert.equal(await anew.page.getByRole('button', { name }).count(), 0, name);
  });

  it('lists runs, and deletes one only when the user is sure', async () => {
    const run = (runId: string, title: string): RunEntry => ({
      runId,
      title,
      startedAt: '2026-11-23T20:00:00Z',
      workspace: 'orders',
      state: 'paused',
      isHere: true,
    });
    const all = [run('run-1', 'Add a cache'), run('run-2', 'Use tokens')];
    const chat = await chatWith({ answers: { runs: ({ query }) => all.filter(({ title }) => title.includes(query)) } });
    const { page } = chat;
    await page.getByRole('button', { name: 'Show runs' }).click();
    await page.getByRole('searchbox').fill('cache');
    await page.getByText('Use tokens').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Delete…' }).click();
    assert.equal(chat.of('deleteRun').length, 0);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('Add a cache').waitFor({ state: 'detached' });
    assert.deepEqual(chat.of('deleteRun'), [{ runId: 'run-1' }]);
  });

  it('stays where the user reads, and follows again from the end', async () => {
    const chat = await chatWith({ height: 500 });
    const { page } = chat;
    const log = page.getByRole('log');
    await chat.play(demo.slice(0, -200));
    const atEnd = (): Promise<boolean> =>
      log.evaluate(({ scrollTop, clientHeight, scrollHeight }) => scrollTop + clientHeight >= scrollHeight - 40);
    assert.ok(await atEnd(), 'it follows');
    await log.hover();
    await page.mouse.wheel(0, -600);
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
    const batches = demo.slice(-200);
    await chat.chat.call('events', { runId: demo[0]?.runId ?? '', events: batches });
    assert.ok(!(await atEnd()), 'it stays');
    await page.getByRole('button', { name: 'Jump to latest' }).click();
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor({ state: 'detached' });
    assert.ok(await atEnd(), 'it is at the end');
  });

  it('has a bounded page after 10,000 events, and says for each batch when it was painted', async function () {
    this.timeout(180_000);
    const chat = await chatWith();
    const runId = 'run-long';
    const events = longRun(demo, runId, 10_000);
    assert.ok(events.length >= 10_000);
    await chat.play(events.slice(0, 1000), { batch: 100 });
    const nodes = (): Promise<number> => chat.page.evaluate<number>('document.querySelectorAll("*").length');
    const early = await nodes();
    await chat.play(events, { batch: 100 });
    const late = await nodes();
    assert.ok(
      late < 1500 && late < early * 3,
      `the page has ${late} elements; after the first 1000 events it had ${early}`,
    );
    assert.equal(chat.batches.painted, chat.batches.sent);
  });

  it('speaks the language of the editor', async () => {
    const chat = await chatWith({ language: 'de' });
    await chat.page.getByText('Was soll die Crew tun?').waitFor();
    await chat.play(demo);
    await chat.chat.call('activity', { kind: 'idle' });
    await chat.page.getByRole('button', { name: 'Alle annehmen' }).waitFor();
  });

  it('says what is in the way where there is no folder, no trust, or no model', async () => {
    const noFolder = await chatWith({ facts: { folders: [] } });
    await noFolder.page.getByRole('button', { name: 'Open folder…' }).click();
    assert.deepEqual(noFolder.of('command'), [{ id: 'openFolder' }]);
    const untrusted = await chatWith({ facts: { trusted: false } });
    await untrusted.page.getByText('This folder is not trusted').waitFor();
    const silent = await chatWith({
      facts: { silent: [{ role: 'coder', url: 'http://127.0.0.1:8002/v1', message: 'Nobody listens there.' }] },
    });
    await silent.page.getByText('http://127.0.0.1:8002/v1').waitFor();
    await silent.page.getByRole('button', { name: 'Try the demo' }).click();
    assert.deepEqual(silent.of('command'), [{ id: 'tryDemo' }]);
  });

  it('shows what the doctor found, what the servers were seen to do, and sets a server that it offers', async () => {
    const chat = await chatWith();
    const { page } = chat;
    await chat.chat.call('doctor', DOCTOR);
    const doctor = page.getByRole('region', { name: 'Doctor', exact: true });
    assert.deepEqual(await doctor.getByRole('heading', { level: 4 }).allTextContents(), [
      'Project',
      'Servers',
      'Fleet',
      'What the servers were seen to do',
    ]);
    const table = doctor.getByRole('table');
    assert.deepEqual(await table.getByRole('columnheader').allTextContents(), ['Planner', 'Reviewer']);
    assert.deepEqual(
      await table
        .getByRole('row', { name: /^Schema/ })
        .getByRole('cell')
        .allTextContents(),
      ['runs away limited', 'held good'],
    );
    await page.getByText('--enable-prompt-tokens-details').waitFor();
    await page.getByRole('button', { name: 'Use it for the Coder' }).click();
    assert.deepEqual(chat.of('useEndpoint'), [{ role: 'coder', url: 'http://localhost:11434/v1', model: 'qwen' }]);
    const pictures = process.env.CONCLAVE_SCREENSHOTS;
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, 'doctor.png') });
  });

  for (const theme of THEMES) {
    it(`has no serious obstacle for anyone, and fits 320 pixels (${theme})`, async function () {
      this.timeout(120_000);
      const chat = await chatWith({ theme, width: 320, height: 1600 });
      const { page } = chat;
      await assertAccessible(chat, 'empty');
      await chat.play(upTo('plan.question'));
      await assertAccessible(chat, 'question');
      await chat.play(demo);
      await chat.chat.call('activity', { kind: 'idle' });
      // One press each, of those that are in the page: more come into it as these make room.
      await page.evaluate(
        `document.querySelectorAll('.row [aria-expanded="false"]').forEach((folded) => folded.click())`,
      );
      await page.getByRole('button', { name: /Context, tokens and time/ }).click();
      await page.locator('textarea').fill('/');
      await page.getByRole('option').first().waitFor();
      await assertAccessible(chat, 'the end, unfolded');
      await chat.chat.call('show', { activity: { kind: 'idle' } });
      await chat.chat.call('doctor', DOCTOR);
      await assertAccessible(chat, 'the doctor');
    });
  }

  it('forks from a step, and from the history', async () => {
    const entry: RunEntry = {
      runId: 'run-9',
      title: 'An earlier task',
      startedAt: '2026-11-20T10:00:00Z',
      workspace: 'orders',
      state: 'approved',
      isHere: true,
    };
    const chat = await chatWith({ width: 420, height: 700, answers: { runs: () => [entry] } });
    const { page } = chat;
    await chat.play(demo);
    assert.equal(
      await page.getByRole('button', { name: 'Fork from here' }).count(),
      0,
      'as long as the crew is at work',
    );
    await chat.chat.call('activity', { kind: 'idle' });
    const checklist = page.locator('.row.of-checklist');
    await checklist.hover();
    const pictures = process.env.CONCLAVE_SCREENSHOTS;
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, 'fork.png') });
    await checklist.getByRole('button', { name: 'Fork from here' }).click();
    const { seq: at } = demo.find(({ type }) => type === 'checklist.finished') ?? assert.fail('no checklist');
    await page.getByRole('button', { name: 'Show runs' }).click();
    await page.getByRole('button', { name: 'Fork…' }).click();
    assert.deepEqual(chat.of('fork'), [{ runId: demo[0]?.runId, at }, { runId: 'run-9' }]);
  });

  it('plays a recorded run as fast as is asked for', async () => {
    const chat = await chatWith({ width: 360, height: 600 });
    const { page } = chat;
    await chat.play(upTo('plan.proposed'), { activity: { kind: 'replaying', pace: 4 } });
    const speeds = page.getByRole('group', { name: 'Speed of the replay' });
    assert.equal(await speeds.getByRole('button', { name: '4×' }).getAttribute('aria-pressed'), 'true');
    for (const name of ['16×', 'Pause', 'To the end']) await speeds.getByRole('button', { name, exact: true }).click();
    await chat.chat.call('activity', { kind: 'replaying', pace: 'paused' });
    await speeds.getByRole('button', { name: 'Go on' }).click();
    assert.deepEqual(
      chat.of('setPace').map(({ pace }) => pace),
      [16, 'paused', 'instant', 4],
    );
    await assertAccessible(chat, 'a replay');
    const pictures = process.env.CONCLAVE_SCREENSHOTS;
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, 'replay.png') });
    await chat.chat.call('activity', { kind: 'replaying', pace: 'instant', over: true });
    await page.getByText('The recorded run was played to its end.').waitFor();
    assert.equal(await speeds.count(), 0);
  });

  for (const theme of THEMES) {
    it(`says where a plan comes from and plans afresh in one click (${theme})`, async () => {
      const chat = await chatWith({ theme, width: 320, height: 700 });
      const { page } = chat;
      const made = planOf(subtask('task_1'), subtask('task_2', ['task_1']));
      const from = { key: 'k', run: '20260102-030405-abcd', plannedAt: '2026-01-02T03:04:05.000Z' };
      const exact: EventBody[] = [
        started,
        { type: 'plan.cached', ...from, hit: { kind: 'exact', plan: made, answers: [] }, notes: [] },
        { type: 'plan.proposed', plan: made, notes: ['Planned with your answer of then: How long? → 1 hour'] },
      ];
      await chat.play(eventsOf(exact));
      const card = page.getByRole('region', { name: 'Plan' });
      assert.match(await card.innerText(), /From the plan cache: planned in run 20260102-030405-abcd on Jan 2, 2026/);
      await assertAccessible(chat, 'a plan from the cache');
      const shots = process.env.CONCLAVE_SCREENSHOTS;
      if (shots !== undefined) await page.screenshot({ path: join(shots, `planCache-${theme}.png`) });
      await card.getByRole('button', { name: 'Plan afresh' }).click();
      assert.deepEqual(chat.of('planAfresh'), [{ runId: eventsOf(exact)[0]?.runId }]);

      // Where another window works on it, that is for its user to say.
      await chat.chat.call('activity', { kind: 'elsewhere', holder: 'a terminal' });
      await card.getByRole('button', { name: 'Plan afresh' }).waitFor({ state: 'detached' });

      const outline: EventBody[] = [
        started,
        { type: 'plan.cached', ...from, hit: { kind: 'template', outline: 'x' }, notes: [] },
        { type: 'plan.started' },
        { type: 'plan.proposed', plan: made, notes: [] },
      ];
      await chat.play(eventsOf(outline));
      assert.match(await card.innerText(), /Adapted from the plan cache: the outline of a plan made in run 20260102/);
      if (shots !== undefined) await page.screenshot({ path: join(shots, `planOutline-${theme}.png`) });
    });
  }
});

/** Two servers that answer, one that runs answers away, and one that does not answer while another is there. */
const DOCTOR: Parameters<ChatMethods['doctor']>[0] = {
  lines: [
    { subject: 'project', state: 'ok', what: 'Git', detail: 'git version 2.39.5' },
    {
      subject: 'servers',
      state: 'failed',
      what: 'Coder',
      detail: 'The coder server at http://localhost:8002/v1 does not answer (ECONNREFUSED).',
      offers: [
        {
          role: 'coder',
          what: 'Ollama at http://localhost:11434/v1 serves qwen',
          url: 'http://localhost:11434/v1',
          model: 'qwen',
        },
      ],
    },
    {
      subject: 'fleet',
      state: 'ok',
      what: 'Profile',
      detail: 'none chosen; gpu-48gb fits this machine – "conclave fleet up" starts it.',
    },
  ],
  probes: {
    columns: [
      'Window',
      'Schema',
      'Tools',
      'Required',
      'Args',
      'Thoughts',
      'Cached',
      'Cancel',
      'Tok/s',
      'Sees',
      'Hears',
    ],
    rows: [
      {
        role: 'planner',
        cells: [
          { state: 'missing', text: '4,096' },
          { state: 'limited', text: 'runs away' },
          { state: 'limited', text: 'refused' },
          { state: 'good', text: 'works' },
          { state: 'limited', text: 'free' },
          { state: 'good', text: 'none' },
          { state: 'limited', text: 'silent' },
          { state: 'good', text: 'stops' },
          { state: 'good', text: '412/27' },
          { state: 'unknown', text: 'no' },
          { state: 'unknown', text: '–' },
        ],
      },
      {
        role: 'reviewer',
        cells: [
          { state: 'good', text: '16,384' },
          { state: 'good', text: 'held' },
          { state: 'good', text: 'streamed' },
          { state: 'limited', text: 'ignored' },
          { state: 'unknown', text: '–' },
          { state: 'good', text: 'none' },
          { state: 'good', text: 'told' },
          { state: 'unknown', text: 'untold' },
          { state: 'good', text: '260/75' },
          { state: 'unknown', text: 'no' },
          { state: 'unknown', text: 'no' },
        ],
      },
    ],
    remedies: [
      {
        roles: ['planner'],
        text: 'Cached: how much of a prompt came from its cache is not told; start it with --enable-prompt-tokens-details.',
      },
    ],
  },
};
