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
  return ranked(
    found.filter(({ weights }) => weights.some((weight) => weight > 0)),
    { things: things.length, words },
  ).map(({ thing }) => thing);
}

/**
 * Okapi BM25: rare words say more, the fifth occurrence says little, and long things have more words by chance. What has
 * only some of the words asked for counts by what these say of all.
 *
 * @param found what has at least one of the terms; those that are alike stay in this order
 * @param among how many things there are, and words in all of them
 */
export function ranked<T extends Hits>(found: readonly T[], among: { things: number; words: number }): T[] {
  const terms = found[0]?.weights.length ?? 0;
  const idf = Array.from({ length: terms }, (_, at) => {
    const having = found.reduce((count, { weights }) => count + ((weights[at] ?? 0) > 0 ? 1 : 0), 0);
    // Softer than Okapi's: a word that nearly all have was asked for all the same.
    return Math.log(1 + among.things / (1 + having));
  });
  const mean = Math.max(1, among.words / Math.max(1, among.things));
  // A word that occurs nowhere takes no part in what could have been found.
  const all = idf.reduce((sum, one, at) => sum + (found.some(({ weights }) => (weights[at] ?? 0) > 0) ? one : 0), 0);
  const scoreOf = ({ weights, length }: Hits): number => {
    const norm = SATURATION * (1 - BY_LENGTH + (BY_LENGTH * length) / mean);
    let score = 0;
    let matched = 0;
    for (const [at, weight] of weights.entries()) {
      if (weight === 0) continue;
      score += ((idf[at] ?? 0) * weight * (SATURATION + 1)) / (weight + norm);
      matched += idf[at] ?? 0;
    }
    // Squared: to have all that was asked for is more than to have one of it in a heading.
    return all === 0 ? score : score * (matched / all) ** 2;
  };
  return found
    .map((thing) => ({ thing, score: scoreOf(thing) }))
    .sort((a, b) => b.score - a.score)
    .map(({ thing }) => thing);
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
