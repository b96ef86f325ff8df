import type { FileLines, LineRange } from '../core/ports.ts';
import { decodeOther, strictly } from './otherEncodings.ts';
import type { ReadAt } from './plainFile.ts';

const PIECE = 256 * 1024;
const LINE_END = 0x0a;

/**
 * Lines of a file of any size, of which only these are held in memory. Reads no further than the range needs, except
 * where all lines shall be counted.
 * @param bytes the file's size
 */
export async function readFileLines(
  readAt: ReadAt,
  bytes: number,
  range: LineRange,
  signal: AbortSignal,
): Promise<FileLines> {
  const piece = Buffer.alloc(Math.min(PIECE, Math.max(1, bytes)));
  const kept = keepLines(range);
  let position = 0;
  for (;;) {
    signal.throwIfAborted();
    const bytesRead = await readAt(piece, position);
    const read = piece.subarray(0, bytesRead);
    if (position === 0 && read.includes(0)) return { kind: 'binary' };
    if (bytesRead === 0) break;
    position += bytesRead;
    kept.take(read);
    if (!range.countAll && kept.isFull()) return { kind: 'lines', bytes, ...kept.decoded() };
    range.onRead?.(position);
  }
  return { kind: 'lines', bytes, ...kept.decoded(), total: kept.total() };
}

/** Gathers the wanted lines out of pieces of a file. */
function keepLines({ from, to, maxChars }: LineRange) {
  /** The line that the next byte belongs to, and whether it has any bytes yet. */
  let line = 1;
  let begun = false;
  const pieces: Buffer[] = [];
  // A character has at most four bytes in UTF-8.
  let room = maxChars * 4;
  return {
    take(bytes: Buffer): void {
      let at = 0;
      while (at < bytes.length) {
        const found = bytes.indexOf(LINE_END, at);
        const end = found < 0 ? bytes.length : found + 1;
        if (line >= from && line <= to && room > 0) {
          const kept = Buffer.from(bytes.subarray(at, Math.min(end, at + room)));
          pieces.push(kept);
          room -= kept.length;
        }
        begun = found < 0;
        if (found >= 0) line += 1;
        at = end;
      }
    },
    isFull: () => line > to || room <= 0,
    total: () => (begun ? line : line - 1),
    /** A line that was cut for want of room ends in the middle, which may be in a character. */
    decoded(): { text: string; encoding?: string } {
      const bytes = Buffer.concat(pieces);
      const whole = room > 0 ? bytes : bytes.subarray(0, startOfLastCharacter(bytes));
      const text = strictly('utf-8', whole);
      return text === undefined ? (decodeOther(whole) ?? { text: whole.toString('utf8') }) : { text };
    },
  };
}

function startOfLastCharacter(bytes: Buffer): number {
  let at = bytes.length - 1;
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return Math.max(0, at);
}
