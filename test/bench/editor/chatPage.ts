import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { feed, openGate } from '../../../src/host/feed.ts';
import type { EventBody, RunEvent } from '../../../src/shared/events.ts';
import { plan } from '../../support/scripts.ts';
import { type ChatPage, openChat } from '../../webview/chatPage.ts';
import { type Figure, median, percentile } from '../figure.ts';

const LANES = ['task_1', 'task_2', 'task_3', 'task_4'];
const TOKENS_PER_SECOND = 100;
const SECONDS = 10;
const ROUNDS = 3;
/** Milliseconds between two tokens of a lane. */
const TICK = 1000 / TOKENS_PER_SECOND;

/** How the chat gets the events: as the extension sends them, or a message each, as they come. */
type Manner = 'fed' | 'naive' | 'nothing';

interface Streamed {
  /** Milliseconds from an event's time to the end of the frame that shows it. */
  latencies: number[];
  /** Milliseconds of the longest task of the page's main thread. */
  longestTask: number;
  /** Per cent of the time in which its main thread was busy. */
  busy: number;
}

/** Four lanes at 100 tokens a second each, in the built chat alone: no editor around it. */
export async function streamFigures(browser: Browser): Promise<Figure[]> {
  const runs: Record<Manner, Streamed[]> = { fed: [], naive: [], nothing: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const manner of ['fed', 'naive', 'nothing'] as const) {
      runs[manner].push(await stream(browser, manner, manner === 'fed' ? SECONDS : SECONDS / 2));
    }
  }
  const middle = (manner: Manner, of: (streamed: Streamed) => number): number => median(runs[manner].map(of));
  const latency = (percent: number): Figure => ({
    what: `event to paint, 4 × 100 tokens/s, p${percent}`,
    value: middle('fed', ({ latencies }) => percentile(latencies, percent)),
    unit: 'ms',
    baseline: { value: middle('naive', ({ latencies }) => percentile(latencies, percent)), of: 'a message an event' },
  });
  return [
    latency(50),
    latency(95),
    {
      what: 'longest task of the page meanwhile',
      value: middle('fed', ({ longestTask }) => longestTask),
      unit: 'ms',
      baseline: { value: middle('nothing', ({ longestTask }) => longestTask), of: 'fed nothing' },
    },
    {
      what: 'main thread busy meanwhile',
      value: middle('fed', ({ busy }) => busy),
      unit: '%',
      baseline: { value: middle('naive', ({ busy }) => busy), of: 'a message an event' },
    },
  ];
}

async function stream(browser: Browser, manner: Manner, seconds: number): Promise<Streamed> {
  const painted = openGate();
  const chat = await openChat(browser, {
    prepare: async (page) => void (await page.addInitScript({ content: WATCH_PAINTS })),
    answers: { painted: () => painted.open() },
  });
  try {
    const runId = 'run-bench';
    const send = (events: RunEvent[]): Promise<unknown> => chat.chat.call('events', { runId, events });
    await chat.chat.call('show', { runId, activity: { kind: 'working' } });
    const run = openRun(runId);
    await send(run.begin());
    // What belongs to the start is over.
    await sleep(500);
    await browser.startTracing(chat.page, { categories: ['toplevel'] });
    const started = performance.now();
    if (manner === 'nothing') await sleep(seconds * 1000);
    else if (manner === 'naive')
      for await (const events of run.tokens(seconds)) for (const one of events) void send([one]);
    else await feed(batched(run.tokens(seconds)), send, painted, new AbortController().signal);
    const ms = performance.now() - started;
    const trace = (await browser.stopTracing()).toString('utf8');
    return { latencies: await chat.page.evaluate<number[]>('paintLatencies'), ...mainThread(trace, ms) };
  } finally {
    await chat.close();
  }
}

/** Runs in the page: for every token, the milliseconds from its event's time to the task after the frame that shows it. */
export const WATCH_PAINTS = `{
  globalThis.paintLatencies = [];
  addEventListener('message', ({ data }) => {
    if (data?.kind !== 'call' || data.method !== 'events') return;
    const times = data.params.events.filter(({ type }) => type === 'agent.delta').map(({ at }) => Date.parse(at));
    if (times.length > 0) requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const now = performance.timeOrigin + performance.now();
        for (const time of times) paintLatencies.push(now - time);
      };
      port2.postMessage('');
    });
  });
}`;

/**
 * @param trace what Chromium recorded of the category "toplevel"
 * @param ms how long it recorded
 */
function mainThread(trace: string, ms: number): Pick<Streamed, 'longestTask' | 'busy'> {
  interface TraceEvent {
    name: string;
    ph: string;
    pid: number;
    tid: number;
    /** Microseconds. */
    dur?: number;
    args?: { name?: string };
  }
  const { traceEvents } = JSON.parse(trace) as { traceEvents: TraceEvent[] };
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`;
  const mains = new Set(
    traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(thread),
  );
  const tasks = traceEvents
    .filter((event) => event.name === 'ThreadControllerImpl::RunTask' && event.ph === 'X' && mains.has(thread(event)))
    .map(({ dur = 0 }) => dur / 1000);
  const sum = tasks.reduce((total, task) => total + task, 0);
  return { longestTask: Math.max(0, ...tasks), busy: (sum / ms) * 100 };
}

/** A run with a plan of four subtasks, in which four Coders write at the same time. */
function openRun(runId: string): { begin(): RunEvent[]; tokens(seconds: number): AsyncGenerator<RunEvent[]> } {
  let seq = 0;
  const event = (body: EventBody): RunEvent => ({ ...body, runId, seq: ++seq, at: new Date().toISOString() });
  const pieces = answerText().match(/[\s\S]{1,4}/g) ?? [];
  return {
    begin: () => [
      event({
        type: 'run.started',
        task: 'Write four modules',
        workspace: '/orders-service',
        version: '0',
        kind: 'run',
        endpoints: [],
      }),
      event({ type: 'plan.proposed', plan: plan(LANES.map((id) => ({ id }))) as never, notes: [] }),
      ...LANES.flatMap((subtask) => [
        event({ type: 'subtask.started', subtask, start: 1, includes: [], answers: 0 }),
        event({ type: 'attempt.started', subtask, round: 1, rounds: 3 }),
      ]),
    ],
    async *tokens(seconds) {
      const started = performance.now();
      const all = Math.round(seconds * TOKENS_PER_SECOND);
      for (let token = 0; token < all; ) {
        // By the clock: what a late timer missed comes at once, as it would from a server.
        const due = Math.min(all, Math.floor((performance.now() - started) / TICK) + 1);
        const arrived: RunEvent[] = [];
        for (; token < due; token++) {
          const delta = pieces[token % pieces.length] ?? '';
          const channel = token < all / 4 ? 'reasoning' : 'text';
          for (const task of LANES) {
            arrived.push(event({ type: 'agent.delta', role: 'coder', lane: `coder:${task}`, channel, delta }));
          }
        }
        if (arrived.length > 0) yield arrived;
        await sleep(Math.max(1, started + token * TICK - performance.now()));
      }
    },
  };
}

/** What arrives while the page paints comes together, as from a run of the extension. */
async function* batched(stream: AsyncIterable<RunEvent[]>): AsyncGenerator<RunEvent[]> {
  let arrived: RunEvent[] = [];
  let wake: () => void = () => {};
  let isOver = false;
  const reading = (async () => {
    for await (const events of stream) {
      arrived.push(...events);
      wake();
    }
    isOver = true;
    wake();
  })();
  while (!isOver || arrived.length > 0) {
    if (arrived.length > 0) {
      const events = arrived;
      arrived = [];
      yield events;
    } else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  await reading;
}

/** What a Coder might write: prose, and code in fences. */
export function answerText(): string {
  const code = readFileSync('demo/sample/src/router.js', 'utf8');
  return `${readFileSync('demo/sample/README.md', 'utf8')}\n\`\`\`js\n${code}\`\`\`\n\n`;
}

/** The chat's heap after a long run, and empty. @param events all of the run's */
export async function heapFigure(browser: Browser, events: readonly RunEvent[]): Promise<Figure> {
  const chat: ChatPage = await openChat(browser);
  try {
    const before = await heap(chat.page);
    await chat.play(events);
    return {
      what: `heap of the chat after ${events.length.toLocaleString('en')} events`,
      value: await heap(chat.page),
      unit: 'MB',
      baseline: { value: before, of: 'empty chat' },
    };
  } finally {
    await chat.close();
  }
}

/** Megabytes in use after a garbage collection. */
async function heap(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.enable');
  for (let times = 0; times < 3; times++) await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize / 1024 / 1024;
}
