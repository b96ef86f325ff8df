import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Code, FileEntry, SearchQuery, Workspace } from '../../src/core/ports.ts';
import { keptOf, memoOf } from '../../src/core/survey/memo.ts';
import { readSummaries } from '../../src/core/survey/summaries.ts';
import { literalMatcher } from '../../src/node/codeIndex/literalMatches.ts';
import { matchedLine } from '../../src/node/plainSearch.ts';

/** Each text has so many characters, and there are so many; a part of each is kept. */
const LENGTH = 256 * 1024;
const COUNT = 64;
/** Bytes that may stay of all of them: a small part. */
const MOST = (LENGTH * COUNT) / 8;

const { signal } = new AbortController();

describe('what is kept of a text', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;

  /** Bytes that stay in memory of what is made. */
  async function bytesOf(make: () => unknown): Promise<number> {
    collect();
    const before = process.memoryUsage().heapUsed;
    const kept = await make();
    collect();
    const after = process.memoryUsage().heapUsed;
    assert.notEqual(kept, undefined);
    return after - before;
  }

  const textOf = (at: number): string => `${'x'.repeat(LENGTH)}\nexport function needle_in_file_${at}() {}\n`;
  const numbers = Array.from({ length: COUNT }, (_, at) => at);

  it('is not the whole text, where it is a line of a match', async () => {
    const query: SearchQuery = {
      ...{ pattern: 'NEEDLE_IN_FILE', regex: false, caseSensitive: false, wholeWord: false },
      ...{ limit: 1000, under: [] },
    };
    const matchesIn = literalMatcher(query);
    const bytes = await bytesOf(() => numbers.flatMap((at) => matchesIn(`${at}.ts`, Buffer.from(textOf(at)))));
    assert.ok(bytes < MOST, `${bytes} bytes`);
  });

  it('is not the whole of a long line, where it is the beginning', async () => {
    const bytes = await bytesOf(() => numbers.map((at) => matchedLine(Buffer.from(textOf(at)).toString())));
    assert.ok(bytes < MOST, `${bytes} bytes`);
  });

  it('is not the whole text, where it is the one name that a file defines', async () => {
    const entries = numbers.map((at): FileEntry => ({ path: `${100 + at}.ts`, bytes: LENGTH, hash: `${at}` }));
    const workspace = {
      root: '/nowhere',
      read: async (path: string) => ({
        kind: 'text',
        text: Buffer.from(textOf(Number.parseInt(path, 10) - 100)).toString(),
      }),
    } as unknown as Workspace;
    // A grammar that knows none of them, so that their texts are looked at by patterns.
    const code = { facts: async (files: readonly unknown[]) => files.map(() => undefined) } as unknown as Code;
    const bytes = await bytesOf(async () => {
      const { files } = await keptOf(memoOf(code, '/nowhere'), entries, signal);
      assert.equal(await readSummaries(files, { workspace, code }, { signal, until: Number.POSITIVE_INFINITY }), 0);
      assert.equal(files.at(-1)?.summary?.names, `needle_in_file_${COUNT - 1}\n`);
      return files;
    });
    assert.ok(bytes < MOST, `${bytes} bytes`);
  });
});
