import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GREETER, makeProject } from '../support/project.ts';
import type { WindowKind } from './inHostBundles.ts';

/** What the windows have open; the tests may change it. */
export interface Projects {
  opened: Record<WindowKind, { folder?: string; workspace?: string }>;
  remove(): void;
}

export function openProjects(): Projects {
  const one = makeProject(GREETER);
  const first = makeProject(GREETER);
  const second = makeProject({ ...GREETER, 'src/onlyInSecond.js': 'export const second = 2;\n' });
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-workspace-')));
  const workspace = join(dir, 'two.code-workspace');
  const folders = [
    { path: first.dir, name: 'first' },
    { path: second.dir, name: 'second' },
  ];
  writeFileSync(workspace, JSON.stringify({ folders }));
  return {
    opened: { oneFolder: { folder: one.dir }, twoFolders: { workspace }, noFolder: {} },
    remove() {
      for (const project of [one, first, second]) project.remove();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
