import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import type { BaseText, ChangeSet } from '../../src/core/changes/changeSet.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import type { Code } from '../../src/core/ports.ts';
import { runTool, TOOLS } from '../../src/core/tools/index.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';

interface Shown {
  path: string;
  line: number;
  headings: string[];
  text: string;
  version?: string;
  status?: string;
}

describe('search_docs', () => {
  let root: string;
  const code = withoutGrammars();

  before(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'conclave-docs-')));
    await write({
      'README.md': '# Shop\n\nSells things.\n\n## Install\n\nInstall it with:\n\n```sh\nnpm ci\n\nnpm start\n```\n',
      'CHANGELOG.md':
        '# Changelog\n\n## 2.1.0\n\n- Refunds are paid out at once.\n\n## 2.0.0\n\n- Sessions live for one hour.\n',
      'docs/adr/0007-queue.md':
        '# Use a queue\n\n## Status\n\nAccepted\n\n## Decision\n\nWebhooks go through a durable queue.\n',
      'docs/webhooks.md':
        '# Webhooks\n\n## Signatures\n\nEach delivery is signed with HMAC; verify the signature first.\n\n## Backoff\n\nA failed delivery waits longer each time.\n',
      'src/signing.kt':
        '/**\n * Verifies the signature of a webhook in constant time.\n */\nfun verifySignature(body: String): Boolean = true\n',
      ...Object.fromEntries(
        Array.from({ length: 60 }, (_, at) => [
          `docs/decoys/${at}.md`,
          `# Page ${at}\n\nA delivery of page ${at}, first of all.\n`,
        ]),
      ),
    });
  });
  after(() => rm(root, { recursive: true, force: true }));

  it('finds the right passage among many that are alike', async () => {
    const first = async (query: string) => (await found(query))[0];
    assert.deepEqual((await first('verify delivery signature'))?.headings, ['Webhooks', 'Signatures']);
    assert.equal((await first('how long does a failed delivery wait'))?.line, 9);
    assert.deepEqual((await first('constant time signature verification'))?.path, 'src/signing.kt');
    assert.equal((await first('refunds'))?.version, '2.1.0');
    assert.equal((await first('durable queue'))?.status, 'Accepted');
    assert.match((await first('how to install'))?.text ?? '', /```sh\nnpm ci\n\nnpm start\n```$/);
  });

  it('says it in words as it does in data', async () => {
    const { text, data } = await search({ query: 'durable queue refunds' });
    for (const { path, line, text: passage } of (data as { passages: Shown[] }).passages) {
      assert.ok(text.includes(`${path}:${line} — `) && text.includes(passage), text);
    }
    assert.match(text, /0007-queue\.md:9 — Use a queue › Decision \(status: Accepted\)/);
    assert.match(text, /CHANGELOG\.md:5 — Changelog › 2\.1\.0\n/);
    const schema = TOOLS.search_docs.outputSchema as { required: string[] };
    assert.deepEqual(Object.keys(data as object).sort(), [...schema.required].sort());
  });

  it('stays below a folder, and says where there is nothing', async () => {
    assert.ok((await found('webhooks', { under: 'docs/adr' })).every(({ path }) => path.startsWith('docs/adr/')));
    assert.match((await search({ query: 'zebra' })).text, /No passage .* "zebra"/);
    assert.ok((await runTool('search_docs', { query: 'zebra', under: '../x' }, context({}))).isError);
    assert.match((await search({ query: 'zebra', under: 'src/' })).text, /src has no documentation files/);
  });

  it('stays within its room, in words and in data', async () => {
    for (const maxChars of [200, 500, 1500, 24_000]) {
      const { text, data } = await search({ query: 'delivery webhooks page', limit: 50 }, { maxChars });
      assert.ok(text.length <= maxChars, `${text.length} > ${maxChars}`);
      assert.ok(JSON.stringify(data).length <= maxChars, `${JSON.stringify(data).length} > ${maxChars}`);
    }
  });

  it('sees what an agent has changed', async () => {
    const changes = changed({ 'docs/webhooks.md': '# Webhooks\n\nZebras sign.\n', 'CHANGELOG.md': null });
    const workspace = overlay(openDiskWorkspace(root, { ripgrep: undefined }), changes);
    assert.equal((await found('zebra', {}, { workspace }))[0]?.line, 3);
    assert.deepEqual(await found('refunds', {}, { workspace }), []);
    assert.equal((await found('refunds'))[0]?.path, 'CHANGELOG.md');
  });

  it('searches for comments where there are too many files to keep what they say', async () => {
    const disk = openDiskWorkspace(root, { ripgrep: undefined });
    const others = Array.from({ length: 26_000 }, (_, at) => ({ path: `gen/${at}.kt`, bytes: 1, hash: 'unread' }));
    const list = async () => [...(await disk.list()), ...others].sort((a, b) => (a.path < b.path ? -1 : 1));
    const workspace = { ...disk, list };
    const passages = await found('constant time signature verification', {}, { workspace, code: withoutGrammars() });
    assert.deepEqual([passages[0]?.path, passages[0]?.line], ['src/signing.kt', 4]);
  });

  it('finds after any changes what one that knows nothing yet finds', async () => {
    const words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
    const edit = fc.record({
      path: fc.constantFrom('docs/a.md', 'docs/b.rst', 'notes.txt', 'src/c.kt', 'docs/webhooks.md'),
      text: fc.option(
        fc.array(fc.constantFrom(...words, '\n\n', '# ', '\n// '), { maxLength: 12 }).map((all) => all.join(' ')),
      ),
      query: fc.constantFrom(...words),
    });
    const files = new Map<string, string | null>();
    await fc.assert(
      fc.asyncProperty(edit, async ({ path, text, query }) => {
        files.set(path, text);
        const workspace = overlay(openDiskWorkspace(root, { ripgrep: undefined }), changed(Object.fromEntries(files)));
        const incremental = await search({ query, limit: 20 }, { workspace });
        assert.deepEqual(incremental, await search({ query, limit: 20 }, { workspace, code: withoutGrammars() }));
      }),
      { numRuns: 40 },
    );
  });

  async function search(args: object, over: Partial<ToolContext> = {}) {
    const result = await runTool('search_docs', args, context(over));
    assert.equal(result.isError, false, result.text);
    return result;
  }

  async function found(query: string, args: object = {}, over: Partial<ToolContext> = {}): Promise<Shown[]> {
    return ((await search({ query, ...args }, over)).data as { passages: Shown[] }).passages;
  }

  function context(over: Partial<ToolContext>): ToolContext {
    return {
      workspace: openDiskWorkspace(root, { ripgrep: undefined }),
      processes: nodeProcesses(),
      code,
      runChecks: () => assert.fail('nothing is run'),
      maxChars: 8000,
      signal: new AbortController().signal,
      ...over,
    };
  }

  async function write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  }
});

/** As where no grammar loads. */
function withoutGrammars(): Code {
  return { facts: async (files) => files.map(() => undefined) };
}

function changed(files: Record<string, string | null>): ChangeSet {
  const base: BaseText = { text: null, hash: null };
  return { files: new Map(Object.entries(files).map(([path, text]) => [path, { path, base, text }])) };
}
