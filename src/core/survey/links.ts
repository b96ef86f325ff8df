import { eachInTurn } from './inTurn.ts';
import type { KeptFile, Summary } from './memo.ts';
import { wordHashIn } from './packed.ts';
import { folderOf, type PathTable, pathTable } from './pathTable.ts';
import { importResolver, type Resolver, type Root } from './resolveImport.ts';

/** Which files with code need which others. */
export interface Links {
  table: PathTable;
  roots: readonly Root[];
  summaries: readonly (Summary | undefined)[];
  /** What file `id` needs is in `targets`, from `starts[id]` to `starts[id + 1]`. */
  starts: Int32Array;
  targets: Int32Array;
  /** How much each of these is needed: an import of a whole package is shared among its files. */
  weights: Float32Array;
}

/** @param files with code, sorted by path @param before what was found last: only what may be otherwise now is looked at again */
export async function linksOf(
  files: readonly Pick<KeptFile, 'entry' | 'traits' | 'summary'>[],
  roots: readonly Root[],
  before: Links | undefined,
  signal: AbortSignal,
): Promise<Links> {
  // What is known of a file may be otherwise while the walk takes a breath.
  const summaries = files.map(({ summary }) => summary ?? undefined);
  const isSame =
    before?.table.paths.length === files.length &&
    files.every(({ entry }, id) => entry.path === before.table.paths[id]);
  const old = before && sameRoots(before.roots, roots) ? before : undefined;
  if (old && isSame && summaries.every((summary, id) => summary === old.summaries[id])) return old;
  const table = old && isSame ? old.table : await pathTable(files, signal);
  const moved = old && !isSame ? movedFiles(old.table, table, roots) : undefined;
  const kept = isSame || moved ? old : undefined;
  const resolve = kept ? importResolver(table, roots) : remembering(importResolver(table, roots));
  const starts = new Int32Array(files.length + 1);
  // Room for as many as before: lists that grow one by one would be copied again and again.
  let targets = new Int32Array(before?.targets.length ?? files.length);
  let weights = new Float32Array(targets.length);
  let count = 0;
  const add = (target: number, weight: number): void => {
    if (count === targets.length) {
      const room = Math.ceil(count * 1.25) + 1024;
      [targets, weights] = [copied(targets, new Int32Array(room)), copied(weights, new Float32Array(room))];
    }
    targets[count] = target;
    weights[count] = weight;
    count += 1;
  };
  const link = (summary: Summary | undefined, id: number): void => {
    const was = kept ? (moved ? moved.oldIds[id] : id) : undefined;
    if (
      kept &&
      was !== undefined &&
      was >= 0 &&
      summary === kept.summaries[was] &&
      !(moved && summary && (moved.names.test(summary.imports) || needsGone(kept, was, moved)))
    ) {
      for (let at = kept.starts[was] ?? 0; at < (kept.starts[was + 1] ?? 0); at += 1) {
        const target = kept.targets[at] ?? 0;
        add(moved ? (moved.newIds[target] ?? 0) : target, kept.weights[at] ?? 0);
      }
    } else if (summary) {
      for (const [target, weight] of neededBy(id, table.paths[id] ?? '', summary, resolve)) add(target, weight);
    }
    starts[id + 1] = count;
  };
  await eachInTurn(summaries, link, signal);
  return { table, roots, summaries, starts, targets: targets.subarray(0, count), weights: weights.subarray(0, count) };
}

function copied<Numbers extends Int32Array | Float32Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}

/** Whether a file needed one that is gone, by whatever its import said. */
function needsGone({ starts, targets }: Links, id: number, { newIds }: Moved): boolean {
  for (let at = starts[id] ?? 0; at < (starts[id + 1] ?? 0); at += 1) {
    if ((newIds[targets[at] ?? 0] ?? -1) < 0) return true;
  }
  return false;
}

function sameRoots(before: readonly Root[], roots: readonly Root[]): boolean {
  return (
    before.length === roots.length &&
    roots.every(({ name, folder, kind }, at) => {
      const old = before[at];
      return old?.name === name && old.folder === folder && old.kind === kind;
    })
  );
}

/** With more files that came or went, all are looked at. */
const MOST_MOVED = 100;

interface Moved {
  /** By new ids; -1 for a file that came. */
  oldIds: Int32Array;
  /** By old ids; -1 for a file that went. */
  newIds: Int32Array;
  /** Finds what an import of a file that came or went says: its name, or its folder's. */
  names: RegExp;
}

/** @returns undefined where any import may mean something else now: too much is otherwise, or a package's main file */
function movedFiles(before: PathTable, now: PathTable, roots: readonly Root[]): Moved | undefined {
  const oldIds = new Int32Array(now.paths.length).fill(-1);
  const newIds = new Int32Array(before.paths.length).fill(-1);
  const changed: string[] = [];
  let [old, id] = [0, 0];
  while (old < before.paths.length || id < now.paths.length) {
    const [a, b] = [before.paths[old], now.paths[id]];
    if (a !== undefined && a === b) {
      oldIds[id] = old;
      newIds[old] = id;
      old += 1;
      id += 1;
    } else if (b === undefined || (a !== undefined && a < b)) {
      changed.push(a ?? '');
      old += 1;
    } else {
      changed.push(b);
      id += 1;
    }
    if (changed.length > MOST_MOVED) return undefined;
  }
  const names = new Set<string>();
  for (const path of changed) {
    const folder = folderOf(path);
    const name = path.slice(folder === '' ? 0 : folder.length + 1).replace(/\..*/, '');
    if (name.length < 2 || folder === '' || /^(index|__init__|mod|init|lib)$/.test(name)) return undefined;
    if (roots.some((root) => root.kind === 'go' && root.folder === folder)) return undefined;
    names.add(name);
    // Where a whole package can be imported, and that is a folder.
    if (/\.(go|java|kts?|scala|cs)$/.test(path)) names.add(folder.slice(folder.lastIndexOf('/') + 1));
  }
  const escaped = [...names].map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return { oldIds, newIds, names: new RegExp(escaped.join('|')) };
}

function neededBy(id: number, path: string, summary: Summary, resolve: Resolver): Map<number, number> {
  const needed = new Map<number, number>();
  for (const { from, names } of importsOf(summary)) {
    const files = resolve(path, from, names);
    // An import of more names is more of a need, but not by as much.
    const weight = (1 + Math.log2(1 + names.length)) / files.length;
    for (const file of files) if (file !== id) needed.set(file, (needed.get(file) ?? 0) + weight);
  }
  return needed;
}

/** Names that a file offers, each on a line of its own. */
export function offeredBy({ names, offered }: Summary): string {
  return names.slice(0, offered);
}

function importsOf({ imports }: Summary): { from: string; names: string[] }[] {
  const lines = imports.split('\n').slice(0, -1);
  return lines.map((line) => {
    const [from = '', names] = line.split('\t');
    return { from, names: names === undefined ? [] : names.split(' ') };
  });
}

const [TAB, SPACE] = [9, 32];

/** Of files that many others need, the same ones are asked each time, and many import the same. */
const MOST_HASHED = 4096;
const HASHED = new Map<string, Uint32Array>();

/** The `wordHash` of each name that is imported, whatever from. @param imports as a summary has them */
export function importedHashes(imports: string): Uint32Array {
  const known = HASHED.get(imports);
  if (known) return known;
  if (HASHED.size >= MOST_HASHED) HASHED.clear();
  const hashes = hashesIn(imports);
  HASHED.set(imports, hashes);
  return hashes;
}

function hashesIn(imports: string): Uint32Array {
  // A list that grows takes six times as much, and there are files with thousands.
  const hashes = new Uint32Array(countNames(imports));
  let count = 0;
  for (let line = 0; line < imports.length; ) {
    const next = imports.indexOf('\n', line);
    const end = next < 0 ? imports.length : next;
    const tab = imports.indexOf('\t', line);
    for (let at = tab < 0 || tab > end ? end + 1 : tab + 1; at <= end; ) {
      const space = imports.indexOf(' ', at);
      const stop = space < 0 || space > end ? end : space;
      hashes[count] = wordHashIn(imports, at, stop);
      count += 1;
      at = stop + 1;
    }
    line = end + 1;
  }
  return hashes.subarray(0, count);
}

/** At most: each stands after a tab or a space. */
function countNames(imports: string): number {
  let count = 0;
  for (let at = 0; at < imports.length; at += 1) {
    const unit = imports.charCodeAt(at);
    if (unit === TAB || unit === SPACE) count += 1;
  }
  return count;
}

/** While all files are looked at, in the order of their paths, the files of a folder ask for the same things again and again. */
function remembering(resolve: Resolver): Resolver {
  // Of the folders around a file: the others are not come by again.
  const known = new Map<string, Map<string, readonly number[]>>();
  let last = '';
  return (path, from, names) => {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    if (folder !== last) for (const one of known.keys()) if (!folder.startsWith(one)) known.delete(one);
    last = folder;
    const here = known.get(folder) ?? new Map<string, readonly number[]>();
    known.set(folder, here);
    const key = `${path.slice(path.lastIndexOf('.'))}\n${from}\n${names.join(' ')}`;
    const found = here.get(key) ?? resolve(path, from, names);
    here.set(key, found);
    return found;
  };
}
