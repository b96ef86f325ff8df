import { nearestLineWith } from '../../core/orchestrator/gate.ts';
import { squeezed } from '../../core/orchestrator/waivers.ts';

/** What a finding holds on to. */
export interface Hold {
  /** The text of the line or lines. */
  quote: string | undefined;
  /** 1-based: where it was last. */
  line: number | undefined;
}

/** Where a finding stands in a text; lines and characters count from 0, the end is exclusive. */
export interface Anchor {
  startLine: number;
  startCharacter: number;
  endLine: number;
  endCharacter: number;
}

/**
 * Where the quoted text stands now: nearest to where it was. Undefined where it is gone.
 * What is about the whole file stands at its beginning.
 */
export function anchorOf(text: string, { quote, line }: Hold): Anchor | undefined {
  const lines = text.split(/\r\n|\r|\n/);
  if (quote === undefined) {
    if (line === undefined) return { startLine: 0, startCharacter: 0, endLine: 0, endCharacter: 0 };
    return line >= 1 && line <= lines.length ? around(lines, line - 1, line - 1) : undefined;
  }
  const first = nearestLineWith(lines, quote, line ?? 1);
  if (first === undefined) return undefined;
  const rest = quote
    .split(/\r\n|\r|\n/)
    .filter((one) => one.trim() !== '')
    .slice(1);
  let last = first - 1;
  for (const wanted of rest) {
    let next = last + 1;
    while (next < lines.length && lines[next]?.trim() === '') next += 1;
    if (!squeezed(lines[next] ?? '').includes(squeezed(wanted))) break;
    last = next;
  }
  return around(lines, first - 1, last);
}

/** The text of a line, to hold on to where a finding came without a quote; undefined where there is nothing in it. */
export function lineAt(text: string, line: number): string | undefined {
  const found = text.split(/\r\n|\r|\n/)[line - 1]?.trim();
  return found === '' ? undefined : found;
}

/** From the first to the last character that is no white space. */
function around(lines: readonly string[], startLine: number, endLine: number): Anchor {
  const start = lines[startLine] ?? '';
  const end = lines[endLine] ?? '';
  const startCharacter = start.length - start.trimStart().length;
  return {
    startLine,
    startCharacter,
    endLine,
    endCharacter: Math.max(end.trimEnd().length, startLine === endLine ? startCharacter : 0),
  };
}
