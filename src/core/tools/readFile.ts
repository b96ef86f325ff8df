import { z } from 'zod';
import { type FileContent, SYMBOL_KINDS, type SymbolKind, type Workspace } from '../ports.ts';
import { bounded, fitting } from './bounded.ts';
import { counted, sized } from './counted.ts';
import { type Excerpt, type Range, roomFor, type Stretch, showStretch, stretchOf, stretchOfLarge } from './excerpt.ts';
import { fairShares } from './fairShares.ts';
import { givenPath } from './givenPath.ts';
import { nearestPaths } from './nearestPaths.ts';
import { notText } from './notText.ts';
import { outlineLines } from './outline.ts';
import type { Tool, ToolContext } from './tool.ts';

const ARGS = z
  .object({
    path: z.string().optional(),
    paths: z.array(z.string()).optional(),
    start_line: z.int().min(1).optional(),
    end_line: z.int().min(1).optional(),
  })
  .refine(({ path, paths }) => path !== undefined || paths !== undefined, {
    path: ['path'],
    message: 'a file is missing',
  });

const RESULT = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      start_line: z.int(),
      end_line: z.int(),
      /** Of the whole file, where that is known. */
      lines: z.int().optional(),
      text: z.string(),
      /** Where it is not UTF-8. */
      encoding: z.string().optional(),
      line_ends: z.literal('CRLF').optional(),
      /** Where to read on. */
      next_line: z.int().optional(),
      line_is_cut: z.boolean().optional(),
      /** Of one that is too long to be shown whole: its definitions, or the first of them. */
      outline: z
        .array(z.object({ name: z.string(), kind: z.enum(SYMBOL_KINDS), line: z.int(), end_line: z.int() }))
        .optional(),
    }),
  ),
  not_read: z.array(z.object({ path: z.string(), why: z.string() })).optional(),
});

/** More files at once leave too little room for each. */
const MOST_FILES = 20;

export const readFile: Tool<z.infer<typeof ARGS>, z.infer<typeof RESULT>> = {
  name: 'read_file',
  description:
    'Shows a text file exactly as it is (path), or several at once (paths); of a long one the lines start_line to end_line. Of a folder it shows the entries.',
  args: ARGS,
  result: RESULT,
  run: async (args, ctx) => {
    const given = [...(args.path === undefined ? [] : [args.path]), ...(args.paths ?? [])];
    const named = given.filter((path) => path.trim() !== '');
    const paths = [...new Set(named.map((path) => givenPath(path, ctx.workspace)))];
    const [only] = paths;
    if (paths.length === 1 && only !== undefined) {
      const looked = await lookAt(only, args, ctx);
      if ('problem' in looked) return { text: looked.problem, isError: true };
      const isWhole = args.start_line === undefined && args.end_line === undefined;
      const outline = isWhole && roomFor(looked) > ctx.maxChars ? await outlineOf(looked, ctx) : undefined;
      const { text, excerpt } = showStretch(looked, {
        maxChars: ctx.maxChars,
        named: false,
        ...(outline && { outline: outline.text }),
      });
      return { text, isError: false, data: { files: [{ ...excerpt, ...(outline && { outline: outline.symbols }) }] } };
    }
    const looked = await Promise.all(paths.slice(0, MOST_FILES).map((path) => lookAt(path, args, ctx)));
    return showAll(paths, looked, ctx.maxChars);
  },
};

type Looked = Stretch | { problem: string };

async function lookAt(path: string, range: Range, ctx: ToolContext): Promise<Looked> {
  const content = await ctx.workspace.read(path);
  if (content.kind === 'text') return stretchOf(path, content, range);
  if (content.kind === 'binary' && content.decoded) return stretchOf(path, content.decoded, range);
  const { readLines } = ctx.workspace;
  if (content.kind === 'tooLarge' && readLines) {
    const onRead = progressOf(path, content.bytes, ctx);
    return stretchOfLarge(path, content.bytes, range, {
      readLines,
      maxChars: ctx.maxChars,
      signal: ctx.signal,
      onRead,
    });
  }
  return { problem: await unreadable(path, content, ctx) };
}

/** Bytes between two words about how far it is. */
const STRIDE = 32 * 1024 * 1024;

function progressOf(path: string, total: number, ctx: ToolContext): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    if (bytes - told < STRIDE) return;
    told = bytes;
    ctx.onProgress?.({ message: `Reading ${path}`, done: bytes, total });
  };
}

/** Of the room for a file, what its outline may take. */
const OUTLINE_SHARE = 0.4;

/** What a file defines that is too long to be shown: with what is in classes where there is room for it. */
async function outlineOf(
  { path, kept }: Stretch,
  ctx: ToolContext,
): Promise<
  { text: string; symbols: { name: string; kind: SymbolKind; line: number; end_line: number }[] } | undefined
> {
  if (kept === undefined) return undefined;
  const { hash, text } = kept;
  const [facts] = await ctx.code.facts([{ path, hash, text: async () => text }], ctx.signal);
  if (!facts || facts.symbols.length === 0) return undefined;
  const room = Math.floor(ctx.maxChars * OUTLINE_SHARE);
  const all = outlineLines(facts.symbols);
  const texts = (lines: typeof all) => lines.map(({ text }) => text);
  const whole = fitting(texts(all), room) === all.length;
  const lines = whole ? all : all.filter(({ depth }) => depth === 0);
  const shown = lines.slice(0, fitting(texts(lines), room));
  const more =
    shown.length < all.length
      ? [`  … and ${counted(all.length - shown.length, 'more definition')}: symbols shows all`]
      : [];
  return {
    text: ['It is too long to be shown whole. Its outline:', ...texts(shown), ...more, 'Its beginning:'].join('\n'),
    symbols: shown.map(({ symbol: { name, kind, line, endLine } }) => ({ name, kind, line, end_line: endLine })),
  };
}

/** What each of them is, one after the other: short files whole, long ones cut. */
function showAll(paths: readonly string[], looked: readonly Looked[], maxChars: number) {
  const unread = paths.length - looked.length;
  const note = unread === 0 ? '' : `\n\n[${unread} more files were not read: at most ${MOST_FILES} are at once.]`;
  const between = 2 * (looked.length - 1);
  const needs = looked.map((one) => ('problem' in one ? one.problem.length : roomFor(one)));
  const shares = fairShares(needs, Math.max(0, maxChars - note.length - between));
  const files: Excerpt[] = [];
  const notRead: { path: string; why: string }[] = [];
  const texts = looked.map((one, at) => {
    const room = shares[at] ?? 0;
    if ('problem' in one) {
      const why = bounded(one.problem, room, () => '');
      notRead.push({ path: paths[at] ?? '', why });
      return why;
    }
    const { text, excerpt } = showStretch(one, { maxChars: room, named: true });
    files.push(excerpt);
    return text;
  });
  for (const path of paths.slice(MOST_FILES)) notRead.push({ path, why: `At most ${MOST_FILES} files are at once.` });
  return {
    text: `${texts.join('\n\n')}${note}`.slice(0, maxChars),
    isError: files.length === 0,
    ...(files.length > 0 && { data: { files, ...(notRead.length > 0 && { not_read: notRead }) } }),
  };
}

/** Why there is no text to show, and what to do instead. Holds for every tool that takes a file. */
export async function unreadable(
  path: string,
  content: Exclude<FileContent, { kind: 'text' }>,
  ctx: Pick<ToolContext, 'workspace' | 'maxChars' | 'signal'>,
): Promise<string> {
  switch (content.kind) {
    case 'binary':
      return content.decoded
        ? `${path} is kept as ${content.decoded.encoding}; only UTF-8 text is taken here.`
        : notText(path, content.bytes);
    case 'tooLarge':
      return `${path} is too large for this (${sized(content.bytes)}; the limit is 2 MB).`;
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
