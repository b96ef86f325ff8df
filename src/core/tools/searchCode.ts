import { z } from 'zod';
import type { SearchMatch, SearchQuery } from '../ports.ts';
import { cutLine, fitting } from './bounded.ts';
import { brokenPart } from './brokenPart.ts';
import { counted } from './counted.ts';
import { givenPath, isUnder } from './givenPath.ts';
import { globMatcher } from './glob.ts';
import { SearchError } from './searchError.ts';
import type { Tool, ToolContext } from './tool.ts';

const ARGS = z.object({
  pattern: z.string(),
  regex: z.boolean().optional(),
  case_sensitive: z.boolean().optional(),
  whole_word: z.boolean().optional(),
  under: z.string().optional(),
  glob: z.string().optional(),
  context: z.int().min(0).max(10).optional(),
  limit: z.int().min(1).max(1000).optional(),
});
type Args = z.infer<typeof ARGS>;

const RESULT = z.object({
  /** Lines that match; more than these, perhaps, where `at_least` is true. */
  found: z.int(),
  at_least: z.boolean(),
  files: z.array(
    z.object({
      path: z.string(),
      matches: z.array(
        z.object({
          line: z.int(),
          text: z.string(),
          before: z.array(z.string()).optional(),
          after: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
  /** Some of the lines found are not here: a narrower search shows them. */
  truncated: z.boolean(),
});

/** Lines that are counted, where no more are asked for. */
const COUNTED = 500;
const SHOWN = 100;
const LONGEST_LINE = 250;
/** Files that are named beside those that are shown. */
const NAMED = 8;

export const searchCode: Tool<Args, z.infer<typeof RESULT>> = {
  name: 'search_code',
  description:
    'Finds the lines that hold a text, or match a regular expression (regex=true), by file. under, or a glob such as *.ts, narrows it; context shows lines around.',
  args: ARGS,
  result: RESULT,
  run: async (args, ctx) => {
    const under = args.under === undefined ? '.' : givenPath(args.under, ctx.workspace);
    const most = args.limit ?? SHOWN;
    const query: SearchQuery = {
      pattern: args.pattern,
      regex: args.regex ?? false,
      caseSensitive: args.case_sensitive ?? false,
      wholeWord: args.whole_word ?? false,
      under: under === '.' ? [] : [under],
      ...(args.glob !== undefined && { only: globMatcher(args.glob) }),
      limit: Math.max(COUNTED, most + 1),
    };
    const matches = await search(query, ctx);
    const found = { found: matches.length, at_least: matches.length >= query.limit };
    if (matches.length === 0) {
      const text = await nothingFound(args, under, ctx);
      return { text, isError: false, data: { ...found, files: [], truncated: false } };
    }

    const blocks = await blocksOf(matches.slice(0, most), args.context ?? 0, ctx);
    const all = byFile(matches);
    const head = `${found.at_least ? 'At least ' : ''}${counted(matches.length, 'line')} in ${counted(all.size, 'file')}.`;
    const rows = rowsOf(blocks);
    const whole = [head, ...rows.map(({ text }) => text)].join('\n');
    if (matches.length <= most && whole.length <= ctx.maxChars) {
      return { text: whole, isError: false, data: { ...found, files: filesOf(blocks), truncated: found.at_least } };
    }
    const room = ctx.maxChars - head.length - longestNotice(all, matches.length);
    const kept = rows.slice(
      0,
      fitting(
        rows.map(({ text }) => text),
        room,
      ),
    );
    const shown = new Set(kept.map(({ match }) => match).filter((match) => match !== undefined));
    const shownBlocks = blocks.filter(({ match }) => shown.has(match));
    const text = [head, ...kept.map(({ text }) => text), notice(all, shownBlocks, matches.length)].join('\n');
    return {
      text: text.slice(0, ctx.maxChars),
      isError: false,
      data: { ...found, files: filesOf(shownBlocks), truncated: true },
    };
  },
};

async function search(query: SearchQuery, ctx: ToolContext): Promise<SearchMatch[]> {
  try {
    return await ctx.workspace.search(query, ctx.signal);
  } catch (error) {
    if (!(error instanceof SearchError) || !query.regex) throw error;
    const broken = brokenPart(query.pattern);
    const where = broken ? ` At column ${broken.column}: ${broken.what}.` : '';
    throw new SearchError(
      `This is no regular expression that can be searched.${where} Without regex=true it is searched as it is written.\n${error.message}`,
      { cause: error },
    );
  }
}

/** A line that matches, with what stands around it. */
interface Block {
  match: SearchMatch;
  before: string[];
  after: string[];
}

async function blocksOf(matches: readonly SearchMatch[], context: number, ctx: ToolContext): Promise<Block[]> {
  if (context === 0) return matches.map((match) => ({ match, before: [], after: [] }));
  const texts = new Map<string, string[]>();
  for (const path of byFile(matches).keys()) {
    const content = await ctx.workspace.read(path);
    if (content.kind === 'text') texts.set(path, content.text.replace(/\r?\n$/, '').split(/\r?\n/));
  }
  return matches.map((match, at) => {
    const lines = texts.get(match.path) ?? [];
    // A line is shown once: as a match, or as what stands after the one before.
    const [last, next] = [matches[at - 1], matches[at + 1]].map((one) =>
      one?.path === match.path ? one.line : undefined,
    );
    const from = Math.max(match.line - context, last === undefined ? 1 : last + context + 1, (last ?? 0) + 1);
    const to = Math.min(match.line + context, (next ?? Number.POSITIVE_INFINITY) - 1);
    const stretch = (start: number, end: number) =>
      lines.slice(Math.max(0, start - 1), Math.max(0, end)).map((line) => cutLine(line, LONGEST_LINE));
    return { match, before: stretch(from, match.line - 1), after: stretch(match.line + 1, to) };
  });
}

/** The lines of the answer. `match` is of the line that shows it. */
function rowsOf(blocks: readonly Block[]): { text: string; match?: SearchMatch }[] {
  const rows: { text: string; match?: SearchMatch }[] = [];
  let path: string | undefined;
  let last = 0;
  for (const { match, before, after } of blocks) {
    const start = match.line - before.length;
    if (match.path !== path) rows.push({ text: '' }, { text: match.path });
    else if (before.length + after.length > 0 && start > last + 1) rows.push({ text: '  …' });
    rows.push(...before.map((line, at) => ({ text: `  ${start + at}- ${line}` })));
    rows.push({ text: `  ${match.line}: ${cutLine(match.text.trimEnd(), LONGEST_LINE)}`, match });
    rows.push(...after.map((line, at) => ({ text: `  ${match.line + 1 + at}- ${line}` })));
    path = match.path;
    last = match.line + after.length;
  }
  return rows;
}

function filesOf(blocks: readonly Block[]): z.infer<typeof RESULT>['files'] {
  const files = new Map<string, z.infer<typeof RESULT>['files'][number]>();
  for (const { match, before, after } of blocks) {
    const file = files.get(match.path) ?? { path: match.path, matches: [] };
    files.set(match.path, file);
    file.matches.push({
      line: match.line,
      text: cutLine(match.text.trimEnd(), LONGEST_LINE),
      ...(before.length > 0 && { before }),
      ...(after.length > 0 && { after }),
    });
  }
  return [...files.values()];
}

function byFile(matches: readonly SearchMatch[]): Map<string, number> {
  const files = new Map<string, number>();
  for (const { path } of matches) files.set(path, (files.get(path) ?? 0) + 1);
  return files;
}

/** What is not shown, and how to see it. */
function notice(all: ReadonlyMap<string, number>, shown: readonly Block[], found: number): string {
  const seen = byFile(shown.map(({ match }) => match));
  const unseen = [...all].filter(([path]) => !seen.has(path));
  return noticeText(found - shown.length, unseen);
}

function noticeText(more: number, unseen: readonly (readonly [string, number])[]): string {
  const named = unseen.slice(0, NAMED).map(([path, count]) => `${path} (${count})`);
  const rest = unseen.length > NAMED ? ` and ${counted(unseen.length - NAMED, 'more file')}` : '';
  const also = named.length === 0 ? '' : ` Also in ${named.join(', ')}${rest}.`;
  return `\n[${counted(more, 'more line')} not shown.${also} Narrow it with under, glob, whole_word or a longer pattern.]`;
}

/** Upper bound of the notice's length: of the files, those with the longest names could be the ones not shown. */
function longestNotice(all: ReadonlyMap<string, number>, found: number): number {
  const longest = [...all].sort(([a], [b]) => b.length - a.length);
  return noticeText(found, longest).length + 1;
}

async function nothingFound(args: Args, under: string, ctx: ToolContext): Promise<string> {
  const what = `"${cutLine(args.pattern, 120)}"`;
  const files = (await ctx.workspace.list(ctx.signal)).map(({ path }) => path);
  const inFolder = files.filter((path) => isUnder(path, [under]));
  if (inFolder.length === 0)
    return `There are no files under ${under}, so nothing was searched. list_files shows what there is.`;
  const only = args.glob === undefined ? undefined : globMatcher(args.glob);
  const searched = only ? inFolder.filter(only) : inFolder;
  if (searched.length === 0) return `No file matches the glob "${args.glob}", so nothing was searched.`;
  const hints = [
    !args.regex && /\.\*|\\[a-zA-Z]|\||\[.+\]|^\^|\$$|\(.*\)/.test(args.pattern)
      ? 'It was searched as it is written; regex=true takes it for a regular expression.'
      : undefined,
    args.case_sensitive ? 'Upper and lower case counted.' : undefined,
    args.whole_word ? 'Only whole words counted.' : undefined,
    args.glob !== undefined || under !== '.' ? 'Without under and glob all files are searched.' : undefined,
  ].filter((hint) => hint !== undefined);
  return [`No line matches ${what} in ${counted(searched.length, 'file')}.`, ...hints].join(' ').slice(0, ctx.maxChars);
}
