import { beginsPatch } from './applyPatch.ts';
import { openingMarker } from './blockLines.ts';
import { type BlockReader, type OpenFence, outdented } from './blockReader.ts';
import { beginsDiff, beginsHunk, readUnifiedDiff } from './unifiedDiff.ts';

/**
 * Reads a fence that is said to hold a diff, but begins with neither a file's header nor a hunk's: where the file is named
 * for it, its lines are one hunk; else it is an example.
 */
export function readDiffFence(fence: OpenFence, head: { path?: string; explanation: string }): BlockReader {
  const blank: string[] = [];
  let diff: BlockReader | undefined;
  return {
    take(line) {
      if (diff) return diff.take(line);
      const text = outdented(line, fence.indent);
      if (text.trim() === '') {
        blank.push(line);
        return { blocks: [] };
      }
      const isOther = openingMarker(text) || beginsPatch(text) || beginsDiff(text) || beginsHunk(text);
      if (isOther || head.path === undefined || !/^[ +-]/.test(text)) {
        return { blocks: [], over: { again: [...blank, line] } };
      }
      diff = readOutdented(readUnifiedDiff(head, fence), fence.indent);
      return diff.take(line);
    },
    end: (how) => diff?.end(how) ?? [],
  };
}

/** Reads lines that may all be indented, as in an item of a list. */
export function readOutdented(reader: BlockReader, indent: string): BlockReader {
  if (indent === '') return reader;
  return {
    take(line) {
      const taken = reader.take(outdented(line, indent));
      const again = taken.over?.again;
      // The last one to be read again is this line; whoever reads it wants it as it is.
      return again?.length ? { ...taken, over: { ...taken.over, again: [...again.slice(0, -1), line] } } : taken;
    },
    end: ({ partial, ...how }) =>
      reader.end({ ...how, ...(partial !== undefined && { partial: outdented(partial, indent) }) }),
    closes: (line) => reader.closes?.(outdented(line, indent)) ?? false,
  };
}
