import { maskSecretLines } from '../secrets/maskSecrets.ts';
import { applyEdits } from './applyEdits.ts';
import type { Block, EditBlock, WholeBlock } from './block.ts';
import { hintOf } from './hunkPlace.ts';
import { type Miss, nearestNow } from './misses.ts';
import { joinText, type Line, mergeLines, splitText } from './textLines.ts';
import { elisionIn, lostBy, wholeLines } from './wholeFile.ts';

export type WritingBlock = Extract<Block, { kind: 'edit' | 'append' | 'whole' }>;
export type TextOutcome = { kind: 'text'; text: string } | { kind: 'rejected'; reason: string; miss?: Miss };

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
      return current === null ? wholeNew(block, style) : rewritten(current, block);
    case 'edit':
      return current === null ? { kind: 'text', text: newText(block.replace, style) } : edited(current, block, path);
    default:
      return block satisfies never;
  }
}

function rejected(reason: string): TextOutcome {
  return { kind: 'rejected', reason };
}

function edited(current: string, block: EditBlock, path: string): TextOutcome {
  const startLine = hintOf(block, current);
  const edit = { search: block.search, replace: block.replace, ...(startLine !== undefined && { startLine }) };
  const outcome = applyEdits(current, [edit], { path });
  if (outcome.kind === 'applied') return { kind: 'text', text: outcome.text };
  if (block.hunk && block.search.length === 0) {
    return rejected(
      `The hunk has only + lines, which does not say where in ${path} they belong. ` +
        'Put a few of the lines around into it, each with a space in front, or write an edit block.',
    );
  }
  const how = block.hunk ? 'SEARCH means the lines of the hunk without a +. ' : '';
  const [failure] = outcome.failures;
  if (!failure) return rejected(`${how}The edit of ${path} does not apply.`);
  const { reason, nearest } = failure;
  // What is told to the model is masked, as the file was that it saw.
  const file = splitText(maskSecretLines(current)).lines.map((line) => line.text);
  const miss: Miss = { search: block.search, file, ...(nearest && { nearest }) };
  const text = nearest ? `${reason} ${nearestNow(miss)}` : reason;
  const isMiss =
    block.search.some((line) => line.trim() !== '') && block.search.join('\n') !== block.replace.join('\n');
  return { kind: 'rejected', reason: how + text, ...(isMiss && { miss }) };
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

function wholeNew(block: WholeBlock, style: string): TextOutcome {
  const lines = wholeLines(block, []);
  const elision = elisionIn(block, [], lines);
  return elision === undefined ? { kind: 'text', text: newText(lines, style) } : rejected(elision);
}

function rewritten(current: string, block: WholeBlock): TextOutcome {
  const file = splitText(current);
  const key = file.lines.map((line) => line.text);
  const texts = withTabsOf(file.lines, wholeLines(block, file.lines));
  const flaw = elisionIn(block, key, texts) ?? lostBy(block, key, texts);
  if (flaw !== undefined) return rejected(flaw);
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
