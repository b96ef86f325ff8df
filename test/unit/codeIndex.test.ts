import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { searchPattern } from '../../src/core/changes/searchPattern.ts';
import { openContentReader } from '../../src/node/codeIndex/contents.ts';
import type { FileKind } from '../../src/node/codeIndex/fileRows.ts';
import { openFileTable } from '../../src/node/codeIndex/fileTable.ts';
import { openFilterIndex } from '../../src/node/codeIndex/filterIndex.ts';
import { openFilterPart } from '../../src/node/codeIndex/filterParts.ts';
import { filterMaker, gramsOf, hasOddLetters, mayHold } from '../../src/node/codeIndex/grams.ts';
import { makeRoom } from '../../src/node/codeIndex/indexBounds.ts';
import { readIndex, writeIndex } from '../../src/node/codeIndex/indexFile.ts';
import { requiredTexts } from '../../src/node/codeIndex/requiredTexts.ts';
import { openTableFiles } from '../../src/node/codeIndex/tableFiles.ts';

const WORDS = [
  'foo',
  'Bar',
  'bazQux',
  'a',
  'b',
  'é',
  'straße',
  '\u212aelvin',
  'mas\u017fe',
  'x_1',
  '42',
  '(',
  '.',
  '日本',
  '+',
];

const EXPRESSIONS = [
  'foo',
  'foo.*Bar',
  '(foo|Bar)baz',
  '(?:foo|Bar|bazQux)+',
  'fo?o',
  'fo*',
  'fo+Bar',
  '(foo){0,2}Bar',
  '(foo){2}',
  '[fB](oo|ar)',
  '[^a-z]oo',
  '\\bfoo\\b',
  '^\\s*foo$',
  'foo\\.Bar',
  '\\(foo',
  'foo|',
  '(|foo)Bar',
  'x_\\d+',
  'straße|kelvin',
  'masse',
  '(?<name>foo)Bar?',
  'a|b|foo[xyz]',
  'ba[zr](Qux)?foo',
  '[\\w-]+foo',
  '(a|b)(a|b)(a|b)(a|b)(a|b)foo',
];

describe('index of what files hold', () => {
  let state = 3;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  const text = (): string => Array.from({ length: 1 + random(12) }, () => pick(WORDS) + pick(['', '', ' '])).join('');
  const maker = filterMaker();

  function isCandidate(written: string, query: Parameters<typeof requiredTexts>[0]): boolean {
    const bytes = Buffer.from(written);
    const words = maker.filterOf(bytes);
    const lists = requiredTexts(query).map((texts) => texts.map((one) => gramsOf(one, query.caseSensitive)));
    const holds = (grams: Uint32Array): boolean => mayHold(words, 0, words.length, grams);
    return lists.every((list) => list.some(holds)) || (!query.caseSensitive && hasOddLetters(bytes));
  }

  it('never leaves out a file in which there is a match', () => {
    let matches = 0;
    for (let round = 0; round < 2000; round += 1) {
      const written = text();
      const at = random(written.length);
      const regex = pick([true, false]);
      const query = {
        pattern: regex ? pick(EXPRESSIONS) : written.slice(at, at + 1 + random(10)),
        regex,
        caseSensitive: pick([true, false]),
        wholeWord: pick([true, false]),
        limit: 1,
      };
      if (!searchPattern(query).test(written)) continue;
      matches += 1;
      assert.ok(isCandidate(written, query), `${JSON.stringify(query)} in ${JSON.stringify(written)}`);
    }
    assert.ok(matches > 500, `only ${matches}`);
  });

  it('leaves out most files in which there is none', () => {
    const query = { pattern: 'notInThere', regex: false, caseSensitive: true, wholeWord: false, limit: 1 };
    const written = Array.from({ length: 500 }, () => text().repeat(3));
    assert.ok(written.filter((one) => isCandidate(one, query)).length < 10);
  });

  it('knows what an expression needs', () => {
    const needs = (pattern: string) =>
      requiredTexts({ pattern, regex: true, caseSensitive: true, wholeWord: false, limit: 1 }).filter((list) =>
        list.every((one) => one.length > 2),
      );
    assert.deepEqual(needs('import .* from'), [['import '], [' from']]);
    assert.deepEqual(needs('(get|set)Name\\('), [['getName(', 'setName(']]);
    assert.deepEqual(needs('class (\\w+) extends'), [['class '], [' extends']]);
    assert.deepEqual(needs('foo+bar'), [['bar']]);
    assert.deepEqual(
      needs('colou?r'),
      [['color', 'colour']].map((list) => list.toReversed().toReversed()),
    );
    for (const nothing of ['\\w+', 'a|foo', '(?i)foo', 'fo(?=o)', '[[:alpha:]]foo', 'x{', '\\u0066oo', '(?x) f o o']) {
      assert.deepEqual(needs(nothing), [], nothing);
    }
  });

  it('reads on disk what was written there', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'conclave-filters-'));
    try {
      const part = openFilterPart(join(dir, 'spill'));
      const files = Array.from({ length: 3000 }, (_, at) => {
        const hash = at.toString(16).padStart(64, 'a');
        const kind: FileKind = at % 7 === 0 ? 'none' : 'text';
        const filter = kind === 'text' ? at + 1 : 0;
        if (filter > 0) part.add(filter, maker.filterOf(Buffer.from(`word${at} ${text().repeat(40)}`)));
        const stamp = { bytes: at, mtimeMs: at + 0.25, ctimeMs: at, ino: 2 ** 40 + at };
        return { path: `ü/f${at}`, ...stamp, readAt: 9, kind, hash, filter };
      });
      await writeIndex(dir, files, [part], async () => {});
      const kept = readIndex(dir, { known: undefined, numbered: 5000 });
      const read = [...(kept?.files ?? [])];
      const withoutFilter = (some: typeof files) =>
        some
          .map(({ filter, ...file }) => ({ ...file, filtered: filter > 0 }))
          .sort((a, b) => (a.path < b.path ? -1 : 1));
      assert.deepEqual(withoutFilter(read as typeof files), withoutFilter(files));
      const filters = read.map(({ filter }) => filter).filter((filter) => filter > 0);
      assert.equal(new Set(filters).size, filters.length);
      assert.ok(filters.every((filter) => filter > 5000 && filter <= (kept?.numbered ?? 0)));
      for (const at of [1, 1500, 2999]) {
        const found = new Set<number>();
        kept?.part.eachMaybe([[gramsOf(`word${at} `, true)]], (filter) => found.add(filter));
        assert.ok(found.has(read.find(({ path }) => path === files[at]?.path)?.filter ?? 0));
        assert.ok(found.size < 300);
      }
      part.close();
      kept?.part.close();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('is not written while all files are listed anew, as some would be left out', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'conclave-listing-'));
    const root = join(dir, 'root');
    try {
      await mkdir(root);
      await writeFile(join(root, 'a.txt'), 'some words of it\n');
      await mkdir(join(dir, 'index'));
      const real = openFileTable(root, { own: [], bell: undefined });
      let isWhole = false;
      const table: typeof real = Object.create(real, { isWhole: { get: () => isWhole } });
      const index = openFilterIndex(table, openContentReader(root, 1000), join(dir, 'index'));
      await table.fresh();
      await index.readStale(async () => {});
      await index.write(async () => {});
      assert.equal(index.isWritten, false);
      isWhole = real.isWhole;
      await index.write(async () => {});
      assert.equal(index.isWritten, true);
      const query = { pattern: 'words', regex: false, caseSensitive: true, wholeWord: false, limit: 1 };
      const found = index.candidates(query);
      assert.deepEqual(found === 'all' ? found : found.map(({ path }) => path), ['a.txt']);
      index.close();
      table.close();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('tells while files are listed anew', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'conclave-listing-'));
    try {
      await writeFile(join(dir, 'a'), 'a');
      const files = openTableFiles(dir);
      files.take('a', false);
      assert.equal(files.isWhole, true);
      const end = files.beginAnew();
      assert.equal(files.isWhole, false);
      files.take('a', false);
      end();
      assert.equal(files.isWhole, true);
      assert.equal(files.entries.size, 1);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('lets those make room that were written longest ago, and are not used', async () => {
    const all = await mkdtemp(join(tmpdir(), 'conclave-indexes-'));
    try {
      for (const [at, name] of ['oldest', 'used', 'old', 'new', 'current'].entries()) {
        await mkdir(join(all, name, 'spill'), { recursive: true });
        await writeFile(join(all, name, 'index-0'), 'x'.repeat(100));
        await utimes(join(all, name, 'index-0'), 1000 + at, 1000 + at);
      }
      await writeFile(join(all, 'used', 'spill', `${process.pid}-0`), '');
      makeRoom(all, join(all, 'current'), 500);
      assert.equal((await readdir(all)).length, 5);
      makeRoom(all, join(all, 'current'), 300);
      assert.deepEqual((await readdir(all)).sort(), ['current', 'new', 'used']);
    } finally {
      await rm(all, { recursive: true, force: true });
    }
  });
});
