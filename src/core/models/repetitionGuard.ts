/**
 * How much of the same, at the end of an answer, is too much: `chars` characters made of one piece that has at most
 * `piece`. Text that is meant holds that more often than JSON does: a table of zeros, a line of dashes.
 */
export const REPETITION_LIMITS = {
  json: { chars: 600, piece: 60 },
  text: { chars: 4000, piece: 500 },
} as const;

/** Characters after which it is looked again. */
const STRIDE = 64;

/**
 * Watches an answer for a piece that is repeated without end: small models fall into that, in JSON within a string where
 * no grammar stops them, and go on until their token limit.
 * @returns a function that takes the next piece of the answer and says whether it only repeats itself now
 */
export function repetitionGuard(limit: { chars: number; piece: number }): (delta: string) => boolean {
  let tail = '';
  let unseen = 0;
  return (delta) => {
    tail = (tail + delta).slice(-limit.chars);
    unseen += delta.length;
    if (tail.length < limit.chars || unseen < STRIDE) return false;
    unseen = 0;
    return isRepeated(tail, limit.piece);
  };
}

function isRepeated(text: string, longest: number): boolean {
  for (let length = 1; length <= longest; length += 1) {
    if (text.startsWith(text.slice(length))) return true;
  }
  return false;
}
