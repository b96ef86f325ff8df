/** What was cut off the end of a text. Whole lines, unless the very first one did not fit: then `partial`. */
export interface Cut {
  /** Lines that are left, the partial one included. */
  kept: number;
  /** Lines that are gone. */
  lost: number;
  partial: boolean;
}

/** Cuts a text at a line end so that it has at most `maxChars` characters. */
export function cutAtLines(text: string, maxChars: number): { text: string; cut?: Cut } {
  if (text.length <= maxChars) return { text };
  const lines = lineCount(text);
  // The line end itself need not fit.
  const end = text.lastIndexOf('\n', Math.max(0, maxChars));
  if (end < 0) {
    return { text: cutLine(text, Math.max(0, maxChars)), cut: { kept: 1, lost: lines - 1, partial: true } };
  }
  const kept = lineCount(text.slice(0, end + 1));
  const cut = { kept, lost: lines - kept, partial: false };
  return { text: text.slice(0, end), ...(cut.lost > 0 && { cut }) };
}

/**
 * The text where it fits; else its first lines and, in brackets, how to go on. Never longer than `maxChars`.
 * @param readOn how to see what was cut
 */
export function bounded(text: string, maxChars: number, readOn: (cut: Cut) => string): string {
  if (text.length <= maxChars) return text;
  const lines = lineCount(text);
  const notice = (cut: Cut) =>
    `\n[${cut.lost > 0 ? `${cut.lost} more lines are not shown` : 'The line is cut'}. ${readOn(cut)}]`;
  // A notice has the most digits where all lines are kept and all are lost, so this leaves enough room for the real one.
  const room = maxChars - notice({ kept: lines, lost: lines, partial: false }).length;
  const { text: kept, cut } = cutAtLines(text, room);
  return cutLine(cut ? kept + notice(cut) : kept, maxChars);
}

/** How many lines, from the first on, fit into `maxChars` characters, each with its line end. */
export function fitting(lines: readonly string[], maxChars: number): number {
  let left = maxChars;
  const at = lines.findIndex((line) => {
    left -= line.length + 1;
    return left < 0;
  });
  return at < 0 ? lines.length : at;
}

/** The last lines of a text that fit into `maxChars` characters, and how many lines before them do not. */
export function lastLines(text: string, maxChars: number): { text: string; lost: number } {
  if (text.length <= maxChars) return { text, lost: 0 };
  const start = text.indexOf('\n', text.length - Math.max(0, maxChars) - 1) + 1;
  const kept = start === 0 ? '' : text.slice(start);
  return { text: kept, lost: lineCount(text) - lineCount(kept) };
}

/** The first characters of a line, with a mark where some are gone. Never breaks a character in two. */
export function cutLine(line: string, maxChars: number): string {
  if (line.length <= maxChars) return line;
  if (maxChars < 1) return '';
  const kept = line.slice(0, maxChars - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** A line end at the end of the text begins no further line. */
export function lineCount(text: string): number {
  let count = text === '' || text.endsWith('\n') ? 0 : 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
