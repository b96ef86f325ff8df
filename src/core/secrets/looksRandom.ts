/** Below this many characters, chance and words look the same. */
const SHORTEST = 16;

/** Whether a text looks drawn at random, and not made of words, like a name or a path. */
export function looksRandom(text: string): boolean {
  if (text.length < SHORTEST || !/\d/.test(text) || !/[A-Za-z]/.test(text)) return false;
  return changes(text) >= 0.25 && entropy(text) >= 3;
}

/**
 * How often, of all neighbours, two are of different kinds (upper case, lower case, digit). A capital and the small
 * letters after it are one word, and so is a number.
 */
function changes(text: string): number {
  let count = 0;
  let pairs = 0;
  for (let at = 1; at < text.length; at += 1) {
    const [before, now] = [kindOf(text.charCodeAt(at - 1)), kindOf(text.charCodeAt(at))];
    if (before === 'other' || now === 'other') continue;
    pairs += 1;
    if (before !== now && !(before === 'upper' && now === 'lower')) count += 1;
  }
  return pairs === 0 ? 0 : count / pairs;
}

function kindOf(code: number): 'upper' | 'lower' | 'digit' | 'other' {
  if (code >= 48 && code <= 57) return 'digit';
  if (code >= 65 && code <= 90) return 'upper';
  return code >= 97 && code <= 122 ? 'lower' : 'other';
}

/** Shannon's, in bits a character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
