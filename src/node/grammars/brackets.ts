import type { UnbalancedBracket } from '../../core/ports.ts';

/** A bracket as it stands in the code: not in a string, not in a comment. */
export interface Bracket {
  bracket: '(' | '[' | '{' | ')' | ']' | '}';
  /** 1-based. */
  line: number;
  /** 1-based. */
  column: number;
}

const OPENER_OF: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

/**
 * The brackets that are never closed, and those that close nothing. Where several could be meant, the indentation
 * tells: a bracket at the head of a line closes one that stands in a line indented as much.
 * @param brackets in their order
 * @param lines of the text they stand in
 */
export function unbalanced(brackets: readonly Bracket[], lines: readonly string[]): UnbalancedBracket[] {
  const open: Bracket[] = [];
  const found: UnbalancedBracket[] = [];
  /** One that closes something, though it is indented otherwise: if there is one too many, it is this. */
  let doubtful: Bracket | undefined;
  const indentAt = (line: number): number => indentOf(lines[line - 1] ?? '');
  const giveUp = (end: number | undefined): void => {
    const bracket = open.pop();
    if (!bracket) return;
    const before = endOfBlock(bracket.line, end ?? lines.length + 1, lines) ?? end;
    found.push({ kind: 'unclosed', ...bracket, ...(before !== undefined && { before }) });
  };

  for (const closer of brackets) {
    const opener = OPENER_OF[closer.bracket];
    if (opener === undefined) {
      open.push(closer);
      continue;
    }
    const leads = indentAt(closer.line) === closer.column - 1;
    const indent = indentAt(closer.line);
    if (leads) {
      const meant = open.findLastIndex(
        ({ bracket, line }) => bracket === opener && line < closer.line && indentAt(line) === indent,
      );
      while (meant >= 0 && open.length > meant + 1 && isInnerTo(open.at(-1), closer, indentAt)) giveUp(closer.line);
    }
    const top = open.at(-1);
    if (top?.bracket === opener) {
      open.pop();
      if (leads && top.line < closer.line && indentAt(top.line) !== indent) doubtful ??= closer;
      continue;
    }
    const match = open.findLastIndex(({ bracket }) => bracket === opener);
    const isStray = match < 0 || (top?.line === closer.line && open[match]?.line !== closer.line);
    if (isStray) {
      found.push({ kind: 'extra', ...(doubtful?.bracket === closer.bracket ? doubtful : closer) });
      doubtful = undefined;
      continue;
    }
    while (open.length > match + 1) giveUp(closer.line);
    open.pop();
  }
  while (open.length > 0) giveUp(undefined);
  return found.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The line before which a block that begins in `line` ends, by its indentation; undefined where that does not tell. */
function endOfBlock(line: number, end: number, lines: readonly string[]): number | undefined {
  const indent = indentOf(lines[line - 1] ?? '');
  for (let at = line + 1; at < end; at += 1) {
    const text = lines[at - 1] ?? '';
    if (text.trim() === '' || indentOf(text) > indent) continue;
    // What follows at once is no deeper: its indentation says nothing about blocks.
    return lines.slice(line, at - 1).some((inner) => inner.trim() !== '') ? at : undefined;
  }
  return undefined;
}

function isInnerTo(top: Bracket | undefined, closer: Bracket, indentAt: (line: number) => number): boolean {
  return top !== undefined && top.line < closer.line && indentAt(top.line) > indentAt(closer.line);
}

function indentOf(line: string): number {
  return /^[\t ]*/.exec(line)?.[0].length ?? 0;
}
