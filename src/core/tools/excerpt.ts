import type { FileLines, Workspace } from '../ports.ts';
import { cutAtLines, lineCount } from './bounded.ts';
import { counted, sized } from './counted.ts';
import { notText } from './notText.ts';

/** Lines that are asked for: both ends included, from 1. */
export interface Range {
  start_line?: number | undefined;
  end_line?: number | undefined;
}

/** A stretch of lines of a file, before it is known how much of it there is room for. */
export interface Stretch {
  path: string;
  /** 1-based. */
  start: number;
  /** Without the last line's end; line ends are `\n`. */
  body: string;
  /** Where the stretch ends because it was asked to end there, or the file does. */
  end: number;
  /** Lines of the file, where that is known. */
  total?: number;
  /** Of a file that is too large to be read whole. */
  bytes?: number;
  crlf: boolean;
  /** Where it is not UTF-8. */
  encoding?: string;
  /** The file as it is kept, and the SHA-256 (hex) of its bytes, where it is UTF-8 and was read whole. */
  kept?: { text: string; hash: string };
}

/** What is shown of a stretch, for a program. */
export interface Excerpt {
  path: string;
  start_line: number;
  end_line: number;
  lines?: number;
  text: string;
  encoding?: string;
  line_ends?: 'CRLF';
  /** Where to read on. */
  next_line?: number;
  /** Its last line is longer than fits. */
  line_is_cut?: boolean;
}

/** Room for the line above a file's text and the one below. */
const FRAME = 200;

/** @returns why there is no such stretch, where that is so */
export function stretchOf(
  path: string,
  read: { text: string; encoding?: string; hash?: string },
  range: Range,
): Stretch | { problem: string } {
  const text = withoutMarks(read.text);
  const total = lineCount(text);
  const start = range.start_line ?? 1;
  const end = Math.min(range.end_line ?? total, total);
  const problem = problemOf(path, start, range.end_line ?? total, total);
  if (problem !== undefined) return { problem };
  return {
    path,
    start,
    end,
    body: withoutLastEnd(text.slice(beginOf(start, text), end === total ? text.length : beginOf(end + 1, text))),
    total,
    crlf: read.text.includes('\r\n'),
    ...(read.encoding !== undefined && { encoding: read.encoding }),
    ...(read.hash !== undefined && { kept: { text: read.text, hash: read.hash } }),
  };
}

/** Without the mark of the byte order; line ends are `\n`. */
function withoutMarks(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
}

function withoutLastEnd(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** Where a line of the text begins. @param line from 1 */
function beginOf(line: number, text: string): number {
  let at = 0;
  for (let before = 1; before < line; before += 1) at = text.indexOf('\n', at) + 1;
  return at;
}

/** The stretch of a file that is too large to be read whole; where no lines are named, all of them are counted. */
export async function stretchOfLarge(
  path: string,
  bytes: number,
  range: Range,
  from: {
    readLines: NonNullable<Workspace['readLines']>;
    maxChars: number;
    signal: AbortSignal;
    onRead: (bytes: number) => void;
  },
): Promise<Stretch | { problem: string }> {
  const { start_line: start = 1, end_line: end } = range;
  if (end !== undefined && end < start) return { problem: `end_line ${end} is before start_line ${start}.` };
  const found: FileLines = await from.readLines(
    path,
    {
      from: start,
      to: end ?? Number.MAX_SAFE_INTEGER,
      maxChars: from.maxChars,
      onRead: from.onRead,
      ...(range.start_line === undefined && end === undefined && { countAll: true as const }),
    },
    from.signal,
  );
  if (found.kind === 'binary') return { problem: notText(path, bytes) };
  if (found.kind === 'unreadable') {
    return { problem: `${path} has ${sized(bytes)}, and no range of its lines can be read: ${found.reason}.` };
  }
  const { text, total, encoding } = found;
  const problem = total === undefined ? undefined : problemOf(path, start, end ?? total, total);
  if (problem !== undefined) return { problem };
  const body = withoutLastEnd(withoutMarks(text));
  const last = total ?? Number.MAX_SAFE_INTEGER;
  return {
    path,
    start,
    end: Math.min(end ?? last, last),
    body,
    bytes,
    crlf: text.includes('\r\n'),
    ...(total !== undefined && { total }),
    ...(encoding !== undefined && { encoding }),
  };
}

function problemOf(path: string, start: number, end: number, total: number): string | undefined {
  if (total === 0) return undefined;
  if (start > total) return `${path} has ${counted(total, 'line')}; start_line ${start} is after its end.`;
  return end < start ? `end_line ${end} is before start_line ${start}.` : undefined;
}

/** The characters that a stretch takes to be shown whole, about. */
export function roomFor({ path, body }: Stretch): number {
  return body.length + FRAME + path.length;
}

/**
 * As much of a stretch as there is room for, with a line above that says which lines they are, and one below that says
 * how to read on.
 * @param how.outline stands between them where given; its room counts as well
 * @param how.named the line below names the file: there are others beside it
 */
export function showStretch(
  stretch: Stretch,
  how: { maxChars: number; outline?: string; named: boolean },
): { text: string; excerpt: Excerpt } {
  const { path, start, body, total, bytes, crlf, encoding } = stretch;
  const outline = how.outline === undefined ? '' : `${how.outline}\n`;
  const facts = [
    crlf ? 'CRLF line ends' : undefined,
    encoding === undefined ? undefined : `kept as ${encoding}, so it cannot be edited here`,
    bytes === undefined ? undefined : `${sized(bytes)} in all`,
  ].filter((fact) => fact !== undefined);
  const about = facts.map((fact) => `, ${fact}`).join('');
  const excerpt = { path, ...(encoding !== undefined && { encoding }), ...(crlf && { line_ends: 'CRLF' as const }) };
  if (total === 0) {
    return { text: `${path} is empty.`, excerpt: { ...excerpt, start_line: 1, end_line: 0, lines: 0, text: '' } };
  }

  const { text: shown, cut } = cutAtLines(body, Math.max(1, how.maxChars - FRAME - path.length - outline.length));
  const last = start + lineBreaks(shown);
  const isCut = cut?.partial === true;
  const next = last < stretch.end ? last + 1 : undefined;
  const header = `${path} (lines ${start}-${last}${total === undefined ? '' : ` of ${total}`}${about})`;
  const on = how.named ? `path="${path}" and start_line` : 'start_line';
  const notes = [
    isCut ? `Line ${last} is longer than fits and is cut.` : undefined,
    next === undefined ? undefined : `Read on with ${on}=${next}.`,
    // Whoever looks at a log most often wants its end.
    next !== undefined && bytes !== undefined && total !== undefined
      ? `Its end is from start_line=${Math.max(next, total - 50)} on.`
      : undefined,
  ].filter((note) => note !== undefined);
  const footer = notes.length === 0 ? '' : `\n[${notes.join(' ')}]`;
  return {
    text: `${header}\n${outline}${shown}${footer}`.slice(0, how.maxChars),
    excerpt: {
      ...excerpt,
      start_line: start,
      end_line: last,
      ...(total !== undefined && { lines: total }),
      text: shown,
      ...(next !== undefined && { next_line: next }),
      ...(isCut && { line_is_cut: true }),
    },
  };
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
