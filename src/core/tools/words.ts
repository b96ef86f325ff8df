const STOP_WORDS = new Set(
  'a an and are as at be by do does for from how in is it of on or our that the this to we what when where which who why with'.split(
    ' ',
  ),
);

/** More words of a query than these say no more. */
const MOST_TERMS = 16;

/**
 * The words of a text, each without its ending, in their order. Of an identifier (`retryPolicy`, `retry_policy`) its words,
 * and then the whole, so that both what it is made of and itself are found.
 */
export function stemsOf(text: string): string[] {
  const stems: string[] = [];
  for (const word of text.match(/[\p{L}\p{N}_]+/gu) ?? []) {
    if (!/_|[\p{Ll}\p{N}]\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u.test(word)) {
      stems.push(stem(word.toLowerCase()));
      continue;
    }
    const parts = word
      .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
      .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
      .split('_')
      .filter((part) => part !== '');
    for (const part of parts) stems.push(stem(part.toLowerCase()));
    if (parts.length > 1) stems.push(parts.join('').toLowerCase());
  }
  return stems;
}

/** The stems that a query asks for, each once; without those that every text has, unless there are no others. */
export function termsOf(query: string): string[] {
  const words = query.match(/[\p{L}\p{N}_]+/gu) ?? [];
  const telling = words.filter((word) => !STOP_WORDS.has(word.toLowerCase()));
  return [...new Set(stemsOf((telling.length > 0 ? telling : words).join(' ')))].slice(0, MOST_TERMS);
}

/** `retries`, `retried` and `retrying` have the stem of `retry`; `migration` that of `migrate`. */
function stem(word: string): string {
  if (word.length <= 3) return word;
  const bare = word.replace(/^(.{3,}?)(?:ations?|ators?|ate[ds]?|ating|ying|ings?|ied|ies|ed|es|s|e|y)$/, '$1');
  return bare.replace(/([^aeiou\d])\1$/, '$1');
}
