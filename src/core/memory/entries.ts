import { parsedJson } from '../models/parsedJson.ts';
import type { MemoryEntry } from '../ports.ts';
import { cutLine } from '../tools/bounded.ts';

/** Entries that are kept of a workspace. */
export const MOST_ENTRIES = 200;

/** Characters of an entry's text. */
export const MOST_TEXT = 600;

/** Plans that are kept in all. */
export const MOST_PLANS = 200;

/** Paths of an entry: what touches more is about no file in particular. */
const MOST_PATHS = 20;

/** An entry as it may be kept: text and paths beyond the bounds are cut. */
export function boundedEntry({ id, kind, text, paths, at, run }: MemoryEntry): MemoryEntry {
  return {
    id,
    kind,
    text: cutLine(text, MOST_TEXT),
    paths: paths.slice(0, MOST_PATHS),
    at,
    ...(run === undefined ? {} : { run }),
  };
}

/** Oldest first, the newest `MOST_ENTRIES` of them; `dropped` are the others. */
export function newestEntries(entries: readonly MemoryEntry[]): { kept: MemoryEntry[]; dropped: MemoryEntry[] } {
  const sorted = entries.toSorted((a, b) => compare(a.at, b.at) || compare(a.id, b.id));
  return { kept: sorted.slice(-MOST_ENTRIES), dropped: sorted.slice(0, -MOST_ENTRIES) };
}

/** An entry from the JSON text that a store kept of it; undefined where it is damaged, or of a newer version. */
export function entryFrom(json: string): MemoryEntry | undefined {
  const value = parsedJson(json);
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, kind, text, paths, at, run } = value as Record<string, unknown>;
  if (typeof id !== 'string' || typeof text !== 'string' || typeof at !== 'string') return undefined;
  if (kind !== 'failure' && kind !== 'convention') return undefined;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) return undefined;
  return boundedEntry({ id, kind, text, paths, at, ...(typeof run === 'string' ? { run } : {}) });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
