import { bounded } from '../tools/bounded.ts';
import type { ToolResult } from '../tools/tool.ts';
import { looksRandom } from './looksRandom.ts';
import { mask, maskSecretLines } from './maskSecrets.ts';

/**
 * What a tool found, without secrets: the text, and every text in the data. The lines stay as many as they were. For all
 * that leaves a tool or a resource, whoever asked.
 */
export function maskResult<Data>(result: ToolResult<Data>, maxChars: number): ToolResult<Data> {
  const { data } = result;
  const masked = maskFound(result.text);
  const isLonger = masked.length > result.text.length && masked.length > maxChars;
  const text = isLonger
    ? bounded(masked, maxChars, () => 'Masked secrets took the room: ask for less at once.')
    : masked;
  const maskText = (part: string) => linesOfMasked(part, result.text, masked) ?? maskFound(part);
  return { ...result, text, ...(data !== undefined && { data: maskData(data, maskText) as Data }) };
}

/** A text that may be a part of a file: it may begin in the middle of a key. */
export function maskFound(text: string): string {
  return maskKeyLines(maskSecretLines(text));
}

/** Shorter ones are masked as quickly as they are looked for. */
const WORTH_LOOKING = 200;

/**
 * What data and text share, a file's lines above all, is masked once: whole lines of a text that was masked are masked in
 * it, and are as many there.
 * @returns undefined where `part` is not whole lines of `text`
 */
function linesOfMasked(part: string, text: string, masked: string): string | undefined {
  if (part.length < WORTH_LOOKING) return undefined;
  const from = text.indexOf(part);
  const to = from + part.length;
  if (from < 0 || (from > 0 && text[from - 1] !== '\n') || (to < text.length && text[to] !== '\n')) return undefined;
  if (masked === text) return part;
  const first = text.slice(0, from).split('\n').length - 1;
  const count = part.split('\n').length;
  return masked
    .split('\n')
    .slice(first, first + count)
    .join('\n');
}

function maskData(data: unknown, maskText: (text: string) => string): unknown {
  if (typeof data === 'string') return maskText(data);
  if (Array.isArray(data)) return data.map((one) => maskData(one, maskText));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, maskData(value, maskText)]));
}

/** What may stand behind a line of a key in a file of keys, a literal or a diff. */
const KEY_LINE = /(?<=^|[^A-Za-z0-9/])([A-Za-z0-9+/]{64,77})(?=(?:\\[nr]){0,2}["'`]?[\s,;+\\]{0,4}$)/;
/** How files of keys break lines; one more where a diff's sign stands in front. */
const WIDTHS = new Set([64, 65, 70, 71, 76, 77]);
/** Characters that such a line has at least. */
const SHORTEST = 64;
/** Characters at the end of a line that are looked at. */
const END = 100;

/** Lines of a key whose first line is not there. A hash in hexadecimal is none: it has no capitals. */
function maskKeyLines(text: string): string {
  if (!hasLongRun(text)) return text;
  return text
    .split('\n')
    .map((line) => {
      // Most lines are too short, or have something else there.
      if (line.length < SHORTEST || !/^[A-Za-z0-9+/]+$/.test(line.slice(-60, -12))) return line;
      const end = line.slice(-END);
      const found = KEY_LINE.exec(end);
      const key = found?.[1];
      if (!found || key === undefined || !WIDTHS.has(key.length)) return line;
      if (!/[A-Z]/.test(key) || !/[a-z]/.test(key) || !looksRandom(key)) return line;
      const from = line.length - end.length + found.index;
      return `${line.slice(0, from)}${mask('private key')}${line.slice(from + key.length)}`;
    })
    .join('\n');
}

/**
 * Whether as many characters as a line of a key has stand together that can be in one. Every such run has one at a multiple
 * of its least length, so that is where it is looked for.
 */
function hasLongRun(text: string): boolean {
  for (let at = SHORTEST - 1; at < text.length; at += SHORTEST) {
    let from = at;
    while (from >= 0 && isOfKey(text.charCodeAt(from))) from -= 1;
    if (from === at) continue;
    let to = at + 1;
    while (to - from <= SHORTEST && isOfKey(text.charCodeAt(to))) to += 1;
    if (to - from > SHORTEST) return true;
  }
  return false;
}

/** A letter, a digit, "+" or "/". */
function isOfKey(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 47 && code <= 57) || code === 43;
}
