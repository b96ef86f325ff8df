import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { changedPaths, textAt } from '../../src/core/tools/gitBase.ts';
import { openCopies } from '../../src/node/copies.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import { makeProject } from '../support/project.ts';

describe('a look at what changed', () => {
  it("reads what git answers, not what the user's settings make it say beside", async () => {
    const project = makeProject({ 'a.txt': 'a\n' });
    const settings = makeProject({ gitconfig: '[trace2]\n\tnormalTarget = 1\n' }, { git: 'none' });
    const before = process.env.GIT_CONFIG_GLOBAL;
    process.env.GIT_CONFIG_GLOBAL = join(settings.dir, 'gitconfig');
    try {
      project.write('a.txt', 'b\n');
      const processes = nodeProcesses();
      const signal = new AbortController().signal;
      const said = await processes.run(['git', 'status'], { cwd: project.dir, signal, timeout: 60_000 });
      assert.match(said.output, /git\.c:|trace2\.c:|version /, 'git traces');
      const ctx = { workspace: openDiskWorkspace(project.dir, { ripgrep: undefined }), processes, signal };
      assert.deepEqual(await changedPaths('HEAD', '.', ctx), ['a.txt']);
      assert.equal(await textAt('HEAD', 'a.txt', ctx), 'a\n');

      const list = async () => ['a.txt'];
      const copies = openCopies({ workspace: project.dir, list, dir: join(settings.dir, 'copies'), processes });
      const copy = await copies.make([], signal);
      assert.equal(readFileSync(join(copy.dir, '.git', 'HEAD'), 'utf8'), 'ref: refs/heads/main\n');
      await copy.dispose();
    } finally {
      if (before === undefined) delete process.env.GIT_CONFIG_GLOBAL;
      else process.env.GIT_CONFIG_GLOBAL = before;
      project.remove();
      settings.remove();
    }
  });

  it("runs no clean filter, because one like git-lfs's writes into the user's .git", async () => {
    const project = makeProject({ '.gitattributes': '*.txt filter=f\n', 'a.txt': 'a\n' });
    try {
      const written = join(project.dir, '.git', 'WRITTEN');
      project.git('config', 'filter.f.clean', 'touch .git/WRITTEN; cat');
      project.write('a.txt', 'b\n');
      project.git('status');
      assert.ok(existsSync(written), 'git itself runs the filter');
      rmSync(written);
      const ctx = {
        workspace: openDiskWorkspace(project.dir, { ripgrep: undefined }),
        processes: nodeProcesses(),
        signal: new AbortController().signal,
      };
      assert.deepEqual(await changedPaths('HEAD', '.', ctx), ['a.txt']);
      assert.ok(!existsSync(written));
    } finally {
      project.remove();
    }
  });
});
