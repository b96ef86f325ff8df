import assert from 'node:assert/strict';
import type { CodeSymbol } from '../../src/core/ports.ts';
import { linksOf } from '../../src/core/survey/links.ts';
import { mapLines, symbolMap } from '../../src/core/survey/symbolMap.ts';
import { traitsOf } from '../../src/core/survey/traits.ts';

describe('map of symbols', () => {
  const symbol = (name: string, line: number): CodeSymbol => ({
    name,
    kind: 'function',
    line,
    endLine: line,
    column: 1,
    exported: true,
    signature: `export function ${name}()`,
  });
  const outlines = {
    'greater.ts': ['first', 'second', 'third'].map((name, at) => symbol(name, at + 1)),
    'lesser.ts': ['unwanted', 'wanted'].map((name, at) => symbol(name, at + 1)),
    'least.ts': [symbol('other', 1)],
  };
  const users = ['user1.ts', 'user2.ts', 'user3.ts'];
  const rankOf: Record<string, number> = { 'greater.ts': 0.5, 'lesser.ts': 0.3, 'least.ts': 0.1 };

  async function mapped(room: number, order: 'given' | 'reversed' = 'given') {
    const paths = [...Object.keys(outlines), ...users].sort();
    const files = paths.map((path) => {
      const imports = users.includes(path) ? './lesser\twanted\n' : '';
      return {
        entry: { path, bytes: 1 },
        traits: traitsOf(path),
        summary: { lines: 1, symbols: 1, names: '', offered: 0, imports, docs: undefined },
      };
    });
    const links = await linksOf(files, [], undefined, new AbortController().signal);
    const rank = Float64Array.from(paths, (path) => rankOf[path] ?? 0.01);
    const candidates = Object.entries(outlines).map(([path, symbols]) => {
      return { id: paths.indexOf(path), path, symbols };
    });
    if (order === 'reversed') candidates.reverse();
    const outlinesOf = async (some: readonly (typeof candidates)[number][]) =>
      some.map(({ symbols }) => ({ lines: 9, symbols, imports: [] }));
    return mapLines(await symbolMap(candidates, outlinesOf, { links, rank, room }));
  }

  it('begins with a symbol that many files import, though its file matters less', async () => {
    assert.deepEqual(await mapped(26), ['lesser.ts', '  2: wanted()']);
    // It is 0.9; first, second and third are 0.5, 0.45 and 0.405 before what else there is.
    const some = ['greater.ts', '  1: first()', '  2: second()', 'lesser.ts', '  2: wanted()'];
    assert.deepEqual(await mapped(63), some);
  });

  it('shows all where there is room, the files that matter most first', async () => {
    const all = await mapped(1000);
    assert.deepEqual(
      all.filter((line) => !line.startsWith(' ')),
      ['greater.ts', 'lesser.ts', 'least.ts'],
    );
    assert.equal(all.length, 9);
    for (const room of [26, 40, 63, 80, 1000]) assert.deepEqual(await mapped(room, 'reversed'), await mapped(room));
  });

  it('asks for outlines only as far as their symbols may find room', async () => {
    const paths = Array.from({ length: 200 }, (_, at) => `file${String(at).padStart(3, '0')}.ts`);
    const files = paths.map((path) => ({ entry: { path, bytes: 1 }, traits: traitsOf(path), summary: undefined }));
    const links = await linksOf(files, [], undefined, new AbortController().signal);
    const rank = Float64Array.from(paths, (_, id) => 1 / (1 + id));
    const asked: number[] = [];
    const outlinesOf = async (some: readonly { id: number }[]) => {
      asked.push(...some.map(({ id }) => id));
      // What is gone by now has none.
      return some.map(({ id }) => (id === 0 ? undefined : { lines: 9, symbols: [symbol(`of${id}`, 1)], imports: [] }));
    };
    const candidates = paths.map((path, id) => ({ id, path }));
    const mapOf = async (room: number) => {
      asked.length = 0;
      return (await symbolMap(candidates, outlinesOf, { links, rank, room })).map(({ path }) => path);
    };
    assert.deepEqual(await mapOf(60), ['file001.ts', 'file002.ts']);
    assert.ok(asked.includes(0) && asked.includes(2) && !asked.includes(199), asked.join(' '));
    assert.equal((await mapOf(100_000)).length, 199);
    assert.deepEqual(
      [...asked].sort((a, b) => a - b),
      [...paths.keys()],
      'each is asked for once',
    );
  });

  it('knows what is needed after a file that was needed has gone, and another came', async () => {
    const file = (path: string, imports = '') => ({
      entry: { path, bytes: 1 },
      traits: traitsOf(path),
      summary: { lines: 1, symbols: 1, names: 'a\n', offered: 2, imports, docs: undefined },
    });
    const [first, base, user, other] = [
      file('a/aaa.ts'),
      file('a/base.ts'),
      file('a/base/c/x.ts', '..\tfoo\n'),
      file('a/zzz.ts'),
    ];
    const { signal } = new AbortController();
    const all = await linksOf([first, base, user], [], undefined, signal);
    assert.deepEqual([...all.targets], [1]);
    const without = await linksOf([first, user], [], all, signal);
    assert.deepEqual([...without.targets], []);
    assert.deepEqual([...(await linksOf([first, user, other], [], without, signal)).targets], []);
  });
});
