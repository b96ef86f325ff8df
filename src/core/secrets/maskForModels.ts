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
  return { ...result, text, ...(data !== undefined && { data: maskData(data) as Data }) };
}

/** A text that may be a part of a file: it may begin in the middle of a key. */
export function maskFound(text: string): string {
  return maskKeyLines(maskSecretLines(text));
}

function maskData(data: unknown): unknown {
  if (typeof data === 'string') return maskFound(data);
  if (Array.isArray(data)) return data.map(maskData);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, maskData(value)]));
}

/** What may stand behind a line of a key in a file of keys, a literal or a diff. */
const KEY_LINE = /(?<=^|[^A-Za-z0-9/])([A-Za-z0-9+/]{64,77})(?=(?:\\[nr]){0,2}["'`]?[\s,;+\\]{0,4}$)/;
/** How files of keys break lines; one more where a diff's sign stands in front. */
const WIDTHS = new Set([64, 65, 70, 71, 76, 77]);
/** Characters at the end of a line that are looked at. */
const END = 100;

/** Lines of a key whose first line is not there. A hash in hexadecimal is none: it has no capitals. */
function maskKeyLines(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      // Most lines are too short, or have something else there.
      if (line.length < 64 || !/^[A-Za-z0-9+/]+$/.test(line.slice(-60, -12))) return line;
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
