import { z } from 'zod';
import { linesOf, sameLines } from '../changes/textLines.ts';
import { git, recordsIn } from './git.ts';
import type { GitContext } from './gitBase.ts';

/** A commit as far as it is told. */
export const COMMIT = z.object({
  hash: z.string(),
  /** YYYY-MM-DD, where it was made. */
  date: z.string(),
  author: z.string(),
  subject: z.string(),
});
export type Commit = z.infer<typeof COMMIT>;

/** Lines that come from one commit, or from none yet. */
export const BLAMED = z.object({
  commit: COMMIT.optional(),
  start_line: z.number().int(),
  end_line: z.number().int(),
  text: z.string(),
});
export type Blamed = z.infer<typeof BLAMED>;

const FORMAT = '--format=%H%x1f%as%x1f%an%x1f%s';
/** No signature is checked (by a program of the user's), and no setting adds to the format. */
const PLAIN = ['--no-show-signature', '--no-decorate', '--no-color', '--no-notes', '--encoding=UTF-8', '--no-patch'];

/** Commits, the latest first, of everything or of one file (over its renames) or folder. */
export async function log(
  commits: readonly string[],
  { path, isFolder, limit }: { path: string; isFolder: boolean; limit: number },
  ctx: GitContext,
): Promise<Commit[]> {
  const how = [FORMAT, ...PLAIN, `--max-count=${limit}`, isFolder ? '--no-follow' : '--follow'];
  const result = await git(['--literal-pathspecs', 'log', '-z', ...how, ...commits, '--', path], ctx);
  return result.kind === 'done' ? recordsIn(result.output).map(commitIn) : [];
}

function commitIn(record: string): Commit {
  const [hash = '', date = '', author = '', ...subject] = record.trim().split('\u001f');
  return { hash, date, author, subject: subject.join('\u001f') };
}

/** All that was said of a commit. */
export async function messageOf(commit: string, ctx: GitContext): Promise<string> {
  const result = await git(['log', '--max-count=1', '--format=%B', ...PLAIN, commit], ctx);
  return result.kind === 'done' ? result.output.trim() : '';
}

/** @returns undefined for a first commit, and where the one before was not fetched */
export async function parentOf(commit: string, ctx: GitContext): Promise<string | undefined> {
  const parent = await git(['rev-parse', '--verify', '--quiet', `${commit}^1^{commit}`], ctx);
  return parent.kind === 'done' ? parent.output.trim() : undefined;
}

/**
 * Who wrote the lines of a text: those that the commit has are its, or an earlier one's; others are not committed.
 * @param committed the file as the commit has it
 * @returns undefined where git cannot tell
 */
export async function blame(
  commit: string,
  { path, committed, text, start, end }: { path: string; committed: string; text: string; start: number; end: number },
  ctx: GitContext,
): Promise<Blamed[] | undefined> {
  const [old, now] = [linesOf(committed), linesOf(text)];
  const same = sameLines(old, now);
  const wanted = Array.from({ length: end - start + 1 }, (_, at) => start + at);
  const oldLines = wanted.map((line) => same.get(line - 1)).filter((line) => line !== undefined);
  const commits = oldLines.length === 0 ? new Map<number, Commit>() : await blamed(commit, path, oldLines, ctx);
  if (commits === undefined) return undefined;
  const runs: Blamed[] = [];
  for (const line of wanted) {
    const oldLine = same.get(line - 1);
    const author = oldLine === undefined ? undefined : commits.get(oldLine + 1);
    const last = runs.at(-1);
    const shown = now[line - 1] ?? '';
    if (last && last.commit?.hash === author?.hash) {
      last.end_line = line;
      last.text += `\n${shown}`;
    } else runs.push({ ...(author && { commit: author }), start_line: line, end_line: line, text: shown });
  }
  return runs;
}

/** By 1-based line of the commit's file. */
async function blamed(
  commit: string,
  path: string,
  lines: readonly number[],
  ctx: GitContext,
): Promise<Map<number, Commit> | undefined> {
  // Not by Math.min of all: a call takes fewer arguments than a file may have lines.
  const range = lines.reduce((span, line) => ({ from: Math.min(span.from, line), to: Math.max(span.to, line) }), {
    from: Number.POSITIVE_INFINITY,
    to: 0,
  });
  const only = `-L${range.from + 1},${range.to + 1}`;
  // A list of commits to leave out may be missing, and then everything fails.
  const settings = ['-c', 'blame.ignoreRevsFile='];
  const result = await git([...settings, 'blame', '--porcelain', '--no-progress', only, commit, '--', path], ctx);
  if (result.kind !== 'done') return undefined;
  const found = new Map<number, Commit>();
  const commits = new Map<string, Commit>();
  let current: Commit | undefined;
  for (const line of result.output.split('\n')) {
    // A line of the file itself begins with a tab.
    if (line.startsWith('\t')) continue;
    const [, hash, at] = /^([0-9a-f]{40,64}) \d+ (\d+)/.exec(line) ?? [];
    if (hash !== undefined) {
      current = commits.get(hash) ?? { hash, date: '', author: '', subject: '' };
      commits.set(hash, current);
      found.set(Number(at), current);
    } else if (current) {
      const [, key, value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      if (key === 'author') current.author = value;
      if (key === 'author-time') current.date = new Date(Number(value) * 1000).toISOString().slice(0, 10);
      if (key === 'summary') current.subject = value;
    }
  }
  return found;
}
