/** A line of a file, and what ends it: nothing, after the last line of a file without a final newline. */
export interface FileLine {
  text: string;
  end: '\n' | '\r\n' | '';
}

/** All of a file, its BOM as a part of the first line. */
export function fileLines(text: string): FileLine[] {
  const found: FileLine[] = [];
  for (const [, line = '', end = ''] of text.matchAll(/([^\n]*?)(\r?\n|$)/g)) {
    if (line === '' && end === '') break;
    found.push({ text: line, end: end as FileLine['end'] });
  }
  return found;
}

export function textOf(lines: readonly FileLine[]): string {
  return lines.map(({ text, end }) => text + end).join('');
}

export function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

export function isBlank(line: string): boolean {
  return line.trim() === '';
}

/** One step of indentation, as most of a file has it. */
export function indentUnit(lines: readonly string[]): string {
  const counts = new Map<string, number>();
  let before = '';
  for (const line of lines) {
    if (isBlank(line) || /^\s*\*/.test(line)) continue;
    const indent = indentOf(line);
    if (indent.length > before.length && indent.startsWith(before)) {
      const step = indent.slice(before.length);
      if (['\t', '  ', '    ', '   ', '        '].includes(step)) counts.set(step, (counts.get(step) ?? 0) + 1);
    }
    before = indent;
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '  ';
}

/**
 * A text without all in which a careless copy may differ from it: white space, kinds of quotes and dashes, entities.
 * Two places of a file with different skeletons are never taken for each other.
 */
export function skeleton(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&(quot|apos|#39|#34|#x27);/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/[\s\uFEFF\u200B]+/g, '')
    .replace(/["“”„«»‘’‚′″`]/g, "'")
    .replace(/[‐‑‒–—―−]/g, '-')
    .replace(/\\/g, '');
}

/** How often the lines stand in the file, however carelessly they were copied. */
export function timesFound(file: string, lines: readonly string[]): number {
  const wanted = skeleton(lines.join('\n'));
  if (wanted === '') return Number.POSITIVE_INFINITY;
  const within = skeleton(file);
  let count = 0;
  for (let at = within.indexOf(wanted); at >= 0; at = within.indexOf(wanted, at + 1)) count++;
  return count;
}
