import { breather } from './breather.ts';
import type { Summary } from './memo.ts';
import { type PathTable, pathTable } from './pathTable.ts';
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

/** A file with code. */
export interface LinkedFile {
  path: string;
  isTest: boolean;
  summary: Summary | undefined;
}

/** @param files sorted by path @param before what was found last: only what is otherwise now is looked at again */
export async function linksOf(
  files: readonly LinkedFile[],
  roots: readonly Root[],
  before: Links | undefined,
  signal: AbortSignal,
): Promise<Links> {
  const same = before !== undefined && isOfSame(before, files, roots) ? before : undefined;
  if (same && files.every(({ summary }, id) => summary === same.summaries[id])) return same;
  const table = same?.table ?? pathTable(files);
  const resolve = same ? importResolver(table, roots) : remembering(importResolver(table, roots));
  const breathe = breather(signal);
  const news = new Map<number, Map<number, number>>();
  const starts = new Int32Array(files.length + 1);
  for (let id = 0; id < files.length; id += 1) {
    const { path, summary } = files[id] as LinkedFile;
    let count = same ? (same.starts[id + 1] ?? 0) - (same.starts[id] ?? 0) : 0;
    if (!same || summary !== same.summaries[id]) {
      const needed = summary ? neededBy(id, path, summary, resolve) : new Map<number, number>();
      news.set(id, needed);
      count = needed.size;
    }
    starts[id + 1] = (starts[id] ?? 0) + count;
    const pause = breathe();
    if (pause) await pause;
  }
  const targets = new Int32Array(starts[files.length] ?? 0);
  const weights = new Float32Array(targets.length);
  for (let id = 0; id < files.length; id += 1) {
    let at = starts[id] ?? 0;
    const needed = news.get(id);
    if (needed) {
      for (const [target, weight] of needed) {
        targets[at] = target;
        weights[at] = weight;
        at += 1;
      }
    } else if (same) {
      for (let old = same.starts[id] ?? 0; old < (same.starts[id + 1] ?? 0); old += 1, at += 1) {
        targets[at] = same.targets[old] ?? 0;
        weights[at] = same.weights[old] ?? 0;
      }
    }
  }
  return { table, roots, summaries: files.map(({ summary }) => summary), starts, targets, weights };
}

function isOfSame(before: Links, files: readonly { path: string }[], roots: readonly Root[]): boolean {
  const { paths } = before.table;
  return (
    paths.length === files.length &&
    files.every(({ path }, id) => path === paths[id]) &&
    before.roots.length === roots.length &&
    roots.every(({ name, folder, kind }, at) => {
      const old = before.roots[at];
      return old?.name === name && old.folder === folder && old.kind === kind;
    })
  );
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

/** Names that a file offers. */
export function offeredBy({ text }: Summary): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

export function importsOf({ text }: Summary): { from: string; names: string[] }[] {
  const lines = text.split('\n').slice(1);
  return lines.map((line) => {
    const [from = '', names] = line.split('\t');
    return { from, names: names === undefined ? [] : names.split(' ') };
  });
}

/** While all files are looked at, the files of a folder ask for the same things again and again. */
function remembering(resolve: Resolver): Resolver {
  const known = new Map<string, readonly number[]>();
  return (path, from, names) => {
    const key = `${path.slice(0, path.lastIndexOf('/') + 1)}\n${path.slice(path.lastIndexOf('.'))}\n${from}\n${names.join(' ')}`;
    const found = known.get(key) ?? resolve(path, from, names);
    known.set(key, found);
    return found;
  };
}
