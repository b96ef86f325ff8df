import type { Clip } from './entries.ts';

/** Characters of a text that is kept whole: reasoning, a tool's result, a chunk of code. */
export const LONGEST_TEXT = 20_000;
/** Characters of the output of checks that is kept while they run. */
export const LONGEST_OUTPUT = 8_000;

/** The beginning of a text, for what is read from the top. */
export function head(text: string, length = LONGEST_TEXT): Clip {
  return text.length <= length ? { text, dropped: 0 } : { text: text.slice(0, length), dropped: text.length - length };
}

/** What a text is after `delta`, for what is read at its end. Cuts at half as much again, so that it is not cut each time. */
export function appended({ text, dropped }: Clip, delta: string, length = LONGEST_TEXT): Clip {
  const all = text + delta;
  if (all.length <= length * 1.5) return { text: all, dropped };
  return { text: all.slice(-length), dropped: dropped + all.length - length };
}

export const emptyClip: Clip = { text: '', dropped: 0 };
