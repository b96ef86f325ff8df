import { stretches } from '../textLines.ts';
import type { Sides } from './cleaners.ts';
import { keyOf, withoutQuoted } from './lineKeys.ts';
import { lineKeyOf, type Step } from './match.ts';

const CLOSING = /^\s*[)\]}]+[)\]};,]*\s*$/;

/**
 * Whether SEARCH stops one line short: REPLACE ends with the closing bracket that follows the place in the file, which would
 * stand there twice, and with it SEARCH opens and closes as much as REPLACE does.
 * @param next the file's line behind the place
 * @param step by which the place was found
 */
export function stopsShort({ search, replace }: Sides, next: string | undefined, step: Step): boolean {
  const last = replace.at(-1);
  if (last === undefined || next === undefined || !CLOSING.test(last)) return false;
  const by = step === 'exact' ? 'trailing' : lineKeyOf(step);
  const bare = (line: string): string => keyOf(line, by);
  if (bare(last) !== bare(next)) return false;
  // One that SEARCH has, too, is not the one that it lacks.
  const end = stretches(search.map(bare), replace.map(bare)).at(-1);
  if (end?.kind !== 'changed' || end.added === 0) return false;
  // What SEARCH opens and does not close is what the bracket closes.
  if (!unclosed(search).includes(OPENING[next.trim()[0] as keyof typeof OPENING])) return false;
  const wanted = balance(replace);
  return !isSame(balance(search), wanted) && isSame(balance([...search, next]), wanted);
}

type Balance = Readonly<Record<'(' | '[' | '{', number>>;
const OPENING = { ')': '(', ']': '[', '}': '{' } as const;

/** Brackets in their order; those in texts and comments do not count. */
function bracketsOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const code = withoutQuoted(line).replace(/(?:^|\s)(?:\/\/|#).*$/, '');
    return code.match(/[()[\]{}]/g) ?? [];
  });
}

/** How many more brackets are opened than closed. */
function balance(lines: readonly string[]): Balance {
  const open = { '(': 0, '[': 0, '{': 0 };
  for (const bracket of bracketsOf(lines)) {
    if (bracket === '(' || bracket === '[' || bracket === '{') open[bracket] += 1;
    else open[OPENING[bracket as keyof typeof OPENING]] -= 1;
  }
  return open;
}

/** The opening brackets that nothing closes. */
function unclosed(lines: readonly string[]): string[] {
  const open: string[] = [];
  for (const bracket of bracketsOf(lines)) {
    if (bracket === '(' || bracket === '[' || bracket === '{') open.push(bracket);
    else if (open.at(-1) === OPENING[bracket as keyof typeof OPENING]) open.pop();
  }
  return open;
}

function isSame(one: Balance, other: Balance): boolean {
  return one['('] === other['('] && one['['] === other['['] && one['{'] === other['{'];
}
