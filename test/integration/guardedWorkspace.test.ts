import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyBlock, emptyChangeSet } from '../../src/core/changes/changeSet.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import type { SearchQuery } from '../../src/core/ports.ts';
import { SearchError } from '../../src/core/tools/searchError.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { guardedWorkspace } from '../../src/node/guardedWorkspace.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';
import { makeProject, type Project } from '../support/project.ts';

const SENTINEL = 'not-for-models';
const posixOnly = process.platform === 'win32' ? it.skip : it;

describe('a workspace without what models may not read', () => {
  let project: Project;
  const open = () => guardedWorkspace(openDiskWorkspace(project.dir, { ripgrep: findRipgrep() }));
  const kindOf = async (path: string) => (await open().read(path)).kind;
  const listed = async () => (await open().list()).map(({ path }) => path);
  const query = (more: Partial<SearchQuery> = {}): SearchQuery => ({
    pattern: SENTINEL,
    regex: false,
    caseSensitive: true,
    wholeWord: false,
    limit: 10,
    ...more,
  });
  const found = async (more: Partial<SearchQuery> = {}) => (await open().search(query(more))).map(({ path }) => path);

  beforeEach(() => {
    project = makeProject({
      '.env': `KEY=${SENTINEL}\n`,
      '.env.example': 'KEY=\n',
      'src/main.ts': `// ${SENTINEL}\n`,
      'src/deploy.pem': SENTINEL,
      'notes/plan.md': `${SENTINEL}\n`,
      'notes/open.md': `${SENTINEL}\n`,
    });
  });
  afterEach(() => project.remove());

  it('neither reads, nor lists, nor finds files that hold secrets, and says how the user can allow one', async () => {
    const refused = await open().read('.env');
    assert.equal(
      refused.kind === 'forbidden' && refused.reason,
      'files of this name hold secrets (environment settings), which are kept from models; the user can allow it with the line "!.env" in .conclaveignore',
    );
    assert.deepEqual(await listed(), ['.env.example', 'notes/open.md', 'notes/plan.md', 'src/main.ts']);
    assert.deepEqual(await found(), ['notes/open.md', 'notes/plan.md', 'src/main.ts']);
    assert.equal(await kindOf('.env.example'), 'text');
  });

  posixOnly('shows no lines of one that is too large to be read whole, by a link neither', async () => {
    const large = `${SENTINEL}\n`.repeat(200_000);
    for (const path of ['big.pem', 'big.log']) writeFileSync(join(project.dir, path), large);
    symlinkSync('big.pem', join(project.dir, 'harmless.log'));
    const linesOf = (path: string) =>
      open().readLines?.(path, { from: 1, to: 3, maxChars: 100 }, new AbortController().signal);
    assert.equal((await linesOf('big.log'))?.kind, 'lines');
    for (const path of ['big.pem', 'harmless.log', 'src/../big.pem']) {
      const lines = await linesOf(path);
      assert.ok(lines?.kind === 'unreadable' && /hold secrets/.test(lines.reason), `${path}: ${JSON.stringify(lines)}`);
      assert.equal(await kindOf(path), 'forbidden', path);
    }
  });

  it('knows them however they are written, and says the same where there is none', async () => {
    for (const path of [
      './.env',
      'src/../.env',
      'src//../.env',
      'src\\..\\.env',
      '.ENV',
      '.env.local',
      'nowhere/.env',
    ]) {
      assert.equal(await kindOf(path), 'forbidden', path);
    }
  });

  posixOnly('knows them behind links', async () => {
    symlinkSync('.env', join(project.dir, 'settings.txt'));
    symlinkSync('src', join(project.dir, 'code'));
    assert.equal(await kindOf('settings.txt'), 'forbidden');
    assert.equal(await kindOf('code/deploy.pem'), 'forbidden');
    assert.equal(await kindOf('code/main.ts'), 'text');
    project.write('.conclaveignore', 'src/\n');
    assert.equal(await kindOf('code/main.ts'), 'forbidden');
  });

  it('goes by .conclaveignore in every folder, "!" included, as it is now', async () => {
    assert.equal(await kindOf('notes/plan.md'), 'text');
    project.write('.conclaveignore', '*.md\n!.env\n');
    assert.equal(await kindOf('notes/plan.md'), 'forbidden');
    assert.equal(await kindOf('.env'), 'text');
    assert.deepEqual(await found(), ['.env', 'src/main.ts']);
    project.write('notes/.conclaveignore', '!open.md\n');
    assert.equal(await kindOf('notes/open.md'), 'text');
    assert.equal(await kindOf('notes/plan.md'), 'forbidden');
    assert.deepEqual(await listed(), [
      '.conclaveignore',
      '.env',
      '.env.example',
      'notes/.conclaveignore',
      'notes/open.md',
      'src/main.ts',
    ]);
    project.write('.conclaveignore', '');
    assert.equal(await kindOf('notes/plan.md'), 'text');
    assert.equal(await kindOf('.env'), 'forbidden');
  });

  it('fills up a search with what may be seen, and refuses one in a hidden file', async () => {
    project.write('.conclaveignore', 'aaa/\n');
    project.write('aaa/many.txt', `${SENTINEL}\n`.repeat(500));
    assert.deepEqual(await found({ limit: 2 }), ['notes/open.md', 'notes/plan.md']);
    await assert.rejects(open().search(query({ under: ['.env'] })), SearchError);
    await assert.rejects(open().search(query({ under: ['aaa/many.txt'] })), SearchError);
  });

  it('lets nobody change what is hidden, nor .conclaveignore', async () => {
    const changed = async (path: string) => {
      const block = { kind: 'whole' as const, path, text: 'x\n' };
      return applyBlock(emptyChangeSet, block, overlay(open(), emptyChangeSet));
    };
    for (const path of ['.env', 'new/.env', 'src/deploy.pem', '.conclaveignore', 'src/.ConclaveIgnore']) {
      const outcome = await changed(path);
      assert.equal(outcome.kind, 'rejected', path);
    }
  });

  it('fails rather than to guess what rules say that cannot be read', async () => {
    project.write('.conclaveignore', '*.md\n'.repeat(300_000));
    await assert.rejects(open().read('notes/plan.md'), /\.conclaveignore cannot be read .*Mend it, or remove it/);
  });

  it('takes no folder for rules', async () => {
    mkdirSync(join(project.dir, '.conclaveignore'));
    assert.equal(await kindOf('src/main.ts'), 'text');
  });
});
