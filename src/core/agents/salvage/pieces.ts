import { balancedAt, parseJson } from '../jsonText.ts';
import type { WrittenCall } from './callShape.ts';

/** Parts that the forms of tool calls are made of, each read at one place of a text. */

/** `cut`: the text ends within it. `malformed`: it has an end, and is not what it should be. */
export type Part<T> =
  | { kind: 'read'; value: T; end: number }
  | { kind: 'cut' }
  | { kind: 'malformed' }
  | { kind: 'none' };

const NONE = { kind: 'none' } as const;
const CUT = { kind: 'cut' } as const;
const MALFORMED = { kind: 'malformed' } as const;

/** The match of a pattern at this very place. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  const sticky = new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}y`);
  sticky.lastIndex = at;
  return sticky.exec(text) ?? undefined;
}

/** Where the next thing that is no white space stands. */
export function skipBlanks(text: string, at: number): number {
  return at + (matchAt(/\s*/, text, at)?.[0].length ?? 0);
}

/** A JSON object or array, with a fence around it where there is one. */
export function jsonAt(text: string, from: number): Part<object> {
  const fenced = matchAt(/\s*```(?:json)?\s*/, text, from);
  const at = fenced === undefined ? skipBlanks(text, from) : from + fenced[0].length;
  if (text[at] !== '{' && text[at] !== '[') return NONE;
  const json = balancedAt(text, at);
  if (json === undefined) return CUT;
  const value = parseJson(json);
  if (value === undefined) return MALFORMED;
  const end = at + json.length;
  const closing = fenced === undefined ? undefined : matchAt(/\s*```/, text, end);
  return { kind: 'read', value, end: end + (closing?.[0].length ?? 0) };
}

/** One or several JSON values after each other. */
export function jsonListAt(text: string, from: number): Part<object[]> {
  const values: object[] = [];
  let at = from;
  for (;;) {
    const part = jsonAt(text, at);
    if (part.kind === 'none') return values.length === 0 ? part : { kind: 'read', value: values, end: at };
    if (part.kind !== 'read') return part;
    values.push(part.value);
    at = part.end + (matchAt(/\s*[,;]/, text, part.end)?.[0].length ?? 0);
  }
}

/** `name(key="value", other=3)`, `name({"key": "value"})` or `name()`, with ".call" after the name or without. */
export function pythonCallAt(text: string, from: number): Part<WrittenCall> {
  const head = matchAt(/\s*([\w.]+)\s*\(\s*/, text, from);
  if (head === undefined) return NONE;
  const name = (head[1] ?? '').replace(/\.call$/, '');
  let at = from + head[0].length;
  if (text[at] === '{') {
    const json = jsonAt(text, at);
    if (json.kind !== 'read') return json;
    return closed(text, json.end, { name, args: json.value });
  }
  const args: Record<string, unknown> = {};
  for (;;) {
    const key = matchAt(/\s*(\w+)\s*=\s*/, text, at);
    if (key === undefined) break;
    const literal = literalAt(text, at + key[0].length);
    if (literal.kind !== 'read') return literal;
    args[key[1] ?? ''] = literal.value;
    at = literal.end + (matchAt(/\s*,/, text, literal.end)?.[0].length ?? 0);
  }
  return closed(text, at, { name, args });
}

function closed(text: string, at: number, call: WrittenCall): Part<WrittenCall> {
  const end = matchAt(/\s*\)/, text, at);
  if (end !== undefined) return { kind: 'read', value: call, end: at + end[0].length };
  return skipBlanks(text, at) === text.length ? CUT : NONE;
}

const PYTHON_WORDS = new Map<string, unknown>([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
  ['None', null],
  ['null', null],
]);

/** A string without escapes but those of JSON, a number, a word such as True, or JSON. */
function literalAt(text: string, at: number): Part<unknown> {
  const quote = text[at];
  if (quote === '"' || quote === "'") {
    const string = matchAt(quote === '"' ? /"((?:\\.|[^"\\])*)"/ : /'((?:\\.|[^'\\])*)'/, text, at);
    if (string === undefined) return CUT;
    const inner = (string[1] ?? '').replaceAll("\\'", "'");
    const json = parseJson(`["${quote === '"' ? inner : inner.replace(/(?<!\\)"/g, '\\"')}"]`);
    return Array.isArray(json) ? { kind: 'read', value: json[0] as unknown, end: at + string[0].length } : MALFORMED;
  }
  if (quote === '{' || quote === '[') return jsonAt(text, at);
  const word = matchAt(/-?\d+(?:\.\d+)?|[A-Za-z]+/, text, at);
  if (word === undefined) return at >= text.length ? CUT : NONE;
  const end = at + word[0].length;
  if (PYTHON_WORDS.has(word[0])) return { kind: 'read', value: PYTHON_WORDS.get(word[0]), end };
  return /\d/.test(word[0]) ? { kind: 'read', value: Number(word[0]), end } : NONE;
}

/** Parameters in tags, one after another, up to the tag that closes them. */
export function taggedAt(
  text: string,
  from: number,
  tags: { parameter: RegExp; close: RegExp },
): Part<Record<string, string>> {
  const values: Record<string, string> = {};
  let at = from;
  for (;;) {
    const parameter = matchAt(tags.parameter, text, at);
    if (parameter === undefined) break;
    const [whole, key = '', value = ''] = parameter;
    // A parameter that was never closed would swallow the next one.
    if (/<parameter[=\s]/.test(value)) return MALFORMED;
    values[key] = value.replace(/^\r?\n/, '').replace(/\r?\n$/, '');
    at += whole.length;
  }
  const close = matchAt(tags.close, text, at);
  if (close !== undefined) return { kind: 'read', value: values, end: at + close[0].length };
  const rest = text.slice(skipBlanks(text, at));
  if (rest === '' || /^<[^>]*$/.test(rest) || /^<(?:parameter|arg_)[^>]*>/.test(rest)) return CUT;
  return Object.keys(values).length > 0 ? MALFORMED : NONE;
}
