/** Checks a value against the part of JSON Schema that Conclave uses. */
import type { ServerTraits } from './traits.ts';

/** What is held of properties that a schema does not declare. */
type Undeclared = ServerTraits['undeclared'];

/** @returns why this text is no JSON of the schema, or undefined */
export function answerProblem(text: string, schema: unknown, undeclared: Undeclared): string | undefined {
  try {
    return schemaProblem(JSON.parse(text), schema, undeclared);
  } catch (error) {
    return `it is no JSON (${error instanceof Error ? error.message : error})`;
  }
}

/** @returns the first thing that is wrong, or undefined */
function schemaProblem(value: unknown, schema: unknown, undeclared: Undeclared, path = '$'): string | undefined {
  if (!isObject(schema)) return undefined;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => hasType(value, type))) {
    return `${path} is ${typeName(value)}, not ${types.join(' or ')}`;
  }
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) {
    return `${path} is ${JSON.stringify(value)}, not one of ${JSON.stringify(schema.enum)}`;
  }
  if (Array.isArray(value))
    return firstProblem(value.map((item, index) => schemaProblem(item, schema.items, undeclared, `${path}[${index}]`)));
  if (!isObject(value)) return undefined;
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const patterns = isObject(schema.patternProperties) ? schema.patternProperties : {};
  const patternOf = (key: string): string | undefined =>
    Object.keys(patterns).find((pattern) => new RegExp(pattern, 'u').test(key));
  return firstProblem([
    ...required
      .filter((key) => undeclared === 'held' || Object.hasOwn(properties, key))
      .map((key) => (Object.hasOwn(value, key) ? undefined : `${path}.${key} is missing`)),
    ...Object.entries(value).map(([key, item]) => {
      if (Object.hasOwn(properties, key)) return schemaProblem(item, properties[key], undeclared, `${path}.${key}`);
      const pattern = patternOf(key);
      if (pattern !== undefined)
        return undeclared === 'held' ? schemaProblem(item, patterns[pattern], undeclared, `${path}.${key}`) : undefined;
      if (schema.additionalProperties === false) return `${path}.${key} is not allowed`;
      return schemaProblem(item, schema.additionalProperties, undeclared, `${path}.${key}`);
    }),
  ]);
}

/** Whether what the schema describes may hold itself, so that it need not come to an end. */
export function isRecursive(schema: unknown): boolean {
  const leadsBack = (part: unknown, refs: readonly string[]): boolean => {
    if (typeof part !== 'object' || part === null) return false;
    return Object.entries(part).some(([key, value]) => {
      if (key === '$defs' || key === 'definitions') return false;
      if (key !== '$ref' || typeof value !== 'string') return leadsBack(value, refs);
      return refs.includes(value) || leadsBack(targetOf(value, schema), [...refs, value]);
    });
  };
  return leadsBack(schema, ['#']);
}

function targetOf(ref: string, schema: unknown): unknown {
  return ref
    .split('/')
    .slice(1)
    .reduce((part: unknown, key) => (isObject(part) ? part[key] : undefined), schema);
}

function firstProblem(problems: (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function hasType(value: unknown, type: unknown): boolean {
  return type === 'integer' ? Number.isInteger(value) : typeName(value) === type;
}
