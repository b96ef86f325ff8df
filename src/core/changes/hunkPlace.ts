import type { EditBlock } from './block.ts';
import { linesOf } from './textLines.ts';

/**
 * The line (1-based) that a hunk says it is at, for where its lines are found in several places: by its numbers, by the
 * lines that it is said to come after, or as the end of the file. Undefined where it says nothing, or nothing clear.
 */
export function hintOf({ startLine, hunk, search }: EditBlock, current: string): number | undefined {
  if (startLine !== undefined || hunk === undefined) return startLine;
  const lines = linesOf(current).map((line) => line.trim());
  if (hunk.atEnd) return lines.length;
  if (hunk.after === undefined) return undefined;
  let from = 0;
  for (const anchor of hunk.after) {
    const at = onlyLine(lines, anchor.trim(), from);
    if (at === undefined) return undefined;
    from = at + 1;
  }
  // The anchor itself may be the first line of what follows it.
  const wanted = search.map((line) => line.trim());
  for (let at = Math.max(0, from - 1); at + wanted.length <= lines.length; at++) {
    if (wanted.every((line, i) => line === lines[at + i])) return at + 1;
  }
  return undefined;
}

/** The one line that is the anchor, or else the one that holds it. */
function onlyLine(lines: readonly string[], anchor: string, from: number): number | undefined {
  for (const isMeant of [(line: string) => line === anchor, (line: string) => line.includes(anchor)]) {
    const found = lines.flatMap((line, at) => (at >= from && isMeant(line) ? [at] : []));
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
  }
  return undefined;
}
