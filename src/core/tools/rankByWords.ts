import { stemsOf, termsOf } from './words.ts';

/** Where words are looked for in a thing. */
interface Searched {
  text: string;
  /** What stands beside the text (a heading, a file's name): a word there weighs so much, however often it occurs. */
  beside: readonly { text: string; weight: number }[];
}

/** How much of a query is in one thing. */
export interface Hits {
  /** For each term of the query: how often it occurs, counted with its weight; 0 where it does not. */
  weights: readonly number[];
  /** Words of the thing. */
  length: number;
}

/** The things with at least one word of the query, the best first; those that are alike as they were given. */
export function rankByWords<T>(things: readonly T[], query: string, searched: (thing: T) => Searched): T[] {
  const terms = termsOf(query);
  const found = things.map((thing) => ({ thing, ...hitsOf(terms, searched(thing)) }));
  const words = found.reduce((sum, { length }) => sum + length, 0);
  const having = found.filter(({ weights }) => weights.some((weight) => weight > 0));
  return bestOf(having, { things: things.length, words }, having.length).map(({ thing }) => thing);
}

/**
 * Okapi BM25: rare words say more, the fifth occurrence says little, and long things have more words by chance. What has
 * only some of the words asked for counts by what these say of all.
 *
 * @param found what has at least one of the terms; those that are alike stay in this order
 * @param among how many things there are, and words in all of them
 * @returns the best first, so many
 */
export function bestOf<T extends Hits>(
  found: readonly T[],
  among: { things: number; words: number },
  most: number,
): T[] {
  const terms = found[0]?.weights.length ?? 0;
  const having = new Array<number>(terms).fill(0);
  for (const { weights } of found) {
    for (let at = 0; at < terms; at += 1) if ((weights[at] ?? 0) > 0) having[at] = (having[at] ?? 0) + 1;
  }
  // Softer than Okapi's: a word that nearly all have was asked for all the same. One that none has takes no part.
  const idf = having.map((count) => (count === 0 ? 0 : Math.log(1 + among.things / (1 + count))));
  const all = idf.reduce((sum, one) => sum + one, 0);
  const mean = Math.max(1, among.words / Math.max(1, among.things));
  const best: { thing: T; score: number }[] = [];
  for (const thing of found) {
    const { weights, length } = thing;
    const norm = SATURATION * (1 - BY_LENGTH + (BY_LENGTH * length) / mean);
    let score = 0;
    let matched = 0;
    for (let at = 0; at < terms; at += 1) {
      const weight = weights[at] ?? 0;
      if (weight === 0) continue;
      score += ((idf[at] ?? 0) * weight * (SATURATION + 1)) / (weight + norm);
      matched += idf[at] ?? 0;
    }
    // Squared: to have all that was asked for is more than to have one of it in a heading.
    if (all > 0) score *= (matched / all) ** 2;
    if (best.length >= most && score <= (best.at(-1)?.score ?? 0)) continue;
    let place = best.length;
    while (place > 0 && (best[place - 1]?.score ?? 0) < score) place -= 1;
    best.splice(place, 0, { thing, score });
    if (best.length > most) best.pop();
  }
  return best.map(({ thing }) => thing);
}

const SATURATION = 1.2;
const BY_LENGTH = 0.5;

function hitsOf(terms: readonly string[], { text, beside }: Searched): Hits {
  const words = stemsOf(text);
  const others = beside.map((one) => ({ words: new Set(stemsOf(one.text)), weight: one.weight }));
  const weights = terms.map((term) => {
    const inText = words.filter((word) => word === term).length;
    return inText + others.reduce((sum, one) => sum + (one.words.has(term) ? one.weight : 0), 0);
  });
  return { weights, length: words.length };
}
