import { z } from 'zod';
import type { KeptFile } from '../survey/memo.ts';
import { type Survey, survey } from '../survey/survey.ts';
import { mapLines } from '../survey/symbolMap.ts';
import { bounded } from './bounded.ts';
import { counted } from './counted.ts';
import { givenPath } from './givenPath.ts';
import type { Manifest } from './manifests/manifests.ts';
import { fitting, type Section, section } from './sections.ts';
import type { Tool } from './tool.ts';

const ARGS = z.object({ under: z.string().optional(), query: z.string().optional() });

const SYMBOL = z.object({
  name: z.string(),
  kind: z.string(),
  line: z.int(),
  signature: z.string(),
  container: z.string().optional(),
});
const RESULT = z.object({
  under: z.string(),
  files: z.int(),
  lines: z.int(),
  testFiles: z.int(),
  languages: z.array(z.object({ name: z.string(), files: z.int(), lines: z.int() })),
  manifests: z.array(
    z.object({
      path: z.string(),
      name: z.string().optional(),
      dependencies: z.array(z.string()),
      scripts: z.array(z.string()),
      packages: z.array(z.string()).optional(),
      problem: z.string().optional(),
    }),
  ),
  tests: z.array(z.string()),
  entryPoints: z.array(z.string()),
  folders: z.array(z.object({ path: z.string(), files: z.int() })),
  biggest: z.array(z.object({ path: z.string(), lines: z.int() })),
  /** The files that others need most first. */
  map: z.array(z.object({ path: z.string(), symbols: z.array(SYMBOL) })),
  /** Files that there was no time to read: the same call again goes on. */
  unread: z.int(),
  /** There is more of something than is here. */
  truncated: z.boolean(),
});
type Result = z.infer<typeof RESULT>;

/** Milliseconds for reading what is new; what is left then is read at the next call. */
const PATIENCE = 20_000;
/** What everything but the symbols may take of the room; less where these were asked for. */
const HEAD = 0.45;
const HEAD_OF_QUERY = 0.25;

export const analyzeCodebase: Tool<z.infer<typeof ARGS>, Result> = {
  name: 'analyze_codebase',
  description:
    'Shows what the project consists of: languages, dependencies, tests, entry points, folders, and the symbols that matter most, with path and line. under narrows it to a folder, query to what a task is about.',
  args: ARGS,
  result: RESULT,
  run: async (args, ctx) => {
    const under = args.under === undefined ? '.' : givenPath(args.under, ctx.workspace);
    const found = await survey(
      ctx,
      { under, query: args.query },
      {
        signal: ctx.signal,
        until: performance.now() + PATIENCE,
        ...(ctx.onProgress && { onProgress: ctx.onProgress }),
      },
    );
    if (found.files.length === 0) {
      return under === '.'
        ? { text: 'The workspace has no files that are not ignored.', isError: false, data: nothing(under) }
        : { text: 'There are no files under that path. read_file with path="." shows the folders.', isError: true };
    }
    const totals = totalsOf(found.files);
    const size = sizeLine(under, found, totals);
    const headRoom = ctx.maxChars * (args.query === undefined ? HEAD : HEAD_OF_QUERY);
    const parts = partsOf(under, found, totals, headRoom);
    const head = fitting(Object.values(parts), headRoom - size.length);
    const start = [size, ...head.map(({ text }) => text).filter((text) => text !== '')].join('\n\n');
    const title = 'Symbols (files that others need most first):';
    const room = ctx.maxChars - start.length - title.length - NOTICE_ROOM;
    const map = room < 40 ? { files: [], left: 1 } : await found.map(room);
    const cut = map.left > 0 || head.some(({ left }) => left > 0);
    const notice = `[${map.left > 0 ? `${counted(map.left, 'more symbol')} not shown. ` : ''}analyze_codebase with under="<folder>" or query="<words>" shows more of these.]`;
    const text = [
      start,
      ...(map.files.length > 0 ? [[title, ...mapLines(map.files)].join('\n')] : []),
      ...(cut ? [notice] : []),
    ].join('\n\n');
    const shown = Object.fromEntries(Object.keys(parts).map((name, at) => [name, head[at]?.items])) as Shown;
    const data: Result = {
      under,
      files: found.files.length,
      lines: totals.lines,
      testFiles: totals.testFiles,
      unread: found.unread,
      ...shown,
      map: map.files,
      truncated: cut,
    };
    return {
      text: bounded(text, ctx.maxChars, () => 'analyze_codebase with under="<folder>" shows a folder.'),
      isError: false,
      data: within(data, ctx.maxChars),
    };
  },
};

/** For the notice at the end and the empty lines around it. */
const NOTICE_ROOM = 130;

type Shown = Pick<Result, 'languages' | 'manifests' | 'tests' | 'entryPoints' | 'folders' | 'biggest'>;

function partsOf(
  under: string,
  found: Survey,
  totals: Totals,
  room: number,
): { [Part in keyof Shown]: Section<Shown[Part][number]> } {
  const most = Math.max(3, Math.min(30, Math.floor(room / 120)));
  return {
    languages: section('Languages', totals.languages, 12, 0.12, ({ name, files, lines }) => {
      return `${name}: ${counted(files, 'file')}, ${counted(lines, 'line')}`;
    }),
    manifests: section(
      'Manifests',
      found.manifests.map((one) => shownManifest(one, most)),
      12,
      0.28,
      manifestLine,
    ),
    tests: section('Tests', [...testRunners(found), counted(totals.testFiles, 'test file')], 6, 0.12, (line) => line),
    entryPoints: section('Entry points', entryPoints(found), 12, 0.18, (line) => line),
    folders: section(
      'Folders (files)',
      folders(under, found.files),
      30,
      0.2,
      ({ path, files }) => `${path} (${files})`,
    ),
    biggest: section('Biggest files (lines)', totals.biggest, 8, 0.1, ({ path, lines }) => `${path} (${lines})`),
  };
}

function sizeLine(under: string, { files, unread }: Survey, { lines }: Totals): string {
  const where = under === '.' ? 'The workspace' : under;
  const left =
    unread > 0 ? ` ${counted(unread, 'file')} not read yet, for want of time: the same call again goes on.` : '';
  return `${where}: ${counted(files.length, 'file')}, ${lines} lines of text.${left}`;
}

type Totals = Pick<Result, 'lines' | 'testFiles' | 'languages' | 'biggest'>;

const MOST_BIGGEST = 8;

/** What files are together. All in one walk, as there may be very many. */
function totalsOf(files: readonly KeptFile[]): Totals {
  const languages = new Map<string, Result['languages'][number]>();
  const biggest: Result['biggest'] = [];
  let testFiles = 0;
  for (const { entry, traits, summary } of files) {
    // Others are not read.
    if (traits.language === undefined) continue;
    const lines = summary?.lines ?? 0;
    const sum = languages.get(traits.language) ?? { name: traits.language, files: 0, lines: 0 };
    sum.files += 1;
    sum.lines += lines;
    languages.set(traits.language, sum);
    if (traits.isTest) testFiles += 1;
    if (!traits.isCode || (biggest.length === MOST_BIGGEST && lines <= (biggest.at(-1)?.lines ?? 0))) continue;
    biggest.push({ path: entry.path, lines });
    biggest.sort((a, b) => b.lines - a.lines || (a.path < b.path ? -1 : 1));
    if (biggest.length > MOST_BIGGEST) biggest.pop();
  }
  return {
    lines: [...languages.values()].reduce((sum, { lines }) => sum + lines, 0),
    testFiles,
    languages: [...languages.values()].sort((a, b) => b.lines - a.lines || (a.name < b.name ? -1 : 1)),
    biggest,
  };
}

function nothing(under: string): Result {
  const none = { languages: [], manifests: [], tests: [], entryPoints: [], folders: [], biggest: [], map: [] };
  return { under, files: 0, lines: 0, testFiles: 0, unread: 0, truncated: false, ...none };
}

function shownManifest({ path, name, dependencies, scripts, packages, problem }: Manifest, most: number) {
  return {
    path,
    ...(name !== undefined && { name }),
    dependencies: some(dependencies, most),
    scripts: some(scripts, Math.ceil(most / 2)),
    ...(packages && { packages: some(packages, Math.ceil(most / 2)) }),
    ...(problem !== undefined && { problem }),
  };
}

function manifestLine({ path, name, dependencies, scripts, packages, problem }: Result['manifests'][number]): string {
  if (problem !== undefined) return `${path}: ${problem}`;
  const parts = [
    name === undefined ? undefined : `"${name}"`,
    packages && packages.length > 0 ? `packages ${packages.join(', ')}` : undefined,
    dependencies.length > 0 ? `depends on ${dependencies.join(', ')}` : 'no dependencies',
    scripts.length > 0 ? `scripts ${scripts.join(', ')}` : undefined,
  ];
  return `${path}: ${parts.filter((part) => part !== undefined).join('; ')}`;
}

/** How many more there are stands in the last place. */
function some(names: readonly string[], most: number): string[] {
  return names.length <= most ? [...names] : [...names.slice(0, most), `and ${names.length - most} more`];
}

function testRunners({ manifests, files }: Survey): string[] {
  const declared = manifests.flatMap(({ path, tests }) => (tests === undefined ? [] : [`${tests}, from ${path}`]));
  if (declared.length > 0) return declared;
  const pytest = files.find(({ entry }) => /(^|\/)(pytest\.ini|conftest\.py|test_[^/]+\.py)$/.test(entry.path));
  return pytest ? [`pytest, because of ${pytest.entry.path}`] : [];
}

function entryPoints({ files, manifests }: Survey): string[] {
  const declared = manifests.flatMap(({ path, entryPoints: all }) => all.map((entry) => ({ entry, path })));
  // What a build makes need not be there; sources of these languages are no such thing.
  const doubtful = new Set(declared.map(({ entry }) => entry).filter((entry) => /\.(py|rs)$/.test(entry)));
  const present = new Set(
    doubtful.size === 0 ? [] : files.map(({ entry }) => entry.path).filter((path) => doubtful.has(path)),
  );
  const named = new Set(declared.map(({ entry }) => entry));
  const usual = files
    .filter(({ entry, traits }) => traits.isEntry && !named.has(entry.path))
    .map(({ entry }) => entry.path)
    .sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1));
  return [
    ...declared
      .filter(({ entry }) => !doubtful.has(entry) || present.has(entry))
      .map(({ entry, path }) => `${entry} (from ${path})`),
    ...usual,
  ];
}

/** No path begins so. */
const NO_FOLDER = '/';

/** Two levels of folders below the one asked for, those with most files. */
function folders(under: string, files: readonly KeptFile[]): Result['folders'] {
  const counts = new Map<string, number>();
  const base = under === '.' ? 0 : under.length + 1;
  // Sorted by path, so most files are in the folders of the one before: these are counted together.
  let [first, second] = [NO_FOLDER, NO_FOLDER];
  let [inFirst, inSecond] = [0, 0];
  const add = (path: string, files: number) => {
    if (files > 0) counts.set(path, (counts.get(path) ?? 0) + files);
  };
  for (const {
    entry: { path },
  } of files) {
    if (!path.startsWith(first)) {
      add(first, inFirst);
      inFirst = 0;
      const end = path.indexOf('/', base) + 1;
      first = end === 0 ? NO_FOLDER : path.slice(0, end);
    }
    if (!path.startsWith(second)) {
      add(second, inSecond);
      inSecond = 0;
      const end = first === NO_FOLDER ? 0 : path.indexOf('/', first.length) + 1;
      second = end === 0 ? NO_FOLDER : path.slice(0, end);
    }
    if (first !== NO_FOLDER) inFirst += 1;
    if (second !== NO_FOLDER) inSecond += 1;
  }
  add(first, inFirst);
  add(second, inSecond);
  return [...counts]
    .map(([path, count]) => ({ path, files: count }))
    .sort((a, b) => b.files - a.files || (a.path < b.path ? -1 : 1));
}

/** Names and quotes take more room than text does: what is cut for that is the least telling. */
function within(data: Result, maxChars: number): Result {
  const cut = { ...data, map: [...data.map] };
  let length = JSON.stringify(cut).length;
  while (length > maxChars && cut.map.length > 0) {
    cut.truncated = true;
    length -= JSON.stringify(cut.map.pop()).length + 1;
  }
  for (const part of ['biggest', 'folders', 'entryPoints', 'manifests', 'languages', 'tests'] as const) {
    if (JSON.stringify(cut).length <= maxChars) break;
    cut.truncated = true;
    cut[part] = [];
  }
  return cut;
}
