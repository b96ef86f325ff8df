import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { z } from 'zod';
import { emptyChangeSet } from '../../src/core/changes/changeSet.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import { runTool } from '../../src/core/tools/index.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';
import { openCodeFacts } from '../../src/node/codeFacts/codeFacts.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';
import { makeProject, type Project } from '../support/project.ts';

const code = openCodeFacts(resolve('.'));
const FOUND = z.object({
  found: z.int(),
  at_least: z.boolean(),
  files: z.array(z.object({ path: z.string(), matches: z.array(z.object({ line: z.int(), text: z.string() })) })),
  truncated: z.boolean(),
});
const LISTED = z.object({
  found: z.int(),
  files: z.array(z.object({ path: z.string(), bytes: z.int() })),
  folders: z.array(z.object({ path: z.string(), files: z.int() })).optional(),
  next_offset: z.int().optional(),
  truncated: z.boolean(),
});

for (const ripgrep of [findRipgrep(), undefined]) {
  describe(`finding, with ${ripgrep ? 'ripgrep' : 'a plain scan'}`, () => {
    let project: Project;

    function open(files: Record<string, string>): void {
      project?.remove();
      project = makeProject(files);
    }
    afterEach(() => project.remove());

    function context(more: Partial<ToolContext> = {}): ToolContext {
      return {
        workspace: openDiskWorkspace(project.dir, { ripgrep }),
        processes: nodeProcesses(),
        code,
        runChecks: () => Promise.reject(new Error('nothing is checked here')),
        maxChars: 4000,
        signal: new AbortController().signal,
        ...more,
      };
    }

    async function ok(name: string, args: object, ctx = context()) {
      const { text, isError, data } = await runTool(name, args, ctx);
      assert.ok(text.length <= ctx.maxChars, `${text.length} of ${ctx.maxChars} characters`);
      assert.equal(isError, false, text);
      return { text, data };
    }

    async function fails(name: string, args: object, ctx = context()): Promise<string> {
      const { text, isError } = await runTool(name, args, ctx);
      assert.equal(isError, true, text);
      return text;
    }

    describe('lines of code', () => {
      const search = async (args: object, ctx = context()) => {
        const { text, data } = await ok('search_code', args, ctx);
        return { text, data: FOUND.parse(data) };
      };

      beforeEach(() =>
        open({
          'src/a.ts': 'const total = 1;\n\nfunction sum() {\n  return Total + total;\n}\n',
          'src/b.tsx': 'total();\n',
          'test/a.test.ts': '// subtotal (x)\n',
          'notes.md': 'The total.\n',
        }),
      );

      it('are shown by file, as text or as a regular expression, as narrow as asked', async () => {
        const { text, data } = await search({ pattern: 'total' });
        assert.equal(
          text,
          [
            '5 lines in 4 files.',
            '',
            'notes.md',
            '  1: The total.',
            '',
            'src/a.ts',
            '  1: const total = 1;',
            '  4:   return Total + total;',
            '',
            'src/b.tsx',
            '  1: total();',
            '',
            'test/a.test.ts',
            '  1: // subtotal (x)',
          ].join('\n'),
        );
        assert.equal(data.found, 5);
        assert.deepEqual(data.files[1]?.matches[1], { line: 4, text: '  return Total + total;' });
        assert.equal(data.truncated || data.at_least, false);

        const paths = async (args: object) =>
          (await search({ pattern: 'total', ...args })).data.files.map((one) => one.path);
        assert.deepEqual(await paths({ whole_word: true, glob: '*.ts' }), ['src/a.ts']);
        assert.deepEqual(await paths({ glob: '*.{ts,tsx}', under: 'src' }), ['src/a.ts', 'src/b.tsx']);
        assert.deepEqual(await paths({ pattern: 'Total', case_sensitive: true }), ['src/a.ts']);
        assert.deepEqual(await paths({ pattern: '^total\\(\\)|\\(x\\)', regex: true }), [
          'src/b.tsx',
          'test/a.test.ts',
        ]);
        assert.deepEqual(await paths({ pattern: '(x)' }), ['test/a.test.ts']);
      });

      it('stand in what is around them, each line once', async () => {
        open({ 'a.txt': 'one\nhit 1\nthree\nfour\nhit 2\nhit 3\nseven\neight\nnine\nten\neleven\nhit 4\n' });
        const { text, data } = await ok('search_code', { pattern: 'hit', context: 1 });
        assert.equal(
          text,
          '4 lines in 1 file.\n\na.txt\n  1- one\n  2: hit 1\n  3- three\n  4- four\n  5: hit 2\n  6: hit 3\n  7- seven\n  …\n  11- eleven\n  12: hit 4',
        );
        assert.match(JSON.stringify(data), /"line":2,"text":"hit 1","before":\["one"\],"after":\["three"\]/);
      });

      it('are bounded, counted, and told where the others are', async () => {
        open(Object.fromEntries(['a', 'b', 'c'].map((name) => [`src/${name}.ts`, 'needle in here\n'.repeat(80)])));
        const few = await search({ pattern: 'needle', limit: 3 });
        assert.match(few.text, /^240 lines in 3 files\.\n\nsrc\/a\.ts\n {2}1: needle/);
        assert.match(few.text, /\[237 more lines not shown\. Also in src\/b\.ts \(80\), src\/c\.ts \(80\)\. Narrow it/);
        assert.equal(few.data.files[0]?.matches.length, 3);
        assert.equal(few.data.truncated, true);
        for (const maxChars of [300, 700, 1500]) {
          const { text, data } = await search({ pattern: 'needle', limit: 240 }, context({ maxChars }));
          const shown = text.split('\n').filter((line) => /^ {2}\d+: /.test(line)).length;
          assert.equal(data.files.flatMap(({ matches }) => matches).length, shown);
          assert.match(text, new RegExp(`\\[${240 - shown} more lines not shown\\..*longer pattern\\.\\]$`));
        }
        open({ 'a.txt': 'needle\n'.repeat(700) });
        const many = await search({ pattern: 'needle' });
        assert.match(many.text, /^At least 500 lines in 1 file\./);
        assert.equal(many.data.at_least, true);
      });

      it('are looked for in what the agent has changed, too', async () => {
        const files = new Map([
          ['src/n.ts', { path: 'src/n.ts', base: { text: null, hash: null }, text: 'total new\n' }],
        ]);
        const ctx = context({ workspace: overlay(openDiskWorkspace(project.dir, { ripgrep }), { files }) });
        assert.match(
          (await search({ pattern: 'total', glob: 'n.ts' }, ctx)).text,
          /^1 line in 1 file\.\n\nsrc\/n\.ts\n {2}1: total new$/,
        );
      });

      it('are told not to be there, in a way that helps on', async () => {
        const none = async (args: object) => (await search(args)).text;
        assert.equal(await none({ pattern: 'zebra' }), 'No line matches "zebra" in 4 files.');
        assert.match(await none({ pattern: 'to.*l' }), /searched as it is written; regex=true/);
        assert.match(
          await none({ pattern: 'TOTAL', case_sensitive: true, glob: '*.ts' }),
          /in 2 files.*case counted.*Without under/,
        );
        assert.match(await none({ pattern: 'total', under: 'nowhere' }), /no files under nowhere/);
        assert.match(await none({ pattern: 'total', glob: '*.py' }), /No file matches the glob "\*\.py"/);
      });

      it('are not searched by what is no regular expression; it is said what is wrong, and where', async () => {
        const broken = await fails('search_code', { pattern: 'sum(', regex: true });
        assert.match(broken, /no regular expression.*At column 4: "\(" is not closed\. Without regex=true/);
        assert.equal((await search({ pattern: 'sum(' })).data.found, 1);
        assert.match(await fails('search_code', { pattern: 'x', glob: '[a' }), /This is no glob/);
        assert.match(await fails('search_code', { pattern: 'x', under: '../outside' }), /cannot be searched/);
      });
    });

    describe('files', () => {
      const list = async (args: object, ctx = context()) => {
        const { text, data } = await ok('list_files', args, ctx);
        return { text, data: LISTED.parse(data) };
      };

      it('are listed with their sizes, under a folder or by a glob', async () => {
        open({ 'src/a.ts': 'abc', 'src/deep/b.test.ts': '', 'README.md': 'x'.repeat(1500) });
        const { text, data } = await list({});
        assert.equal(
          text,
          '3 files in the workspace, 1.5 KB in all.\nREADME.md (1.5 KB)\nsrc/a.ts (3 bytes)\nsrc/deep/b.test.ts (0 bytes)',
        );
        assert.deepEqual(data.files[1], { path: 'src/a.ts', bytes: 3 });
        assert.match(
          (await list({ pattern: '**/*.test.ts' })).text,
          /^1 file in the workspace match.*\nsrc\/deep\/b\.test\.ts \(0 bytes\)$/,
        );
        assert.equal((await list({ under: 'src', pattern: 'deep/*' })).data.found, 1);
        assert.equal((await list({ under: './src/' })).data.found, 2);
        assert.match((await list({ pattern: '*.py' })).text, /No file in the workspace matches "\*\.py", of 3 files/);
        assert.match(await fails('list_files', { under: 'depp' }), /no folder depp\. Did you mean src\/deep\?/);
        assert.match(await fails('list_files', { under: '../..' }), /not allowed/);
        assert.match(await fails('list_files', { pattern: '[a' }), /This is no glob/);
      });

      it('are counted by folder where they are many, and can be read on to the last', async () => {
        const names = Array.from({ length: 450 }, (_, i) => `src/m${i % 3}/deep/file${String(i).padStart(3, '0')}.ts`);
        open(Object.fromEntries([...names, 'package.json'].map((name) => [name, ''])));
        const { text, data } = await list({});
        assert.match(
          text,
          /^451 files in the workspace, 0 bytes in all\.\nsrc\/ \(450 files\)\nsrc\/m0\/ \(150 files\)\nsrc\/m0\/deep\/ \(150 files\)\n/,
        );
        assert.match(text, /\npackage\.json \(0 bytes\)\n\[under="<folder>" shows/);
        assert.deepEqual(data.folders?.[0], { path: 'src', files: 450 });
        const seen: string[] = [];
        let offset: number | undefined = 0;
        while (offset !== undefined) {
          const { data, text } = await list({ pattern: '*.ts', offset }, context({ maxChars: 2000 }));
          seen.push(...data.files.map(({ path }) => path));
          offset = data.next_offset;
          if (offset !== undefined) assert.match(text, new RegExp(`more files: read on with offset=${offset}\\.\\]$`));
        }
        assert.deepEqual(seen, names.toSorted());
        for (const maxChars of [200, 400]) await list({}, context({ maxChars }));
      });

      it('are those with the changes of the agent', async () => {
        open({ 'a.txt': '' });
        assert.equal(
          (await list({}, context({ workspace: overlay(openDiskWorkspace(project.dir, { ripgrep }), emptyChangeSet) })))
            .data.found,
          1,
        );
      });
    });
  });
}
