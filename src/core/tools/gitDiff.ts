import { z } from 'zod';
import { bounded } from './bounded.ts';
import { changedPaths, halfChangedPaths, type Uncommitted, uncommittedPaths } from './gitBase.ts';
import { compareAll } from './gitChanges.ts';
import { blame, log, messageOf, parentOf } from './gitHistory.ts';
import { findRange, isShallow, type Range, submoduleOf, unknownRef } from './gitRefs.ts';
import { blameResult, diffResult, logResult, RESULT } from './gitReports.ts';
import { contentsOn, pathsBetween, type Side } from './gitTexts.ts';
import { givenPath } from './givenPath.ts';
import { unreadable } from './readFile.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

const ARGS = z.object({
  file: z.string().optional(),
  ref: z.string().optional(),
  view: z.enum(['diff', 'stat', 'log', 'commit', 'blame']).optional(),
  staged: z.boolean().optional(),
  unstaged: z.boolean().optional(),
  start_line: z.int().min(1).optional(),
  end_line: z.int().min(1).optional(),
  limit: z.int().min(1).optional(),
});
type Args = z.infer<typeof ARGS>;
type Result = ToolResult<z.infer<typeof RESULT>>;

/** More changed files than these are named, but not compared; neither are those whose diff has no room any more. */
const MOST_COMPARED = 200;
const COMMITS = 20;
const MOST_COMMITS = 200;

export const gitDiff: Tool<Args, z.infer<typeof RESULT>> = {
  name: 'git_diff',
  description:
    'Shows what is changed and not committed (yours too), or staged or unstaged alone, or since ref (a commit, branch, "main..."), as a diff or stat; file narrows it. view=log lists commits, commit shows the one at ref, blame tells who wrote the lines of file.',
  args: ARGS,
  result: RESULT,
  run: async (args, ctx) => {
    const path = args.file === undefined ? '.' : givenPath(args.file, ctx.workspace);
    const content = await ctx.workspace.read(path);
    if (content.kind === 'forbidden') return failed(await unreadable(path, content, ctx));
    if (args.staged === true && args.ref !== undefined)
      return failed('What is staged is compared with the last commit: leave "ref" or "staged" out.');

    const uncommitted = asksForStatus(args, content.kind) ? uncommittedPaths(ctx) : undefined;
    // Where there is no repository, the range says so.
    uncommitted?.catch(() => undefined);
    const range = await findRange(args.ref, ctx);
    if (range.kind === 'none') return withoutGit(range.reason, args, ctx);
    if (range.kind === 'unknown') return failed(await unknownRef(args.ref, ctx));
    const asked: Asked = { path, content, range, args, uncommitted };
    switch (args.view) {
      case 'log':
        return showLog(asked, ctx);
      case 'commit':
        return showCommit(asked, ctx);
      case 'blame':
        return showBlame(asked, ctx);
      default:
        return showDiff(asked, ctx);
    }
  },
};

/** The call, with what its path and its ref are. */
interface Asked {
  path: string;
  content: Exclude<Awaited<ReturnType<ToolContext['workspace']['read']>>, { kind: 'forbidden' }>;
  range: Extract<Range, { kind: 'commit' | 'range' }>;
  args: Args;
  /** Where it will be needed: begun before the ref was known, because it takes longest. */
  uncommitted: Promise<Uncommitted[]> | undefined;
}

function asksForStatus({ view = 'diff', ref = '', staged, unstaged }: Args, kind: Asked['content']['kind']): boolean {
  if (view !== 'diff' && view !== 'stat') return false;
  return kind === 'directory' ? !/\.\.[^.]/.test(ref) : staged === true || unstaged === true;
}

async function showDiff(asked: Asked, ctx: ToolContext): Promise<Result> {
  const { path, content, range, args } = asked;
  const what = await comparison(asked, ctx);
  const { changes, rest } = await compared(what, args, ctx);
  if (content.kind === 'missing' && changes.length === 0) return failed(await unreadable(path, content, ctx));
  const [only] = changes;
  const isNewAlone = content.kind !== 'directory' && only?.letter === 'A';
  const module =
    isNewAlone && range.kind === 'commit' && range.commit !== undefined
      ? await submoduleOf(range.commit, path, ctx)
      : undefined;
  if (module !== undefined)
    return failed(
      `${path} is in the submodule ${module}, which has a repository of its own; git_diff knows only that of the workspace.`,
    );
  return diffResult({ changes, rest, against: what.against, isStat: args.view === 'stat' }, ctx);
}

interface Comparison {
  before: Side;
  after: Side;
  paths: readonly string[];
  against: string;
}

async function comparison({ path, content, range, args, uncommitted }: Asked, ctx: ToolContext): Promise<Comparison> {
  const workspace = { kind: 'workspace' } as const;
  const from = range.kind === 'commit' ? range.commit : range.from;
  const before = { kind: 'commit', commit: from } as const;
  const against = againstText(args.ref, from);
  if (args.staged === true && args.unstaged !== true)
    return {
      before,
      after: { kind: 'index' },
      paths: await halfChangedPaths('staged', path, ctx, uncommitted),
      against: `${against}, staged ones alone`,
    };
  if (args.unstaged === true && args.staged !== true)
    return {
      before: { kind: 'index' },
      after: workspace,
      paths: await halfChangedPaths('unstaged', path, ctx, uncommitted),
      against: 'what is staged',
    };
  if (range.kind === 'range' && range.to !== undefined)
    return {
      before,
      after: { kind: 'commit', commit: range.to },
      paths: await pathsBetween(range.from, range.to, path, ctx),
      against,
    };
  // A file that can be read is looked at whatever git says of it; it may be ignored, or changed by the agent alone.
  const isNamed = content.kind === 'text' || content.kind === 'missing';
  return {
    before,
    after: workspace,
    paths: isNamed ? [path] : await changedPaths(from, path, ctx, uncommitted),
    against,
  };
}

async function compared({ before, after, paths }: Comparison, args: Args, ctx: ToolContext) {
  const maxChars = args.view === 'stat' ? Number.POSITIVE_INFINITY : ctx.maxChars;
  return compareAll({ before, after }, paths, { mostFiles: MOST_COMPARED, maxChars }, ctx);
}

async function showLog({ path, content, range, args }: Asked, ctx: ToolContext): Promise<Result> {
  const ends = range.kind === 'commit' ? [range.commit] : [`^${range.from}`, range.to ?? 'HEAD'];
  const commits = ends.filter((end) => end !== undefined);
  if (commits.length === 0) return logResult({ commits: [], notes: ['The repository has no commit yet.'], path }, ctx);
  const limit = Math.min(args.limit ?? COMMITS, MOST_COMMITS);
  // One more says whether there are more.
  const found = await log(commits, { path, isFolder: content.kind === 'directory', limit: limit + 1 }, ctx);
  if (found.length === 0 && content.kind === 'missing') return failed(await unreadable(path, content, ctx));
  const last = found[limit - 1];
  const more =
    found.length > limit && last
      ? [`There are more; view="log" with ref="${last.hash.slice(0, 10)}^" shows those before.`]
      : [];
  const shallow =
    more.length === 0 && (await isShallow(ctx)) ? ['Older commits were not fetched (a shallow clone).'] : [];
  return logResult({ commits: found.slice(0, limit), notes: [...more, ...shallow], path }, ctx);
}

async function showCommit({ path, range, args }: Asked, ctx: ToolContext): Promise<Result> {
  if (range.kind === 'range') return failed('view="commit" shows one commit: name it by "ref", without dots.');
  if (range.commit === undefined) return failed('The repository has no commit yet.');
  const { commit } = range;
  const [parent, [about], message] = await Promise.all([
    parentOf(commit, ctx),
    log([commit], { path: '.', isFolder: true, limit: 1 }, ctx),
    messageOf(commit, ctx),
  ]);
  const paths = await pathsBetween(parent, commit, path, ctx);
  const sides = { before: { kind: 'commit', commit: parent }, after: { kind: 'commit', commit } } as const;
  const { changes, rest } = await compared({ ...sides, paths, against: '' }, args, ctx);
  const against =
    parent === undefined ? 'nothing: no commit before it is here' : `the commit before it (${parent.slice(0, 10)})`;
  return diffResult({ changes, rest, against, isStat: false, ...(about && { commit: { ...about, message } }) }, ctx);
}

async function showBlame({ path, content, range, args }: Asked, ctx: ToolContext): Promise<Result> {
  if (range.kind === 'range')
    return failed('view="blame" is of one commit: name it by "ref", without dots, or leave "ref" out.');
  const { commit } = range;
  const committed =
    commit === undefined ? undefined : (await contentsOn({ kind: 'commit', commit }, [path], ctx)).get(path);
  const isNow = args.ref === undefined;
  if (isNow && content.kind !== 'text') return failed(await unreadable(path, content, ctx));
  const shown = isNow ? content : committed;
  if (shown?.kind !== 'text') return failed(`${path} is no text file in ${args.ref}.`);
  const old = committed?.kind === 'text' ? committed.text : '';
  const count = shown.text.replace(/\r?\n$/, '').split('\n').length;
  const start = args.start_line ?? 1;
  const end = Math.min(args.end_line ?? count, count);
  if (start > count) return failed(`${path} has ${count} lines; start_line ${start} is after its end.`);
  if (end < start) return failed(`end_line ${end} is before start_line ${start}.`);
  const runs = await blame(commit ?? '', { path, committed: old, text: shown.text, start, end }, ctx);
  if (runs === undefined)
    return failed(`Git cannot tell who wrote ${path}. view="log" with file="${path}" shows its commits.`);
  return blameResult({ runs, path, end }, ctx);
}

function againstText(ref: string | undefined, commit: string | undefined): string {
  if (commit === undefined) return 'an empty repository';
  return `${ref ?? 'the last commit'} (${commit.slice(0, 10)})`;
}

function withoutGit(reason: string, args: Args, ctx: ToolContext): Result {
  const isHistory = args.view === 'log' || args.view === 'commit' || args.view === 'blame';
  if (isHistory) return failed(`There is no history: ${reason}.`);
  const changed = ctx.changed ?? [];
  const own = changed.length > 0 ? ` You changed ${changed.join(', ')}; read_file shows them as they are now.` : '';
  const text = bounded(`There is no earlier state to compare with: ${reason}.${own}`, ctx.maxChars, () => '');
  return { text, isError: false, data: { notes: [text], truncated: false } };
}

function failed(text: string): Result {
  return { text, isError: true };
}
