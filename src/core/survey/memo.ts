import type { Code, FileEntry } from '../ports.ts';
import { isIn } from '../tools/givenPath.ts';
import type { Manifest } from '../tools/manifests/manifests.ts';
import { eachInTurn } from './inTurn.ts';
import type { Links } from './links.ts';
import type { Packed } from './packed.ts';
import { type Traits, traitsOf } from './traits.ts';

/** What is known of code, small enough to be kept of a hundred thousand files. */
export interface Summary {
  lines: number;
  /** How many symbols it has. */
  symbols: number;
  /** All names that it defines, each once and with a line end; those that it offers come first. */
  names: string;
  /** So much of the names is of those that it offers. */
  offered: number;
  /** For each import a line, with its end: from where; where it names any, a tab and the names. */
  imports: string;
  /** Of its doc comments; undefined where it has none, null where there were too many files to keep them. */
  docs: Packed | null | undefined;
}

/** What was found of a file's content. Null: there is nothing to be found; undefined: it is not known. */
export interface Findings {
  summary: Summary | null | undefined;
  /** Of a document. */
  passages: Packed | null | undefined;
  manifest: Manifest | null | undefined;
}

/** A file as it was listed, and what was found of it. */
export interface KeptFile extends Findings {
  entry: FileEntry;
  traits: Traits;
  /** Of the content that the findings are of. */
  hash: string | undefined;
}

/** All files of a workspace, as they were listed. */
export interface Kept {
  /** Most of those of the next list are the very same. */
  entries: readonly FileEntry[];
  /** In the order of the entries. */
  files: readonly KeptFile[];
  /** Those of them that are code. */
  code: readonly KeptFile[];
}

/** What was found of the files of a workspace when they were looked at last: what is of another content by now is found anew. */
export interface Memo {
  kept: Kept;
  /** There are few different ones: each once, by what they say. */
  traits: Map<string, Traits>;
  links?: Links;
  /** How much each of these matters, where nothing particular is asked for. */
  rank?: { links: Links; rank: Float64Array };
}

/** Of so many workspaces; one that was not looked at for longer is looked at anew. */
const MOST_WORKSPACES = 4;
const MEMOS = new WeakMap<Code, Map<string, Memo>>();

/**
 * It lives as long as the port that reads code, which a process has for all its crews. By the workspace's root, not by the
 * workspace itself, as there is a new one over it for every call of an agent with changes; contents are compared, so that
 * one sees nothing of another's.
 */
export function memoOf(code: Code, root: string): Memo {
  const memos = MEMOS.get(code) ?? new Map<string, Memo>();
  MEMOS.set(code, memos);
  const memo = memos.get(root) ?? { kept: { entries: [], files: [], code: [] }, traits: new Map() };
  // The one looked at last is the last of the map.
  memos.delete(root);
  memos.set(root, memo);
  for (const oldest of [...memos.keys()].slice(0, -MOST_WORKSPACES)) memos.delete(oldest);
  return memo;
}

/** What is kept of files, in their order; of others it is forgotten. @param entries sorted by path */
export async function keptOf(memo: Memo, entries: readonly FileEntry[], signal: AbortSignal): Promise<Kept> {
  if (memo.kept.entries === entries) return memo.kept;
  const before = memo.kept.files;
  // With room for all: a list that grows takes four times as much meanwhile.
  const files = new Array<KeptFile>(entries.length);
  let at = 0;
  const keep = (entry: FileEntry, place: number): void => {
    // It is enough to compare entries: their paths only where some are others.
    for (let old = before[at]; old && old.entry !== entry && old.entry.path < entry.path; old = before[at]) at += 1;
    files[place] = keptFile(memo, entry, before[at]);
  };
  await eachInTurn(entries, keep, signal);
  memo.kept = { entries, files, code: files.filter(({ traits }) => traits.isCode) };
  return memo.kept;
}

/** @param old may be another file */
function keptFile(memo: Memo, entry: FileEntry, old: KeptFile | undefined): KeptFile {
  if (old?.entry === entry) return old;
  const same = old?.entry.path === entry.path ? old : undefined;
  // Who still looks at the list before keeps its own.
  return {
    entry,
    traits: same?.traits ?? traitsIn(memo, entry.path),
    hash: same?.hash,
    summary: same?.summary,
    passages: same?.passages,
    manifest: same?.manifest,
  };
}

/** Those below a folder, and itself; "." is the workspace. */
export function filesUnder(files: readonly KeptFile[], folder: string): readonly KeptFile[] {
  return folder === '.' ? files : files.filter(({ entry }) => isIn(entry.path, folder));
}

/** The file of a path. @param files sorted by path */
export function fileAt(files: readonly KeptFile[], path: string): KeptFile | undefined {
  let [from, to] = [0, files.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((files[middle] as KeptFile).entry.path < path) from = middle + 1;
    else to = middle;
  }
  return files[from]?.entry.path === path ? files[from] : undefined;
}

function traitsIn({ traits }: Memo, path: string): Traits {
  const found = traitsOf(path);
  const key = JSON.stringify(found);
  const known = traits.get(key) ?? found;
  traits.set(key, known);
  return known;
}
