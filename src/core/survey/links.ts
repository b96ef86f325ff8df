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

/** @param files sorted by path @param before what was found last: only what is otherwise now is looked at again */
export async function linksOf(
  files: readonly { path: string; summary: Summary | undefined }[],
  roots: readonly Root[],
  before: Links | undefined,
  signal: AbortSignal,
): Promise<Links> {
  const same = before !== undefined && isOfSame(before, files, roots) ? before : undefined;
  if (same && files.every(({ summary }, id) => summary === same.summaries[id])) return same;
  const table = same?.table ?? pathTable(files.map(({ path }) => path));
  const resolve = same ? importResolver(table, roots) : remembering(importResolver(table, roots));
  const breathe = breather(signal);
  const starts = new Int32Array(files.length + 1);
  const targets: number[] = [];
  const weights: number[] = [];
  for (const [id, { path, summary }] of files.entries()) {
    starts[id] = targets.length;
    if (same && summary === same.summaries[id]) {
      for (let at = same.starts[id] ?? 0; at < (same.starts[id + 1] ?? 0); at += 1) {
        targets.push(same.targets[at] ?? 0);
        weights.push(same.weights[at] ?? 0);
      }
    } else if (summary) {
      for (const [target, weight] of neededBy(id, path, summary, resolve)) {
        targets.push(target);
        weights.push(weight);
      }
    }
    await breathe();
  }
  starts[files.length] = targets.length;
  return {
    table,
    roots,
    summaries: files.map(({ summary }) => summary),
    starts,
    targets: Int32Array.from(targets),
    weights: Float32Array.from(weights),
  };
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
