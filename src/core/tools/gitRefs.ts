import { git } from './git.ts';
import { type Base, findBase, type GitContext } from './gitBase.ts';

/** What a `ref` names: one commit, or what lies between two of them (or between one and the workspace as it is now). */
export type Range = Base | { kind: 'range'; from: string; to?: string };

/** Branches and tags that are named where none of them was meant. */
const MOST_NAMES = 10;

/**
 * "main" is a commit, "a..b" goes from a to b, "a...b" from where b left a. Without a second one ("main...") it
 * goes to the workspace as it is now.
 */
export async function findRange(ref: string | undefined, ctx: GitContext): Promise<Range> {
  const [, left = '', dots, right = ''] = /^(.*?)(\.{2,3})(.*)$/.exec(ref ?? '') ?? [];
  if (dots === undefined) return findBase(ref, ctx);
  if (right.includes('..')) return { kind: 'unknown' };
  const [from, to] = await Promise.all([findBase(left || 'HEAD', ctx), findBase(right || 'HEAD', ctx)]);
  if (from.kind !== 'commit') return from;
  if (to.kind !== 'commit') return to;
  if (from.commit === undefined || to.commit === undefined) return { kind: 'unknown' };
  const end = right === '' ? {} : { to: to.commit };
  if (dots === '..') return { kind: 'range', from: from.commit, ...end };
  const base = await git(['merge-base', from.commit, to.commit], ctx);
  return base.kind === 'done' ? { kind: 'range', from: base.output.trim(), ...end } : { kind: 'unknown' };
}

/** Says that there is no such commit, and what there is. */
export async function unknownRef(ref: string | undefined, ctx: GitContext): Promise<string> {
  const listed = await git(
    [
      'for-each-ref',
      `--count=${MOST_NAMES}`,
      '--sort=-committerdate',
      '--format=%(refname:short)',
      'refs/heads',
      'refs/remotes',
      'refs/tags',
    ],
    ctx,
  );
  const names = listed.kind === 'done' ? listed.output.split('\n').filter((name) => name !== '') : [];
  const known = names.length === 0 ? '' : ` Branches and tags: ${names.join(', ')}.`;
  const shallow = (await isShallow(ctx)) ? ' Only the latest part of the history was fetched (a shallow clone).' : '';
  return `Git knows no commit "${ref}".${shallow}${known} Leave "ref" out to compare with the last commit.`;
}

/** Whether older commits are missing here. */
export async function isShallow(ctx: GitContext): Promise<boolean> {
  const said = await git(['rev-parse', '--is-shallow-repository'], ctx);
  return said.kind === 'done' && said.output.trim() === 'true';
}

/** The submodule that a path is in, which has a repository of its own. */
export async function submoduleOf(commit: string, path: string, ctx: GitContext): Promise<string | undefined> {
  const folders = path.split('/').map((_, at, parts) => `./${parts.slice(0, at + 1).join('/')}`);
  const listed = await git(['--literal-pathspecs', 'ls-tree', '-z', commit, '--', ...folders], ctx);
  if (listed.kind !== 'done') return undefined;
  return /(?:^|\0)160000 commit \S+\t([^\0]*)\0/.exec(listed.output)?.[1];
}
