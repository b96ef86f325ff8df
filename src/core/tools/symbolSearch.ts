import type { CodeSymbol, FileEntry, SearchQuery } from '../ports.ts';
import { filesDefining } from '../survey/definedNames.ts';
import { offeredBy } from '../survey/links.ts';
import { hashOf } from '../survey/readNew.ts';
import { outlinesOf } from '../survey/summaries.ts';
import { DEFINING } from './looksLikeDefinition.ts';
import { readCode } from './readCode.ts';
import { literal, type SymbolName, symbolName } from './symbolName.ts';
import type { ToolContext } from './tool.ts';

export interface Found {
  path: string;
  symbol: CodeSymbol;
}

/** What is asked for. */
export interface Wanted {
  /** Files or folders; everywhere where empty. */
  under: readonly string[];
  of: (symbol: CodeSymbol) => boolean;
  /** How many are enough. */
  limit: number;
  /** Only the very same name. */
  exact?: true;
}

/** Matching lines that are looked at, for each way to search. */
const MOST_LINES = 500;
/** Files whose code is looked at. */
const MOST_FILES = 500;
/** Of so many at a time. */
const BATCH = 64;
/** Milliseconds for reading what was changed. */
const PATIENCE = 5000;
/** How well a name fits: it is the same, but for case, begins so, has it in it, has its humps. */
const [EXACT, SAME, BEGINNING, PART, HUMPS] = [100, 80, 60, 40, 20];
/** Besides, it is seen from other files. */
const OFFERED = 2;
/** So many times as many as are wanted are enough, where there are more that are as good. */
const MANY = 2;

/**
 * Definitions by name, the best first: the same name, then names that begin with it, then names that have it in them (or
 * the humps of it: `fiRe` for `findReferences`). By what is known of the code; where that is not read yet, found in the text
 * and told by the grammars.
 * @returns `isPart`: there may be more than were looked at
 */
export async function findSymbols(
  query: string,
  wanted: Wanted,
  ctx: ToolContext,
): Promise<{ found: Found[]; isPart: boolean }> {
  const asked = symbolName(query);
  const rankOf = ranking(asked, wanted.exact);
  const { signal, onProgress } = ctx;
  const bounds = { signal, until: performance.now() + PATIENCE, ...(onProgress && { onProgress }) };
  const { files, unknown } = await filesDefining((names) => rankOf(names) > 0, wanted.under, ctx, bounds);
  const isOffered = new RegExp(`^${literal(asked.name)}$`, 'm');
  const byRank = files
    .map((file) => ({
      entry: file.entry,
      rank: rankOf(file.summary.names) + (isOffered.test(offeredBy(file.summary)) ? OFFERED : 0),
    }))
    .sort((a, b) => b.rank - a.rank);
  const known = await inFiles(byRank, asked, wanted, ctx);
  const others = unknown.length === 0 ? undefined : await inTexts(new Set(unknown), asked, wanted, ctx);
  const ranked = [...known.found, ...(others?.found ?? [])]
    .map((item) => ({ ...item, score: scoreOf(item.symbol, asked) }))
    .sort(
      (a, b) =>
        b.score - a.score ||
        a.symbol.name.length - b.symbol.name.length ||
        (a.path < b.path ? -1 : a.path > b.path ? 1 : a.symbol.line - b.symbol.line),
    );
  return { found: ranked, isPart: known.isPart || others?.isPart === true };
}

type Finds = Promise<{ found: Found[]; isPart: boolean }>;

/** @param files the best first */
async function inFiles(
  files: readonly { entry: FileEntry; rank: number }[],
  asked: SymbolName,
  { of, limit }: Wanted,
  { workspace, code, signal }: ToolContext,
): Finds {
  const found: Found[] = [];
  for (let at = 0; at < files.length; at += BATCH) {
    // What is left is not better than what was found; or as good, of very many.
    const isEnough = found.length >= (files[at]?.rank === files[at - 1]?.rank ? MANY * limit : limit);
    if (isEnough || at >= MOST_FILES) return { found, isPart: true };
    const some = await Promise.all(files.slice(at, at + BATCH).map(({ entry }) => hashOf(workspace, entry)));
    const outlines = await outlinesOf(
      some.filter((file) => file !== undefined),
      code,
      signal,
    );
    for (const [{ path }, { symbols }] of outlines) {
      const fitting = symbols.filter((symbol) => of(symbol) && scoreOf(symbol, asked) > 0);
      found.push(...fitting.map((symbol) => ({ path, symbol })));
    }
  }
  return { found, isPart: false };
}

/** In files whose code is not known yet. */
async function inTexts(paths: ReadonlySet<string>, asked: SymbolName, wanted: Wanted, ctx: ToolContext): Finds {
  const looked = new Set<string>();
  const found: Found[] = [];
  let isPart = false;
  const where = { under: [...wanted.under], only: (path: string) => paths.has(path) };
  for (const { pattern, ...how } of waysTo(asked.name)) {
    const lines = await ctx.workspace.search({ pattern, ...how, ...where, regex: true, limit: MOST_LINES }, ctx.signal);
    isPart = lines.length >= MOST_LINES;
    const some = [...new Set(lines.map(({ path }) => path))].filter((path) => !looked.has(path));
    for await (const files of readCode(some, ctx)) {
      for (const { path, facts } of files) {
        looked.add(path);
        const fitting = facts?.symbols.filter((symbol) => wanted.of(symbol) && scoreOf(symbol, asked) > 0) ?? [];
        found.push(...fitting.map((symbol) => ({ path, symbol })));
      }
    }
    if (found.length >= wanted.limit) break;
  }
  return { found, isPart };
}

/** How good the best of a file's names can be: what `scoreOf` gives it, but for what else it knows of it. */
function ranking({ name, container }: SymbolName, isExact: boolean | undefined): (names: string) => number {
  const part = literal(name);
  if (isExact) {
    const same = new RegExp(`^${part}$`, 'm');
    return (names) => (same.test(names) ? EXACT : 0);
  }
  const ways: [RegExp, number][] = [
    [new RegExp(`^${part}$`, 'm'), EXACT],
    [new RegExp(`^${part}$`, 'im'), SAME],
    [new RegExp(`^${part}`, 'im'), BEGINNING],
    [new RegExp(part, 'i'), PART],
  ];
  const humps = humpsOf(name);
  if (humps !== undefined) ways.push([new RegExp(`^${humps}$`, 'm'), HUMPS]);
  const isIn = container === undefined ? undefined : new RegExp(`^${literal(container)}$`, 'm');
  const isThere = new RegExp(humps === undefined ? part : `${part}|${humps}`, 'i');
  return (names) => {
    if (!isThere.test(names)) return 0;
    const rank = ways.find(([way]) => way.test(names))?.[1] ?? 0;
    return rank > 0 && isIn?.test(names) ? rank + 1 : rank;
  };
}

/** From what finds few lines to what finds many. */
function waysTo(name: string): Pick<SearchQuery, 'pattern' | 'caseSensitive' | 'wholeWord'>[] {
  const part = literal(name);
  const ways = [
    { pattern: `(${DEFINING})\\s+(\\([^)]*\\)\\s*)?(mut\\s+)?\\w*${part}`, caseSensitive: false, wholeWord: false },
    // Methods, fields and functions of C begin with no word of their own.
    { pattern: `^[^"'=(]*\\b\\w*${part}\\w*\\s*[(=:<{;,]`, caseSensitive: false, wholeWord: false },
  ];
  const humps = humpsOf(name);
  if (humps) ways.push({ pattern: humps, caseSensitive: true, wholeWord: true });
  return ways;
}

/** `fiRe` → `[fF]i\w*Re\w*`; undefined where the name has no humps. */
function humpsOf(name: string): string | undefined {
  const parts = name.match(/[A-Z]?[a-z0-9]+|[A-Z]/g) ?? [];
  if (parts.length < 2 || parts.join('') !== name) return undefined;
  const [first = '', ...rest] = parts;
  const begin = `[${first[0]?.toLowerCase()}${first[0]?.toUpperCase()}]${first.slice(1)}`;
  return `${begin}${rest.map((part) => `\\w*${part}`).join('')}\\w*`;
}

function scoreOf({ name, container, exported }: CodeSymbol, asked: SymbolName): number {
  if (asked.container !== undefined && container?.split(/[.:]+/).at(-1) !== asked.container) return 0;
  const beside = exported ? 1 : 0;
  if (name === asked.name) return EXACT + beside;
  const [given, own] = [asked.name.toLowerCase(), name.toLowerCase()];
  if (own === given) return SAME + beside;
  if (own.startsWith(given)) return BEGINNING + beside;
  if (own.includes(given)) return PART + beside;
  const humps = humpsOf(asked.name);
  return humps !== undefined && new RegExp(`^${humps}$`).test(name) ? HUMPS + beside : 0;
}
