import type { Language } from './language.ts';

/** What a comment says of lines that are left out. */
const LEFT_OUT =
  /\b(?:existing|unchanged|rest|remaining|remainder|omitted|same|previous|other|more|as before|as is|snip|code|lines|keep)\b/i;
const COMMENT = /^(?:\/\/+|#+|\/\*+|\{\/\*+|<!--|--|;+|%)\s*/;
const COMMENT_END = /\s*(?:\*+\/\}?|-->)$/;
const DOTS = /^(?:\.{3,}|\u2026)|(?:\.{3,}|\u2026)$/;

/** Whether a line stands for lines that are left out: "...", "// ... existing code ...", "# rest of the function". */
export function isElision(line: string): boolean {
  const text = line.trim();
  if (/^(?:\.{3,}|\u2026)$/.test(text)) return true;
  // Without a space it may be what a language spreads: "...rest".
  if (!COMMENT.test(text)) return /^(?:\.{3,}|\u2026)\s+[\w\s']+(?:\.{3,}|\u2026)?$/.test(text) && LEFT_OUT.test(text);
  const said = text.replace(COMMENT, '').replace(COMMENT_END, '').trim();
  const within = said.replace(/^\[|\]$/g, '');
  if (DOTS.test(said) && said.length < 80) {
    const words = within.replace(/\.{3,}|\u2026/g, '').trim();
    return words === '' || LEFT_OUT.test(words);
  }
  return /^(?:the\s+)?(?:rest of|remaining|existing|other existing)\b.*\b(?:code|function|method|class|file|lines|unchanged|here|as before|the same)\b/i.test(
    within,
  );
}

/** Whether a line of REPLACE leaves lines out that SEARCH does not: written down it would take their place. */
export function isLazy(line: string, { hasEllipsis }: Language): boolean {
  if (/^(?:\.{3,}|\u2026)$/.test(line.trim())) return !hasEllipsis;
  return isElision(line) && COMMENT.test(line.trim()) && /\b(?:existing|unchanged|rest of|remaining)\b/i.test(line);
}

/** The parts between lines that leave something out; those lines themselves are in none. */
export function partsBetween(lines: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (isElision(line)) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts;
}
