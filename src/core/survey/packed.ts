import type { Stems } from '../tools/words.ts';

/**
 * The words of passages, packed into numbers: a hash for each word. What they say is read again where it is shown, so that
 * the words of very many files fit into memory. For each passage: its first line, its last line, how many words its own
 * heading, the headings around it and its text have; and then these words.
 */
export type Packed = Uint32Array;

export interface Words {
  line: number;
  endLine: number;
  heading: string;
  around: string;
  text: string;
}

const HEAD = 5;

export function pack(passages: readonly Words[], stems: Stems): Packed {
  const numbers: number[] = [];
  for (const { line, endLine, heading, around, text } of passages) {
    const parts = [heading, around, text].map((part) => stems(part).map(wordHash));
    numbers.push(line, endLine, ...parts.map((part) => part.length));
    for (const part of parts) for (const word of part) numbers.push(word);
  }
  return Uint32Array.from(numbers);
}

export interface Found {
  line: number;
  endLine: number;
  /** For each term, by where it occurs. */
  weights: number[];
  length: number;
}

/** A word in the heading weighs as much as this many in the text. */
const IN_HEADING = 3;
const AROUND = 1;

/** The passages with at least one of the terms; and of all, how many there are and their words. */
export function findIn(packed: Packed, terms: readonly number[]): { found: Found[]; passages: number; words: number } {
  const found: Found[] = [];
  let passages = 0;
  let words = 0;
  // Most words are none of the terms, which their last bits already tell.
  const bits = terms.reduce((all, term) => all | (1 << (term & 31)), 0);
  for (let at = 0; at < packed.length; ) {
    const heading = at + HEAD;
    const around = heading + (packed[at + 2] ?? 0);
    const text = around + (packed[at + 3] ?? 0);
    const end = text + (packed[at + 4] ?? 0);
    let weights: number[] | undefined;
    for (let word = heading; word < end; word += 1) {
      const hash = packed[word] ?? 0;
      const term = (bits >>> (hash & 31)) & 1 ? terms.indexOf(hash) : -1;
      if (term < 0) continue;
      weights ??= terms.map(() => 0);
      const before = weights[term] ?? 0;
      weights[term] =
        word < around ? Math.max(before, IN_HEADING) : word < text ? before + (before > 0 ? 0 : AROUND) : before + 1;
    }
    const length = end - heading;
    if (weights) found.push({ line: packed[at] ?? 1, endLine: packed[at + 1] ?? 1, weights, length });
    passages += 1;
    words += length;
    at = end;
  }
  return { found, passages, words };
}

/** FNV-1a. Two words with the same one are rare enough not to matter for a ranking. */
export function wordHash(word: string): number {
  return wordHashIn(word, 0, word.length);
}

/** Of a word that stands in a text. */
export function wordHashIn(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
