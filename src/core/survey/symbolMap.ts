import type { CodeSymbol, SymbolKind } from '../ports.ts';
import { cutLine } from '../tools/bounded.ts';
import { importedHashes, type Links } from './links.ts';
import { wordHash } from './packed.ts';
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

/** Files whose outlines are asked for together: there is room for the symbols of half of the candidates, mostly. */
const AT_ONCE = 64;

type OutlinesOf<File> = (files: readonly File[]) => Promise<readonly (Outline | undefined)[]>;

/**
 * The symbols that matter most, by their files' rank and by how many other files import them, as far as there is room.
 *
 * @param files the candidates, by their ids
 * @param outlinesOf asked for those of which a symbol may be among them; in their order, undefined where there is none
 * @param room characters of the text that `mapLines` makes of it
 */
export async function symbolMap<File extends Candidate>(
  files: readonly File[],
  outlinesOf: OutlinesOf<File>,
  { links, rank, room }: { links: Links; rank: Float64Array; room: number },
): Promise<MappedFile[]> {
  const chosen = new Map<number, MappedFile>();
  let left = room;
  let missed = 0;
  for await (const { id, path, symbol } of byImportance(files, outlinesOf, links, rank)) {
    const mapped = mappedSymbol(symbol);
    const file = chosen.get(id);
    const cost = symbolLine(mapped).length + 1 + (file ? 0 : path.length + 1);
    if (cost > left) {
      missed += 1;
      // What is less important does not take the place of what did not fit by a little.
      if (missed > 3) break;
      continue;
    }
    left -= cost;
    if (file) file.symbols.push(mapped);
    else chosen.set(id, { path, symbols: [mapped] });
  }
  const shown = [...chosen]
    .sort((a, b) => (rank[b[0]] ?? 0) - (rank[a[0]] ?? 0) || a[0] - b[0])
    .map(([, file]) => file);
  for (const { symbols } of shown) symbols.sort((a, b) => a.line - b.line);
  return shown;
}

interface Candidate {
  id: number;
  path: string;
}

interface Scored {
  id: number;
  path: string;
  symbol: CodeSymbol;
  score: number;
}

/** The most important symbol first. Those of a file are only looked at where one of them may be the next. */
async function* byImportance<File extends Candidate>(
  files: readonly File[],
  outlinesOf: OutlinesOf<File>,
  links: Links,
  rank: Float64Array,
): AsyncGenerator<Scored> {
  const users = usersOf(
    links,
    files.map(({ id }) => id),
  );
  const waiting = files
    .map((file) => {
      const importance = (rank[file.id] ?? 0) * (links.table.isTest[file.id] ? IN_TEST : 1);
      const needing = users.get(file.id) ?? [];
      return { file, importance, needing, most: importance * wanted(needing.length) };
    })
    .sort((a, b) => a.most - b.most);
  const importedBy = (id: number) => importedHashes(links.summaries[id]?.imports ?? '');
  const countsOf = importCounter();
  const outlines = new Map<number, Outline | undefined>();
  const outlineOf = async (id: number): Promise<Outline | undefined> => {
    if (!outlines.has(id)) {
      const some = waiting.slice(-AT_ONCE).map(({ file }) => file);
      const found = await outlinesOf(some);
      for (const [at, file] of some.entries()) outlines.set(file.id, found[at]);
    }
    const outline = outlines.get(id);
    // It is not asked for again.
    outlines.delete(id);
    return outline;
  };
  const begun: { scored: readonly Scored[]; at: number }[] = [];
  const first = () => {
    let best: (typeof begun)[number] | undefined;
    for (const one of begun) {
      if (one.at < one.scored.length && (!best || isBefore(one.scored[one.at], best.scored[best.at]))) best = one;
    }
    return best;
  };
  for (;;) {
    let best = first();
    for (let next = waiting.at(-1); next; next = waiting.at(-1)) {
      if (best && next.most < (best.scored[best.at]?.score ?? 0)) break;
      const outline = await outlineOf(next.file.id);
      waiting.pop();
      if (!outline) continue;
      const counts = countsOf(outline.symbols, next.needing.map(importedBy));
      begun.push({ scored: scoredSymbols(next.file, outline, next.importance, counts), at: 0 });
      best = first();
    }
    const scored = best?.scored[best.at];
    if (!best || !scored) return;
    yield scored;
    best.at += 1;
  }
}

function isBefore(a: Scored | undefined, b: Scored | undefined): boolean {
  if (!a || !b) return a !== undefined;
  return (b.score - a.score || a.id - b.id || a.symbol.line - b.symbol.line) < 0;
}

function scoredSymbols(
  { id, path }: Candidate,
  { symbols }: Outline,
  importance: number,
  imported: readonly number[],
): Scored[] {
  return symbols
    .map((symbol, at) => ({ id, path, symbol, score: importance * weightOf(symbol, imported[at] ?? 0) }))
    .sort((a, b) => b.score - a.score || a.symbol.line - b.symbol.line)
    .map((one, at) => {
      one.score *= FURTHER ** at;
      return one;
    });
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

/** No symbol weighs more than `wanted` of all the files that need its own. */
function weightOf({ kind, exported, container }: CodeSymbol, imported: number): number {
  return KINDS[kind] * (exported ? 1 : HIDDEN) * (container === undefined ? 1 : INSIDE) * wanted(imported);
}

function wanted(imported: number): number {
  return 1 + Math.log2(1 + imported);
}

/** Which files need these, the first of them. */
function usersOf({ starts, targets, table }: Links, ids: readonly number[]): Map<number, number[]> {
  const users = new Map<number, number[]>(ids.map((id) => [id, []]));
  const isAsked = new Uint8Array(table.paths.length);
  for (const id of ids) isAsked[id] = 1;
  for (let id = 0; id < table.paths.length; id += 1) {
    for (let at = starts[id] ?? 0; at < (starts[id + 1] ?? 0); at += 1) {
      const target = targets[at] ?? 0;
      const some = isAsked[target] ? users.get(target) : undefined;
      if (some && some.length < MOST_USERS) some.push(id);
    }
  }
  return users;
}

/**
 * For each symbol, how many of the files import its name. One for many outlines, as it has a table of its own.
 * @returns takes the hashes of the names that each of the files imports
 */
function importCounter(): (symbols: readonly CodeSymbol[], users: readonly Uint32Array[]) => number[] {
  // Files import hundreds of names each, and nearly all of these are others, as some bits of their hashes tell.
  const bits = new Uint8Array(4096);
  return (symbols, users) => {
    if (users.length === 0) return symbols.map(() => 0);
    const hashes = symbols.map(({ name }) => wordHash(name));
    const places = new Map<number, number>();
    for (const hash of hashes) {
      bits[hash & 4095] = 1;
      if (!places.has(hash)) places.set(hash, places.size);
    }
    const counts = new Int32Array(places.size);
    const last = new Int32Array(places.size).fill(-1);
    for (const [user, imported] of users.entries()) {
      for (let at = 0; at < imported.length; at += 1) {
        const hash = imported[at] ?? 0;
        const place = bits[hash & 4095] === 1 ? places.get(hash) : undefined;
        if (place === undefined || last[place] === user) continue;
        last[place] = user;
        counts[place] = (counts[place] ?? 0) + 1;
      }
    }
    for (const hash of hashes) bits[hash & 4095] = 0;
    return hashes.map((hash) => counts[places.get(hash) ?? 0] ?? 0);
  };
}
