import assert from 'node:assert/strict';
import fc from 'fast-check';
import { onDiet, schemaCheck } from '../../src/core/models/schemaDiet.ts';
import type { JsonSchema } from '../../src/core/ports.ts';
import { TOOLS, toolSchema } from '../../src/core/tools/index.ts';

const KEPT = ['type', 'enum', 'required', 'properties', 'items', 'additionalProperties', 'maxItems'];

describe('a schema on the diet', () => {
  it('is as it was where it is one of our own tools', () => {
    for (const { parameters } of Object.values(TOOLS)) assert.deepEqual(onDiet(parameters), parameters);
    const action = toolSchema(Object.values(TOOLS));
    assert.deepEqual(onDiet(action), action);
  });

  for (const [what, given, expected] of [
    [
      'loses patterns, formats, bounds and words about it',
      {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        title: 'T',
        properties: {
          mail: { type: 'string', format: 'email', pattern: '^(?=.)', description: 'An address.', maxLength: 9999 },
          count: { type: 'integer', minimum: 0, multipleOf: 2, default: 4 },
        },
        required: ['mail', 'gone'],
        patternProperties: { '^x': { type: 'string' } },
      },
      {
        type: 'object',
        properties: { mail: { type: 'string' }, count: { type: 'integer' } },
        required: ['mail'],
        additionalProperties: false,
      },
    ],
    [
      'follows local references',
      {
        type: 'object',
        properties: {
          point: { $ref: '#/$defs/point' },
          all: { type: 'array', items: { $ref: '#/$defs/point' }, maxItems: 3 },
        },
        $defs: { point: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] } },
      },
      {
        type: 'object',
        properties: {
          point: {
            type: 'object',
            properties: { x: { type: 'number' } },
            required: ['x'],
            additionalProperties: false,
          },
          all: {
            type: 'array',
            items: {
              type: 'object',
              properties: { x: { type: 'number' } },
              required: ['x'],
              additionalProperties: false,
            },
            maxItems: 3,
          },
        },
        additionalProperties: false,
      },
    ],
    [
      'leaves open what refers to itself, or elsewhere',
      {
        type: 'object',
        properties: {
          tree: { $ref: '#/$defs/tree' },
          far: { $ref: 'https://example.org/s.json' },
          none: { $ref: '#/$defs/no' },
        },
        $defs: { tree: { type: 'object', properties: { left: { $ref: '#/$defs/tree' } } } },
      },
      {
        type: 'object',
        properties: {
          tree: { type: 'object', properties: { left: {} }, additionalProperties: false },
          far: {},
          none: {},
        },
        additionalProperties: false,
      },
    ],
    [
      'merges what must hold together',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { b: { type: 'boolean' } }, required: ['b'] },
        ],
      },
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'boolean' } },
        required: ['b', 'a'],
        additionalProperties: false,
      },
    ],
    ['has no null', { type: ['string', 'null'], enum: ['a', null] }, { type: 'string', enum: ['a'] }],
    [
      'takes the only choice besides null',
      { anyOf: [{ type: 'null' }, { type: 'integer', minimum: 1 }] },
      { type: 'integer' },
    ],
    ['gathers constants', { oneOf: [{ const: 'a' }, { const: 'b' }] }, { enum: ['a', 'b'] }],
    ['leaves open a choice of several kinds', { anyOf: [{ type: 'string' }, { type: 'number' }] }, {}],
    [
      'has no long lists',
      { type: 'array', items: { type: 'string' }, maxItems: 100_000, uniqueItems: true },
      { type: 'array', items: { type: 'string' } },
    ],
    [
      'keeps free objects free',
      { type: 'object', additionalProperties: { type: 'string', format: 'uri' } },
      { type: 'object', additionalProperties: { type: 'string' } },
    ],
  ] as const) {
    it(what, () => assert.deepEqual(onDiet(given as unknown as JsonSchema), expected));
  }

  it('has only what every server knows, whatever was given, and is then on it', () => {
    const keyword = fc.constantFrom(
      'type',
      'anyOf',
      'allOf',
      'items',
      'properties',
      'required',
      '$ref',
      'enum',
      'not',
      'maxItems',
      'const',
    );
    const { schema } = fc.letrec((tie) => ({
      schema: fc.dictionary(keyword, tie('value'), { maxKeys: 4 }),
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('object', 'string', '#', '#/properties/a', 3, true),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('schema'),
      ),
    }));
    fc.assert(
      fc.property(schema, (given) => {
        const diet = onDiet(given as JsonSchema);
        for (const one of within(diet)) for (const key of Object.keys(one)) assert.ok(KEPT.includes(key), key);
        assert.deepEqual(onDiet(diet), diet);
      }),
    );
  });
});

/** A schema and all within it. */
function within(schema: JsonSchema): JsonSchema[] {
  const inner = [...Object.values((schema.properties ?? {}) as object), schema.items, schema.additionalProperties];
  return [schema, ...inner.filter((one) => typeof one === 'object').flatMap((one) => within(one as JsonSchema))];
}

describe('the check of a value against its own schema', () => {
  it('knows what the diet has left out', () => {
    const check = schemaCheck({
      type: 'object',
      properties: {
        mail: { type: 'string', pattern: '@' },
        size: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      },
      required: ['mail'],
      additionalProperties: false,
    });
    assert.equal(check({ mail: 'a@b', size: 3 }), undefined);
    assert.match(check({ mail: 'ab' }) ?? '', /^mail: /);
    assert.match(check({ mail: 'a@b', size: [] }) ?? '', /^size: /);
    assert.match(check({ mail: 'a@b', other: 1 }) ?? '', /other/);
    assert.match(check('text') ?? '', /^the value: /);
  });

  it('asks for what is required, also where it is declared nowhere, or as anything', () => {
    const inner = { type: 'object', properties: { a: {} }, required: ['a', 'b'] };
    const check = schemaCheck({ type: 'object', properties: { inner, list: { type: 'array', items: inner } } });
    assert.equal(check({ inner: { a: 1, b: 2 }, list: [{ a: null, b: 'x' }] }), undefined);
    assert.equal(check({ inner: { a: 1 } }), 'inner: "b" is missing');
    assert.equal(check({ list: [{ a: 1, b: 2 }, { a: 1 }] }), 'list.1: "b" is missing');
    assert.match(check({ list: [{ b: 2 }] }) ?? '', /^list\.0\.a: /);
  });

  it('lets everything pass where the schema itself cannot be read', () =>
    assert.equal(schemaCheck({ $ref: 'https://example.org/s.json' })({ any: 'thing' }), undefined));
});
