import type { CodeSymbol, SymbolKind } from '../ports.ts';
import { cutLine } from '../tools/bounded.ts';
import { importedNames, type Links } from './links.ts';
import type { Outline } from './patternOutline.ts';

export interface MappedFile {
  path: string;
  /** In the order of the file. */
  symbols: MappedSymbol[];
}

export interface MappedSymbol {
  name: string;
  kind: SymbolKind;
  line: number;
  /** Its first line, without what opens a block. */
  signature: string;
  container?: string;
}

const LONGEST = 120;
/** How much a symbol says about its file, by what it is. */
const KINDS: Record<SymbolKind, number> = {
  class: 1,
  interface: 1,
  function: 1,
  type: 0.8,
  enum: 0.7,
  module: 0.6,
  method: 0.5,
  constant: 0.5,
  variable: 0.3,
  property: 0.1,
};
const HIDDEN = 0.15;
const INSIDE = 0.4;
/** Each further symbol of a file says less than the one before: so that no file takes all the room. */
const FURTHER = 0.9;
/** Symbols of tests come last. */
export const IN_TEST = 0.01;
/** Files that need one are asked for the names that they import, up to so many. */
const MOST_USERS = 40;

/**
 * The symbols that matter most, by their files' rank and by how many other files import them, as far as there is room.
 *
 * @param files the candidates, by their ids, with their outlines
 * @param room characters of the text that `mapLines` makes of it
 */
export function symbolMap(
  files: readonly { id: number; path: string; outline: Outline }[],
  links: Links,
  rank: Float64Array,
  room: number,
): MappedFile[] {
  const users = usersOf(links, new Set(files.map(({ id }) => id)));
  const candidates = files.flatMap(({ id, path, outline }) => {
    const imported = countsOf(outline, users.get(id) ?? [], links);
    const importance = (rank[id] ?? 0) * (links.table.isTest[id] ? IN_TEST : 1);
    return outline.symbols
      .map((symbol) => ({ id, path, symbol, score: importance * weightOf(symbol, imported.get(symbol.name) ?? 0) }))
      .sort((a, b) => b.score - a.score || a.symbol.line - b.symbol.line)
      .map((one, at) => ({ ...one, score: one.score * FURTHER ** at }));
  });
  candidates.sort((a, b) => b.score - a.score || a.id - b.id || a.symbol.line - b.symbol.line);
  const chosen = new Map<number, MappedFile>();
  let missed = 0;
  for (const { id, path, symbol } of candidates) {
    const mapped = mappedSymbol(symbol);
    const file = chosen.get(id);
    const cost = symbolLine(mapped).length + 1 + (file ? 0 : path.length + 1);
    if (cost > room) {
      missed += 1;
      // What is less important does not take the place of what did not fit by a little.
      if (missed > 3) break;
      continue;
    }
    room -= cost;
    if (file) file.symbols.push(mapped);
    else chosen.set(id, { path, symbols: [mapped] });
  }
  const shown = [...chosen]
    .sort((a, b) => (rank[b[0]] ?? 0) - (rank[a[0]] ?? 0) || a[0] - b[0])
    .map(([, file]) => file);
  for (const { symbols } of shown) symbols.sort((a, b) => a.line - b.line);
  return shown;
}

/** A file a line, and below it its symbols: `  12: export function pay(amount: number): number`. */
export function mapLines(files: readonly MappedFile[]): string[] {
  return files.flatMap(({ path, symbols }) => [path, ...symbols.map(symbolLine)]);
}

function symbolLine({ line, signature, container }: MappedSymbol): string {
  return `${container === undefined ? '  ' : '    '}${line}: ${signature}`;
}

function mappedSymbol({ name, kind, line, signature, container }: CodeSymbol): MappedSymbol {
  const bare = signature
    .replace(/\s+/g, ' ')
    // That it is for others is why it stands here, and its brackets tell a function.
    .replace(/^(?:export (?:default )?|public |pub(?:\([^)]*\))? )/, '')
    .replace(/^(?:function\*?|def|func|fn) (?=[\w$]+ ?[(<])/, '')
    .replace(/\s*(?:\{|=>\s*\{?|:|=)\s*$/, '');
  return { name, kind, line, signature: cutLine(bare, LONGEST), ...(container !== undefined && { container }) };
}

function weightOf({ kind, exported, container }: CodeSymbol, imported: number): number {
  return KINDS[kind] * (exported ? 1 : HIDDEN) * (container === undefined ? 1 : INSIDE) * (1 + Math.log2(1 + imported));
}

/** Which files need these, the first of them. */
function usersOf({ starts, targets, table }: Links, ids: ReadonlySet<number>): Map<number, number[]> {
  const users = new Map<number, number[]>([...ids].map((id) => [id, []]));
  for (let id = 0; id < table.paths.length; id += 1) {
    for (let at = starts[id] ?? 0; at < (starts[id + 1] ?? 0); at += 1) {
      const some = users.get(targets[at] ?? 0);
      if (some && some.length < MOST_USERS) some.push(id);
    }
  }
  return users;
}

/** How many of the files import a name that is here. */
function countsOf({ symbols }: Outline, users: readonly number[], { summaries }: Links): Map<string, number> {
  const counts = new Map(symbols.map(({ name }) => [name, 0]));
  for (const id of users) {
    const summary = summaries[id];
    for (const name of summary ? importedNames(summary) : []) {
      const count = counts.get(name);
      if (count !== undefined) counts.set(name, count + 1);
    }
  }
  return counts;
}
