import { z } from 'zod';
import type { FileEntry } from '../ports.ts';
import { cutLine, fitting } from './bounded.ts';
import { counted, sized } from './counted.ts';
import { givenPath, isUnder } from './givenPath.ts';
import { globMatcher } from './glob.ts';
import { nearestPaths } from './nearestPaths.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

const ARGS = z.object({
  under: z.string().optional(),
  pattern: z.string().optional(),
  limit: z.int().min(1).max(2000).optional(),
  offset: z.int().min(0).optional(),
});

const RESULT = z.object({
  /** All files that were asked for, and their size together. */
  found: z.int(),
  bytes: z.int(),
  files: z.array(z.object({ path: z.string(), bytes: z.int() })),
  /** Where there are too many files to name: how many are in which folder, the deeper ones included. */
  folders: z.array(z.object({ path: z.string(), files: z.int() })).optional(),
  /** Where to read on, where files are left out. */
  next_offset: z.int().optional(),
  truncated: z.boolean(),
});
type Result = z.infer<typeof RESULT>;

const SHOWN = 200;
const NOTICE = 160;

export const listFiles: Tool<z.infer<typeof ARGS>, Result> = {
  name: 'list_files',
  description:
    'Lists files with their sizes: those under a folder, or whose path matches a glob such as src/**/*.test.ts (pattern). Of many it shows the folders and how many files are in each.',
  args: ARGS,
  result: RESULT,
  run: async (args, ctx) => {
    const under = args.under === undefined ? '.' : givenPath(args.under, ctx.workspace);
    const all = await ctx.workspace.list(ctx.signal);
    const places = [under];
    const below = all.filter(({ path }) => isUnder(path, places));
    if (below.length === 0) return { text: await nothingUnder(under, all, ctx), isError: true };
    const matches = args.pattern === undefined ? undefined : inFolder(globMatcher(args.pattern), under);
    const entries = matches ? below.filter(({ path }) => matches(path)) : below;
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const sums = { found: entries.length, bytes };
    const where = under === '.' ? 'the workspace' : under;
    if (entries.length === 0) {
      const text = `No file in ${where} matches "${cutLine(args.pattern ?? '', 120)}", of ${counted(below.length, 'file')}.`;
      return { text, isError: false, data: { ...sums, files: [], truncated: false } };
    }
    const head = `${counted(entries.length, 'file')} in ${where}${matches ? ` match "${cutLine(args.pattern ?? '', 120)}"` : ''}, ${sized(bytes)} in all.`;
    const whole = namesOf(entries, { head, offset: args.offset ?? 0, limit: args.limit ?? SHOWN }, ctx.maxChars);
    const isAsked = matches !== undefined || args.limit !== undefined || args.offset !== undefined;
    if (isAsked || whole.next === undefined) return named(whole, sums);
    return byFolder(entries, { head, under, sums }, ctx.maxChars);
  },
};

/** A glob counts from the folder, too: `*.ts` or `a/*.ts` under src. */
function inFolder(matches: (path: string) => boolean, under: string): (path: string) => boolean {
  return under === '.' ? matches : (path) => matches(path) || matches(path.slice(under.length + 1));
}

interface Names {
  text: string;
  shown: readonly FileEntry[];
  /** How many are before the first that is not shown. */
  next?: number;
}

function namesOf(
  entries: readonly FileEntry[],
  { head, offset, limit }: { head: string; offset: number; limit: number },
  maxChars: number,
): Names {
  const asked = entries.slice(offset, offset + limit);
  const lines = asked.map(({ path, bytes }) => `${path} (${sized(bytes)})`);
  const shown = asked.slice(0, fitting(lines, maxChars - head.length - NOTICE));
  const next = offset + shown.length;
  const isAll = next >= entries.length;
  const notice = isAll ? [] : [`[${counted(entries.length - next, 'more file')}: read on with offset=${next}.]`];
  const text = [head, ...lines.slice(0, shown.length), ...notice].join('\n').slice(0, maxChars);
  return { text, shown, ...(!isAll && { next }) };
}

function named({ text, shown, next }: Names, sums: { found: number; bytes: number }): ToolResult<Result> {
  return {
    text,
    isError: false,
    data: {
      ...sums,
      files: shown.map(({ path, bytes }) => ({ path, bytes })),
      ...(next !== undefined && { next_offset: next }),
      truncated: next !== undefined,
    },
  };
}

/** The folders below one, each before what is in it, as deep as there is room for; and the files that lie in it itself. */
function byFolder(
  entries: readonly FileEntry[],
  { head, under, sums }: { head: string; under: string; sums: { found: number; bytes: number } },
  maxChars: number,
): ToolResult<Result> {
  const base = under === '.' ? 0 : under.split('/').length;
  const counts = new Map<string, number>();
  for (const { path } of entries) {
    const parts = path.split('/');
    for (let depth = base + 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/');
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  const direct = entries.filter(({ path }) => path.split('/').length === base + 1);
  const files = direct.map(({ path, bytes }) => `${path} (${sized(bytes)})`);
  const notice = '[under="<folder>" shows what is in one; pattern="*.ts" only some, in all of them.]';
  const room = maxChars - head.length - notice.length - 60;
  const depthOf = (folder: string) => folder.split('/').length - base;
  const linesTo = (depth: number) =>
    [...counts]
      .filter(([folder]) => depthOf(folder) <= depth)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([folder, count]) => ({ folder, count, line: `${folder}/ (${counted(count, 'file')})` }));
  // Files of the folder itself get what the folders of the first level leave, and deeper folders what is left then.
  let folders = linesTo(1);
  const first = fitting(
    folders.map(({ line }) => line),
    room,
  );
  const takenBy = (lines: readonly string[]) => lines.reduce((sum, line) => sum + line.length + 1, 0);
  folders = folders.slice(0, first);
  const left = room - takenBy(folders.map(({ line }) => line));
  const shownFiles = files.slice(0, Math.min(SHOWN, fitting(files, left)));
  for (let depth = 2; depth <= 4 && first === linesTo(1).length; depth += 1) {
    const deeper = linesTo(depth);
    if (deeper.length > SHOWN || takenBy(deeper.map(({ line }) => line)) + takenBy(shownFiles) > room) break;
    folders = deeper;
  }
  const missing = [
    linesTo(1).length > folders.length ? `${linesTo(1).length - folders.length} more folders` : undefined,
    files.length > shownFiles.length ? counted(files.length - shownFiles.length, 'more file') : undefined,
  ].filter((one) => one !== undefined);
  const more = missing.length === 0 ? [] : [`[${missing.join(' and ')} not shown.]`];
  return {
    text: [head, ...folders.map(({ line }) => line), ...shownFiles, ...more, notice].join('\n').slice(0, maxChars),
    isError: false,
    data: {
      ...sums,
      files: direct.slice(0, shownFiles.length).map(({ path, bytes }) => ({ path, bytes })),
      folders: folders.map(({ folder, count }) => ({ path: folder, files: count })),
      truncated: true,
    },
  };
}

/** Every folder that files are in, however deep. */
function foldersOf(entries: readonly FileEntry[]): string[] {
  const folders = new Set<string>();
  for (const { path } of entries) {
    // Of a folder that is known, those above it are, too.
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return [...folders];
}

async function nothingUnder(under: string, all: readonly FileEntry[], ctx: ToolContext): Promise<string> {
  if (all.length === 0) return 'The workspace has no files that are not ignored.';
  // The workspace says whether a path is allowed at all; only then is it repeated.
  const content = await ctx.workspace.read(under);
  if (content.kind === 'forbidden')
    return `This path is not allowed: ${content.reason}. Give a folder of the workspace, such as src.`;
  if (content.kind === 'directory') return `${under} is a folder without any files that are not ignored.`;
  const near = nearestPaths(under, foldersOf(all));
  const hint =
    near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ' Without under it shows the folders that there are.';
  return `There is no folder ${cutLine(under, 200)}.${hint}`.slice(0, ctx.maxChars);
}
