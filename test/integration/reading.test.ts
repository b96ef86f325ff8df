import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { applyBlock, emptyChangeSet } from '../../src/core/changes/changeSet.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import { runTool, TOOLS } from '../../src/core/tools/index.ts';
import type { Progress, ToolContext } from '../../src/core/tools/tool.ts';
import { openCodeFacts } from '../../src/node/codeFacts/codeFacts.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';

const code = openCodeFacts(resolve('.'));

const READ = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      text: z.string(),
      start_line: z.int(),
      end_line: z.int(),
      next_line: z.int().optional(),
      outline: z.array(z.object({ name: z.string(), kind: z.string(), line: z.int(), end_line: z.int() })).optional(),
    }),
  ),
  not_read: z.array(z.object({ path: z.string(), why: z.string() })).optional(),
});

describe('reading files', () => {
  let root: string;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'conclave-reading-')));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function write(files: Record<string, string | Uint8Array>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  }

  function context(more: Partial<ToolContext> = {}): ToolContext {
    return {
      workspace: openDiskWorkspace(root, { ripgrep: undefined }),
      processes: nodeProcesses(),
      code,
      runChecks: () => Promise.reject(new Error('nothing is checked here')),
      maxChars: 4000,
      signal: new AbortController().signal,
      ...more,
    };
  }

  async function read(args: object, ctx = context()) {
    const { text, isError, data } = await runTool('read_file', args, ctx);
    assert.ok(text.length <= ctx.maxChars, `${text.length} of ${ctx.maxChars} characters`);
    assert.equal(isError, false, text);
    return { text, data: READ.parse(data) };
  }

  async function fails(args: object, ctx = context()): Promise<string> {
    const { text, isError } = await runTool('read_file', args, ctx);
    assert.equal(isError, true, text);
    return text;
  }

  const lines = (count: number, width = 0) =>
    Array.from({ length: count }, (_, i) => `line ${i + 1}${'.'.repeat(width)}`);

  it('shows several at once: short ones whole, long ones cut, each with how to read on', async () => {
    await write({ 'a.txt': 'short a\n', 'b.txt': lines(500).join('\n'), 'c.txt': lines(500).join('\n'), 'd.txt': 'd' });
    const { text, data } = await read({
      path: 'a.txt',
      paths: ['b.txt', './a.txt', 'nowhere.txt', 'c.txt', 'd.txt', ''],
    });
    assert.deepEqual(
      data.files.map(({ path }) => path),
      ['a.txt', 'b.txt', 'c.txt', 'd.txt'],
    );
    assert.equal(data.files[0]?.text, 'short a');
    assert.deepEqual(
      data.not_read?.map(({ path }) => path),
      ['nowhere.txt'],
    );
    assert.match(text, /^a.txt \(lines 1-1 of 1\)\nshort a\n\nb.txt \(lines 1-\d+ of 500\)\nline 1\n/);
    assert.match(text, /There is no file nowhere.txt/);
    const [b, c] = [data.files[1], data.files[2]];
    assert.ok(b?.next_line && c?.next_line && Math.abs(b.end_line - c.end_line) < 10, 'the long ones share the room');
    assert.match(text, new RegExp(`\\[Read on with path="b.txt" and start_line=${b.next_line}\\.\\]`));
    assert.ok(text.length > 3000, 'the room is used');
    assert.match(await fails({ paths: ['x.txt', 'y.txt'] }), /no file x.txt.*no file y.txt/s);
    const many = await read({ paths: lines(30).map((_, i) => (i === 0 ? 'd.txt' : `${i}.txt`)) });
    assert.equal(many.data.not_read?.length, 29);
    assert.match(many.text, /10 more files were not read/);
  });

  it('takes the range for each of several', async () => {
    await write({ 'a.txt': lines(9).join('\n'), 'b.txt': lines(3).join('\n') });
    const { data } = await read({ paths: ['a.txt', 'b.txt'], start_line: 4, end_line: 5 });
    assert.deepEqual(data, {
      files: [{ path: 'a.txt', start_line: 4, end_line: 5, text: 'line 4\nline 5' }],
      not_read: [{ path: 'b.txt', why: 'b.txt has 3 lines; start_line 4 is after its end.' }],
    });
  });

  it('shows other encodings, and says that such a file cannot be edited', async () => {
    const swapped = Buffer.from('\uFEFFGrüße\r\nzwei\r\n', 'utf16le').swap16();
    await write({
      'le.txt': Buffer.from('\uFEFFGrüße 🎉\n', 'utf16le'),
      'be.txt': swapped,
      'western.txt': Buffer.from('Stra\u00dfe nach M\u00fcnchen, 5 \u0080', 'latin1'),
      'marked.txt': '\uFEFFmarked\n',
      'cyrillic.txt': Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]),
      'broken.txt': Buffer.from('\uFEFFGr', 'utf16le').subarray(0, 5),
    });
    assert.equal(
      (await read({ path: 'le.txt' })).text,
      'le.txt (lines 1-1 of 1, kept as UTF-16LE, so it cannot be edited here)\nGrüße 🎉',
    );
    assert.match((await read({ path: 'be.txt' })).text, /CRLF line ends, kept as UTF-16BE.*\nGrüße\nzwei$/);
    assert.match((await read({ path: 'western.txt' })).text, /kept as Windows-1252.*\nStraße nach München, 5 €$/);
    assert.equal((await read({ path: 'marked.txt' })).text, 'marked.txt (lines 1-1 of 1)\nmarked');
    assert.match(await fails({ path: 'cyrillic.txt' }), /a binary file \(6 bytes\)/);
    assert.match(await fails({ path: 'broken.txt' }), /a binary file \(5 bytes\)/);

    for (const path of ['le.txt', 'western.txt']) {
      const block = { kind: 'delete', path } as const;
      const edit = await applyBlock(emptyChangeSet, block, context().workspace);
      assert.match(JSON.stringify(edit), /kept as .*only UTF-8 text can be changed/, path);
    }
  });

  it('refuses what is no text by what it is, with its size and what to do instead', async () => {
    const bytes = Buffer.from([0, 1, 2, 3]);
    await write({ 'a.png': bytes, 'b.pdf': bytes, 'c.tar.gz': Buffer.alloc(3_000_000), 'd.xyz': bytes });
    assert.equal(
      await fails({ path: 'a.png' }),
      'a.png is an image (4 bytes), and only text can be read. search_code with its name as pattern shows where it is used.',
    );
    assert.match(await fails({ path: 'b.pdf' }), /b.pdf is a PDF \(4 bytes\).*The user can give its text/);
    assert.match(await fails({ path: 'c.tar.gz' }), /c.tar.gz is an archive \(3\.0 MB\).*Only the user can unpack it/);
    assert.match(await fails({ path: 'd.xyz' }), /d.xyz is a binary file \(4 bytes\).*pattern="d.xyz"/);
  });

  describe('that are too large to be read whole', () => {
    const COUNT = 60_000;

    beforeEach(() => write({ 'log.txt': `${lines(COUNT, 40).join('\n')}\n` }));

    it('shows their beginning, how many lines there are, and any range of them', async () => {
      const { text, data } = await read({ path: 'log.txt' });
      assert.match(text, /^log.txt \(lines 1-\d+ of 60000, 3\.0 MB in all\)\nline 1\./);
      const next = data.files[0]?.next_line;
      assert.match(
        text,
        new RegExp(`\\[Read on with start_line=${next}\\. Its end is from start_line=59950 on\\.\\]$`),
      );
      const range = await read({ path: 'log.txt', start_line: 59_999, end_line: 70_000 });
      assert.match(
        range.text,
        /^log.txt \(lines 59999-60000 of 60000, 3\.0 MB in all\)\nline 59999\.+\nline 60000\.+$/,
      );
      const part = await read({ path: 'log.txt', start_line: 30_000, end_line: 30_001 });
      assert.match(part.text, /^log.txt \(lines 30000-30001, 3\.0 MB in all\)\nline 30000\.+\nline 30001\.+$/);
      assert.match(await fails({ path: 'log.txt', start_line: 60_001 }), /has 60000 lines; start_line 60001/);
      assert.match(await fails({ path: 'log.txt', start_line: 5, end_line: 2 }), /before start_line/);
    });

    it('can be read on without a gap, through an overlay too', async () => {
      const ctx = context({ workspace: overlay(openDiskWorkspace(root, { ripgrep: undefined }), emptyChangeSet) });
      const first = (await read({ path: 'log.txt', start_line: 100 }, ctx)).data.files[0];
      const second = (await read({ path: 'log.txt', start_line: first?.next_line }, ctx)).data.files[0];
      const seen = `${first?.text}\n${second?.text}`.split('\n');
      assert.deepEqual(seen, lines(COUNT, 40).slice(99, 99 + seen.length));
      assert.ok(seen.length > 100);
    });

    it('are refused where they are no text, and cut where a line is endless', async () => {
      await write({
        'dump.dat': Buffer.alloc(3_000_000),
        'one.txt': 'ü'.repeat(2_000_000),
        'western.log': Buffer.from(`${'Stra\u00dfe\n'.repeat(500_000)}`, 'latin1'),
      });
      assert.match(await fails({ path: 'dump.dat' }), /dump.dat is a binary file \(3\.0 MB\)/);
      const one = await read({ path: 'one.txt' });
      assert.match(one.text, /lines 1-1 of 1, .*\nü{3000,}…\n\[Line 1 is longer than fits and is cut\.\]$/);
      assert.match((await read({ path: 'western.log', start_line: 7, end_line: 7 })).text, /Windows-1252.*\nStraße$/);
    });

    it('tell how far they are, and stop when they are told to', async () => {
      const file = await open(join(root, 'sparse.log'), 'w');
      await file.write('first\n');
      for (let at = 0; at < 80; at += 1)
        await file.write(Buffer.alloc(1_000_000, 'x'), 0, 1_000_000, 6 + at * 1_000_000);
      await file.close();
      const told: Progress[] = [];
      await read({ path: 'sparse.log' }, context({ onProgress: (one) => told.push(one) }));
      assert.ok(told.length >= 2 && told.every(({ done, total = 0 }) => done <= total), JSON.stringify(told));
      const stop = new AbortController();
      const ctx = context({ signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) });
      await assert.rejects(runTool('read_file', { path: 'sparse.log' }, ctx), /enough/);
    });
  });

  it('shows the outline of one that is too long first, where its language is known', async () => {
    const methods = Array.from({ length: 40 }, (_, i) => `  method${i}(): number {\n    return ${i};\n  }\n`).join('');
    await write({ 'src/long.ts': `export class Shop {\n${methods}}\n\nexport function open(): void {}\n` });
    const { text, data } = await read({ path: 'src/long.ts' }, context({ maxChars: 1500 }));
    assert.match(
      text,
      /^src\/long\.ts \(lines 1-\d+ of 124\)\nIt is too long to be shown whole\. Its outline:\n {2}1-122 class Shop: /,
    );
    assert.match(
      text,
      /\n {2}124 function open: .*\n {2}… and 40 more definitions: symbols shows all\nIts beginning:\nexport class Shop \{\n/,
    );
    assert.match(text, /\[Read on with start_line=\d+\.\]$/);
    assert.deepEqual(data.files[0]?.outline, [
      { name: 'Shop', kind: 'class', line: 1, end_line: 122 },
      { name: 'open', kind: 'function', line: 124, end_line: 124 },
    ]);
    const roomy = await read({ path: 'src/long.ts' }, context({ maxChars: 4000 }));
    assert.doesNotMatch(roomy.text, /outline/);
    const part = await read({ path: 'src/long.ts', start_line: 1 }, context({ maxChars: 1000 }));
    assert.doesNotMatch(part.text, /outline/);
    await write({ 'notes.xyz': lines(500).join('\n') });
    assert.doesNotMatch((await read({ path: 'notes.xyz' })).text, /outline/);
  });

  it('takes the outline of the text as it is on disk, so that what was parsed is known the next time', async () => {
    const asked: boolean[] = [];
    const looking: ToolContext['code'] = {
      async facts(files, signal) {
        for (const { hash, text } of files) {
          const bytes = (await text()) ?? '';
          asked.push(createHash('sha256').update(bytes).digest('hex') === hash);
        }
        return code.facts(files, signal);
      },
    };
    for (const mark of ['', '\uFEFF']) {
      for (const end of ['\n', '\r\n']) {
        await write({
          'long.ts': `${mark}${Array(100).fill(`export const a = 'some text'; // and more`).join(end)}${end}`,
        });
        const { data } = await read({ path: 'long.ts' }, context({ maxChars: 1500, code: looking }));
        assert.equal(data.files[0]?.outline?.[0]?.line, 1);
      }
    }
    assert.deepEqual(asked, [true, true, true, true]);
  });

  it('says what it gives, in the schema of its result', () => {
    assert.equal(TOOLS.read_file.outputSchema?.type, 'object');
  });
});
