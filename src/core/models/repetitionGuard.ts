/** Characters at the end of an answer that are looked at for something said over and over. */
export const REPETITION_LIMIT = 600;

/** The longest piece that is recognised when it is repeated, in characters: the limit holds it ten times. */
const LONGEST_PIECE = 60;

/** Characters after which it is looked again. */
const STRIDE = 64;

/**
 * Watches an answer in JSON for a piece that is repeated without end: small models fall into that within a string, where
 * no grammar stops them, and go on until their token limit.
 * @returns a function that takes the next piece of the answer and says whether it only repeats itself now
 */
export function repetitionGuard(): (delta: string) => boolean {
  let tail = '';
  let unseen = 0;
  return (delta) => {
    tail = (tail + delta).slice(-REPETITION_LIMIT);
    unseen += delta.length;
    if (tail.length < REPETITION_LIMIT || unseen < STRIDE) return false;
    unseen = 0;
    return isRepeated(tail);
  };
}

function isRepeated(text: string): boolean {
  for (let length = 1; length <= LONGEST_PIECE; length += 1) {
    if (text.startsWith(text.slice(length))) return true;
  }
  return false;
}
