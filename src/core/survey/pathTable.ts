import { breather } from './breather.ts';

/** Files with code, and how they are found by what an import says. */
export interface PathTable {
  /** Sorted. A file's id is its place here. */
  paths: readonly string[];
  ids: ReadonlyMap<string, number>;
  /** By the file's name without its extension; a folder's main file (`index.ts`, `__init__.py`, `mod.rs`) by the folder's name, too. */
  byName: ReadonlyMap<string, number | readonly number[]>;
  /** The files right in a folder. */
  byFolder: ReadonlyMap<string, readonly number[]>;
  isTest: readonly boolean[];
}

export async function pathTable(
  files: readonly { path: string; isTest: boolean }[],
  signal: AbortSignal,
): Promise<PathTable> {
  const paths = files.map(({ path }) => path);
  const ids = new Map<string, number>();
  // Most names are there once: without a list for each, this takes half the memory.
  const byName = new Map<string, number | number[]>();
  const byFolder = new Map<string, number[]>();
  const addName = (name: string, id: number) => {
    const some = byName.get(name);
    if (typeof some === 'object') some.push(id);
    else byName.set(name, some === undefined ? id : [some, id]);
  };
  const breathe = breather(signal);
  for (const [id, path] of paths.entries()) {
    ids.set(path, id);
    const folder = folderOf(path);
    const name = withoutExtension(path.slice(folder === '' ? 0 : folder.length + 1));
    const inFolder = byFolder.get(folder);
    if (inFolder) inFolder.push(id);
    else byFolder.set(folder, [id]);
    addName(name, id);
    if (isMain(name)) addName(folder.slice(folder.lastIndexOf('/') + 1), id);
    const pause = breathe();
    if (pause) await pause;
  }
  return { paths, ids, byName, byFolder, isTest: files.map(({ isTest }) => isTest) };
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
  const named = table.byName.get(module.slice(module.lastIndexOf('/') + 1)) ?? [];
  for (const id of typeof named === 'number' ? [named] : named) {
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
