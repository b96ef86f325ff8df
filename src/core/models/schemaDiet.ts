import { z } from 'zod';
import type { JsonSchema } from '../ports.ts';

/** Longest lists that are asked for; a grammar has a state for every entry. */
const MOST_ITEMS = 200;

/** Deeper schemas are cut: what is below may be anything. */
const DEEPEST = 8;

/**
 * A JSON schema as every server's grammar takes it: type, enum, required, properties, items, additionalProperties and
 * small maxItems, without references and unions. What cannot be said so is left open, and what is left open on purpose
 * is closed (null, properties that are not declared), because small models fill in whatever there is room for. So what
 * comes back is to be checked with the original (`schemaCheck`).
 */
export function onDiet(schema: JsonSchema): JsonSchema {
  return projected(schema, schema, [], 0);
}

/**
 * Checks values against a schema as it was given, on the diet or not.
 * @returns what is wrong in words, or undefined; where the schema itself cannot be read, nothing ever is
 */
export function schemaCheck(schema: JsonSchema): (value: unknown) => string | undefined {
  const shape = readSchema(schema);
  return (value) => {
    const read = shape?.safeParse(value);
    if (read === undefined) return undefined;
    if (read.success) return missingIn(value, schema, []);
    return read.error.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.join('.') || 'the value'}: ${message}`)
      .join('; ');
  };
}

/** Required properties are asked for also where the schema does not declare them, which zod passes over. */
function missingIn(value: unknown, schema: unknown, path: readonly string[]): string | undefined {
  if (!isSchema(schema)) return undefined;
  if (Array.isArray(value)) {
    return firstOf(value.map((item, at) => () => missingIn(item, schema.items, [...path, `${at}`])));
  }
  if (!isSchema(value)) return undefined;
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  const missing = required.find((name) => typeof name === 'string' && !Object.hasOwn(value, name));
  if (missing !== undefined) return `${path.join('.') || 'the value'}: "${missing}" is missing`;
  const properties = isSchema(schema.properties) ? Object.entries(schema.properties) : [];
  const parts: unknown[] = Array.isArray(schema.allOf) ? schema.allOf : [];
  return firstOf([
    ...properties.map(
      ([name, inner]) =>
        () =>
          missingIn(value[name], inner, [...path, name]),
    ),
    ...parts.map((part) => () => missingIn(value, part, path)),
  ]);
}

function firstOf(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const found = look();
    if (found !== undefined) return found;
  }
  return undefined;
}

function readSchema(schema: JsonSchema): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    // A schema of somebody else that zod does not know: whoever takes the values checks them too.
    return undefined;
  }
}

function projected(given: unknown, root: JsonSchema, refs: readonly string[], depth: number): JsonSchema {
  if (!isSchema(given) || depth > DEEPEST) return {};
  const { schema, seen } = resolved(given, root, refs);
  if (schema === undefined) return {};
  const inner = (value: unknown): JsonSchema => projected(value, root, seen, depth + 1);
  const merged = withAllOf(schema, inner);
  const choice = choiceOf(merged, inner);
  if (choice !== undefined) return choice;
  const kept: JsonSchema = {};
  const type = plainType(merged);
  if (type !== undefined) kept.type = type;
  const values = merged.const === undefined ? merged.enum : [merged.const];
  if (Array.isArray(values) && values.every(isPlain)) kept.enum = values.filter((value) => value !== null);
  if (isSchema(merged.properties)) {
    const properties = Object.entries(merged.properties).map(([name, value]) => [name, inner(value)] as const);
    kept.properties = Object.fromEntries(properties);
    const names = properties.map(([name]) => name);
    const required = Array.isArray(merged.required) ? merged.required.filter((name) => names.includes(name)) : [];
    if (required.length > 0) kept.required = required;
  }
  if (type === 'object') {
    if (isSchema(merged.additionalProperties)) kept.additionalProperties = inner(merged.additionalProperties);
    else if (kept.properties !== undefined) kept.additionalProperties = merged.additionalProperties === true;
  }
  if (isSchema(merged.items)) kept.items = inner(merged.items);
  const { maxItems } = merged;
  if (typeof maxItems === 'number' && maxItems <= MOST_ITEMS) kept.maxItems = maxItems;
  return kept;
}

/** Follows a local reference, once around: a recursive one, or one to elsewhere, ends in anything. */
function resolved(
  schema: JsonSchema,
  root: JsonSchema,
  refs: readonly string[],
): { schema: JsonSchema | undefined; seen: readonly string[] } {
  const ref = schema.$ref;
  if (typeof ref !== 'string') return { schema, seen: refs };
  if (refs.includes(ref) || !ref.startsWith('#')) return { schema: undefined, seen: refs };
  let target: unknown = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = isSchema(target) || Array.isArray(target) ? (target as Record<string, unknown>)[key] : undefined;
  }
  return isSchema(target) ? resolved(target, root, [...refs, ref]) : { schema: undefined, seen: refs };
}

/** What all parts of an `allOf` ask for, together with what stands beside it. */
function withAllOf(schema: JsonSchema, inner: (value: unknown) => JsonSchema): JsonSchema {
  if (!Array.isArray(schema.allOf)) return schema;
  const { allOf, ...rest } = schema;
  const merged: JsonSchema = { ...rest };
  for (const part of allOf.map(inner)) {
    const { properties, required, additionalProperties: _closed, ...others } = part;
    for (const [keyword, value] of Object.entries(others)) merged[keyword] ??= value;
    if (isSchema(properties)) merged.properties = { ...properties, ...(merged.properties as object | undefined) };
    if (Array.isArray(required))
      merged.required = [...new Set([...required, ...((merged.required as unknown[]) ?? [])])];
  }
  return merged;
}

/**
 * What a union comes to: the only kind of value besides null, or all values where each branch names some. One of several
 * kinds cannot be told without a union, so it may be anything; `undefined` where the schema is no union.
 */
function choiceOf(schema: JsonSchema, inner: (value: unknown) => JsonSchema): JsonSchema | undefined {
  const union = schema.anyOf ?? schema.oneOf;
  if (!Array.isArray(union)) return undefined;
  const branches = union.filter((branch) => !isSchema(branch) || branch.type !== 'null').map(inner);
  const [only] = branches;
  if (only !== undefined && branches.length === 1) return only;
  const types = new Set(branches.map(({ type }) => type));
  const type = types.size === 1 && typeof only?.type === 'string' ? { type: only.type } : {};
  const values = branches.map((branch) => branch.enum);
  if (values.length > 0 && values.every(Array.isArray)) return { ...type, enum: [...new Set(values.flat())] };
  return type.type === 'object' || type.type === 'array' ? { type: type.type } : type;
}

function plainType({ type }: JsonSchema): string | undefined {
  if (typeof type === 'string') return type;
  if (!Array.isArray(type)) return undefined;
  const types = type.filter((one) => one !== 'null');
  return types.length === 1 && typeof types[0] === 'string' ? types[0] : undefined;
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
