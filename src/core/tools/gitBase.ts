import { git, recordsIn } from './git.ts';
import { isUnder } from './givenPath.ts';
import type { ToolContext } from './tool.ts';

/** What a comparison with an earlier state needs. */
export type GitContext = Pick<ToolContext, 'workspace' | 'processes' | 'signal' | 'changed'>;

export type Base =
  /** No commit yet: then every file is new. */
  { kind: 'commit'; commit: string | undefined } | { kind: 'unknown' } | { kind: 'none'; reason: string };

/** What to compare with: a commit by its name, or the last one. */
export async function findBase(ref: string | undefined, ctx: GitContext): Promise<Base> {
  // What begins with a dash would be an option to git; a control character is in no name.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (ref !== undefined && /^-|[\u0000-\u001f\u007f]/.test(ref)) return { kind: 'unknown' };
  const commit = await git(['rev-parse', '--verify', '--quiet', `${ref ?? 'HEAD'}^{commit}`], ctx);
  if (commit.kind === 'done') return { kind: 'commit', commit: commit.output.trim() };
  if (commit.kind === 'not_installed') return { kind: 'none', reason: 'git is not installed' };
  const inside = await git(['rev-parse', '--is-inside-work-tree'], ctx, 'with errors');
  if (inside.kind === 'failed' && /dubious ownership/.test(inside.output)) {
    return { kind: 'none', reason: 'git does not open this repository, because it belongs to another user' };
  }
  if (inside.kind !== 'done' || inside.output.trim() !== 'true') {
    return { kind: 'none', reason: 'the workspace is not a git repository' };
  }
  return ref === undefined ? { kind: 'commit', commit: undefined } : { kind: 'unknown' };
}

/** Everything in or below the path that may differ: changed, untracked, unsaved, or in the agent's change set. Sorted. */
export async function changedPaths(
  commit: string | undefined,
  under: string,
  ctx: GitContext,
  asked: Promise<Uncommitted[]> = uncommittedPaths(ctx),
): Promise<string[]> {
  const [files, uncommitted, since, unsaved] = await Promise.all([
    ctx.workspace.list(ctx.signal),
    asked,
    commit === undefined ? [] : pathsSince(commit, ctx),
    // Git knows the disk only.
    ctx.workspace.unsaved?.() ?? [],
  ]);
  // What git does not know counts only where the workspace shows it.
  const visible = new Set(files.map(({ path }) => path));
  const paths = [
    ...uncommitted.filter(({ isUntracked, path }) => !isUntracked || visible.has(path)).map(({ path }) => path),
    ...since,
    ...(ctx.changed ?? []),
    ...unsaved.map(({ path }) => path),
  ];
  return sortedUnder(under, paths);
}

/** What is in the index and not in the last commit; or on disk (or unsaved, or changed by the agent) and not in the index. */
export async function halfChangedPaths(
  half: 'staged' | 'unstaged',
  under: string,
  ctx: GitContext,
  asked: Promise<Uncommitted[]> = uncommittedPaths(ctx),
): Promise<string[]> {
  const uncommitted = await asked;
  if (half === 'staged')
    return sortedUnder(
      under,
      uncommitted.filter(({ isStaged }) => isStaged).map(({ path }) => path),
    );
  const visible = new Set((await ctx.workspace.list(ctx.signal)).map(({ path }) => path));
  const shown = uncommitted.filter(({ isUnstaged, isUntracked, path }) =>
    isUntracked ? visible.has(path) : isUnstaged,
  );
  const unsaved = (await ctx.workspace.unsaved?.()) ?? [];
  return sortedUnder(
    under,
    [...shown, ...unsaved, ...(ctx.changed ?? []).map((path) => ({ path }))].map(({ path }) => path),
  );
}

function sortedUnder(under: string, paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => isUnder(path, [under])).sort();
}

/** One path that differs from the last commit, in the index or on disk. */
export interface Uncommitted {
  path: string;
  isUntracked: boolean;
  isStaged: boolean;
  isUnstaged: boolean;
}

/**
 * What the index or the disk has otherwise than the last commit. Asked by `git status`, because `git diff` writes
 * the index anew, whatever it is told about optional locks.
 */
export async function uncommittedPaths(ctx: GitContext): Promise<Uncommitted[]> {
  const how = ['--porcelain', '-z', '--untracked-files=all', '--no-renames', '--ignore-submodules=all'];
  const [status, shown] = await Promise.all([
    withoutFilters(ctx).then((options) => listing([...options, 'status', ...how, '--', '.'], ctx)),
    listing(['rev-parse', '--show-prefix'], ctx),
  ]);
  // These paths count from the repository's top, of which the workspace may be a folder.
  const prefix = shown.replace(/\n$/, '');
  return recordsIn(status).map((record) => ({
    path: record.slice(3 + prefix.length),
    isUntracked: record.startsWith('??'),
    isStaged: !/^[ ?]/.test(record),
    isUnstaged: record[1] !== ' ',
  }));
}

/**
 * Options that switch the repository's clean filters off: they are programs, and ones like git-lfs write into .git.
 */
async function withoutFilters(ctx: GitContext): Promise<string[]> {
  const listed = await git(['config', '--name-only', '--get-regexp', '^filter\\..*\\.(clean|process|required)$'], ctx);
  if (listed.kind !== 'done') return [];
  const names = listed.output.split('\n').filter((name) => name !== '');
  return names.flatMap((name) => ['-c', `${name}=${name.endsWith('.required') ? 'false' : ''}`]);
}

async function pathsSince(commit: string, ctx: GitContext): Promise<string[]> {
  return recordsIn(
    await listing(['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--relative', commit, 'HEAD'], ctx),
  );
}

async function listing(args: readonly string[], ctx: GitContext): Promise<string> {
  const result = await git(args, ctx);
  if (result.kind === 'done') return result.output;
  throw new Error(
    `"git ${args.find((arg) => /^[a-z]/.test(arg) && !arg.includes('='))}" failed in ${ctx.workspace.root}. Run it there to see why.`,
  );
}

/** @returns undefined where the commit has no such file, or it is too large */
export async function textAt(commit: string, path: string, ctx: GitContext): Promise<string | undefined> {
  // "./" makes git take the path from here, also where the workspace is a folder of the repository.
  const blob = await git(['cat-file', 'blob', `${commit}:./${path}`], ctx);
  return blob.kind === 'done' ? blob.output : undefined;
}
