import assert from 'node:assert/strict';
import type { ServerTool } from '../../src/core/ports.ts';
import { offerTools, type ServerAnswer, serversNamedBy, shownSchema } from '../../src/core/toolServers/offerTools.ts';
import { TOOLS } from '../../src/core/tools/index.ts';

const NOBODY = { planner: [], coder: [], reviewer: [] };

function tool(name: string, properties: Record<string, unknown> = {}, about: Partial<ServerTool> = {}): ServerTool {
  return { name, description: `Does ${name}.`, schema: { type: 'object', properties }, ...about };
}
const has = (server: string, ...tools: ServerTool[]): ServerAnswer => ({ kind: 'tools', server, tools });

function offered(answers: ServerAnswer[], allowed: Parameters<typeof offerTools>[1]) {
  return offerTools(answers, allowed).flatMap((found) => (found.kind === 'offered' ? found.tools : []));
}

describe('the tools of others', () => {
  it('are offered to those roles whose list names them, one by one or all of a server', () => {
    const allowed = { ...NOBODY, coder: ['docs/*'], reviewer: ['docs/find', 'db/query'] };
    assert.deepEqual(serversNamedBy(allowed), ['db', 'docs']);
    const tools = offered([has('db', tool('query'), tool('drop')), has('docs', tool('find'), tool('list'))], allowed);
    assert.deepEqual(
      tools.map(({ name, tool: own, roles }) => [name, own, roles.join()]),
      [
        ['db__query', 'query', 'reviewer'],
        ['docs__find', 'find', 'coder,reviewer'],
        ['docs__list', 'list', 'coder'],
      ],
    );
  });

  it('have names that no server of models refuses and no other tool has', () => {
    const names = offered([has('a', tool('x.y/z'), tool('x y z'), tool('long'.repeat(40)), tool('long'.repeat(41)))], {
      ...NOBODY,
      coder: ['a/*'],
    }).map(({ name }) => name);
    assert.equal(new Set(names).size, 4);
    for (const name of names) assert.match(name, /^[\w-]{1,64}$/);
  });

  it('have arguments that are not taken for those of another tool', () => {
    const asInOurs = (TOOLS.read_file.parameters.properties as Record<string, unknown>).path;
    const [first, second] = offered(
      [
        has('a', tool('one', { path: { type: 'array', items: { type: 'string' } }, word: { type: 'string' } })),
        has('b', tool('two', { path: asInOurs, word: { type: 'integer' } })),
      ],
      { ...NOBODY, coder: ['a/*', 'b/*'] },
    );
    assert.deepEqual(first?.renamed, { a_path: 'path' });
    assert.deepEqual(Object.keys(Object(shownSchema(first ?? assert.fail()).properties)), ['a_path', 'word']);
    assert.deepEqual(second?.renamed, { b_word: 'word' });
  });

  it('keep what is required, under the name that it is shown by', () => {
    const schema = { type: 'object', properties: { limit: { type: 'string' } }, required: ['limit'] };
    const [one] = offered([has('a', tool('one', {}, { schema }))], { ...NOBODY, planner: ['a/one'] });
    assert.deepEqual(shownSchema(one ?? assert.fail()).required, ['a_limit']);
  });

  it('are left out where there is no room, or nothing of that name, and that is said', () => {
    const many = Array.from({ length: 60 }, (_, at) => tool(`tool_${at}`, { word: { type: 'string' } }));
    const [found] = offerTools([has('a', ...many)], { ...NOBODY, coder: ['a/*', 'a/gone'], planner: ['a/tool_0'] });
    assert.ok(found?.kind === 'offered');
    assert.ok(found.tools.length > 5 && found.tools.length < 60, `${found.tools.length}`);
    assert.deepEqual(found.tools[0]?.roles, ['planner', 'coder']);
    assert.match(found.leftOut[0]?.reason ?? '', /no tool of that name/);
    assert.equal(found.leftOut.length, 61 - found.tools.length);
    assert.match(found.leftOut.at(-1)?.reason ?? '', /no room .* coder/);
    const said = found.tools.map((one) => JSON.stringify([one.name, one.description, shownSchema(one)])).join('');
    assert.ok(said.length <= 4_000, `${said.length}`);
  });

  it('are described in short, and not at all where their arguments take pages', () => {
    const endless = tool(
      'endless',
      Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`a${at}`, { type: 'string' }])),
    );
    const [found] = offerTools([has('a', endless, tool('long', {}, { description: 'word \n'.repeat(500) }))], {
      ...NOBODY,
      coder: ['a/*'],
    });
    assert.ok(found?.kind === 'offered');
    assert.deepEqual(
      found.leftOut.map(({ tool: name }) => name),
      ['endless'],
    );
    assert.equal(found.tools[0]?.description.length, 300);
    assert.doesNotMatch(found.tools[0]?.description ?? '', /\n/);
  });

  it('have references and unions on the diet, and the whole schema behind it', () => {
    const schema = {
      type: 'object',
      properties: { at: { $ref: '#/$defs/at' }, or: { anyOf: [{ type: 'string' }, { type: 'number' }] } },
      $defs: { at: { type: 'object', properties: { line: { type: 'integer', minimum: 1 } } } },
    };
    const [one] = offered([has('a', tool('one', {}, { schema }))], { ...NOBODY, coder: ['a/one'] });
    assert.doesNotMatch(JSON.stringify(shownSchema(one ?? assert.fail())), /\$ref|anyOf|minimum/);
    assert.deepEqual(one?.schema, schema);
  });
});
