import type { JsonSchema } from '../../ports.ts';
import { parseJson } from '../jsonText.ts';

/** A tool that a call can be of. */
export interface KnownTool {
  name: string;
  /** JSON schema of its arguments. */
  parameters: JsonSchema;
}

/** A call as it was written: nothing of it is checked yet. */
export interface WrittenCall {
  name: string;
  /** An object, JSON text of one, or something that is no use. */
  args: unknown;
}

/** Keys under which models write a tool's name, and its arguments. */
const NAME_KEYS = ['name', 'tool', 'tool_name', 'action', 'function', 'recipient_name'];
const ARGS_KEYS = ['arguments', 'args', 'parameters', 'input', 'params'];
/** What else stands beside them in a call that is nothing but a call. */
const OTHER_KEYS = ['id', 'type', 'index', 'call_id'];

/** The calls that a JSON value is: one, a list of them, or either under "tool_calls". Undefined where it is none. */
export function callsOf(value: unknown): WrittenCall[] | undefined {
  if (Array.isArray(value)) {
    const calls = value.map(callOf);
    return calls.length > 0 && calls.every((call) => call !== undefined) ? calls : undefined;
  }
  if (!isObject(value)) return undefined;
  for (const key of ['tool_calls', 'tool_uses']) if (Array.isArray(value[key])) return callsOf(value[key]);
  const call = callOf(value);
  return call === undefined ? undefined : [call];
}

/**
 * One call: a name and arguments under any of their usual keys. A tool's description, which models repeat too, is none.
 */
function callOf(value: unknown): WrittenCall | undefined {
  if (!isObject(value)) return undefined;
  const call = isObject(value.function) ? value.function : value;
  const name = NAME_KEYS.map((key) => call[key]).find((one) => typeof one === 'string');
  if (typeof name !== 'string' || name.trim() === '' || 'description' in call) return undefined;
  const key = ARGS_KEYS.find((one) => Object.hasOwn(call, one));
  return { name, args: key === undefined ? undefined : call[key] };
}

/** Whether a value is a call beyond doubt, though no tool may bear its name: it has nothing but a name and arguments. */
export function isNothingButCalls(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isNothingButCalls);
  if (!isObject(value)) return false;
  const call = isObject(value.function) ? value.function : value;
  const keys = Object.keys(call);
  return (
    keys.some((key) => NAME_KEYS.includes(key)) &&
    keys.some((key) => ARGS_KEYS.includes(key)) &&
    keys.every((key) => NAME_KEYS.includes(key) || ARGS_KEYS.includes(key) || OTHER_KEYS.includes(key))
  );
}

/** The tool that a name means: exactly one of these, with or without the space that some formats put it in. */
export function toolNamed(name: string, tools: readonly KnownTool[]): KnownTool | undefined {
  const bare = name.trim().replace(/^(?:functions?|tools?|default_api)[.:]/, '');
  return tools.find((tool) => tool.name === bare);
}

/** Arguments as an object; undefined where they are none. */
export function argumentsOf(args: unknown): Record<string, unknown> | undefined {
  const value = typeof args === 'string' ? parseJson(args) : (args ?? {});
  return isObject(value) ? value : undefined;
}

/**
 * Arguments that were written as bare text, in the types that the tool declares: `10` is the number where it takes one.
 * What is not of its type stays text, and the tool complains about it.
 */
export function typedArguments(texts: Record<string, string>, tool: KnownTool | undefined): Record<string, unknown> {
  const properties = (tool?.parameters.properties ?? {}) as Record<string, JsonSchema | undefined>;
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, typed(text, properties[key]?.type)]));
}

function typed(text: string, type: unknown): unknown {
  const bare = text.trim();
  switch (type) {
    case 'integer':
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(bare) ? Number(bare) : text;
    case 'boolean':
      return /^(true|false)$/i.test(bare) ? bare.toLowerCase() === 'true' : text;
    case 'object':
    case 'array':
      return parseJson(bare) ?? text;
    default:
      return text;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
