import { matchedLine } from './plainSearch.ts';

/** What ripgrep says with --json, as far as it is needed here: the events of one file come after each other. */
export type RipgrepEvent =
  /** `path`: as ripgrep writes it. */
  | { type: 'begin'; path: string }
  | { type: 'match'; line: number; text: string }
  /** Only here it is known whether there was a NUL in the file. */
  | { type: 'end'; isBinary: boolean };

/** @returns a function from the next piece of ripgrep's output, cut anywhere, to the events that are complete with it */
export function ripgrepEvents(): (piece: Buffer) => RipgrepEvent[] {
  let begun: Buffer[] = [];
  return (piece) => {
    const events: RipgrepEvent[] = [];
    let start = 0;
    for (let end = piece.indexOf(LINE_END); end >= 0; end = piece.indexOf(LINE_END, start)) {
      const rest = piece.subarray(start, end);
      const event = eventOf(begun.length === 0 ? rest : Buffer.concat([...begun, rest]));
      if (event) events.push(event);
      begun = [];
      start = end + 1;
    }
    if (start < piece.length) begun.push(piece.subarray(start));
    return events;
  };
}

const LINE_END = 0x0a;
const MATCH = Buffer.from('{"type":"match",');
// In a text, quotes are escaped: so these are found nowhere else.
const LINES = Buffer.from('"lines":{"text":"');
const NUMBER = Buffer.from('"},"line_number":');
const LONGEST_NUMBER = 16;
/** Bytes in which there is all that is shown of a line, however it is escaped. */
const LONGEST_WRITTEN = 4000;

function eventOf(json: Buffer): RipgrepEvent | undefined {
  const isMatch = json.subarray(0, MATCH.length).equals(MATCH);
  const event = isMatch ? matchOf(json) : undefined;
  if (event) return event;
  const { type, data } = JSON.parse(json.toString('utf8')) as Written;
  if (type === 'begin') return { type, path: textOf(data.path) };
  if (type === 'match') return { type, line: data.line_number ?? 0, text: matchedLine(textOf(data.lines)) };
  if (type === 'end') return { type, isBinary: data.binary_offset !== null };
  return undefined;
}

/**
 * A line may be as long as its file, and in it thousands of places that match, each of which is told of: what is not
 * needed of that is not parsed.
 * @returns undefined where the line is no valid UTF-8
 */
function matchOf(json: Buffer): RipgrepEvent | undefined {
  const before = json.indexOf(LINES);
  const end = before < 0 ? -1 : json.indexOf(NUMBER, before);
  if (end < 0) return undefined;
  const start = before + LINES.length;
  const number = end + NUMBER.length;
  const line = Number.parseInt(json.toString('latin1', number, number + LONGEST_NUMBER), 10);
  const written =
    end - start <= LONGEST_WRITTEN
      ? json.toString('utf8', start, end)
      : wholeEscapes(json.toString('utf8', start, start + LONGEST_WRITTEN));
  return { type: 'match', line, text: matchedLine(JSON.parse(`"${written}"`) as string) };
}

function wholeEscapes(cut: string): string {
  return /^(?:[^\\]|\\u[\da-fA-F]{4}|\\[^u])*/.exec(cut)?.[0] ?? '';
}

/** Our own child writes it, in a form that is documented: https://docs.rs/grep-printer/latest/grep_printer/struct.JSON.html */
interface Written {
  type: string;
  data: { path?: Text; lines?: Text; line_number?: number | null; binary_offset?: number | null };
}
type Text = { text: string } | { bytes: string };

/** What is no valid UTF-8 comes in base64. */
function textOf(text: Text | undefined): string {
  if (!text) return '';
  return 'text' in text ? text.text : Buffer.from(text.bytes, 'base64').toString('utf8');
}
