import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { changedPaths } from '../../src/core/tools/gitBase.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';
import { makeProject } from '../support/project.ts';

describe('a look at what changed', () => {
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
