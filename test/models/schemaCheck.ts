/** Checks a value against the part of JSON Schema that Conclave uses. */

/** @returns why this text is no JSON of the schema, or undefined */
export function answerProblem(text: string, schema: unknown): string | undefined {
  try {
    return schemaProblem(JSON.parse(text), schema);
  } catch (error) {
    return `it is no JSON (${error instanceof Error ? error.message : error})`;
  }
}

/** @returns the first thing that is wrong, or undefined */
function schemaProblem(value: unknown, schema: unknown, path = '$'): string | undefined {
  if (!isObject(schema)) return undefined;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => hasType(value, type))) {
    return `${path} is ${typeName(value)}, not ${types.join(' or ')}`;
  }
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) {
    return `${path} is ${JSON.stringify(value)}, not one of ${JSON.stringify(schema.enum)}`;
  }
  if (Array.isArray(value))
    return firstProblem(value.map((item, index) => schemaProblem(item, schema.items, `${path}[${index}]`)));
  if (!isObject(value)) return undefined;
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return firstProblem([
    ...required.map((key) => (Object.hasOwn(value, key) ? undefined : `${path}.${key} is missing`)),
    ...Object.entries(value).map(([key, item]) => {
      if (Object.hasOwn(properties, key)) return schemaProblem(item, properties[key], `${path}.${key}`);
      if (schema.additionalProperties === false) return `${path}.${key} is not allowed`;
      return schemaProblem(item, schema.additionalProperties, `${path}.${key}`);
    }),
  ]);
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
