import type { WholeBlock } from './block.ts';
import { isProseFile } from './blockLines.ts';
import { type Line, linesOf, stretches } from './textLines.ts';

/** A file this long must not lose most of its lines to a rewrite that does not say so; where a fence holds it, a shorter one. */
const LONG_FILE = 50;
const LONG_FILE_IN_FENCE = 8;
const LARGEST_LOSS = 0.6;
/** Lines that a rewrite in a fence may drop from the beginning or the end of the file. */
const LARGEST_CUT = 2;

/** The lines of a whole file, as it shall be. */
export function wholeLines({ text, fence }: WholeBlock, file: readonly Line[]): string[] {
  const lines = linesOf(text);
  const { pathLine } = fence ?? {};
  const isInFile = pathLine !== undefined && file[0]?.text.trim() === pathLine.trim();
  return isInFile ? [pathLine, ...lines] : lines;
}

/**
 * Why the lines cannot be meant to be the whole file: too much of it is gone. In a fence they may well be a part of it, shown
 * as an example.
 */
export function lostBy(block: WholeBlock, file: readonly string[], texts: readonly string[]): string | undefined {
  const { path, fence } = block;
  const parts = stretches(file, texts);
  const kept = parts.reduce((sum, part) => sum + (part.kind === 'shared' ? part.count : 0), 0);
  const lost = file.length - kept;
  const remedy = `Change parts with SEARCH and REPLACE; if the rest shall really go, write DELETE ${path} first.`;
  const long = fence ? LONG_FILE_IN_FENCE : LONG_FILE;
  if (file.length > long && texts.length < file.length && lost > LARGEST_LOSS * file.length) {
    return `This would drop ${lost} of the ${file.length} lines of ${path}. A whole file must be written to its end, with nothing left out. ${remedy}`;
  }
  if (!fence) return undefined;
  const keys = path.endsWith('.json') ? keysLost(file, texts) : [];
  if (keys.length > 0)
    return `This leaves out ${keys.join(', ')} of ${path}, so it may be only a part of it. ${remedy}`;
  const ends = [
    ['first', parts[0]],
    ['last', parts.at(-1)],
  ] as const;
  for (const [which, part] of ends) {
    const cut = part?.kind === 'changed' ? part.replaced - part.added : 0;
    if (cut > LARGEST_CUT) {
      return `This leaves out the ${which} ${cut} lines of ${path}, so it may be only a part of it. ${remedy}`;
    }
  }
  return undefined;
}

/** Keys at the top of JSON that the new text has no more. */
function keysLost(file: readonly string[], texts: readonly string[]): string[] {
  const keysOf = (lines: readonly string[]): string[] | undefined => {
    try {
      const value: unknown = JSON.parse(lines.join('\n'));
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
    } catch {
      return undefined;
    }
  };
  const now = keysOf(texts);
  return now === undefined ? [] : (keysOf(file) ?? []).filter((key) => !now.includes(key));
}

/** A line that stands for others which were left out. */
export function elisionIn(
  { path, fence }: WholeBlock,
  file: readonly string[],
  texts: readonly string[],
): string | undefined {
  if (!fence || isProseFile(path)) return undefined;
  const hasBareDots = /\.(?:pyi?|ya?ml)$/.test(path);
  const elision = texts.find((line) => {
    const isElision = COMMENTED.test(line) || (!hasBareDots && /^\s*(?:\.{3}|…)\s*$/.test(line));
    return isElision && !file.includes(line);
  });
  if (elision === undefined) return undefined;
  return `The line "${elision.trim()}" stands for lines that were left out. Write ${path} whole, or change parts of it with SEARCH and REPLACE.`;
}

const COMMENTED =
  /^\s*(?:\/\/|#|--|\/\*|<!--|\{\s*\/\*|;)\s*(?:(?:\.{3}|…)\s*$|(?:\.{3}|…).*(?:\.{3}|…|existing|unchanged|rest|remaining|same|other|previous|here|code)|(?:\.{3}|…)?\s*(?:the\s+)?(?:rest|remaining|other|existing)\b.*\b(?:unchanged|same|as before|as is|here)\b|(?:\.{3}|…)?\s*(?:existing|remaining) code\b)/i;
