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

/**
 * The symbols that matter most, by their files' rank and by how many other files import them, as far as there is room.
 *
 * @param files the candidates, by their ids, with their outlines
 * @param room characters of the text that `mapLines` makes of it
 */
export function symbolMap(files: readonly Candidate[], links: Links, rank: Float64Array, room: number): MappedFile[] {
  const chosen = new Map<number, MappedFile>();
  let missed = 0;
  for (const { id, path, symbol } of byImportance(files, links, rank)) {
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

interface Candidate {
  id: number;
  path: string;
  outline: Outline;
}

interface Scored {
  id: number;
  path: string;
  symbol: CodeSymbol;
  score: number;
}

/** The most important symbol first. Those of a file are only looked at where one of them may be the next. */
function* byImportance(files: readonly Candidate[], links: Links, rank: Float64Array): Generator<Scored> {
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
  // Many files are asked again, and many import the same.
  const known = new Map<string, Uint32Array>();
  const importedBy = (id: number) => {
    const imports = links.summaries[id]?.imports ?? '';
    const hashes = known.get(imports) ?? importedHashes(imports);
    known.set(imports, hashes);
    return hashes;
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
      waiting.pop();
      begun.push({
        scored: scoredSymbols(next.file, next.importance, countsOf(next.file.outline, next.needing.map(importedBy))),
        at: 0,
      });
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
  { id, path, outline }: Candidate,
  importance: number,
  imported: ReadonlyMap<string, number>,
): Scored[] {
  return outline.symbols
    .map((symbol) => ({ id, path, symbol, score: importance * weightOf(symbol, imported.get(symbol.name) ?? 0) }))
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

/** How many of the files import a name that is here. @param users the hashes of the names that each of them imports */
function countsOf({ symbols }: Outline, users: readonly Uint32Array[]): Map<string, number> {
  const counts = new Map<string, number>();
  if (users.length === 0) return counts;
  const byHash = new Map<number, { count: number; last: number }>();
  // Files import hundreds of names each, and nearly all of these are others, as some bits of their hashes tell.
  const bits = new Uint8Array(4096);
  for (const { name } of symbols) {
    const hash = wordHash(name);
    byHash.set(hash, { count: 0, last: -1 });
    bits[hash & 4095] = 1;
  }
  for (const [user, hashes] of users.entries()) {
    for (const hash of hashes) {
      const counted = bits[hash & 4095] === 1 ? byHash.get(hash) : undefined;
      if (!counted || counted.last === user) continue;
      counted.last = user;
      counted.count += 1;
    }
  }
  for (const { name } of symbols) counts.set(name, byHash.get(wordHash(name))?.count ?? 0);
  return counts;
}
