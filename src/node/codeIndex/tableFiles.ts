import { join } from 'node:path';
import { fileRows, type TableEntry } from './fileRows.ts';
import { isSameStamp, isSettled, lookAt, stampOf } from './fileStamp.ts';

/** The files of a table, one by one. */
export interface TableFiles {
  readonly entries: ReadonlyMap<string, TableEntry>;
  /** Files whose content is to be read. */
  readonly stale: Set<TableEntry>;
  /** What is listed as soon as it is there. */
  readonly absent: Set<string>;
  /** Files with other names elsewhere: a change under such a name is not told of. */
  readonly shared: ReadonlySet<string>;
  /** Rises with every change. */
  readonly version: number;
  /** Links to files. */
  readonly links: ReadonlySet<string>;
  /** The paths of which something is otherwise since a version; undefined where that is not known any more. */
  changedSince(version: number): string[] | undefined;
  /** Says that something is known of a file now. */
  touch(path: string): void;
  /** Looks at a file that is listed. @param mayHaveChanged also where it looks the same */
  take(path: string, mayHaveChanged: boolean): void;
  vanish(path: string, mayComeBack: boolean): void;
  /** The content of a file is to be read again. */
  doubt(path: string): void;
  /** False while all files are listed anew: then not all of them are there. */
  readonly isWhole: boolean;
  /** Forgets all files; those that are taken until the returned function is called are known from before. */
  beginAnew(): () => void;
}

/** Changed paths that are remembered: with more, it is quicker to look at all. */
const MOST_CHANGED = 2000;

/** @param root absolute, real path */
export function openTableFiles(root: string): TableFiles {
  const rows = fileRows();
  const entries = new Map<string, TableEntry>();
  const stale = new Set<TableEntry>();
  const absent = new Set<string>();
  const shared = new Set<string>();
  const links = new Set<string>();
  let version = 0;
  /** By path, in the order of the versions that they changed with; from `remembered` on. */
  const changed = new Map<string, number>();
  let remembered = 0;
  let former: Map<string, TableEntry> | undefined;

  function touch(path: string): void {
    version += 1;
    changed.delete(path);
    changed.set(path, version);
    if (changed.size > MOST_CHANGED) forgetChanges();
  }

  function forgetChanges(): void {
    changed.clear();
    remembered = version;
  }

  function take(path: string, mayHaveChanged: boolean): void {
    const found = lookAt(join(root, path));
    if (!found || !(found.isFile() || found.isSymbolicLink())) {
      vanish(path, true);
      return;
    }
    absent.delete(path);
    const stamp = stampOf(found);
    const isLink = found.isSymbolicLink();
    const old = entries.get(path) ?? former?.get(path);
    if (old && old.isLink === isLink && isSameStamp(old, stamp)) {
      const isSure = !old.kind || (!mayHaveChanged && isSettled(old, old.readAt));
      if (isSure || isLink) {
        entries.set(path, old);
        if (isLink) links.add(path);
        return;
      }
    }
    const entry = old ?? rows.add(path);
    entry.isLink = isLink;
    entry.setFacts(undefined);
    entry.setStamp(stamp);
    entries.set(path, entry);
    if (isLink) links.add(path);
    else links.delete(path);
    touch(path);
    if (found.nlink > 1 && !isLink) shared.add(path);
    else shared.delete(path);
    if (isLink) stale.delete(entry);
    else stale.add(entry);
  }

  function vanish(path: string, mayComeBack: boolean): void {
    const entry = entries.get(path);
    if (entry) {
      entries.delete(path);
      stale.delete(entry);
      rows.remove(entry);
      former?.delete(path);
      shared.delete(path);
      links.delete(path);
      touch(path);
      if (mayComeBack) absent.add(path);
    }
  }

  function doubt(path: string): void {
    const entry = entries.get(path);
    if (!entry || entry.isLink) return;
    entry.setFacts(undefined);
    stale.add(entry);
    touch(path);
  }

  return {
    entries,
    stale,
    absent,
    shared,
    get version() {
      return version;
    },
    links,
    get isWhole() {
      return former === undefined;
    },
    changedSince(since) {
      if (since < remembered) return undefined;
      return [...changed].flatMap(([path, at]) => (at > since ? [path] : []));
    },
    touch,
    take,
    vanish,
    doubt,
    beginAnew() {
      const before = new Map(entries);
      former = before;
      entries.clear();
      links.clear();
      absent.clear();
      return () => {
        former = undefined;
        version += 1;
        forgetChanges();
        for (const [path, entry] of before) {
          if (entries.has(path)) continue;
          stale.delete(entry);
          rows.remove(entry);
          shared.delete(path);
        }
      };
    },
  };
}
