import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { mayHold } from './grams.ts';

/** Filters of many files, one after another on disk. */
export interface FilterPart {
  /** @param filter its number */
  add(filter: number, words: Uint32Array): void;
  /** Calls for each filter of a text in which one text of each list may be. */
  eachMaybe(lists: readonly (readonly Uint32Array[])[], call: (filter: number) => void): void;
  /** The filters, as they were added. */
  each(call: (filter: number, words: Uint32Array) => void): void;
  /** Their numbers, in the same order, and how many words each has. */
  rows(): Iterable<readonly [filter: number, words: number]>;
  readonly size: number;
  close(): void;
}

/** Filters in a file: their numbers, and how many words each has. */
export interface FilterRows {
  filters: Uint32Array;
  words: Uint32Array;
}

/** Words that are kept in memory, where that is all: 32 MB. */
const IN_MEMORY = 8 * 1024 * 1024;
/** Words that are read or written at once: 1 MB. */
const BLOCK = 256 * 1024;

/**
 * @param file absolute path
 * @param options.rows those that are in the file already; none: the file is made, and removed in the end
 */
export function openFilterPart(file: string, options: { rows?: FilterRows; start?: number } = {}): FilterPart {
  const { rows, start = 0 } = options;
  const isOwn = rows === undefined;
  const descriptor = openSync(file, isOwn ? 'wx+' : 'r', 0o600);
  let filters = rows?.filters ?? new Uint32Array(64);
  let lengths = rows?.words ?? new Uint32Array(64);
  let size = rows?.words.length ?? 0;
  /** Words before what is still in `tail`. */
  let written = rows?.words.reduce((sum, words) => sum + words, 0) ?? 0;
  let tail = new Uint32Array(BLOCK);
  let inTail = 0;
  let whole: Uint32Array | undefined;
  /** What is read block by block: for every search anew, it would be a megabyte that is to be collected. */
  let block = new Uint32Array(0);

  function flush(): void {
    writeWords(descriptor, tail.subarray(0, inTail), start + written * 4);
    written += inTail;
    inTail = 0;
    if (tail.length > BLOCK) tail = new Uint32Array(BLOCK);
  }

  /** Goes through the filters block by block; a filter is never cut. */
  function walk(visit: (row: number, words: Uint32Array, at: number, length: number) => void): void {
    if (isOwn || written > IN_MEMORY) whole = undefined;
    else whole ??= readWords(descriptor, start, written, new Uint32Array(written));
    let row = 0;
    for (let at = 0; at < written; ) {
      let count = 0;
      let end = row;
      while (end < size && at + count < written && (count === 0 || count + (lengths[end] ?? 0) <= BLOCK)) {
        count += lengths[end] ?? 0;
        end += 1;
      }
      if (!whole && block.length < count) block = new Uint32Array(Math.max(count, BLOCK));
      const words = whole ?? readWords(descriptor, start + at * 4, count, block);
      let place = whole ? at : 0;
      for (; row < end; row += 1) {
        const length = lengths[row] ?? 0;
        visit(row, words, place, length);
        place += length;
      }
      at += count;
    }
    for (let place = 0; row < size; row += 1) {
      const length = lengths[row] ?? 0;
      visit(row, tail, place, length);
      place += length;
    }
  }

  return {
    add(filter, words) {
      if (inTail + words.length > tail.length) flush();
      if (words.length > tail.length) tail = new Uint32Array(words.length);
      tail.set(words, inTail);
      inTail += words.length;
      if (size === filters.length) [filters, lengths] = [withRoom(filters), withRoom(lengths)];
      filters[size] = filter;
      lengths[size] = words.length;
      size += 1;
    },
    eachMaybe(lists, call) {
      walk((row, words, at, length) => {
        for (const list of lists) if (!mayHoldOne(words, at, length, list)) return;
        call(filters[row] ?? 0);
      });
    },
    each(call) {
      walk((row, words, at, length) => {
        call(filters[row] ?? 0, words.subarray(at, at + length));
      });
    },
    *rows() {
      for (let row = 0; row < size; row += 1) yield [filters[row] ?? 0, lengths[row] ?? 0] as const;
    },
    get size() {
      return size;
    },
    close() {
      closeSync(descriptor);
      if (isOwn) rmSync(file, { force: true });
    },
  };
}

/** Without a function for each filter: there are very many. */
function mayHoldOne(words: Uint32Array, at: number, length: number, list: readonly Uint32Array[]): boolean {
  for (const grams of list) if (mayHold(words, at, length, grams)) return true;
  return false;
}

export function writeWords(descriptor: number, words: Uint32Array, position: number): void {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, position + at);
}

function readWords(descriptor: number, position: number, count: number, into: Uint32Array): Uint32Array {
  const bytes = Buffer.from(into.buffer, into.byteOffset, count * 4);
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(descriptor, bytes, at, bytes.length - at, position + at);
    if (read === 0) throw new Error(`The index ends at ${fstatSync(descriptor).size} bytes, too early.`);
    at += read;
  }
  return into;
}

function withRoom(numbers: Uint32Array): Uint32Array {
  const more = new Uint32Array(numbers.length * 2);
  more.set(numbers);
  return more;
}
