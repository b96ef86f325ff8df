import { z } from 'zod';
import type { CodeSymbol, SearchMatch } from '../ports.ts';
import { bounded, cutLine } from './bounded.ts';
import { counted } from './counted.ts';
import { givenPath } from './givenPath.ts';
import { linesOfCode } from './linesOfCode.ts';
import { looksLikeDefinition } from './looksLikeDefinition.ts';
import { OCCURRENCE_KINDS, type Occurrence, type OccurrenceKind, occurrencesIn } from './occurrences.ts';
import { type Resolved, resolve } from './resolve.ts';
import { type SymbolName, symbolName } from './symbolName.ts';
import { findSymbols } from './symbolSearch.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

/** More matching lines than these are not looked at. */
const MOST_LINES = 500;
const MOST_SHOWN = 200;
/** Definitions that are shown of a name that stands on more lines than are looked at. */
const MOST_DEFINITIONS = 50;
const LONGEST_LINE = 200;
/** Other classes that have a method of the same name. */
const MOST_NAMED = 5;

const ARGS = z.object({
  symbol: z.string(),
  path: z.string().optional(),
  kind: z.string().optional(),
  limit: z.int().min(1).optional(),
});

const RESULT = z.object({
  symbol: z.string(),
  /** Who told which occurrences are of this very symbol; a search only goes by the name. */
  by: z.enum(['search', 'language server']),
  total: z.int(),
  files: z.array(
    z.object({
      path: z.string(),
      occurrences: z.array(
        z.object({
          line: z.int(),
          column: z.int(),
          kind: z.enum(OCCURRENCE_KINDS),
          text: z.string(),
          container: z.string().optional(),
          /** The language server does not count it: another thing of the same name, as far as it knows. */
          other: z.boolean().optional(),
        }),
      ),
    }),
  ),
  /** There are more than are shown here: narrow it by path or kind. */
  truncated: z.boolean(),
});
type Data = z.infer<typeof RESULT>;

export const findReferences: Tool<z.infer<typeof ARGS>, Data> = {
  name: 'find_references',
  description:
    'Finds where a name (pay, Shop.pay) is defined, imported, called and used, told apart by grammar; comments and strings are marked. path and kind (definition, import, call, use, comment, string) narrow it.',
  args: ARGS,
  result: RESULT,
  run: async ({ symbol, path, kind, ...args }, ctx) => {
    const name = symbolName(symbol);
    const kinds = kind === undefined ? OCCURRENCE_KINDS : kindsOf(kind);
    if (kinds.length === 0) {
      return { text: `There is no kind "${kind}"; there are: ${OCCURRENCE_KINDS.join(', ')}.`, isError: true };
    }
    const under = path === undefined ? [] : [givenPath(path, ctx.workspace)];
    const lines = await ctx.workspace.search(
      { pattern: name.name, regex: false, caseSensitive: true, wholeWord: true, under, limit: MOST_LINES },
      ctx.signal,
    );
    if (lines.length === 0) return nothingFound(symbol.trim(), name, under, ctx);
    const isPart = lines.length >= MOST_LINES;
    const occurrences = await occurrencesOn(lines, name, ctx);
    // A name that is everywhere: where it is defined must not be among what is left out.
    if (isPart) occurrences.push(...(await definitionsBeside(occurrences, name, under, ctx)));
    const found = narrowed(occurrences, name);
    const resolved = await resolve(found.occurrences, name, under, ctx);
    const limit = Math.min(args.limit ?? MOST_SHOWN, MOST_LINES);
    return shown({ name, ...found, ...resolved, kinds, limit, isPart }, ctx);
  },
};

/** Also in the plural, and in the words that people have for them. */
function kindsOf(given: string): readonly OccurrenceKind[] {
  const asked = given.toLowerCase().replace(/s$/, '');
  if (asked === 'reference' || asked === 'usage') return ['import', 'call', 'use'];
  return OCCURRENCE_KINDS.filter((kind) => kind === asked);
}

async function occurrencesOn(
  lines: readonly SearchMatch[],
  { name }: SymbolName,
  ctx: ToolContext,
): Promise<Occurrence[]> {
  const byFile = new Map<string, SearchMatch[]>();
  for (const line of lines) {
    const some = byFile.get(line.path);
    if (some) some.push(line);
    else byFile.set(line.path, [line]);
  }
  const found: Occurrence[] = [];
  let done = 0;
  for await (const files of linesOfCode(byFile, ctx)) {
    for (const file of files) found.push(...occurrencesIn(file, name));
    done += files.length;
    ctx.onProgress?.({ message: 'Reading the files that mention it', done, total: byFile.size });
  }
  return found;
}

async function definitionsBeside(
  found: readonly Occurrence[],
  { name }: SymbolName,
  under: readonly string[],
  ctx: ToolContext,
): Promise<Occurrence[]> {
  const known = new Set(found.map(({ path, line }) => `${line} ${path}`));
  const of = (symbol: CodeSymbol): boolean => symbol.name === name;
  const { found: definitions } = await findSymbols(name, { under, of, limit: MOST_DEFINITIONS, exact: true }, ctx);
  return definitions
    .slice(0, MOST_DEFINITIONS)
    .filter(({ path, symbol }) => !known.has(`${symbol.line} ${path}`))
    .map(({ path, symbol: { line, column, signature, container } }) => ({
      path,
      line,
      column,
      kind: 'definition',
      text: signature,
      ...(container !== undefined && { container }),
    }));
}

/** `elsewhere`: where definitions were left out that belong to something else than what was asked for. */
function narrowed(
  occurrences: Occurrence[],
  { name, container }: SymbolName,
): { occurrences: Occurrence[]; elsewhere: string[] } {
  const definitions = occurrences.filter(({ kind }) => kind === 'definition');
  const isMeant = (occurrence: Occurrence): boolean => lastPart(occurrence.container) === container;
  if (container !== undefined && definitions.some(isMeant)) {
    const others = definitions.filter((definition) => !isMeant(definition));
    return {
      occurrences: occurrences.filter((occurrence) => !others.includes(occurrence)),
      elsewhere: [...new Set(others.map((other) => other.container ?? other.path))],
    };
  }
  if (definitions.length > 0) return { occurrences, elsewhere: [] };
  // What functions declare for themselves is in no facts, and is told where there is nothing else.
  const guessed = occurrences.map((occurrence) =>
    occurrence.kind === 'use' && looksLikeDefinition(occurrence.text, name)
      ? { ...occurrence, kind: 'definition' as const }
      : occurrence,
  );
  return { occurrences: guessed, elsewhere: [] };
}

function lastPart(container: string | undefined): string | undefined {
  return container?.split(/[.:]+/).at(-1);
}

interface Answer extends Resolved {
  name: SymbolName;
  elsewhere: string[];
  kinds: readonly OccurrenceKind[];
  limit: number;
  /** More lines than were looked at. */
  isPart: boolean;
}

type Row = Resolved['occurrences'][number];

function shown(answer: Answer, ctx: ToolContext): ToolResult<Data> {
  const { name, kinds, limit, by } = answer;
  const wanted = answer.occurrences.filter(({ kind }) => kinds.includes(kind));
  const files = byFile(wanted.sort(inOrder).slice(0, limit));
  const parts = [...files].map(([path, rows]) => [path, ...byLine(rows).map(lineOf)].join('\n'));
  const rest = wanted.length - limit;
  const narrower = limit < MOST_LINES ? 'path, kind, or a larger limit' : 'path or kind';
  const more = rest > 0 ? `\n\n[${rest} more are not shown. Narrow it with ${narrower}.]` : '';
  const text = [`${headOf(answer, wanted)}`, ...parts].join('\n\n') + more;
  const written = name.container === undefined ? name.name : `${name.container}.${name.name}`;
  const data: Data = { symbol: written, by, total: wanted.length, files: [], truncated: rest > 0 || answer.isPart };
  // As much of it as the text may have.
  let room = ctx.maxChars - JSON.stringify(data).length;
  for (const [path, rows] of files) {
    const file: Data['files'][number] = { path, occurrences: [] };
    room -= JSON.stringify(file).length + 1;
    for (const { path: _, ...row } of rows) {
      room -= JSON.stringify(row).length + 1;
      if (room < 0) break;
      file.occurrences.push(row);
    }
    if (file.occurrences.length > 0) data.files.push(file);
    if (room < 0) {
      data.truncated = true;
      break;
    }
  }
  const readOn = (): string => 'Narrow it with path="<file or folder>" or kind="call".';
  return { text: bounded(text, ctx.maxChars, readOn), isError: false, data };
}

const RANK: Record<OccurrenceKind, number> = {
  definition: 0,
  import: 1,
  call: 1,
  use: 1,
  comment: 2,
  string: 2,
  text: 2,
};

function inOrder(a: Row, b: Row): number {
  return (
    (a.other ? 1 : 0) - (b.other ? 1 : 0) ||
    RANK[a.kind] - RANK[b.kind] ||
    (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line || a.column - b.column)
  );
}

/** Files that define it first; then those that import it, call it, use it, mention it. */
function byFile(rows: readonly Row[]): Map<string, Row[]> {
  const files = new Map<string, Row[]>();
  const rank = (file: Row[]): number => Math.min(...file.map(({ kind }) => OCCURRENCE_KINDS.indexOf(kind)));
  for (const row of rows) {
    const file = files.get(row.path) ?? [];
    files.set(row.path, file);
    file.push(row);
  }
  return new Map([...files].sort(([, a], [, b]) => rank(a) - rank(b)));
}

function byLine(rows: readonly Row[]): Row[][] {
  const lines = new Map<number, Row[]>();
  for (const row of rows) lines.set(row.line, [...(lines.get(row.line) ?? []), row]);
  return [...lines.values()];
}

function lineOf(rows: readonly Row[]): string {
  const kinds = [...new Set(rows.map(({ kind, other }) => `${kind}${other ? '?' : ''}`))];
  return `  ${rows[0]?.line} (${kinds.join(', ')}): ${rows[0]?.text}`;
}

function headOf({ name, by, elsewhere, isPart }: Answer, rows: readonly Row[]): string {
  const written = name.container === undefined ? name.name : `${name.container}.${name.name}`;
  const counts = OCCURRENCE_KINDS.flatMap((kind) => {
    const count = rows.filter((row) => row.kind === kind).length;
    return count === 0 ? [] : [inWords(kind, count)];
  });
  const files = counted(new Set(rows.map(({ path }) => path)).size, 'file');
  const told =
    by === 'language server'
      ? ` Told by the language server; comments and strings by search${rows.some(({ other }) => other) ? '; "?": the same name, but another symbol to the server' : ''}.`
      : '';
  const others = elsewhere.length > 0 ? ` Also defined in ${listed(elsewhere)}.` : '';
  return `${written}: ${isPart ? 'at least ' : ''}${counts.join(', ') || 'nothing of that kind'} in ${files}.${told}${others}`;
}

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  return `${cutLine(names.slice(0, MOST_NAMED).join(', '), LONGEST_LINE)}${rest > 0 ? ` and ${rest} others` : ''}`;
}

function inWords(kind: OccurrenceKind, count: number): string {
  if (kind === 'comment' || kind === 'string') return `${count} in ${count === 1 ? `a ${kind}` : `${kind}s`}`;
  return kind === 'text' ? `${count} in other text` : counted(count, kind);
}

/** A name in another case, or part of a longer one, is what was meant more often than not. */
async function nothingFound(
  written: string,
  { name }: SymbolName,
  under: string[],
  ctx: ToolContext,
): Promise<ToolResult<Data>> {
  const query = { pattern: name, regex: false, caseSensitive: false, under, limit: 5 };
  const inAnotherCase = await ctx.workspace.search({ ...query, wholeWord: true }, ctx.signal);
  const near =
    inAnotherCase.length > 0 ? inAnotherCase : await ctx.workspace.search({ ...query, wholeWord: false }, ctx.signal);
  const where = under.length > 0 ? ` under ${under.join(', ')}` : '';
  const lines = near.map((match) => `${match.path}:${match.line}: ${cutLine(match.text.trim(), LONGEST_LINE)}`);
  const hint = lines.length > 0 ? ` Similar:\n${lines.join('\n')}` : '';
  return {
    text: bounded(
      `No line mentions ${cutLine(written, LONGEST_LINE)} as a whole word${where}.${hint}`,
      ctx.maxChars,
      () => '',
    ),
    isError: false,
    data: { symbol: cutLine(written, LONGEST_LINE), by: 'search', total: 0, files: [], truncated: false },
  };
}
