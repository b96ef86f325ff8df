import { applyEdits, type EditFailure } from './applyEdits.ts';
import type { Block } from './block.ts';
import { joinText, type Line, linesOf, mergeLines, splitText, stretches } from './textLines.ts';

export type WritingBlock = Extract<Block, { kind: 'edit' | 'append' | 'whole' }>;
export type TextOutcome = { kind: 'text'; text: string } | { kind: 'rejected'; reason: string };

/** A file this long must not lose most of its lines to a rewrite that does not say so. */
const LONG_FILE = 50;
const LARGEST_LOSS = 0.6;

/**
 * The file's text after the block. Lines that the block does not change keep every byte; the file keeps its BOM, its
 * line ends, its final newline and its tabs.
 * @param current null where the block creates the file
 * @param style a text whose habits a new file takes over: that of the file which was there before it was deleted
 */
export function textAfter(block: WritingBlock, path: string, current: string | null, style: string): TextOutcome {
  const outcome = written(block, path, current, style);
  if (outcome.kind === 'rejected') return outcome;
  if (outcome.text.includes('\0'))
    return rejected(`The text for ${path} holds a NUL character, so it is no text file.`);
  if (outcome.text === current) return rejected(`${path} already reads like that: nothing would change.`);
  return outcome;
}

function written(block: WritingBlock, path: string, current: string | null, style: string): TextOutcome {
  switch (block.kind) {
    case 'append':
      if (block.lines.length === 0) return rejected(`The APPEND block for ${path} holds no lines.`);
      return { kind: 'text', text: current === null ? newText(block.lines, style) : appended(current, block.lines) };
    case 'whole':
      return current === null
        ? { kind: 'text', text: newText(linesOf(block.text), style) }
        : rewritten(current, block.text, path);
    case 'edit': {
      if (current === null) return { kind: 'text', text: newText(block.replace, style) };
      const outcome = applyEdits(current, [block], { path });
      return outcome.kind === 'applied'
        ? { kind: 'text', text: outcome.text }
        : rejected(outcome.failures.map(failureText).join('\n'));
    }
    default:
      return block satisfies never;
  }
}

function rejected(reason: string): TextOutcome {
  return { kind: 'rejected', reason };
}

/** The nearest lines go without line numbers in front, so that they can be copied as they are. */
function failureText({ reason, nearest }: EditFailure): string {
  if (!nearest) return reason;
  const last = nearest.startLine + nearest.lines.length - 1;
  const where = last === nearest.startLine ? `line ${last}` : `lines ${nearest.startLine} to ${last}`;
  return `${reason} The nearest now are ${where}:\n${nearest.lines.join('\n')}`;
}

function newText(texts: readonly string[], style: string): string {
  const { bom, lines, finalNewline } = splitText(style);
  const end = lines[0]?.end ?? '\n';
  return joinText({ bom, lines: withTabsOf(lines, texts).map((text) => ({ text, end })), finalNewline });
}

function appended(current: string, texts: readonly string[]): string {
  const file = splitText(current);
  const end = file.lines.at(-1)?.end ?? '\n';
  return joinText({ ...file, lines: [...file.lines, ...texts.map((text) => ({ text, end }))] });
}

function rewritten(current: string, text: string, path: string): TextOutcome {
  const file = splitText(current);
  const key = file.lines.map((line) => line.text);
  const texts = withTabsOf(file.lines, linesOf(text));
  const kept = stretches(key, texts).reduce((sum, part) => sum + (part.kind === 'shared' ? part.count : 0), 0);
  const lost = key.length - kept;
  if (key.length > LONG_FILE && texts.length < key.length && lost > LARGEST_LOSS * key.length) {
    return rejected(
      `This would drop ${lost} of the ${key.length} lines of ${path}. A whole file must be written to its end, with nothing left out. ` +
        `Change parts with SEARCH and REPLACE; if the rest shall really go, write DELETE ${path} first.`,
    );
  }
  const now = texts.map((line) => ({ key: line, text: line }));
  return { kind: 'text', text: joinText({ ...file, lines: mergeLines(file.lines, key, now, '\n') }) };
}

/** Where all of the file is indented by tabs and all of the new text by spaces, the new text gets tabs too. */
function withTabsOf(file: readonly Line[], texts: readonly string[]): string[] {
  const isTabbed = file.some(({ text }) => text.startsWith('\t')) && !file.some(({ text }) => text.startsWith('  '));
  if (!isTabbed || texts.some((text) => text.startsWith('\t'))) return [...texts];
  const widths = texts.map(spacesBefore).filter((width) => width > 1);
  const unit = widths.reduce((least, width) => Math.min(least, width), Number.POSITIVE_INFINITY);
  return texts.map((text) => {
    const width = spacesBefore(text);
    return width < unit ? text : '\t'.repeat(Math.floor(width / unit)) + ' '.repeat(width % unit) + text.slice(width);
  });
}

function spacesBefore(text: string): number {
  return /^ */.exec(text)?.[0].length ?? 0;
}
