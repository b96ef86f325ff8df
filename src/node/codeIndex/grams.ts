// Three bytes in a row are a gram, and so are six: the short ones for short texts, the long ones because most short ones
// are in most files. A text that holds another text holds all its grams: so what holds them not all need not be read.
// ASCII letters count as small ones, whatever case is asked for.

/** Bits of a filter for each gram in it: with two of them set for each, one in nine grams that are not there seems to be. */
const BITS = 5;
/** A short gram is its three bytes; a long one, a number above that with 24 bits of a hash. */
const SHORT = 2 ** 24;
const LONG = 2 ** 25;

const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));

/** Makes filters, one after another. Between two, its tables may go: that is 5 MB, and made anew in a millisecond. */
export interface FilterMaker {
  /** Says of every gram whether it may be in the text; 32-bit words. Never wrong where it says no. */
  filterOf(bytes: Uint8Array): Uint32Array;
}

/** Grams that nearly all texts have fewer of. */
const USUAL = 256 * 1024;

interface Tables {
  /** A bit for each gram. All are 0 between two texts. */
  seen: Uint8Array;
  grams: Uint32Array;
}

export function filterMaker(): FilterMaker {
  let kept: WeakRef<Tables> | undefined;

  function tablesFor(bytes: Uint8Array): Tables {
    const before = kept?.deref();
    if (before && before.grams.length >= bytes.length * 2) return before;
    const seen = before?.seen ?? new Uint8Array(LONG / 8);
    const made = { seen, grams: new Uint32Array(Math.max(USUAL, bytes.length * 2)) };
    // What a large text took is not kept for small ones.
    kept = new WeakRef(made.grams.length > USUAL ? { seen, grams: new Uint32Array(0) } : made);
    return made;
  }

  return {
    filterOf(bytes) {
      const { seen, grams } = tablesFor(bytes);
      let count = 0;
      // The grams before the one at hand.
      let first = 0;
      let second = 0;
      let third = 0;
      let gram = ((LOWER[bytes[0] ?? 0] ?? 0) << 8) | (LOWER[bytes[1] ?? 0] ?? 0);
      for (let at = 2; at < bytes.length; at += 1) {
        gram = ((gram << 8) & 0xffffff) | (LOWER[bytes[at] as number] as number);
        let place = gram >>> 3;
        let bit = 1 << (gram & 7);
        let known = seen[place] as number;
        if ((known & bit) === 0) {
          seen[place] = known | bit;
          grams[count] = gram;
          count += 1;
        }
        if (at >= 5) {
          const long = longGram(third, gram);
          place = long >>> 3;
          bit = 1 << (long & 7);
          known = seen[place] as number;
          if ((known & bit) === 0) {
            seen[place] = known | bit;
            grams[count] = long;
            count += 1;
          }
        }
        third = second;
        second = first;
        first = gram;
      }
      const words = new Uint32Array(Math.max(1, Math.ceil((count * BITS) / 32)));
      const bits = words.length * 32;
      for (let at = 0; at < count; at += 1) {
        const one = grams[at] as number;
        seen[one >>> 3] = 0;
        for (const bit of [placeOf(one, bits), otherPlaceOf(one, bits)]) {
          words[bit >>> 5] = (words[bit >>> 5] as number) | (1 << (bit & 31));
        }
      }
      return words;
    },
  };
}

/**
 * Whether all grams may be in the text of a filter.
 * @param words the filter is in it, from the word `at` on, `length` words
 */
export function mayHold(words: Uint32Array, at: number, length: number, grams: Uint32Array): boolean {
  const bits = length * 32;
  for (let index = 0; index < grams.length; index += 1) {
    const gram = grams[index] as number;
    const first = placeOf(gram, bits);
    if ((((words[at + (first >>> 5)] as number) >>> (first & 31)) & 1) === 0) return false;
    const second = otherPlaceOf(gram, bits);
    if ((((words[at + (second >>> 5)] as number) >>> (second & 31)) & 1) === 0) return false;
  }
  return true;
}

/**
 * The grams of every text that contains this one.
 * @param caseSensitive false: what is not ASCII has other forms, and says nothing
 */
export function gramsOf(text: string, caseSensitive: boolean): Uint32Array {
  const grams = new Set<number>();
  // A half of a pair of UTF-16 is no text, and its bytes are anybody's guess.
  for (const part of text.split(caseSensitive ? /[\ud800-\udfff\ufffd]/ : /[^\0-\x7f]/)) add(grams, part);
  return Uint32Array.from(grams);
}

function add(grams: Set<number>, text: string): void {
  const bytes = Buffer.from(text, 'utf8').map((byte) => LOWER[byte] ?? 0);
  const short = (at: number): number => ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  // The long ones first: they rule out more.
  for (let at = 0; at + 6 <= bytes.length; at += 1) grams.add(longGram(short(at), short(at + 3)));
  for (let at = 0; at + 3 <= bytes.length; at += 1) grams.add(short(at));
}

function longGram(first: number, last: number): number {
  return SHORT | ((Math.imul(first, 0x27d4eb2f) ^ Math.imul(last, 0x165667b1)) >>> 8);
}

/** Whether there is a letter in the text that counts as an ASCII one where case does not count: the Kelvin sign, the long s. */
export function hasOddLetters(bytes: Buffer): boolean {
  return bytes.includes(KELVIN) || bytes.includes(LONG_S);
}

const KELVIN = Buffer.from('\u212a');
const LONG_S = Buffer.from('\u017f');

function placeOf(gram: number, bits: number): number {
  return Math.floor(((Math.imul(gram, 0x9e3779b1) >>> 0) * bits) / 2 ** 32);
}

function otherPlaceOf(gram: number, bits: number): number {
  const mixed = Math.imul(gram ^ (gram >>> 11), 0x85ebca6b);
  return Math.floor(((Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 0) * bits) / 2 ** 32);
}
