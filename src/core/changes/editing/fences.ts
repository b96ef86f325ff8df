import type { Language } from './language.ts';
import { isBlank } from './lineKeys.ts';

const FENCE = /^\s*(?:`{3,}|~{3,})/;
const PLAIN_FENCE = /^\s*(?:`{3,}|~{3,})\s*$/;

/** REPLACE without a fence around it that the place has not; in Markdown it is meant. */
export function withoutOwnFence(
  replace: readonly string[],
  place: readonly string[],
  { isMarkdown }: Language,
): readonly string[] {
  const first = replace.findIndex((line) => !isBlank(line));
  const last = replace.findLastIndex((line) => !isBlank(line));
  const isFenced = first < last && FENCE.test(replace[first] ?? '') && PLAIN_FENCE.test(replace[last] ?? '');
  if (!isFenced || isMarkdown || place.some((line) => FENCE.test(line))) return replace;
  return replace.slice(first + 1, last);
}
