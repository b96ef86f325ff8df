import {
  type CodeFacts,
  type CodeImport,
  type CodeSymbol,
  type Span,
  SYMBOL_KINDS,
  type SymbolKind,
} from '../../core/ports.ts';

/** What bytes mean; another number where that changes, or what the reader makes of a text. */
export const FORMAT = 2;

/** What is kept of a text that is too large to be read, so that nobody tries again. Facts take some bytes. */
export const NOTHING = new Uint8Array(0);

/**
 * Facts as bytes: small, and read only as far as they are asked for. The length of the JSON of symbols and imports, that
 * JSON, and the spans as numbers of as few bytes as they need, each counted from the one before.
 */
export function encode({ lines, symbols, imports, comments, strings }: CodeFacts): Uint8Array {
  const rows = symbols.map(rowOf);
  const json = Buffer.from(JSON.stringify([rows, imports.map((i) => [i.from, i.names, i.line, i.endLine - i.line])]));
  const numbers = [lines, ...spanNumbers(comments), ...spanNumbers(strings)];
  const head = Buffer.alloc(4);
  head.writeUInt32LE(json.length);
  // With memory of its own: small buffers share theirs, and whoever gets one from a worker gets all of that.
  return new Uint8Array(Buffer.concat([head, json, packed(numbers)]));
}

/** @param bytes as `encode` made them; kept as long as the facts are */
export function decode(bytes: Uint8Array): CodeFacts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = buffer.readUInt32LE(0);
  let words: { symbols: CodeSymbol[]; imports: CodeImport[] } | undefined;
  let spans: { lines: number; comments: Span[]; strings: Span[] } | undefined;
  const asWords = () => {
    words ??= wordsFrom(buffer.toString('utf8', 4, 4 + length));
    return words;
  };
  const asSpans = () => {
    spans ??= spansFrom(unpacked(buffer, 4 + length));
    return spans;
  };
  return {
    get lines() {
      return spans?.lines ?? firstOf(buffer, 4 + length);
    },
    get symbols() {
      return asWords().symbols;
    },
    get imports() {
      return asWords().imports;
    },
    get comments() {
      return asSpans().comments;
    },
    get strings() {
      return asSpans().strings;
    },
  };
}

type Row = [
  name: string,
  kind: number,
  line: number,
  lines: number,
  column: number,
  exported: 0 | 1,
  signature: string,
  container?: string | null,
  doc?: string,
];

function rowOf(symbol: CodeSymbol): Row {
  const { name, kind, line, endLine, column, exported, signature, container, doc } = symbol;
  const row: Row = [name, SYMBOL_KINDS.indexOf(kind), line, endLine - line, column, exported ? 1 : 0, signature];
  if (container !== undefined || doc !== undefined) row.push(container ?? null);
  if (doc !== undefined) row.push(doc);
  return row;
}

function wordsFrom(json: string): { symbols: CodeSymbol[]; imports: CodeImport[] } {
  const [rows, imports] = JSON.parse(json) as [Row[], [string, string[], number, number][]];
  return {
    symbols: rows.map(symbolFrom),
    imports: imports.map(([from, names, line, lines]) => ({ from, names, line, endLine: line + lines })),
  };
}

function symbolFrom([name, kind, line, lines, column, exported, signature, container, doc]: Row): CodeSymbol {
  const symbol: CodeSymbol = {
    name,
    kind: SYMBOL_KINDS[kind] as SymbolKind,
    line,
    column,
    endLine: line + lines,
    exported: exported === 1,
    signature,
  };
  // There are very many of them: what is not there is no property, and no object of its own on the way.
  if (container != null) symbol.container = container;
  if (doc !== undefined) symbol.doc = doc;
  return symbol;
}

function* spanNumbers(spans: readonly Span[]): Generator<number> {
  yield spans.length;
  let line = 1;
  for (const span of spans) {
    // In one line, the length says more briefly where it ends.
    const end = span.endLine === span.line ? span.endColumn - span.column : span.endColumn;
    yield* [Math.max(0, span.line - line), span.column, span.endLine - span.line, Math.max(0, end)];
    line = span.line;
  }
}

function spansFrom(numbers: readonly number[]): { lines: number; comments: Span[]; strings: Span[] } {
  let at = 1;
  const list = (): Span[] => {
    const count = numbers[at] ?? 0;
    at += 1;
    const spans: Span[] = [];
    let line = 1;
    for (let index = 0; index < count; index += 1, at += 4) {
      const [column, lines, end] = [numbers[at + 1] ?? 0, numbers[at + 2] ?? 0, numbers[at + 3] ?? 0];
      line += numbers[at] ?? 0;
      spans.push({ line, column, endLine: line + lines, endColumn: lines === 0 ? column + end : end });
    }
    return spans;
  };
  const comments = list();
  return { lines: numbers[0] ?? 0, comments, strings: list() };
}

/** Seven bits a byte, the lowest first; the eighth says that there are more. */
function packed(numbers: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let rest of numbers) {
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

/** The first of the numbers, for which the others need not be made. */
function firstOf(bytes: Uint8Array, start: number): number {
  let end = start;
  while ((bytes[end] ?? 0) > 127) end += 1;
  return unpacked(bytes.subarray(start, end + 1), 0)[0] ?? 0;
}

function unpacked(bytes: Uint8Array, start: number): number[] {
  const numbers: number[] = [];
  let [value, scale] = [0, 1];
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * scale;
    if (byte > 127) scale *= 128;
    else {
      numbers.push(value);
      [value, scale] = [0, 1];
    }
  }
  return numbers;
}
