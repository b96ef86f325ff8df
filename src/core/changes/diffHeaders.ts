import { pathIn } from './blockLines.ts';

/** The names on the two sides of a diff; `none` is /dev/null. */
export interface DiffNames {
  from: string | 'none';
  to: string | 'none';
  /** They had git's prefixes. */
  isPrefixed: boolean;
}

/** The names in "diff --git a/src/a.ts b/src/a.ts". Undefined for any other line, and where they cannot be told apart. */
export function gitNames(line: string): DiffNames | undefined {
  const rest = /^diff --git (.+)$/.exec(line)?.[1];
  if (rest === undefined) return undefined;
  const quoted = /^("(?:[^"\\]|\\.)+"|\S+) ("(?:[^"\\]|\\.)+"|\S+)$/.exec(rest.trimEnd());
  if (quoted) return stripped(unquoted(quoted[1] ?? ''), unquoted(quoted[2] ?? ''));
  // A name with spaces stands there twice.
  const half = (rest.length - 1) / 2;
  const names = stripped(rest.slice(0, half), rest.slice(half + 1));
  return names.from === names.to ? names : undefined;
}

/** The name on a line "--- a/src/a.ts" or "+++ b/src/a.ts", with its prefix. */
export function sideName(line: string, side: '---' | '+++'): string | undefined {
  if (!line.startsWith(`${side} `)) return undefined;
  const name =
    line
      .slice(4)
      .split('\t')[0]
      ?.replace(/ \d{4}-\d\d-\d\d[ T].*$/, '') ?? '';
  return name.trim() === '' ? undefined : unquoted(name.trim());
}

/**
 * Without git's prefixes (a/ and b/, or others of one letter), which both sides have or neither has; where one lacks it by
 * mistake, the other says so.
 */
export function stripped(from: string, to: string): DiffNames {
  const letterOf = (name: string): string | undefined => /^([abciow])\/./.exec(name)?.[1];
  if (from === to.slice(2) && letterOf(to) !== undefined) return stripped(from, from);
  if (to === from.slice(2) && letterOf(from) !== undefined) return stripped(to, to);
  const [before, after] = [letterOf(from), letterOf(to)];
  const isPrefixed =
    before !== after && (before !== undefined || from === NONE) && (after !== undefined || to === NONE);
  const bare = (name: string): string => (name === NONE ? 'none' : plain(isPrefixed ? name.slice(2) : name));
  return { from: bare(from), to: bare(to), isPrefixed };
}

const NONE = '/dev/null';

/** Whether the names can be those of a file, so that their lines are no removed and added text. */
export function areFileNames({ from, to, isPrefixed }: DiffNames): boolean {
  if (isPrefixed) return true;
  const isFile = (name: string): boolean => name === 'none' || pathIn(name) !== undefined;
  return isFile(from) && isFile(to) && (from === to || from === 'none' || to === 'none');
}

function plain(name: string): string {
  return unquoted(name.trim()).replace(/^(?:\.\/)+/, '');
}

/** A name as git quotes it, with its bytes as octal numbers. */
function unquoted(name: string): string {
  const inner = /^"((?:[^"\\]|\\.)+)"$/.exec(name)?.[1];
  if (inner === undefined) return /^`([^`]+)`$/.exec(name)?.[1] ?? name;
  const ESCAPES: Record<string, string> = { n: '\n', t: '\t' };
  const bytes: number[] = [];
  for (const [, octal, escaped, other] of inner.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...new TextEncoder().encode(escaped === undefined ? other : (ESCAPES[escaped] ?? escaped)));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
