const STOP_WORDS = new Set(
  'a an and are as at be by do does for from how in is it of on or our that the this to we what when where which who why with'.split(
    ' ',
  ),
);

/** More words of a query than these say no more. */
const MOST_TERMS = 16;

/** The words of a text, each without its ending, in their order. */
export type Stems = (text: string) => string[];

/**
 * Of an identifier (`retryPolicy`, `retry_policy`) there are its words, and then the whole, so that both what it is made of
 * and itself are found.
 */
export function stemsOf(text: string): string[] {
  return (text.match(WORD) ?? []).flatMap(stemsOfWord);
}

/** The same for many texts in a row, which have most words in common. */
export function stemmer(): Stems {
  const known = new Map<string, readonly string[]>();
  return (text) => {
    const stems: string[] = [];
    for (const word of text.match(WORD) ?? []) {
      let some = known.get(word);
      if (some === undefined) {
        some = stemsOfWord(word);
        known.set(word, some);
      }
      for (const one of some) stems.push(one);
    }
    return stems;
  };
}

const WORD = /[\p{L}\p{N}_]+/gu;

function stemsOfWord(word: string): string[] {
  if (!/_|[\p{Ll}\p{N}]\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u.test(word)) return [stem(word.toLowerCase())];
  const parts = word
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .split('_')
    .filter((part) => part !== '');
  const stems = parts.map((part) => stem(part.toLowerCase()));
  return parts.length > 1 ? [...stems, parts.join('').toLowerCase()] : stems;
}

/** The stems that a query asks for, each once; without those that every text has, unless there are no others. */
export function termsOf(query: string): string[] {
  const words = query.match(/[\p{L}\p{N}_]+/gu) ?? [];
  const telling = words.filter((word) => !STOP_WORDS.has(word.toLowerCase()));
  return [...new Set(stemsOf((telling.length > 0 ? telling : words).join(' ')))].slice(0, MOST_TERMS);
}

/**
 * Finds a term where a word begins, also within an identifier. For short texts that are looked at too often to be taken
 * apart: what only begins like the term is found as well.
 */
export function beginningOf(term: string): RegExp {
  const bare = term.replace(/[^\p{L}\p{N}_]/gu, '');
  const first = bare.charAt(0).toUpperCase();
  return new RegExp(
    `(?<![A-Za-z])(?:${bare}|${bare.toUpperCase()})|${first}(?:${bare.slice(1)}|${bare.slice(1).toUpperCase()})`,
  );
}

/** `retries`, `retried` and `retrying` have the stem of `retry`; `migration` that of `migrate`. */
function stem(word: string): string {
  if (word.length <= 3) return word;
  const bare = word.replace(/^(.{3,}?)(?:ations?|ators?|ate[ds]?|ating|ying|ings?|ied|ies|ed|es|s|e|y)$/, '$1');
  return bare.replace(/([^aeiou\d])\1$/, '$1');
}
