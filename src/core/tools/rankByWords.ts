/** Where words are looked for in a thing. */
interface Searched {
  text: string;
  /** What stands beside the text (a heading, a file's name): a word there weighs so much, however often it occurs. */
  beside: readonly { text: string; weight: number }[];
}

/**
 * The things with at least one word of the query: those with most different words first, then those with the rarer words,
 * then as they were given.
 */
export function rankByWords<T>(things: readonly T[], query: string, searched: (thing: T) => Searched): T[] {
  const terms = termsOf(query);
  const scored = things.map((thing) => ({ thing, hits: weightsOf(terms, searched(thing)) }));
  const rarity = terms.map((_, at) => {
    const count = scored.filter(({ hits }) => (hits[at] ?? 0) > 0).length;
    return Math.log(1 + things.length / (1 + count));
  });
  return scored
    .map(({ thing, hits }) => ({
      thing,
      matched: hits.filter((weight) => weight > 0).length,
      score: hits.reduce((sum, weight, at) => sum + weight * (rarity[at] ?? 0), 0),
    }))
    .filter(({ matched }) => matched > 0)
    .sort((a, b) => b.matched - a.matched || b.score - a.score)
    .map(({ thing }) => thing);
}

const STOP_WORDS = new Set(
  'a an and are as at be by do does for from how in is it of on or our that the this to we what when where which who why with'.split(
    ' ',
  ),
);

function termsOf(query: string): string[] {
  const words = [...new Set(wordsOf(query))];
  const telling = words.filter((word) => !STOP_WORDS.has(word));
  return telling.length > 0 ? telling : words;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}

/** For each word 0 where it does not occur. */
function weightsOf(terms: readonly string[], { text, beside }: Searched): number[] {
  const words = wordsOf(text);
  const others = beside.map((one) => ({ words: wordsOf(one.text), weight: one.weight }));
  return terms.map((term) => {
    const inText = words.filter((word) => isSameWord(word, term)).length;
    const around = others.filter((one) => one.words.some((word) => isSameWord(word, term)));
    return (inText > 0 ? 1 + Math.min(3, inText) * 0.5 : 0) + around.reduce((sum, { weight }) => sum + weight, 0);
  });
}

/** `retry` is found in `retries` and `retrying` too: equal stems with a short ending. */
function isSameWord(a: string, b: string): boolean {
  return a === b || (a.length > 3 && b.length > 3 && stem(a) === stem(b));
}

function stem(word: string): string {
  return word.replace(/(?:ing|ed|es|s|e)$/, '').replace(/y$/, 'i');
}
