import { searchPattern } from '../changes/searchPattern.ts';
import type { CodeFacts, Span } from '../ports.ts';
import { cutLine } from './bounded.ts';
import type { CodeLines } from './linesOfCode.ts';
import { looksLikeDefinition } from './looksLikeDefinition.ts';

/** What a name is doing where it stands. `text`: in a file that is no code. In the order of what tells the most. */
export const OCCURRENCE_KINDS = ['definition', 'import', 'call', 'use', 'comment', 'string', 'text'] as const;
export type OccurrenceKind = (typeof OCCURRENCE_KINDS)[number];

export interface Occurrence {
  path: string;
  /** 1-based, as is `column`, in UTF-16 units. */
  line: number;
  column: number;
  kind: OccurrenceKind;
  /** The line, trimmed and cut. */
  text: string;
  /** Of a definition: what it belongs to. */
  container?: string;
}

const LONGEST_LINE = 200;
/** Longer lines nobody has written: what a guess takes for the beginning of one is none. */
const LONGEST_WRITTEN = 2000;
/** Files that hold data or prose. */
const NO_CODE =
  /\.(md|mdx|markdown|rst|txt|adoc|json|jsonc|ya?ml|toml|ini|csv|tsv|lock|html?|css|s[ac]ss|less|svg|xml|log)$/i;

/** Where a name stands as a whole word in lines, and what it is doing there. */
export function occurrencesIn(file: CodeLines, name: string): Occurrence[] {
  const found: Occurrence[] = [];
  const pattern = new RegExp(
    searchPattern({ pattern: name, regex: false, caseSensitive: true, wholeWord: true, limit: 1 }).source,
    'gu',
  );
  for (const [line, text] of file.lines) {
    const inLine = [...text.matchAll(pattern)].map(({ index }): Occurrence => {
      const kind = kindAt(file, { name, line, column: index + 1, text });
      return { path: file.path, line, column: index + 1, text: shownLine(text, index), ...kind };
    });
    // `import { pay } from './pay.ts'` imports it once.
    const isImport = inLine.some(({ kind }) => kind === 'import');
    found.push(...inLine.filter(({ kind }) => !isImport || kind !== 'string'));
  }
  return found;
}

/** A line for people: trimmed, and where it is long, the part around the column. */
export function shownLine(line: string, index: number): string {
  const trimmed = line.trim();
  if (trimmed.length <= LONGEST_LINE || index < LONGEST_LINE / 2) return cutLine(trimmed, LONGEST_LINE);
  const from = index - LONGEST_LINE / 2;
  // Only what is shown: a line of a bundle is long, and has many places.
  const around = line.slice(from, from + LONGEST_LINE);
  const isEnd = from + LONGEST_LINE >= line.trimEnd().length;
  return cutLine(`…${isEnd ? around.trim() : `${around.trimStart()}…`}`, LONGEST_LINE);
}

interface Place {
  name: string;
  line: number;
  column: number;
  text: string;
}

function kindAt(file: CodeLines, place: Place): Pick<Occurrence, 'kind' | 'container'> {
  const { facts } = file;
  const { name, line, column, text } = place;
  if (!facts) {
    if (NO_CODE.test(file.path)) return { kind: 'text' };
    const isWritten = text.length <= LONGEST_WRITTEN;
    return { kind: isWritten && looksLikeDefinition(text, name) ? 'definition' : callOrUse(place) };
  }
  const symbol = facts.symbols.find((known) => known.line === line && known.column === column && known.name === name);
  if (symbol) return { kind: 'definition', ...(symbol.container !== undefined && { container: symbol.container }) };
  if (isWithin(facts.comments, line, column)) return { kind: 'comment' };
  if (isWithin(facts.strings, line, column)) return { kind: 'string' };
  if (isImported(facts, name, line)) return { kind: 'import' };
  return { kind: callOrUse(place) };
}

function isImported({ imports }: CodeFacts, name: string, line: number): boolean {
  return imports.some((imported) => imported.line <= line && line <= imported.endLine && imported.names.includes(name));
}

function callOrUse({ name, column, text }: Place): 'call' | 'use' {
  const after = text.slice(column - 1 + name.length, column + name.length + 200);
  const before = text.slice(Math.max(0, column - 20), column - 1);
  const isCall =
    // `foo(`, `foo<T>(`, `foo?.(`, `foo!(`, `` foo` ``
    /^\s*(?:<[^()<>]*(?:<[^()<>]*>[^()<>]*)?>)?\s*(?:\?\.\s*|!\s*)?\(/.test(after) ||
    after.startsWith('`') ||
    /^![[{]/.test(after) ||
    // `new Foo`, `@foo`, `<Foo`
    /(?:\bnew\s+|@)$/.test(before) ||
    (/(?:^|[\s(=>?:])<$/.test(before) && /^[\s/>]|^$/.test(after));
  return isCall ? 'call' : 'use';
}

/** @param spans in their order, none in another */
function isWithin(spans: readonly Span[], line: number, column: number): boolean {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const span = spans[middle];
    if (span && (span.line < line || (span.line === line && span.column <= column))) low = middle + 1;
    else high = middle;
  }
  const span = spans[low - 1];
  return span !== undefined && (span.endLine > line || (span.endLine === line && span.endColumn > column));
}
