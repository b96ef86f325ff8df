import { z } from 'zod';
import type { FileContent, Workspace } from '../ports.ts';
import { bounded, cutAtLines } from './bounded.ts';
import { givenPath } from './givenPath.ts';
import { nearestPaths } from './nearestPaths.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

const ARGS = z.object({
  path: z.string(),
  start_line: z.int().min(1).optional(),
  end_line: z.int().min(1).optional(),
});
type Args = z.infer<typeof ARGS>;

/** Room for the line above a file's text and the one below. */
const FRAME = 160;

export const readFile: Tool<Args> = {
  name: 'read_file',
  description:
    'Shows a text file, or the lines from start_line to end_line (both included), exactly as they are. Of a folder it shows the entries.',
  args: ARGS,
  run: async (args, ctx) => {
    const path = givenPath(args.path, ctx.workspace);
    const content = await ctx.workspace.read(path);
    if (content.kind === 'text') return linesOf(path, content.text, args, ctx.maxChars);
    return { text: await unreadable(path, content, ctx), isError: true };
  },
};

/** Why there is no text to show, and what to do instead. Holds for every tool that takes a file. */
export async function unreadable(
  path: string,
  content: Exclude<FileContent, { kind: 'text' }>,
  ctx: Pick<ToolContext, 'workspace' | 'maxChars' | 'signal'>,
): Promise<string> {
  switch (content.kind) {
    case 'binary':
      return `${path} is a binary file (${content.bytes} bytes); only text can be read.`;
    case 'tooLarge':
      return `${path} is too large to read (${content.bytes} bytes; the limit is 2 MB), and no range of its lines can be read either.`;
    case 'forbidden':
      // The path itself may be one outside, so it is not repeated.
      return `This path is not allowed: ${content.reason}. Give a path inside the workspace, such as src/main.ts.`;
    case 'directory':
      return bounded(
        await entriesOf(path, ctx.workspace, ctx.signal),
        ctx.maxChars,
        () => 'Ask for one of the folders.',
      );
    case 'missing': {
      const paths = (await ctx.workspace.list(ctx.signal)).map((entry) => entry.path);
      const near = nearestPaths(path, paths);
      const hint =
        near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ' read_file with path="." shows what there is.';
      return bounded(`There is no file ${path}.${hint}`, ctx.maxChars, () => '');
    }
    default:
      return content satisfies never;
  }
}

function linesOf(path: string, text: string, range: Args, maxChars: number): ToolResult {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return { text: `${path} is empty.`, isError: false };

  const start = range.start_line ?? 1;
  const end = Math.min(range.end_line ?? lines.length, lines.length);
  if (start > lines.length) return failed(`${path} has ${lines.length} lines; start_line ${start} is after its end.`);
  if (end < start) return failed(`end_line ${end} is before start_line ${start}.`);

  const body = lines.slice(start - 1, end).join('\n');
  const { text: shown, cut } = cutAtLines(body, Math.max(1, maxChars - FRAME - path.length));
  const last = cut ? start + cut.kept - 1 : end;
  const header = `${path} (lines ${start}-${last} of ${lines.length}${text.includes('\r\n') ? ', CRLF line ends' : ''})`;
  const partial = cut?.partial ? `Line ${start} is longer than fits and is cut. ` : '';
  const more = cut && cut.lost > 0 ? `Read on with start_line=${last + 1}.` : '';
  const footer = partial || more ? `\n[${`${partial}${more}`.trim()}]` : '';
  return { text: `${header}\n${shown}${footer}`.slice(0, maxChars), isError: false };
}

async function entriesOf(path: string, workspace: Workspace, signal: AbortSignal): Promise<string> {
  const children = (await workspace.list(signal)).map((entry) => childOf(path, entry.path));
  const entries = [...new Set(children)].filter((child) => child !== undefined);
  const name = path === '.' ? 'The workspace' : path;
  return entries.length === 0
    ? `${name} is a folder without any files that are not ignored.`
    : `${name} is a folder. Read one of its entries:\n${entries.join('\n')}`;
}

/** The path of a folder's child that leads to `path`: the file itself, or a folder with a slash at its end. */
function childOf(folder: string, path: string): string | undefined {
  const prefix = folder === '.' ? '' : `${folder}/`;
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  const slash = rest.indexOf('/');
  return prefix + (slash < 0 ? rest : rest.slice(0, slash + 1));
}

function failed(text: string): ToolResult {
  return { text, isError: true };
}
