import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { runLeaseName } from '../../../src/core/store/runLease.ts';
import { openStore } from '../../../src/node/openCrew.ts';
import { ROLES, type RunEvent } from '../../../src/shared/events.ts';
import { startHost } from '../../editor/host.ts';
import type { EditorInstallation } from '../../editor/installation.ts';
import { conclaveView, openWorkbench, type Workbench } from '../../editor/workbench.ts';
import { type Fleet, startFleet } from '../../models/fleet.ts';
import { GREETER, makeProject } from '../../support/project.ts';
import { crewScripts, edit, plan } from '../../support/scripts.ts';
import { type Figure, median, percentile } from '../figure.ts';
import { answerText, WATCH_PAINTS } from './chatPage.ts';

const CONCLAVE = 'conclave.conclave';
const TRIVIAL = 'conclave-bench.trivial';

/** Windows in which activation is measured; the one before them finds cold caches and does not count. */
const WINDOWS = 5;
const MB = 1024 * 1024;
/** Milliseconds until a wait counts as failed: far more than it ever took. */
const LIMIT = 60_000;

/** What the probe (probe/extension.cjs) says of its extension host. */
interface Probe {
  port: number;
  /** Milliseconds, by extension. */
  activation: Record<string, number>;
}

/** Activation, a long run, and four Coders at once, all in real windows with the .vsix installed. */
export async function workbenchFigures(
  installation: EditorInstallation,
  browser: Browser,
  vsix: string,
  longRun: readonly RunEvent[],
): Promise<{ activation: Figure[]; stream: Figure[]; memory: Figure[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-bench-'));
  const project = makeProject(GREETER);
  const fleet = await startFleet({ script: fourCoders(), pace: 'real', timing: { decode: 100 } });
  const env = { CONCLAVE_DATA: join(dir, 'data') };
  await record(env, longRun, project.dir);
  const host = await startHost(installation, {
    vsix: [vsix, await packed('trivial', dir), await packed('probe', dir)],
    settings: { 'conclave.limits.parallel': 4 },
    env: {
      ...env,
      CONCLAVE_BENCH_FOLDER: dir,
      CONCLAVE_BENCH_IDS: JSON.stringify([TRIVIAL, CONCLAVE]),
      ...Object.fromEntries(ROLES.map((role) => [`CONCLAVE_${role.toUpperCase()}_URL`, fleet.urls[role]])),
    },
  });
  try {
    const open = async (): Promise<{ window: Workbench; probe: Probe }> => {
      const known = new Set(probesIn(dir));
      const window = await openWorkbench(browser, host, { folder: project.dir });
      return { window, probe: await newProbe(dir, known) };
    };
    const activations: Probe['activation'][] = [];
    for (let windows = 0; windows <= WINDOWS; windows++) {
      const { window, probe } = await open();
      if (windows > 0) activations.push(probe.activation);
      await leave(window);
    }
    const { window, probe } = await open();
    const chat = conclaveView(window.page);
    const memory = await memoryFigures(window.page, chat, probe, longRun.length);
    const stream = await streamFigures(window.page, chat, fleet);
    return { activation: [activationFigure(activations)], stream, memory };
  } finally {
    await host.stop();
    await fleet.close();
    project.remove();
    rmSync(dir, { recursive: true, force: true });
  }
}

function activationFigure(activations: readonly Probe['activation'][]): Figure {
  const of = (id: string): number => median(activations.map((activation) => activation[id] ?? Number.NaN));
  return {
    what: `activation, median of ${WINDOWS} windows`,
    value: of(CONCLAVE),
    unit: 'ms',
    baseline: { value: of(TRIVIAL), of: 'an extension that does nothing' },
  };
}

/** Shows the recorded run in the chat, and asks the extension host what it holds before and after. */
async function memoryFigures(page: Page, chat: FrameLocator, probe: Probe, events: number): Promise<Figure[]> {
  await ask(probe, 'conclave.openChat');
  await chat.getByRole('textbox').first().waitFor({ timeout: LIMIT });
  await page.waitForTimeout(2000);
  const before = await ask(probe);
  await chat.getByRole('button', { name: 'Show runs' }).click();
  const started = performance.now();
  await chat.locator('.run-open').first().click();
  await chat.getByRole('region', { name: 'End of the run' }).waitFor({ timeout: LIMIT });
  const shown = performance.now() - started;
  await page.waitForTimeout(2000);
  const after = await ask(probe);
  return [
    {
      what: `memory of the extension host after ${events.toLocaleString('en')} events`,
      value: after.rss / MB,
      unit: 'MB',
      baseline: { value: before.rss / MB, of: 'empty chat' },
    },
    { what: 'that run opened from the history, to its end', value: shown, unit: 'ms' },
  ];
}

/** A run of four Coders at once, from the task typed in the chat: how long from an event in the crew to its paint. */
async function streamFigures(page: Page, chat: FrameLocator, fleet: Fleet): Promise<Figure[]> {
  await chat.getByRole('button', { name: 'New task' }).click();
  const box = chat.getByRole('textbox', { name: 'Message to the crew' });
  await box.fill('Write four files');
  await box.evaluate(WATCH_PAINTS);
  await box.press('Enter');
  await until('all four Coders to write', () => fleet.running('coder') === LANES.length);
  await page.waitForTimeout(10_000);
  const latencies = await box.evaluate<number[], unknown>('paintLatencies');
  const latency = (percent: number): Figure => ({
    what: `the same in the workbench, crew to paint, p${percent}`,
    value: percentile(latencies, percent),
    unit: 'ms',
  });
  return [latency(50), latency(95)];
}

const LANES = ['task_1', 'task_2', 'task_3', 'task_4'];

function fourCoders(): Parameters<typeof startFleet>[0]['script'] {
  const file = (task: string): string => `notes/${task}.md`;
  // About twelve seconds of writing.
  const words = answerText().repeat(4).slice(0, 5000);
  return crewScripts({
    plan: plan(LANES.map((id) => ({ id, files: [{ path: file(id), action: 'create' as const }] }))),
    edits: Object.fromEntries(LANES.map((id) => [id, [`${words}\n\n${edit(file(id), '', `# ${id}`)}`]])),
  });
}

/** Puts a run into the store, as if it had been made in this folder. */
async function record(env: NodeJS.ProcessEnv, events: readonly RunEvent[], workspace: string): Promise<void> {
  const store = await openStore({ home: resolve('.'), env });
  const runId = events[0]?.runId ?? '';
  const lease = await store.leases.acquire(runLeaseName(runId), 'bench');
  if ('heldBy' in lease) throw new Error(`A new store says that ${lease.heldBy} holds ${runId}.`);
  const here = events.map((event) => (event.type === 'run.started' ? { ...event, workspace } : event));
  const end: RunEvent = {
    type: 'run.finished',
    outcome: 'nothing_to_do',
    ending: { code: 'nothing_to_do', message: 'That was all.' },
    runId,
    seq: events.length + 1,
    at: new Date().toISOString(),
  };
  await store.log.append(lease, [...here, end], true);
  await store.leases.release(lease);
  await store.close();
}

/** One of the extensions beside this file, as a .vsix. In a process of its own: vsce prints what it does. */
async function packed(name: string, dir: string): Promise<string> {
  const packagePath = join(dir, `${name}.vsix`);
  const options = {
    cwd: join(import.meta.dirname, name),
    packagePath,
    dependencies: false,
    allowMissingRepository: true,
    allowStarActivation: true,
    skipLicense: true,
  };
  const script = `import { createVSIX } from '@vscode/vsce'; await createVSIX(${JSON.stringify(options)});`;
  await execa(process.execPath, ['--input-type=module', '--eval', script]);
  return packagePath;
}

const probesIn = (dir: string): string[] => readdirSync(dir).filter((file) => /^\d+\.json$/.test(file));

/** What the extension host of a window that was just opened says, once it does. */
async function newProbe(dir: string, known: ReadonlySet<string>): Promise<Probe> {
  const fresh = (): string | undefined => probesIn(dir).find((file) => !known.has(file));
  await until('the extension host', () => fresh() !== undefined);
  return JSON.parse(readFileSync(join(dir, fresh() ?? ''), 'utf8')) as Probe;
}

async function ask({ port }: Probe, command?: string): Promise<NodeJS.MemoryUsage> {
  const path = command === undefined ? 'memory' : `command?id=${command}`;
  return (await fetch(`http://127.0.0.1:${port}/${path}`)).json() as Promise<NodeJS.MemoryUsage>;
}

/** Leaves the page first: a window that only vanishes keeps its extension host for a while, in case it comes back. */
async function leave({ page, close }: Workbench): Promise<void> {
  await page.goto('about:blank');
  await close();
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 50) {
    if (waited > LIMIT) throw new Error(`The bench waited ${LIMIT / 1000} s for ${what}, in vain.`);
    await sleep(50);
  }
}
