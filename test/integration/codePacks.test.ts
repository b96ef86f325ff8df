import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CodeFile } from '../../src/core/ports.ts';
import { codeFacts } from '../../src/node/codeFacts/codeFacts.ts';
import { decode, encode, NOTHING } from '../../src/node/codeFacts/encode.ts';
import { openPacks } from '../../src/node/codeFacts/packs.ts';
import { openParser, type Source } from '../../src/node/codeFacts/parser.ts';
import { tidyPacks } from '../../src/node/codeFacts/tidyPacks.ts';

const home = resolve('.');
const { signal } = new AbortController();

describe('facts that are kept', () => {
  let dir: string;
  let asked: string[];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'conclave-code-'));
    asked = [];
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** As another process would open it. */
  const open = () => codeFacts({ parser: openParser(home), packs: openPacks(dir), home });

  function file(path: string, text: string): CodeFile {
    return {
      path,
      hash: createHash('sha256').update(text).digest('hex'),
      text: async () => {
        asked.push(path);
        return text;
      },
    };
  }

  const many = (count: number): CodeFile[] =>
    Array.from({ length: count }, (_, at) => file(`f${at}.ts`, `export function f${at}() {}\n// ${at}\n`));

  it('are read by another process without the text, and are the same', async () => {
    const files = many(100);
    const first = await open().facts(files, signal);
    assert.equal(asked.length, 100);
    const second = await open().facts(files.toReversed(), signal);
    assert.equal(asked.length, 100, 'no text is asked for again');
    assert.equal(JSON.stringify(second.toReversed()), JSON.stringify(first));
    assert.deepEqual(
      second.map((facts) => facts?.symbols[0]?.name),
      files.map((_, at) => `f${at}`).reverse(),
    );
    const { mode } = await stat(join(dir, (await readdir(dir))[0] ?? ''));
    if (process.platform !== 'win32') assert.equal(mode & 0o077, 0, 'nobody else reads them');
  });

  it('are there before anybody asks, of what has its content still', async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'conclave-ahead-')));
    try {
      const files = many(70).map(({ path, hash }) => ({ path, hash, bytes: 1 }));
      for (const one of many(70)) await writeFile(join(root, one.path), (await one.text()) ?? '');
      await writeFile(join(root, 'f3.ts'), 'const otherwise = 1;\n');
      await open().readAhead(root, [...files, { path: 'unknown.ts', bytes: 1 }], signal);
      asked = [];
      const facts = await open().facts(many(70), signal);
      assert.deepEqual(asked, ['f3.ts'], 'only what was not there is read');
      assert.deepEqual(
        facts.map((one) => one?.symbols[0]?.name),
        files.map((_, at) => `f${at}`),
      );
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  it('are those of the text, not of the file', async () => {
    const code = open();
    await code.facts([file('a.ts', 'const one = 1;\n')], signal);
    const [moved, changed, other] = await code.facts(
      [file('b.ts', 'const one = 1;\n'), file('a.ts', 'const two = 1;\n'), file('a.js', 'const one = 1;\n')],
      signal,
    );
    assert.deepEqual(asked, ['a.ts', 'a.ts', 'a.js'], 'another grammar reads it anew');
    assert.deepEqual(
      [moved, changed, other].map((facts) => facts?.symbols[0]?.name),
      ['one', 'two', 'one'],
    );
  });

  it('are not kept of a text that is not the one that was hashed', async () => {
    const raced = { ...file('a.ts', 'const one = 1;\n'), text: async () => 'const two = 2;\n' };
    assert.equal((await open().facts([raced], signal))[0]?.symbols[0]?.name, 'two');
    assert.equal((await open().facts([file('a.ts', 'const one = 1;\n')], signal))[0]?.symbols[0]?.name, 'one');
  });

  it('are seen by a process that was there before they were', async () => {
    const [early, late] = [open(), open()];
    await early.facts([file('a.ts', 'a;\n')], signal);
    await late.facts([file('b.ts', 'const b = 1;\n')], signal);
    // It looks for what others have added now and then, not every time.
    for (let at = 0; at < 50 && asked.filter((path) => path === 'seen').length === 0; at += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const probe = { ...file('b.ts', 'const b = 1;\n'), text: async () => undefined };
      const [facts] = await early.facts([probe], signal);
      if (facts?.symbols[0]?.name === 'b') asked.push('seen');
    }
    assert.ok(asked.includes('seen'));
  });

  for (const damage of ['cut', 'flipped', 'torn key', 'gone'] as const) {
    it(`are read anew where their pack is damaged (${damage})`, async () => {
      const files = many(20);
      const first = await open().facts(files, signal);
      const [facts, keys] = ['.facts', '.keys'].map((end) => async () => {
        return join(dir, (await readdir(dir)).find((name) => name.endsWith(end)) ?? '');
      });
      const pack = (await facts?.()) ?? '';
      const bytes = await readFile(pack);
      if (damage === 'cut') await truncate(pack, Math.floor(bytes.length / 2));
      if (damage === 'flipped')
        await writeFile(
          pack,
          bytes.map((byte, at) => (at === 30 ? byte ^ 255 : byte)),
        );
      if (damage === 'torn key') await appendFile((await keys?.()) ?? '', 'half a row');
      if (damage === 'gone') await rm(pack);
      asked = [];
      const again = await open().facts(files, signal);
      assert.equal(JSON.stringify(again), JSON.stringify(first));
      assert.equal(asked.length > 0, damage !== 'torn key', asked.join());
      asked = [];
      await open().facts(files, signal);
      assert.deepEqual(asked, [], 'and then kept');
    });
  }

  it('are not looked for again in a text that is too large, by any process', async () => {
    const parser = openParser(home);
    // What a worker says of such a text, whatever the time that this machine takes for one.
    const large = { ...parser, parse: async (sources: readonly Source[]) => sources.map(() => NOTHING) };
    const files = [...many(2), file('large.ts', 'const large = 1;\n')];
    const seen = codeFacts({ parser: large, packs: openPacks(dir), home });
    assert.deepEqual(await seen.facts(files.slice(2), signal), [undefined]);
    asked = [];
    assert.deepEqual(await seen.facts(files.slice(2), signal), [undefined]);
    const facts = await open().facts(files, signal);
    assert.deepEqual(
      facts.map((known) => known?.symbols[0]?.name),
      ['f0', 'f1', undefined],
    );
    assert.deepEqual(asked, ['f0.ts', 'f1.ts']);
  });

  it('are kept in memory where they cannot be written', async () => {
    await rm(dir, { recursive: true });
    await writeFile(dir, 'a file');
    const code = open();
    await code.facts(many(3), signal);
    asked = [];
    assert.equal((await code.facts(many(3), signal)).filter((facts) => facts !== undefined).length, 3);
    assert.deepEqual(asked, []);
  });

  it('of many small packs are made one, and the oldest go where there are too many bytes', async () => {
    const files = many(30);
    for (const one of files.slice(0, 10)) await open().facts([one], signal);
    // Of processes that have ended: no process has the number 0.
    for (const name of await readdir(dir)) await rename(join(dir, name), join(dir, name.replace(/^\d+/, '0')));
    assert.equal((await readdir(dir)).length, 20);
    await tidyPacks(dir);
    assert.equal((await readdir(dir)).length, 2);
    asked = [];
    assert.equal(
      (await open().facts(files.slice(0, 10), signal)).every((facts) => facts !== undefined),
      true,
    );
    assert.deepEqual(asked, []);

    const old = (await readdir(dir)).find((name) => name.endsWith('.facts')) ?? '';
    await utimes(join(dir, old), new Date(0), new Date(0));
    await open().facts(files.slice(10), signal);
    await tidyPacks(dir, 1000);
    assert.equal(existsSync(join(dir, old)), false);
    asked = [];
    await open().facts(files.slice(10), signal);
    assert.deepEqual(asked, [], 'those of a living process stay');
  });

  it('stop being looked for when they are no longer wanted', async () => {
    const stop = new AbortController();
    const facts = open().facts(many(300), stop.signal);
    setImmediate(() => stop.abort(new Error('enough')));
    await assert.rejects(facts, /enough/);
  });
});

describe('the parser', () => {
  it('gives up on what cannot be read in time, and reads on; ends when it has nothing to do', async () => {
    const parser = openParser(home, 50);
    const hostile = [
      `x = ${'['.repeat(300_000)}`,
      `${'f('.repeat(100_000)}${')'.repeat(100_000)};`,
      `${'{'.repeat(200_000)}`,
      `const s = \`${'${`'.repeat(50_000)}`,
      `/* ${'*'.repeat(2_000_000)}`,
      '\0'.repeat(1000),
      `const x = [${'1,'.repeat(1_000_000)}];`,
    ];
    const texts = [...hostile, 'const last = 1;\n'].map((text) => ({ grammar: 'typescript' as const, text }));
    const read = await parser.parse(texts, signal);
    const last = read.at(-1);
    assert.ok(last instanceof Uint8Array);
    assert.equal(decode(last).symbols[0]?.name, 'last');
    for (let at = 0; at < 100 && parser.workers() > 0; at += 1) await new Promise((go) => setTimeout(go, 50));
    assert.equal(parser.workers(), 0);
    const [again] = await parser.parse([{ grammar: 'python', text: 'def f(): pass\n' }], signal);
    assert.ok(again instanceof Uint8Array);
    assert.equal(decode(again).symbols[0]?.name, 'f');
  }).timeout(60_000);

  it('reads files by their content, and nothing of one that has another by now, or is none', async () => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'conclave-parsed-')));
    try {
      await writeFile(join(dir, 'a.ts'), 'const inside = 1;\n');
      await symlink('a.ts', join(dir, 'link.ts'));
      const hash = createHash('sha256').update('const inside = 1;\n').digest('hex');
      const of = (name: string, content = hash) => ({
        grammar: 'typescript' as const,
        file: join(dir, name),
        hash: content,
      });
      const asked = [of('a.ts'), of('a.ts', '0'.repeat(64)), of('link.ts'), of('none.ts'), of('.')];
      const [read, ...others] = await openParser(home, 50).parse(asked, signal, 'later');
      assert.ok(read instanceof Uint8Array);
      assert.equal(decode(read).symbols[0]?.name, 'inside');
      assert.deepEqual(others, ['gone', 'gone', 'gone', 'gone']);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('reads what somebody waits for before what nobody does', async () => {
    const parser = openParser(home, 50);
    const order: string[] = [];
    const parse = async (what: string, count: number, when?: 'later') => {
      const text = (at: number): string => `const ${what}${at} = 1;\n`;
      const texts = Array.from({ length: count }, (_, at) => ({ grammar: 'typescript' as const, text: text(at) }));
      await parser.parse(texts, signal, when);
      order.push(what);
    };
    await Promise.all([parse('ahead', 300, 'later'), parse('wanted', 20)]);
    assert.deepEqual(order, ['wanted', 'ahead']);
  });

  it('has no answer where it is not installed', async () => {
    const parser = openParser(join(tmpdir(), 'no-installation'));
    assert.deepEqual(await parser.parse([{ grammar: 'go', text: 'package a\n' }], signal), [undefined]);
  });
});

describe('encoded facts', () => {
  it('are what they were', () => {
    const facts = {
      lines: 40_000,
      symbols: [
        { name: 'ä', kind: 'class' as const, line: 1, column: 7, endLine: 300, exported: true, signature: 'class ä {' },
        {
          name: 'm',
          kind: 'method' as const,
          line: 2,
          column: 3,
          endLine: 2,
          exported: false,
          container: 'ä',
          signature: 'm() {}',
          doc: 'Doc.',
        },
        {
          name: 'n',
          kind: 'method' as const,
          line: 3,
          column: 3,
          endLine: 3,
          exported: false,
          signature: '',
          doc: 'D',
        },
      ],
      imports: [{ from: './a', names: ['b', 'c'], line: 4, endLine: 6 }],
      comments: [
        { line: 1, column: 1, endLine: 3, endColumn: 2 },
        { line: 3, column: 5, endLine: 3, endColumn: 700 },
      ],
      strings: [{ line: 39_999, column: 200, endLine: 40_000, endColumn: 1 }],
    };
    const read = decode(encode(facts));
    assert.deepEqual(JSON.parse(JSON.stringify(read)), facts);
  });
});
