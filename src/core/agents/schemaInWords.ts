import type { JsonSchema } from '../ports.ts';

/** A schema for a model whose server does not hold it to one: as short as a type in TypeScript. */
export function schemaInWords(schema: JsonSchema): string {
  return `The JSON object has exactly this form (a "?" marks what may be left out):\n${typeInWords(schema, '')}`;
}

function typeInWords(schema: JsonSchema, indent: string): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.type === 'array') {
    const items = typeInWords((schema.items ?? {}) as JsonSchema, indent);
    if (schema.maxItems === 0) return '[] (empty)';
    return `[${items}, …]${typeof schema.maxItems === 'number' ? ` (at most ${schema.maxItems})` : ''}`;
  }
  if (schema.type !== 'object') return typeof schema.type === 'string' ? schema.type : 'anything';
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const inner = `${indent}  `;
  const lines = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).map(
    ([name, value]) => `${inner}"${name}"${required.has(name) ? '' : '?'}: ${typeInWords(value, inner)}`,
  );
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`;
}
