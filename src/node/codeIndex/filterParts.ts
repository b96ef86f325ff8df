import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { mayHold } from './grams.ts';

/** What is known of what is in a file. */
export interface FileFacts {
  /** SHA-256, hex; undefined for files that cannot be read, or are too large. */
  hash: string | undefined;
  /** `none`: no search finds anything in it. `odd`: some of its letters count as ASCII ones where case does not count. */
  kind: 'text' | 'odd' | 'none';
}

/** Filters of many files, one after another on disk. */
export interface FilterPart {
  add(facts: FileFacts, words: Uint32Array): void;
  /** Calls for each file in whose text one text of each list may be. */
  eachMaybe(lists: readonly (readonly Uint32Array[])[], call: (facts: FileFacts) => void): void;
  /** The filters, as they were added. */
  each(call: (facts: FileFacts, words: Uint32Array) => void): void;
  readonly size: number;
  close(): void;
}

/** Words that are kept in memory, where that is all: 32 MB. */
const IN_MEMORY = 8 * 1024 * 1024;
/** Words that are read or written at once: 1 MB. */
const BLOCK = 256 * 1024;

/**
 * @param file absolute path
 * @param options.rows those that are in the file already; none: the file is made, and removed in the end
 */
export function openFilterPart(
  file: string,
  options: { rows?: { facts: FileFacts; words: number }[]; start?: number } = {},
): FilterPart {
  const { rows, start = 0 } = options;
  const isOwn = rows === undefined;
  const descriptor = openSync(file, isOwn ? 'wx+' : 'r', 0o600);
  const facts: FileFacts[] = [];
  const lengths: number[] = [];
  /** Words before what is still in `tail`. */
  let written = 0;
  let tail = new Uint32Array(BLOCK);
  let inTail = 0;
  let whole: Uint32Array | undefined;
  for (const row of rows ?? []) {
    facts.push(row.facts);
    lengths.push(row.words);
    written += row.words;
  }

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
    let block = new Uint32Array(0);
    for (let at = 0; at < written; ) {
      let count = 0;
      let end = row;
      while (end < lengths.length && at + count < written && (count === 0 || count + (lengths[end] ?? 0) <= BLOCK)) {
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
    for (let place = 0; row < lengths.length; row += 1) {
      const length = lengths[row] ?? 0;
      visit(row, tail, place, length);
      place += length;
    }
  }

  return {
    add(fact, words) {
      if (inTail + words.length > tail.length) flush();
      if (words.length > tail.length) tail = new Uint32Array(words.length);
      tail.set(words, inTail);
      inTail += words.length;
      facts.push(fact);
      lengths.push(words.length);
    },
    eachMaybe(lists, call) {
      walk((row, words, at, length) => {
        for (const list of lists) {
          if (!list.some((grams) => mayHold(words, at, length, grams))) return;
        }
        const fact = facts[row];
        if (fact) call(fact);
      });
    },
    each(call) {
      walk((row, words, at, length) => {
        const fact = facts[row];
        if (fact) call(fact, words.subarray(at, at + length));
      });
    },
    get size() {
      return facts.length;
    },
    close() {
      closeSync(descriptor);
      if (isOwn) rmSync(file, { force: true });
    },
  };
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
