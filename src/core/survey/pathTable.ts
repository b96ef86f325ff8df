import { eachInTurn } from './inTurn.ts';
import type { KeptFile } from './memo.ts';
import { wordHash } from './packed.ts';

/** Files with code, and how they are found by what an import says. */
export interface PathTable {
  /** Sorted. A file's id is its place here. */
  paths: readonly string[];
  byPath: Ids;
  /** By the file's name without its extension; a folder's main file (`index.ts`, `__init__.py`, `mod.rs`) by the folder's name, too. */
  byName: Ids;
  /** The files right in a folder. */
  byFolder: Ids;
  /** 1 where it is. */
  isTest: Uint8Array;
}

/**
 * Ids by a text: sorted numbers, each a hash of the text and below it an id. This takes a small part of what maps would. Another text
 * may have the same hash, so whoever looks up has to look at what he finds.
 */
type Ids = Float64Array;

/** Ids are below it, and with a hash of 32 bits a number is still exact. */
const MOST_FILES = 2 ** 21;

export async function pathTable(
  files: readonly Pick<KeptFile, 'entry' | 'traits'>[],
  signal: AbortSignal,
): Promise<PathTable> {
  const paths = files.map(({ entry }) => entry.path);
  const byPath = new Float64Array(paths.length);
  const byFolder = new Float64Array(paths.length);
  const byName: number[] = [];
  const add = (path: string, id: number): void => {
    const folder = folderOf(path);
    const name = withoutExtension(path.slice(folder === '' ? 0 : folder.length + 1));
    byPath[id] = idBy(path, id);
    byFolder[id] = idBy(folder, id);
    byName.push(idBy(name, id));
    if (isMain(name)) byName.push(idBy(folder.slice(folder.lastIndexOf('/') + 1), id));
  };
  await eachInTurn(paths, add, signal);
  return {
    paths,
    byPath: byPath.sort(),
    byName: Float64Array.from(byName).sort(),
    byFolder: byFolder.sort(),
    isTest: Uint8Array.from(files, ({ traits }) => Number(traits.isTest)),
  };
}

function idBy(text: string, id: number): number {
  return wordHash(text) * MOST_FILES + id;
}

/** In their order, with those of other texts that have the same hash. */
function idsBy(text: string, ids: Ids): number[] {
  const first = idBy(text, 0);
  let [from, to] = [0, ids.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((ids[middle] ?? 0) < first) from = middle + 1;
    else to = middle;
  }
  const found: number[] = [];
  for (let at = from; at < ids.length && (ids[at] ?? 0) < first + MOST_FILES; at += 1)
    found.push((ids[at] ?? 0) - first);
  return found;
}

/** The file of a path. */
export function idOf({ paths, byPath }: PathTable, path: string): number | undefined {
  return idsBy(path, byPath).find((id) => paths[id] === path);
}

/** The files right in a folder, in their order. */
export function filesOf({ paths, byFolder }: PathTable, folder: string): number[] {
  return idsBy(folder, byFolder).filter((id) => folderOf(paths[id] ?? '') === folder);
}

/** "" is the workspace. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function withoutExtension(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path;
}

function isMain(name: string): boolean {
  return name === 'index' || name === '__init__' || name === 'mod' || name === 'init';
}

/** The module that a file is: `a/b` for `a/b.py` and for `a/b/__init__.py`. */
function moduleOf(path: string): string {
  const module = withoutExtension(path);
  const slash = module.lastIndexOf('/');
  return slash > 0 && isMain(module.slice(slash + 1)) ? module.slice(0, slash) : module;
}

/**
 * The file of a module whose path ends so, the nearest to who asks for it where there are many; undefined where there is none.
 *
 * @param module the end of a path, without an extension
 * @param fits whether a file may be meant
 */
export function moduleEnding(
  table: PathTable,
  module: string,
  from: string,
  fits: (path: string) => boolean,
): number | undefined {
  let best: number | undefined;
  let nearness = -1;
  for (const id of idsBy(module.slice(module.lastIndexOf('/') + 1), table.byName)) {
    const path = table.paths[id] ?? '';
    if (!fits(path)) continue;
    const whole = moduleOf(path);
    if (whole !== module && !whole.endsWith(`/${module}`)) continue;
    const near = commonFolders(path, from) * 1000 - path.length;
    if (best === undefined || near > nearness) [best, nearness] = [id, near];
  }
  return best;
}

function commonFolders(a: string, b: string): number {
  let count = 0;
  for (let at = 0; at < a.length && a[at] === b[at]; at += 1) if (a[at] === '/') count += 1;
  return count;
}
