import { type Block, CUT_OFF, malformed, type NamedFile } from './block.ts';
import { closingMarker, isDivider, isProseFile, looksLikeOpening, type OpeningMarker } from './blockLines.ts';
import type { BlockReader, Taken } from './blockReader.ts';

interface OpenBlock extends Omit<OpeningMarker, 'path'> {
  file?: NamedFile;
  explanation: string;
  lines: string[];
  /** The opening line, for excerpts. */
  opening: string;
  /** Why the block cannot be read, where that is clear before its end. */
  flaw?: string;
}

/** Reads a SEARCH/REPLACE or an APPEND block, the form that the Coder is taught, from the line after its opening marker. */
export function readSearchReplace(
  opening: OpeningMarker,
  line: string,
  head: { file?: NamedFile; explanation: string },
): BlockReader {
  const { path: _path, ...marker } = opening;
  const block: OpenBlock = { ...marker, ...head, lines: [], opening: line };
  return {
    take: (raw) => takeLine(block, raw),
    closes: (raw) => closingMarker(raw.trimStart()) === 'ours',
    end({ truncated, partial }) {
      if (partial !== undefined) block.lines.push(partial);
      return [faulty(block, truncated ? CUT_OFF : NEVER_CLOSED, block.lines, 'last')];
    },
  };
}

function takeLine(block: OpenBlock, raw: string): Taken {
  const isIndented = raw.startsWith(block.indent);
  const line = isIndented ? raw.slice(block.indent.length) : raw;
  const closing = closingMarker(line);
  if (closing === 'ours') return { blocks: [readBlock(block)], over: {} };
  if (closing === 'other' && !block.flaw) {
    return { blocks: [faulty(block, CLOSING_FLAW, [...block.lines, line])], over: {} };
  }
  if (looksLikeOpening(line)) block.flaw ??= NESTED_FLAW;
  else if (!isIndented && line.trim() !== '') block.flaw ??= INDENT_FLAW;
  block.lines.push(line);
  return { blocks: [] };
}

const NEVER_CLOSED = 'The block is never closed: end it with a line >>>>>>> REPLACE.';
const CLOSING_FLAW = 'The closing marker must read >>>>>>> REPLACE, and a merge conflict cannot be part of a block.';
const NESTED_FLAW =
  'A second <<<<<<< begins before the block is closed. Close each block with >>>>>>> REPLACE; ' +
  'lines that are conflict markers themselves cannot be edited this way.';
const INDENT_FLAW = 'The markers are indented, but not all lines between them. Write markers and lines without it.';

function faulty(block: OpenBlock, reason: string, lines: readonly string[], part?: 'last'): Block {
  return malformed(reason, part === 'last' ? lines : [block.opening, ...lines], block.file?.path, part);
}

function readBlock(block: OpenBlock): Block {
  const { form, file, lines, flaw, explanation } = block;
  if (form === 'unknown') {
    return faulty(block, `The marker is not known. Write <<<<<<< SEARCH or <<<<<<< APPEND.`, lines);
  }
  if (flaw !== undefined) return faulty(block, flaw, lines);
  if (file === undefined) {
    return faulty(
      block,
      "The block names no file: write the file's path, alone, on the line before its marker.",
      lines,
    );
  }
  const { path } = file;
  const dividers = lines.flatMap((line, i) => (isDivider(line) ? [i] : []));
  const likeMarker = dividers.filter((i) => lines[i]?.trimEnd().length === block.width);
  if (form === 'append') {
    if (likeMarker.length === 0 || isProseFile(path)) return { kind: 'append', ...file, lines };
    return faulty(block, 'An APPEND block has no =======: it holds only the lines to append.', lines);
  }
  if (dividers.length === 0) return faulty(block, 'The block has no ======= between SEARCH and REPLACE.', lines);
  const [only, another] = likeMarker.length > 0 ? likeMarker : dividers;
  const couldBeUnderline = likeMarker.length === 0 && isProseFile(path);
  if (only === undefined || another !== undefined || couldBeUnderline) {
    const reason =
      'It is unclear which line of = signs divides SEARCH from REPLACE. Choose lines to replace that hold none, ' +
      'or write markers of another length (five to nine signs, the same in all three).';
    return faulty(block, reason, lines);
  }
  return { kind: 'edit', ...file, search: lines.slice(0, only), replace: lines.slice(only + 1), explanation };
}
