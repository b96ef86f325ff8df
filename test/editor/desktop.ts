import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { GREETER, makeProject } from '../support/project.ts';
import { buildInHostSuites } from './inHostBundles.ts';

// The suites of inHost/ in VS Code's desktop application, which is downloaded: `npm run test:desktop [-- VERSION]`.
// Needs a display; on Linux without one: `xvfb-run npm run test:desktop`.
const version = process.argv[2] ?? 'stable';
const project = makeProject(GREETER);
const home = mkdtempSync(join(tmpdir(), 'conclave-desktop-'));
try {
  await runTests({
    version,
    extensionDevelopmentPath: resolve('.'),
    extensionTestsPath: await buildInHostSuites(),
    extensionTestsEnv: { CONCLAVE_DATA: join(home, 'conclave') },
    launchArgs: [
      project.dir,
      '--disable-extensions',
      '--disable-workspace-trust',
      `--user-data-dir=${join(home, 'user-data')}`,
    ],
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  project.remove();
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
