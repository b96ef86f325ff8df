import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { overlay } from '../../src/core/changes/overlay.ts';
import type { Diagnostic, LanguageServers } from '../../src/core/ports.ts';
import { runTool } from '../../src/core/tools/index.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { grammarsOf } from '../../src/node/grammars/grammars.ts';
import { openSyntax } from '../../src/node/grammars/syntax.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import { makeProject, type Project } from '../support/project.ts';

const syntax = openSyntax(grammarsOf(resolve('.')));
const FOUND = z.object({
  problems: z.array(z.object({ path: z.string(), line: z.int(), severity: z.string(), source: z.string().optional() })),
  found: z.int(),
  asked: z.array(z.string()),
  not_checked: z.array(z.object({ path: z.string(), why: z.string() })),
  truncated: z.boolean(),
});

describe('diagnostics', () => {
  let project: Project;

  beforeEach(() => {
    project = makeProject({
      'src/good.ts': 'export const a = 1;\n',
      'src/bad.ts': 'export function b( {\n  return [1, 2;\n}\n',
      'src/bad.py': 'def c(:\n  pass\n',
      'notes.xyz': 'no grammar\n',
    });
  });
  afterEach(() => project.remove());

  function context(more: Partial<ToolContext> = {}): ToolContext {
    return {
      workspace: openDiskWorkspace(project.dir, { ripgrep: undefined }),
      processes: nodeProcesses(),
      code: { facts: async (files) => files.map(() => undefined) },
      syntax,
      runChecks: () => Promise.reject(new Error('nothing is checked here')),
      maxChars: 4000,
      signal: new AbortController().signal,
      ...more,
    };
  }

  async function ok(args: object, ctx = context()) {
    const { text, isError, data } = await runTool('diagnostics', args, ctx);
    assert.ok(text.length <= ctx.maxChars, `${text.length} of ${ctx.maxChars} characters`);
    assert.equal(isError, false, text);
    return { text, data: FOUND.parse(data) };
  }

  /** Language servers that report what is given, and tell what they were asked for. */
  function servers(reports: readonly Diagnostic[], asked: unknown[] = []): LanguageServers {
    return {
      references: async () => undefined,
      diagnostics: async (paths) => {
        asked.push(paths);
        return reports.filter(({ path }) => paths === 'all' || paths.includes(path));
      },
    };
  }

  it('are wrong syntax, of a file, of several, or of a folder, and say who was asked', async () => {
    const bad = await ok({ path: 'src/bad.ts' });
    assert.match(bad.text, /^[12] errors? in src\/bad\.ts\.\nsrc\/bad\.ts\n {2}\d+:\d+ error: .*\(syntax\)/);
    assert.match(bad.text, /\nAsked: the grammars of typescript, which see wrong syntax only\.$/);
    const all = await ok({ paths: ['src', 'notes.xyz'] });
    assert.deepEqual([...new Set(all.data.problems.map(({ path }) => path))], ['src/bad.py', 'src/bad.ts']);
    assert.match(all.text, /in 3 files\./);
    assert.match(all.text, /Not checked: notes\.xyz \(there is no grammar for it\)\.$/);
    const good = await ok({ path: 'src/good.ts' });
    assert.match(good.text, /^No problems in src\/good\.ts\.\nAsked: the grammars of typescript/);
    assert.match((await ok({ path: 'notes.xyz' })).text, /^No problems in 0 files\.\nNobody could be asked\./);
    const missing = await runTool('diagnostics', { path: 'src/god.ts' }, context());
    assert.ok(missing.isError && /no file src\/god\.ts\. Did you mean/.test(missing.text), missing.text);
  });

  it('are of what is changed where nothing is named', async () => {
    assert.match((await ok({})).text, /Nothing is changed\. Give a path/);
    writeFileSync(join(project.dir, 'src/good.ts'), 'export const a = [1;\n');
    assert.deepEqual(
      (await ok({})).data.problems.map(({ path }) => path),
      ['src/good.ts'],
    );
    const base = { text: null, hash: null };
    const files = new Map([['src/new.ts', { path: 'src/new.ts', base, text: 'const x = (1;\n' }]]);
    const changed = { workspace: overlay(openDiskWorkspace(project.dir, { ripgrep: undefined }), { files }) };
    const { data } = await ok({}, context({ ...changed, changed: ['src/new.ts'] }));
    assert.deepEqual([...new Set(data.problems.map(({ path }) => path))], ['src/new.ts']);
    assert.match((await ok({}, context({ changed: [] }))).text, /Nothing is changed/);
  });

  it('are what language servers report, in the editor; of what an agent has changed they know nothing', async () => {
    const report = (path: string, line: number, severity: Diagnostic['severity']): Diagnostic => {
      return { path, line, column: 3, severity, message: 'Type "a"\nis wrong.', source: 'ts' };
    };
    const asked: unknown[] = [];
    const reports = [
      report('src/good.ts', 1, 'warning'),
      report('src/bad.ts', 1, 'error'),
      report('notes.xyz', 2, 'hint'),
    ];
    const languages = servers(reports, asked);
    const { text, data } = await ok({ paths: ['src/good.ts', 'src/bad.ts', 'notes.xyz'] }, context({ languages }));
    assert.match(text, /\nsrc\/good\.ts\n {2}1:3 warning: Type "a" is wrong\. \(ts\)\n/);
    assert.match(text, /Asked: the editor's language servers; the grammars of typescript/);
    assert.deepEqual(data.not_checked, []);
    assert.equal(
      data.problems.filter(({ path, line }) => path === 'src/bad.ts' && line === 1).length,
      1,
      'each line once',
    );
    await ok({ paths: ['src/good.ts', 'src/bad.ts'] }, context({ languages, changed: ['src/bad.ts'] }));
    assert.deepEqual(asked, [['src/good.ts', 'src/bad.ts', 'notes.xyz'], ['src/good.ts']]);
  });

  it('are bounded, and say so', async () => {
    const many = Array.from({ length: 200 }, (_, i) => {
      return { path: 'src/good.ts', line: i + 1, column: 1, severity: 'warning' as const, message: 'wrong '.repeat(9) };
    });
    const { text, data } = await ok({ path: 'src/good.ts' }, context({ languages: servers(many), maxChars: 900 }));
    assert.match(text, /^200 warnings in \S+\.\n/);
    assert.match(text, /\n\[More are not shown: give one file\.\]\nAsked: /);
    assert.ok(data.truncated && data.found === 200 && data.problems.length < 20);
  });
});
