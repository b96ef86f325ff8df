import type { Code } from '../ports.ts';
import type { Manifest } from '../tools/manifests/manifests.ts';
import type { Links } from './links.ts';
import type { Packed } from './packed.ts';

/** What is known of a file's content, small enough to be kept of a hundred thousand files. */
export interface Summary {
  lines: number;
  /** How many symbols it has. */
  symbols: number;
  /** Names that it offers, on a line; then for each import a line: from where, a tab, and the names. */
  text: string;
  /** Of its doc comments; absent where it has none. */
  docs?: Packed;
}

/**
 * What was found of the contents of files, by their hashes: the same in every workspace, and below every change set.
 * Only what is in use is kept.
 */
export interface Memo {
  code: Map<string, Summary>;
  documents: Map<string, Packed>;
  manifests: Map<string, Manifest>;
  /** Of the files that were looked at last. */
  links?: Links;
  /** How much each of these matters, where nothing particular is asked for. */
  rank?: { links: Links; rank: Float64Array };
}

const MEMOS = new WeakMap<Code, Memo>();

/**
 * It lives as long as the port that reads code: one a crew. Not by the workspace, as there is a new one over it for every
 * call of an agent with changes.
 */
export function memoOf(code: Code): Memo {
  const memo = MEMOS.get(code) ?? { code: new Map(), documents: new Map(), manifests: new Map() };
  MEMOS.set(code, memo);
  return memo;
}

/** Forgets what is of no file any more, now and then: files of change sets come and go. */
export function forgetOthers(known: Map<string, unknown>, used: ReadonlySet<string>): void {
  if (known.size <= used.size * 1.25 + 500) return;
  for (const key of known.keys()) if (!used.has(key)) known.delete(key);
}
