import { type Block, type HunkPlace, malformed } from './block.ts';

/** A hunk of a diff or of a patch, as it is written. */
export interface Hunk {
  /** The line that opens it; empty where it has none. */
  header: string;
  /** 1-based, in the file as it is when the hunk is applied. */
  startLine?: number;
  place: HunkPlace;
  /** With their prefixes. */
  lines: string[];
}

/**
 * The edit that a hunk stands for: what it keeps and removes is searched, what it keeps and adds is put there. Context
 * lines whose prefix was left out are read as they are.
 */
export function hunkBlock({ header, startLine, place, lines }: Hunk, path: string, explanation: string): Block {
  const body = withoutBlankEnd(lines).filter((line) => !line.startsWith('\\'));
  const shown = header === '' ? body : [header, ...body];
  if (!body.some((line) => /^[+-]/.test(line))) {
    return malformed('The hunk changes nothing: none of its lines begins with + or -.', shown, path);
  }
  const contextOf = hasBareContext(body) ? (line: string) => line : (line: string) => line.replace(/^ /, '');
  const search: string[] = [];
  const replace: string[] = [];
  for (const line of body) {
    const isAdded = line.startsWith('+');
    const isRemoved = line.startsWith('-');
    const text = isAdded || isRemoved ? line.slice(1) : contextOf(line);
    if (!isAdded) search.push(text);
    if (!isRemoved) replace.push(text);
  }
  if (search.length === 0 && place.atEnd) return { kind: 'append', path, lines: replace };
  return {
    kind: 'edit',
    path,
    search,
    replace,
    explanation,
    ...(startLine !== undefined && { startLine }),
    hunk: place,
  };
}

/** How many lines a hunk has of the file before and after it. */
export function countsOf({ lines }: Pick<Hunk, 'lines'>): { before: number; after: number } {
  const body = lines.filter((line) => !line.startsWith('\\'));
  const added = body.filter((line) => line.startsWith('+')).length;
  const removed = body.filter((line) => line.startsWith('-')).length;
  return { before: body.length - added, after: body.length - removed };
}

/** Empty lines between hunks belong to neither. */
function withoutBlankEnd(lines: readonly string[]): string[] {
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
}

/** Whether context lines stand there without the space that marks them. */
function hasBareContext(body: readonly string[]): boolean {
  const context = body.filter((line) => line !== '' && !/^[+-]/.test(line));
  if (context.every((line) => line.startsWith(' '))) return false;
  // Beside a line without a prefix, one may still have its own: then its indentation is an odd number of spaces.
  const spaces = context.flatMap((line) => (line.startsWith(' ') ? [/^ */.exec(line)?.[0].length ?? 0] : []));
  return spaces.every((count) => count % 2 === 0);
}
