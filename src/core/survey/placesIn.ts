import type { FileEntry } from '../ports.ts';

/**
 * Where the very same entry stands in the list before: lists are patched, so that most entries of the next one are. To be
 * asked in the order of the paths, by which both lists are sorted.
 * @returns undefined for an entry that was not in it
 */
export function placesIn(before: readonly FileEntry[]): (entry: FileEntry) => number | undefined {
  let at = 0;
  return (entry) => {
    // It is enough to compare entries: their paths only where some came or went.
    for (let old = before[at]; old && old !== entry && old.path < entry.path; old = before[at]) at += 1;
    return before[at] === entry ? at : undefined;
  };
}
