import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { z } from 'zod';
import type { FileContent } from '../ports.ts';
import { bounded } from './bounded.ts';
import { counted } from './counted.ts';
import { changedPaths, findBase, textAt } from './gitBase.ts';
import { givenPath } from './givenPath.ts';
import { unreadable } from './readFile.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

const ARGS = z.object({ file: z.string().optional(), ref: z.string().optional() });

/** More changed files than these are named, but not compared; neither are those whose diff has no room any more. */
const MOST_COMPARED = 200;
/** Milliseconds for the comparison of one file. */
const LONGEST_COMPARISON = 2000;

export const gitDiff: Tool<z.infer<typeof ARGS>> = {
  name: 'git_diff',
  description:
    'Shows what is changed and not committed, your own changes and new files included, as a unified diff against the last commit or against ref (a branch, tag or commit). file narrows it to a file or folder.',
  args: ARGS,
  run: async (args, ctx) => {
    const base = await findBase(args.ref, ctx);
    if (base.kind === 'none') return withoutGit(base.reason, ctx);
    if (base.kind === 'unknown')
      return {
        text: `Git knows no commit "${args.ref}". Leave "ref" out to compare with the last commit.`,
        isError: true,
      };

    const file = args.file === undefined ? '.' : givenPath(args.file, ctx.workspace);
    const content = await ctx.workspace.read(file);
    if (content.kind === 'forbidden') return { text: await unreadable(file, content, ctx), isError: true };

    const isFolder = content.kind === 'directory';
    const paths = isFolder ? await changedPaths(base.commit, file, ctx) : [file];
    const { changes, rest } = await compareAll(base.commit, paths, ctx);
    if (content.kind === 'missing' && changes.length === 0) {
      return { text: await unreadable(file, content, ctx), isError: true };
    }
    return {
      text: report(changes, rest, againstText(args.ref, base.commit), ctx),
      isError: false,
    };
  },
};

/** How one file differs from the commit; `lines` is missing where there is nothing to show by lines. */
interface Change {
  letter: 'A' | 'M' | 'D';
  path: string;
  note?: string;
  lines?: string;
}

function withoutGit(reason: string, ctx: ToolContext): ToolResult {
  const changed = ctx.changed ?? [];
  const own = changed.length > 0 ? ` You changed ${changed.join(', ')}; read_file shows them as they are now.` : '';
  const text = `There is no earlier state to compare with: ${reason}.${own}`;
  return { text: bounded(text, ctx.maxChars, () => ''), isError: false };
}

async function compareAll(
  commit: string | undefined,
  paths: readonly string[],
  ctx: ToolContext,
): Promise<{ changes: Change[]; rest: readonly string[] }> {
  const changes: Change[] = [];
  let size = 0;
  for (const [at, path] of paths.entries()) {
    ctx.signal.throwIfAborted();
    if (at >= MOST_COMPARED || size > ctx.maxChars) return { changes, rest: paths.slice(at) };
    const after = await ctx.workspace.read(path);
    // Git may know paths that agents may not see.
    if (after.kind === 'forbidden') continue;
    const change = compare(path, commit === undefined ? undefined : await textAt(commit, path, ctx), after);
    if (!change) continue;
    changes.push(change);
    size += change.lines?.length ?? 0;
  }
  return { changes, rest: [] };
}

function compare(path: string, before: string | undefined, after: FileContent): Change | undefined {
  const isGone = after.kind === 'missing' || after.kind === 'directory';
  if (before === undefined && isGone) return undefined;
  const letter = before === undefined ? 'A' : isGone ? 'D' : 'M';
  if (after.kind === 'binary' || after.kind === 'tooLarge' || (before !== undefined && isBinary(before))) {
    return { letter, path, note: after.kind === 'tooLarge' ? 'too large to compare' : 'binary' };
  }
  const now = after.kind === 'text' ? after.text : '';
  if (before === now) return undefined;
  // Git may store other line ends than the workspace has; what differs only by them is no change of a line.
  const [old, text] = [before ?? '', now].map((one) => one.replaceAll('\r\n', '\n')) as [string, string];
  if (old === text && letter === 'M') return { letter, path, note: 'only its line ends differ' };
  const patch = createTwoFilesPatch(
    letter === 'A' ? '/dev/null' : `a/${path}`,
    letter === 'D' ? '/dev/null' : `b/${path}`,
    old,
    text,
    undefined,
    undefined,
    { context: 3, headerOptions: FILE_HEADERS_ONLY, timeout: LONGEST_COMPARISON },
  );
  return patch === undefined
    ? { letter, path, note: 'too different to compare' }
    : { letter, path, lines: patch.trimEnd() };
}

/** A NUL is what git itself goes by; what is no UTF-8 cannot be shown either. */
function isBinary(text: string): boolean {
  return text.includes('\0') || text.includes('\uFFFD');
}

function report(changes: readonly Change[], rest: readonly string[], against: string, ctx: ToolContext): string {
  if (changes.length === 0) return `Nothing differs from ${against}.`;
  const names = changes.map(({ letter, path, note }) => `${letter} ${path}${note === undefined ? '' : ` (${note})`}`);
  const count = changes.length + rest.length;
  const title = `${counted(count, 'file')} ${count === 1 ? 'differs' : 'differ'} from ${against}:`;
  const head = [title, ...names, ...rest.map((path) => `? ${path} (not compared)`)].join('\n');
  const diffs = changes.map(({ lines }) => lines).filter((lines) => lines !== undefined);
  return bounded([head, ...diffs].join('\n\n'), ctx.maxChars, () =>
    changes.length > 1
      ? 'git_diff with file="<file or folder>" shows one; read_file shows a file as it is now.'
      : 'read_file shows the file as it is now.',
  );
}

function againstText(ref: string | undefined, commit: string | undefined): string {
  if (commit === undefined) return 'an empty repository';
  return `${ref ?? 'the last commit'} (${commit.slice(0, 10)})`;
}
