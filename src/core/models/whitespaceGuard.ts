/** More white space in a row than any sensible JSON has; a model that gets here pads until its token limit. */
export const WHITESPACE_LIMIT = 64;

/**
 * Watches an answer in JSON for the white space that a grammar allows without end.
 * @returns a function that takes the next piece of the answer and says whether the run of white space is now too long
 */
export function whitespaceGuard(): (delta: string) => boolean {
  let run = 0;
  return (delta) => {
    for (const character of delta) {
      run = /\s/.test(character) ? run + 1 : 0;
      if (run > WHITESPACE_LIMIT) return true;
    }
    return false;
  };
}
