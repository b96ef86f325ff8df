import type { CodeSymbol, SearchQuery } from '../ports.ts';
import { DEFINING } from './looksLikeDefinition.ts';
import { readCode } from './readCode.ts';
import { literal, type SymbolName, symbolName } from './symbolName.ts';
import type { ToolContext } from './tool.ts';

export interface Found {
  path: string;
  symbol: CodeSymbol;
}

/** Matching lines that are looked at, for each way to search. */
const MOST_LINES = 500;

/**
 * Definitions by name, the best first: the same name, then names that begin with it, then names that have it in them (or
 * the humps of it: `fiRe` for `findReferences`). Found in the text and told by the grammars, so there is nothing to be
 * kept current.
 * @returns `isPart`: there may be more than were looked at
 */
export async function findSymbols(
  query: string,
  wanted: { under: string[]; of: (symbol: CodeSymbol) => boolean; limit: number },
  ctx: ToolContext,
): Promise<{ found: Found[]; isPart: boolean }> {
  const asked = symbolName(query);
  const looked = new Set<string>();
  const found: Found[] = [];
  let isPart = false;
  for (const { pattern, ...how } of waysTo(asked.name)) {
    const lines = await ctx.workspace.search(
      { pattern, ...how, regex: true, under: wanted.under, limit: MOST_LINES },
      ctx.signal,
    );
    isPart = lines.length >= MOST_LINES;
    const paths = [...new Set(lines.map(({ path }) => path))].filter((path) => !looked.has(path));
    for await (const files of readCode(paths, ctx)) {
      for (const { path, facts } of files) {
        looked.add(path);
        const fitting = facts?.symbols.filter((symbol) => wanted.of(symbol) && scoreOf(symbol, asked) > 0) ?? [];
        found.push(...fitting.map((symbol) => ({ path, symbol })));
      }
    }
    if (found.length >= wanted.limit) break;
  }
  const ranked = found
    .map((item) => ({ ...item, score: scoreOf(item.symbol, asked) }))
    .sort(
      (a, b) =>
        b.score - a.score ||
        a.symbol.name.length - b.symbol.name.length ||
        (a.path < b.path ? -1 : a.path > b.path ? 1 : a.symbol.line - b.symbol.line),
    );
  return { found: ranked, isPart };
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
  if (name === asked.name) return 100 + beside;
  const [given, own] = [asked.name.toLowerCase(), name.toLowerCase()];
  if (own === given) return 80 + beside;
  if (own.startsWith(given)) return 60 + beside;
  if (own.includes(given)) return 40 + beside;
  const humps = humpsOf(asked.name);
  return humps !== undefined && new RegExp(`^${humps}$`).test(name) ? 20 + beside : 0;
}
