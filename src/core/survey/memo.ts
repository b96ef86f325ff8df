import type { Code, FileEntry } from '../ports.ts';
import type { Manifest } from '../tools/manifests/manifests.ts';
import { breather } from './breather.ts';
import type { Links } from './links.ts';
import type { Packed } from './packed.ts';
import { placesIn } from './placesIn.ts';
import { type Traits, traitsOf } from './traits.ts';

/** What is known of code, small enough to be kept of a hundred thousand files. */
export interface Summary {
  lines: number;
  /** How many symbols it has. */
  symbols: number;
  /** Names that it offers, on a line; then for each import a line: from where, a tab, and the names. */
  text: string;
  /** All names that it defines, each once and on a line of its own. */
  names: string;
  /** The names that it imports, where somebody has asked for them. */
  imported?: readonly string[];
  /** Of its doc comments; absent where it has none, null where there were too many files to keep them. */
  docs?: Packed | null;
}

/** What was found of a file's content. Null: there is nothing to be found. */
export interface Findings {
  summary?: Summary | null;
  /** Of a document. */
  passages?: Packed | null;
  manifest?: Manifest | null;
}

export interface KeptFile {
  path: string;
  traits: Traits;
  /** Of the content that the findings are of. */
  hash: string | undefined;
  found: Findings;
}

/** What was found of the files of a workspace when they were looked at last: what is of another content by now is found anew. */
export interface Memo {
  files: Map<string, KeptFile>;
  /** Those of what was listed last: most entries of the next list are the very same. */
  last?: { entries: readonly FileEntry[]; kept: readonly KeptFile[] };
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
  const memo = memos.get(root) ?? { files: new Map(), traits: new Map() };
  // The one looked at last is the last of the map.
  memos.delete(root);
  memos.set(root, memo);
  for (const oldest of [...memos.keys()].slice(0, -MOST_WORKSPACES)) memos.delete(oldest);
  return memo;
}

/** What is kept of files, in their order. Of others it is forgotten, now and then. @param entries sorted by path */
export async function keptOf(
  memo: Memo,
  entries: readonly FileEntry[],
  signal: AbortSignal,
): Promise<readonly KeptFile[]> {
  const before = memo.last ?? { entries: [], kept: [] };
  if (before.entries === entries) return before.kept;
  const breathe = breather(signal);
  const placeBefore = placesIn(before.entries);
  const kept: KeptFile[] = [];
  for (const entry of entries) {
    kept.push(before.kept[placeBefore(entry) ?? -1] ?? keptFile(memo, entry.path));
    const pause = breathe();
    if (pause) await pause;
  }
  if (memo.files.size > entries.length * 1.25 + 500) memo.files = new Map(kept.map((file) => [file.path, file]));
  memo.last = { entries, kept };
  return kept;
}

/** What is kept of some files, in their order. */
export function keptFiles(memo: Memo, files: readonly FileEntry[]): KeptFile[] {
  return files.map(({ path }) => keptFile(memo, path));
}

function keptFile(memo: Memo, path: string): KeptFile {
  const known = memo.files.get(path);
  if (known) return known;
  const file: KeptFile = { path, traits: traitsIn(memo, path), hash: undefined, found: {} };
  memo.files.set(path, file);
  return file;
}

function traitsIn({ traits }: Memo, path: string): Traits {
  const found = traitsOf(path);
  const key = JSON.stringify(found);
  const known = traits.get(key) ?? found;
  traits.set(key, known);
  return known;
}
