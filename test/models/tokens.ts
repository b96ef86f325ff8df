/**
 * The fleet's tokenizer: every few characters (code points) are a token, four in general, counted from the start of the text. That is about
 * what real ones give for code and English, it is the same on every run, and a longer text begins with a shorter one's tokens.
 */
const CHARACTERS = 4;

export function tokensOf(text: string, perToken = CHARACTERS): string[] {
  const characters = Array.from(text);
  const tokens: string[] = [];
  for (let at = 0; at < characters.length; at += perToken) tokens.push(characters.slice(at, at + perToken).join(''));
  return tokens;
}

/** Numbers for tokens, given out as they are met. */
export interface Vocabulary {
  ids(tokens: readonly string[]): number[];
  text(ids: readonly number[]): string;
}

export function createVocabulary(): Vocabulary {
  const known: string[] = [];
  const numbers = new Map<string, number>();
  return {
    ids: (tokens) =>
      tokens.map((token) => {
        const number = numbers.get(token) ?? known.push(token) - 1;
        numbers.set(token, number);
        return number;
      }),
    text: (ids) => ids.map((id) => known[id] ?? '').join(''),
  };
}
