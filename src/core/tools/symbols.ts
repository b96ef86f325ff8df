import { z } from 'zod';
import type { CodeSymbol } from '../ports.ts';
import { SYMBOL_KINDS } from '../ports.ts';
import { bounded, cutLine } from './bounded.ts';
import { counted } from './counted.ts';
import { givenPath } from './givenPath.ts';
import { labelOf, outlineLines, rangeOf } from './outline.ts';
import { readCode } from './readCode.ts';
import { type Found, findSymbols } from './symbolSearch.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

const ARGS = z.object({
  query: z.string().optional(),
  path: z.string().optional(),
  kind: z.string().optional(),
  limit: z.int().min(1).max(500).optional(),
});

const RESULT = z.object({
  symbols: z.array(
    z.object({
      path: z.string(),
      name: z.string(),
      kind: z.enum(SYMBOL_KINDS),
      line: z.int(),
      endLine: z.int(),
      exported: z.boolean(),
      container: z.string().optional(),
      signature: z.string(),
      doc: z.string().optional(),
    }),
  ),
  /** There are more than are shown here. */
  truncated: z.boolean(),
});
type Data = z.infer<typeof RESULT>;

const MOST_FOUND = 50;
const MOST_IN_FILE = 300;
/** Files of a folder that are looked at. */
const MOST_FILES = 200;

export const symbols: Tool<z.infer<typeof ARGS>, Data> = {
  name: 'symbols',
  description:
    'path alone: the outline of a file (classes, functions, … with their lines) or what the files of a folder export. query: finds definitions by name, part of a name too. kind narrows it (function, class, …).',
  args: ARGS,
  result: RESULT,
  run: async ({ query, path, kind, limit }, ctx) => {
    const kinds = kind === undefined ? SYMBOL_KINDS : kindsOf(kind);
    if (kinds.length === 0) {
      return { text: `There is no kind "${kind}"; there are: ${SYMBOL_KINDS.join(', ')}.`, isError: true };
    }
    const of = ({ kind }: CodeSymbol): boolean => kinds.includes(kind);
    const under = path === undefined ? undefined : givenPath(path, ctx.workspace);
    if (query !== undefined) return byName(query, { under, of, limit: limit ?? MOST_FOUND }, ctx);
    if (under === undefined) return { text: 'Give a path (outline) or a query (a name to find).', isError: true };
    const content = await ctx.workspace.read(under);
    if (content.kind === 'directory' || under === '.') {
      return ofFolder(under, { of, limit: limit ?? MOST_IN_FILE }, ctx);
    }
    if (content.kind !== 'text') {
      const why =
        content.kind === 'forbidden' ? content.reason : `it is ${content.kind === 'missing' ? 'not there' : 'no text'}`;
      return { text: `${under} has no outline: ${why}. symbols(query=…) finds definitions by name.`, isError: true };
    }
    return ofFile(under, content, { of, limit: limit ?? MOST_IN_FILE }, ctx);
  },
};

function kindsOf(given: string): readonly CodeSymbol['kind'][] {
  const asked = given
    .toLowerCase()
    .replace(/(?<!s)s$/, '')
    .replace(/sse$/, 'ss')
    .replace(/propertie$/, 'property');
  if (asked === 'struct' || asked === 'record') return ['class'];
  if (asked === 'trait') return ['interface'];
  if (asked === 'field') return ['property'];
  return SYMBOL_KINDS.filter((kind) => kind === asked);
}

interface Wanted {
  of: (symbol: CodeSymbol) => boolean;
  limit: number;
}

async function byName(
  query: string,
  { under, of, limit }: Wanted & { under: string | undefined },
  ctx: ToolContext,
): Promise<ToolResult<Data>> {
  const { found, isPart } = await findSymbols(query, { under: under === undefined ? [] : [under], of, limit }, ctx);
  if (found.length === 0) {
    const place = under === undefined ? undefined : await ctx.workspace.read(under);
    if (place?.kind === 'forbidden') {
      return { text: `This cannot be searched: ${place.reason}.`, isError: true };
    }
    const where = under === undefined ? '' : ` under ${under}`;
    const text = `Nothing is defined by a name like "${cutLine(query, 200)}"${where}. search_code or find_references look at every line.`;
    return { text, isError: false, data: { symbols: [], truncated: false } };
  }
  const more = found.length > limit || isPart;
  const head = `${more ? `The best ${Math.min(limit, found.length)}` : counted(found.length, 'definition')} for "${cutLine(query, 200)}":`;
  const lines = found.slice(0, limit).map(({ path, symbol }) => `${path}:${symbol.line} ${labelOf(symbol, true)}`);
  return answer(
    [head, ...lines].join('\n'),
    found.slice(0, limit),
    more,
    'Narrow it with a longer query, path or kind.',
    ctx,
  );
}

async function ofFile(
  path: string,
  content: { text: string; hash: string },
  { of, limit }: Wanted,
  ctx: ToolContext,
): Promise<ToolResult<Data>> {
  const [facts] = await ctx.code.facts([{ path, hash: content.hash, text: async () => content.text }], ctx.signal);
  if (!facts) {
    const text = `${path} has no outline: there is no grammar for it, or it cannot be parsed in time. read_file shows it.`;
    return { text, isError: true };
  }
  const all = facts.symbols.filter(of);
  const shown = all.slice(0, limit);
  const lines = outlineLines(shown).map(({ text }) => text);
  const head = `${path} (${counted(facts.lines, 'line')}, ${counted(all.length, 'definition')}):`;
  const readOn = `Narrow it with kind, or read on with read_file(path="${path}").`;
  const found = shown.map((symbol) => ({ path, symbol }));
  return answer([head, ...lines].join('\n'), found, all.length > limit, readOn, ctx);
}

/** What the files of a folder export, without what is in it. */
async function ofFolder(folder: string, { of, limit }: Wanted, ctx: ToolContext): Promise<ToolResult<Data>> {
  const below = folder === '.' ? '' : `${folder}/`;
  const paths = (await ctx.workspace.list(ctx.signal)).map(({ path }) => path).filter((path) => path.startsWith(below));
  const found: Found[] = [];
  let looked = 0;
  for await (const files of readCode(paths.slice(0, MOST_FILES), ctx)) {
    looked += files.length;
    for (const { path, facts } of files) {
      const exported = facts?.symbols.filter((symbol) => symbol.exported && isTop(symbol) && of(symbol)) ?? [];
      found.push(...exported.map((symbol) => ({ path, symbol })));
    }
    ctx.onProgress?.({ message: 'Reading the files of the folder', done: looked, total: paths.length });
    if (found.length > limit) break;
  }
  const shown = found.slice(0, limit);
  const byFile = new Map<string, string[]>();
  for (const { path, symbol } of shown) {
    byFile.set(path, [...(byFile.get(path) ?? []), `  ${rangeOf(symbol)} ${labelOf(symbol, false)}`]);
  }
  const isPart = found.length > limit || paths.length > MOST_FILES;
  const head = `${folder}: ${isPart ? 'at least ' : ''}${counted(found.length, 'exported definition')} in ${counted(byFile.size, 'file')}.`;
  const text = [head, ...[...byFile].map(([path, lines]) => [path, ...lines].join('\n'))].join('\n');
  return answer(text, shown, isPart, 'Name a folder below it, or a file.', ctx);
}

function isTop({ container, kind }: CodeSymbol): boolean {
  return container === undefined || kind === 'class' || kind === 'interface';
}

function answer(
  text: string,
  found: readonly Found[],
  isPart: boolean,
  readOn: string,
  ctx: ToolContext,
): ToolResult<Data> {
  const data: Data = { symbols: [], truncated: isPart };
  let room = ctx.maxChars - JSON.stringify(data).length;
  for (const { path, symbol } of found) {
    const { column: _, ...row } = { path, ...symbol };
    room -= JSON.stringify(row).length + 1;
    if (room < 0) data.truncated = true;
    if (room < 0) break;
    data.symbols.push(row);
  }
  const more = isPart ? `\n[There are more. ${readOn}]` : '';
  return { text: bounded(`${text}${more}`, ctx.maxChars, () => readOn), isError: false, data };
}
