import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diceOf } from '../edits/dice.ts';
import { type Figure, percentile } from './figure.ts';
import { type Ask, asksOf } from './tools/asks.ts';
import { changesIn } from './tools/changes.ts';
import { makeCorpus, type Size } from './tools/corpus.ts';
import { wordsOf } from './tools/queries.ts';
import { searchBare } from './tools/ripgrep.ts';
import { type Called, startConclave, startFilesystemServer, type ToolServer } from './tools/server.ts';

export const title =
  'The tools over MCP, on repositories of some 10,000 and 100,000 files, half of the calls after a file was just changed';

const CALLS = 200;
const COLD = 3;
const SEED = 20261126;

/** Needs a build. CONCLAVE_BENCH_SIZES=10k leaves the larger one out. */
export async function measure(say: (text: string) => void): Promise<Figure[]> {
  const sizes = (process.env.CONCLAVE_BENCH_SIZES ?? '10k,100k').split(',') as Size[];
  const figures: Figure[] = [];
  for (const size of sizes) {
    const dir = mkdtempSync(join(tmpdir(), 'conclave-tools-bench-'));
    try {
      figures.push(...(await measureOn(size, dir, (text) => say(`${size}: ${text}`))));
    } finally {
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return figures;
}

async function measureOn(size: Size, dir: string, say: (text: string) => void): Promise<Figure[]> {
  const root = await makeCorpus(size, dir, say);
  const paths = textFilesOf(root);
  say(`${paths.length} files with text; seed ${SEED}`);
  const dice = diceOf(SEED);
  const files = await startFilesystemServer(root);
  const around = { root, dice, words: wordsOf(root, paths, dice), changes: changesIn(root, paths, dice), files };
  const asks = asksOf(around);

  const cold = await measureCold(size, dir, asks, root, say);
  const started = performance.now();
  const server = await startConclave(root, join(dir, 'data'));
  try {
    const figures = [...cold];
    for (const [what, tool, args] of WARM) {
      const seconds = await untilWarm(started, root, (again) => server.call(tool, args(again)));
      say(`${what} is there after ${seconds.toFixed(1)} s`);
      figures.push({ what: `${size}: until ${what} is there`, value: seconds * 1000, unit: 'ms' as const });
    }
    for (const ask of asks) figures.push(...(await measureWarm(size, server, ask, around.changes, say)));
    const { now, most } = server.memory();
    figures.push(
      { what: `${size}: memory of the server afterwards`, value: now, unit: 'MB' },
      { what: `${size}: memory of the server, at most`, value: most, unit: 'MB' },
    );
    return figures;
  } finally {
    await server.close();
    await files.close();
  }
}

/** The first call of a process, where nothing is kept of the repository. */
async function measureCold(
  size: Size,
  dir: string,
  asks: readonly Ask[],
  root: string,
  say: (text: string) => void,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const ask of asks) {
    say(`${ask.name}, cold`);
    const times: number[] = [];
    for (let i = 0; i < COLD; i += 1) {
      const data = join(dir, `cold-${i}`);
      const server = await startConclave(root, data);
      try {
        times.push((await server.call(ask.tool, ask.next().args)).ms);
      } finally {
        await server.close();
        rmSync(data, { recursive: true, force: true, maxRetries: 5 });
      }
    }
    figures.push({ what: `${size}: ${ask.name}, the first call, p50`, value: percentile(times, 50), unit: 'ms' });
  }
  return figures;
}

async function measureWarm(
  size: Size,
  server: ToolServer,
  ask: Ask,
  changes: { next(): { path: string; word: string } },
  say: (text: string) => void,
): Promise<Figure[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < CALLS; i += 1) {
    // A call that was made before, and nothing has changed since, would say nothing.
    const asked = drawn(() => ask.next(i % 2 === 1 ? changes.next() : undefined), seen);
    const { ms, data, text, failed } = await server.call(ask.tool, asked.args);
    ours.push(ms);
    if (failed) wrong.push(`${JSON.stringify(asked.args)}: ${text.slice(0, 200)}`);
    const against = failed ? undefined : await asked.against?.(data, text);
    if (against?.ms !== undefined) theirs.push(against.ms);
    if (against?.wrong !== undefined) wrong.push(`${JSON.stringify(asked.args)}: ${against.wrong}`);
  }
  const times = `p50 ${percentile(ours, 50).toFixed(1)}, p95 ${percentile(ours, 95).toFixed(1)} ms`;
  const most = `${server.memory().most.toFixed(0)} MB at most so far`;
  say(`${ask.name}: ${times}; ${most}; ${wrong.length} wrong ${wrong.slice(0, 3).join(' | ')}`);
  const figures = [50, 95].map(
    (percent): Figure => ({
      what: `${size}: ${ask.name}, p${percent}`,
      value: percentile(ours, percent),
      unit: 'ms',
      ...(theirs.length > 0 &&
        ask.baseline !== undefined && { baseline: { value: percentile(theirs, percent), of: ask.baseline } }),
    }),
  );
  return ask.compared === undefined
    ? figures
    : [
        ...figures,
        {
          what: `${size}: ${ask.name}: of ${CALLS} results, otherwise than ${ask.compared}`,
          value: wrong.length,
          unit: 'results',
        },
      ];
}

function drawn<T extends { args: Record<string, unknown> }>(draw: () => T, seen: Set<string>): T {
  for (let tries = 0; ; tries += 1) {
    const one = draw();
    const key = JSON.stringify(one.args);
    if (tries < 50 && seen.has(key)) continue;
    seen.add(key);
    return one;
  }
}

/** What is made in the background, and who needs it. */
const WARM: readonly [string, string, (again: number) => Record<string, unknown>][] = [
  ['the index', 'search_code', (again) => ({ pattern: `nowhere_${again}`, case_sensitive: true })],
  ['what code says', 'symbols', (again) => ({ query: `nowhere_${again}` })],
];

/** It is there when what is nowhere is found to be so in half the time of a search through all files. @returns seconds */
async function untilWarm(started: number, root: string, call: (again: number) => Promise<Called>): Promise<number> {
  for (let again = 0; ; again += 3) {
    const times: number[] = [];
    for (let j = 0; j < 3; j += 1) times.push((await call(again + j)).ms);
    const { ms } = await searchBare(root, `nowhere_${again}`);
    const seconds = (performance.now() - started) / 1000;
    if (percentile(times, 100) < ms / 2 || seconds > 900) return seconds;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** What is tracked, is text, and is not so large that it is left out. */
function textFilesOf(root: string): string[] {
  const all = execFileSync('git', ['ls-files', '-z'], { cwd: root, maxBuffer: 64 * 1024 * 1024 })
    .toString()
    .split('\0');
  return all.filter((path) => {
    if (
      !/\.(?:[cm]?[jt]sx?|py|md|mdx|txt|json|h|hpp|c|cc|cpp|scss|css|html|rst)$/.test(path) ||
      path.includes('node_modules')
    )
      return false;
    const { size } = statSync(join(root, path));
    return size > 200 && size < 500_000 && !readFileSync(join(root, path)).includes(0);
  });
}
