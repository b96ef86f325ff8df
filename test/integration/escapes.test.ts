import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import type { Crew } from '../../src/core/orchestrator/runContext.ts';
import { toolContext } from '../../src/core/orchestrator/toolContext.ts';
import type { Copy, User } from '../../src/core/ports.ts';
import { runTool, TOOLS } from '../../src/core/tools/index.ts';
import type { ToolContext, ToolResult } from '../../src/core/tools/tool.ts';
import { loadSettings } from '../../src/node/configuration.ts';
import { openCrew } from '../../src/node/openCrew.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';
import { inParallel, randomFrom } from '../support/crashes.ts';
import {
  forbiddenPaths,
  type HostileTree,
  hostilePath,
  LEGIT,
  MARK,
  makeHostileTree,
  SENTINELS,
} from '../support/hostileTree.ts';

const nobody: User = { ask: async () => 'unanswered', approve: async () => 'unanswered' };
const SEED = Number(process.env.CONCLAVE_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Arguments that name a file or folder, and those that say which files are meant in another way. All others are none. */
const PATHS = new Set(['path', 'paths', 'file', 'test_file', 'under']);
const WORDS = new Set(['pattern', 'glob', 'ref', 'query', 'symbol', 'test_name']);

/** One of a few words, which are tried in turn. */
const CHOICES = new Map([
  ['view', ['diff', 'stat', 'log', 'commit', 'blame']],
  ['kind', ['all', 'call', 'function']],
]);

/** What is asked beside the argument in question, where a tool must have it. */
const REQUIRED: Record<string, unknown> = { query: MARK, symbol: MARK, pattern: MARK, path: 'src/main.ts' };

/** How many hostile paths an argument gets: fewer where each starts other programs. */
const COUNTS: Record<string, number> = {
  'read_file.path': 2600,
  'git_diff.file': 150,
  'git_diff.ref': 60,
  'run_tests.test_file': 120,
  'run_tests.test_name': 30,
};
const COUNT = 300;

/** Tools that show what is in a file. */
const READING = new Set(['read_file', 'git_diff', 'run_tests']);

interface Argument {
  tool: string;
  arg: string;
  kind: 'path' | 'words' | 'unknown';
  isList: boolean;
}

/** Every argument of every tool that can name a file; `unknown` where that is not known here. */
function argumentsOfTools(): Argument[] {
  return Object.values(TOOLS).flatMap((tool) =>
    Object.entries(propertiesOf(tool.name)).flatMap(([arg, schema]): Argument[] => {
      const isList = schema.type === 'array';
      const type = isList ? schema.items?.type : schema.type;
      if (type !== 'string' || CHOICES.has(arg)) return [];
      const kind = PATHS.has(arg) ? 'path' : WORDS.has(arg) ? 'words' : 'unknown';
      return [{ tool: tool.name, arg, kind, isList }];
    }),
  );
}

interface Property {
  type?: string;
  items?: { type?: string };
}

function propertiesOf(tool: string): Record<string, Property> {
  return (TOOLS[tool as keyof typeof TOOLS].parameters.properties ?? {}) as Record<string, Property>;
}

/** What a tool must say to a path that is a plain file inside; by default its content or its name. */
const EXPECTED: Record<string, (result: ToolResult, path: string) => void> = {
  'read_file.path': (result, path) =>
    assert.ok(result.text.includes(`${MARK} ${LEGIT.indexOf(path as never)} `), result.text),
  'git_diff.file': (result, path) =>
    assert.ok(result.text.includes(`+// ${MARK} ${LEGIT.indexOf(path as never)} after`), result.text),
  'run_tests.test_file': (result) => assert.match(result.text, /passed/i),
};

/** What is asked instead of a file, where a tool wants something else. */
const ASKED: Record<string, readonly string[]> = {
  'analyze_codebase.under': ['src', 'docs', 'git', '..hidden'],
  'symbols.path': ['src/main.ts', 'src/deep/er/still/file.ts'],
  'list_files.under': ['src', 'docs', 'git', '..hidden'],
};

describe(`hostile paths (CONCLAVE_SEED=${SEED})`, function () {
  this.timeout(600_000);
  const given = argumentsOfTools();
  let plain: Opened;
  let withGit: Opened;
  let tried = 0;

  before(async () => {
    plain = await open(makeHostileTree({ git: false }));
    withGit = await open(makeHostileTree({ git: true }));
  });
  after(async () => {
    await plain?.close();
    await withGit?.close();
  });

  const openFor = (tool: string): Opened => (tool === 'git_diff' ? withGit : plain);

  it('(the tools see what lies inside, and the sentinels are where they are looked for)', async () => {
    for (const path of LEGIT) {
      const { text, isError } = await runTool('read_file', { path }, withGit.context());
      assert.ok(!isError && text.includes(MARK), `${path}: ${text}`);
    }
    const { tree } = plain;
    const found = execFileSync(
      'grep',
      ['-rl', '--exclude-dir=proc', '-e', SENTINELS[0], join(tree.base, 'outside'), join(tree.base, 'outside.txt')],
      { encoding: 'utf8' },
    );
    assert.equal(found.trim().split('\n').length, 3);
  });

  it('are tried on every argument of every tool', () => {
    const unknown = given.filter(({ kind }) => kind === 'unknown').map(({ tool, arg }) => `${tool}.${arg}`);
    assert.deepEqual(unknown, [], 'say in PATHS, WORDS or CHOICES what these name');
    assert.deepEqual(
      [...new Set(given.map(({ tool }) => tool))],
      Object.keys(TOOLS),
      'a tool without such an argument?',
    );
  });

  for (const { tool, arg, kind, isList } of given) {
    const name = `${tool}.${arg}`;
    const asArgument = (value: string): unknown => (isList ? [value] : value);

    if (kind === 'path') {
      it(`${name} refuses what leads outside, and what is off limits`, async () => {
        const { tree, context } = openFor(tool);
        for (const path of forbiddenPaths(tree)) {
          const result = await call(tool, { ...othersOf(tool, arg), [arg]: asArgument(path) }, context(), path);
          // That a link is there may be known, where only what it leads to may not: then nothing is found in it.
          const isName = !READING.has(tool) && /(?:^|\/)link-(?:env|key\.md|private\/.*)$/.test(path);
          if (!isName) assert.equal(result.isError, true, `${path}: ${result.text}`);
        }
      });
    }

    it(`${name} shows nothing from outside, however it is asked`, async () => {
      const { tree, context } = openFor(tool);
      const random = randomFrom(SEED ^ hashOf(name));
      const forbidden = forbiddenPaths(tree);
      const asked = ASKED[name] ?? LEGIT;
      const cases = Array.from({ length: COUNTS[name] ?? COUNT }, (_, at) => ({
        hostile: hostilePath(random, forbidden),
        legit: asked[at % asked.length] ?? '',
        more: viewOf(tool, random),
      }));
      await inParallel(8, cases, async ({ hostile, legit, more }) => {
        await call(tool, { ...othersOf(tool, arg), ...more, [arg]: asArgument(hostile) }, context(), hostile);
        tried += 1;
        if (kind !== 'path') return;
        const result = await call(tool, { ...othersOf(tool, arg), [arg]: asArgument(legit) }, context(), legit);
        assert.equal(result.isError, false, `${legit}: ${result.text}`);
        const expected = EXPECTED[name];
        if (expected) expected(result, legit);
        else
          assert.ok(
            result.text.includes(MARK) || result.text.includes(posix.basename(legit)),
            `${legit}: ${result.text}`,
          );
      });
    });
  }

  it('were more than 5,000', () => {
    console.log(`      ${tried} hostile paths over ${given.length} arguments of ${Object.keys(TOOLS).length} tools`);
    assert.ok(tried >= 5000, `only ${tried}`);
  });
});

describe('links that are swapped while files are read and written', function () {
  this.timeout(300_000);
  if (process.platform === 'win32') return;

  it('lead nowhere: what is opened is what was looked at', async () => {
    const opened = await open(makeHostileTree({ git: false }));
    const { tree, context, crew } = opened;
    mkdirSync(join(tree.root, 'swapped'));
    writeFileSync(join(tree.root, 'swapped/file.txt'), `${MARK} in the folder\n`);
    writeFileSync(join(tree.root, 'swapped.txt'), `${MARK} in the file\n`);
    mkdirSync(join(tree.base, 'trap'));
    writeFileSync(join(tree.base, 'trap/file.txt'), `${SENTINELS[0]}\n`);
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../support/swapLinks.mjs'), tree.root, join(tree.base, 'trap')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const closed = once(child, 'close');
    let swaps = '';
    child.stdout.on('data', (chunk) => {
      swaps += chunk;
    });
    const seen = { shown: 0, refused: 0 };
    try {
      for (let at = 0; at < 2000; at += 1) {
        const path = at % 2 === 0 ? 'swapped/file.txt' : 'swapped.txt';
        const { isError } = await call('read_file', { path }, context(), path);
        if (isError) seen.refused += 1;
        else seen.shown += 1;
      }
      for (let at = 0; at < 15; at += 1) {
        for (const under of ['swapped', 'swapped.txt', '.']) {
          await call('find_references', { symbol: '7Q', path: under }, context(), under);
          const found = await crew.workspace
            .search({
              pattern: SENTINELS[0],
              regex: false,
              caseSensitive: true,
              wholeWord: false,
              under: [under],
              limit: 9,
            })
            .catch(() => []);
          assert.deepEqual(found, []);
        }
      }
      for (let at = 0; at < 300; at += 1) {
        await crew.writer
          .write([{ path: `swapped/new-${at}.txt`, before: null, text: `${MARK}\n` }])
          .catch(() => undefined);
      }
    } finally {
      child.kill('SIGTERM');
      await closed;
    }
    const outside = readdirSync(join(tree.base, 'trap'));
    console.log(`      ${Number(swaps)} swaps; 2,000 reads: ${seen.shown} shown, ${seen.refused} refused`);
    assert.deepEqual(outside, ['file.txt'], 'nothing was written outside');
    assert.ok(Number(swaps) >= 1000 && seen.shown > 0 && seen.refused > 0, `${swaps} swaps, ${JSON.stringify(seen)}`);
    await opened.close();
  });
});

interface Opened {
  tree: HostileTree;
  crew: Crew;
  context(): ToolContext;
  close(): Promise<void>;
}

/** The crew of the terminal over the tree, with one copy for all checks: making it anew is not what is tested here. */
async function open(tree: HostileTree): Promise<Opened> {
  const data = mkdtempSync(join(tmpdir(), 'conclave-escapes-data-'));
  const env = { ...process.env, CONCLAVE_DATA: data };
  const loaded = await loadSettings({ env, workspace: tree.root, trusted: true, flags: {} });
  loaded.settings.checks.command = [process.execPath, '-e', ''];
  const crew = await openCrew(
    { version: '0', home: join(import.meta.dirname, '../..'), env },
    { workspace: tree.root, user: nobody, loaded, ripgrep: findRipgrep() },
  );
  let copy: Promise<Copy> | undefined;
  const copies: Crew['copies'] = {
    make: async (files, signal) => {
      copy ??= crew.copies.make(files, signal);
      return { ...(await copy), dispose: async () => {} };
    },
  };
  const context = (): ToolContext => ({
    ...toolContext({ ...crew, copies }, { maxChars: 20_000, signal: AbortSignal.timeout(120_000) }),
    remembered: async () => [],
  });
  return {
    tree,
    crew,
    context,
    async close() {
      await (await copy)?.dispose();
      tree.remove();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Calls a tool, and looks for what must not be seen in all that it says. */
async function call(tool: string, args: object, context: ToolContext, path: string): Promise<ToolResult> {
  const result = await runTool(tool, args, context).catch((cause: unknown) => {
    throw new Error(`${tool} ${JSON.stringify(args).slice(0, 300)} failed`, { cause });
  });
  const said = JSON.stringify(result);
  for (const sentinel of [...SENTINELS, 'root:x:0:0', '[fonts]']) {
    assert.ok(
      !said.includes(sentinel),
      `${tool} ${JSON.stringify(args)} (${JSON.stringify(path)}) shows ${sentinel}: ${said.slice(0, 2000)}`,
    );
  }
  return result;
}

function othersOf(tool: string, arg: string): Record<string, unknown> {
  const { parameters } = TOOLS[tool as keyof typeof TOOLS];
  const required = (parameters.required ?? []) as string[];
  return Object.fromEntries(required.filter((name) => name !== arg).map((name) => [name, REQUIRED[name]]));
}

/** One of the ways in which a tool can be asked, where it has several. */
function viewOf(tool: string, random: () => number): Record<string, string> {
  const views = [...CHOICES].filter(([name]) => name in propertiesOf(tool) && random() < 0.7);
  return Object.fromEntries(views.map(([name, values]) => [name, values[Math.floor(random() * values.length)] ?? '']));
}

function hashOf(text: string): number {
  return [...text].reduce((hash, sign) => (Math.imul(hash, 31) + sign.charCodeAt(0)) | 0, 7);
}
