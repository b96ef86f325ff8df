/** JSON text that was read, or where it breaks the rules. Line and column count from 1. */
export type ParsedJson = { kind: 'value'; value: unknown } | { kind: 'broken'; line: number; column: number };

/**
 * Parses JSON from a file (a byte order mark is skipped). Node's own errors often do not say where the mistake is, and a
 * person who writes such a file by hand needs just that.
 */
export function parseJson(source: string): ParsedJson {
  const text = source.replace(/^\uFEFF/, '');
  try {
    return { kind: 'value', value: JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const before = text.slice(0, mistakeIn(text)).split('\n');
    return { kind: 'broken', line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** What may come next: a value, a key, or what stands after a value. */
type Expected = 'value' | 'firstValue' | 'key' | 'firstKey' | 'after';

/** Where the first character stands that cannot be part of JSON text; its end, where it just stops too early. */
function mistakeIn(text: string): number {
  const closers: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = endOf(SPACE, text, at) ?? at;
    const character = text[at];
    if (character === undefined) return at;
    if (
      (expected === 'firstValue' || expected === 'firstKey' || expected === 'after') &&
      character === closers.at(-1)
    ) {
      closers.pop();
      at += 1;
      expected = 'after';
    } else if (expected === 'after') {
      if (character !== ',' || closers.length === 0) return at;
      at += 1;
      expected = closers.at(-1) === '}' ? 'key' : 'value';
    } else if (expected === 'key' || expected === 'firstKey') {
      const end = endOf(STRING, text, at);
      const colon = end === undefined ? undefined : (endOf(SPACE, text, end) ?? end);
      if (colon === undefined) return at;
      if (text[colon] !== ':') return colon;
      at = colon + 1;
      expected = 'value';
    } else if (character === '{' || character === '[') {
      closers.push(character === '{' ? '}' : ']');
      at += 1;
      expected = character === '{' ? 'firstKey' : 'firstValue';
    } else {
      const end: number | undefined = endOf(STRING, text, at) ?? endOf(SCALAR, text, at);
      if (end === undefined) return at;
      at = end;
      expected = 'after';
    }
  }
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
