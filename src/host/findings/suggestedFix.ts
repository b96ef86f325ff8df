import { applyEdits } from '../../core/changes/applyEdits.ts';
import { fileLines } from '../../core/changes/editing/fileLines.ts';
import { languageOf } from '../../core/changes/editing/language.ts';
import { matchesBy } from '../../core/changes/editing/match.ts';
import { linesOf, rawLines } from '../../core/changes/textLines.ts';
import type { Finding } from '../../shared/events.ts';

/** What came of a Reviewer's suggestion; `cannot` says why it is not applied. */
export type Fixed =
  | { kind: 'text'; text: string }
  | { kind: 'cannot'; why: 'no_suggestion' | 'missing' | 'several' | 'no_change' };

/**
 * The text with the suggestion applied: only where what it replaces stands there word by word, and once. That may be
 * whole lines, or a part of one line.
 */
export function fixedText(text: string, { path, suggested_fix: fix }: Pick<Finding, 'path' | 'suggested_fix'>): Fixed {
  if (fix === undefined || fix.search.trim() === '') return { kind: 'cannot', why: 'no_suggestion' };
  if (fix.search === fix.replace) return { kind: 'cannot', why: 'no_change' };
  const file = linesOf(text);
  const search = linesOf(fix.search);
  const places = matchesBy('exact', fileLines(file, languageOf(path)), search);
  if (places.length > 1) return { kind: 'cannot', why: 'several' };
  if (places.length === 1) return applied(text, path, search, linesOf(fix.replace));
  return fixedInLine(text, path, file, fix);
}

/**
 * Whether the text reads as the suggestion wants it, so that the finding is mended.
 * @param stood what it replaces was seen to stand there before; else that it does not may be the model's mistake
 */
export function isFixed(text: string, finding: Pick<Finding, 'suggested_fix'>, stood: boolean): boolean {
  const fix = finding.suggested_fix;
  if (fix === undefined || fix.replace.trim() === '' || fix.search === fix.replace) return false;
  const [replace, search] = [plain(fix.replace), plain(fix.search)];
  if (!plain(text).includes(replace)) return false;
  return replace.includes(search) || (stood && !plain(text).includes(search));
}

/** Whether what the suggestion replaces stands in the text. */
export function suggestionStands(text: string, { suggested_fix: fix }: Pick<Finding, 'suggested_fix'>): boolean {
  return fix !== undefined && fix.search.trim() !== '' && plain(text).includes(plain(fix.search));
}

/** What of a text has to be replaced to get another: whole lines, as offsets into `before`. */
export function smallestEdit(before: string, after: string): { start: number; end: number; text: string } {
  const old = rawLines(before);
  const now = rawLines(after);
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const start = old.slice(0, head).join('').length;
  return {
    start,
    end: start + old.slice(head, old.length - tail).join('').length,
    text: now.slice(head, now.length - tail).join(''),
  };
}

function fixedInLine(
  text: string,
  path: string,
  file: readonly string[],
  { search, replace }: { search: string; replace: string },
): Fixed {
  const [part, ...more] = linesOf(search);
  const [instead = '', ...others] = linesOf(replace);
  if (part === undefined || more.length > 0 || others.length > 0) return { kind: 'cannot', why: 'missing' };
  const holders = file.filter((line) => line.includes(part));
  const [line] = holders;
  if (line === undefined) return { kind: 'cannot', why: 'missing' };
  if (holders.length > 1 || line.indexOf(part) !== line.lastIndexOf(part)) return { kind: 'cannot', why: 'several' };
  return applied(text, path, [line], [line.replace(part, () => instead)]);
}

function applied(text: string, path: string, search: readonly string[], replace: readonly string[]): Fixed {
  const outcome = applyEdits(text, [{ search, replace }], { path });
  return outcome.kind === 'applied' ? { kind: 'text', text: outcome.text } : { kind: 'cannot', why: 'no_change' };
}

function plain(text: string): string {
  return text.replaceAll('\r\n', '\n').trimEnd();
}
