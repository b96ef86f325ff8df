import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { buildInHostSuites, WINDOWS, type WindowKind } from './inHostBundles.ts';
import { openProjects } from './inHostProjects.ts';

// The suites of inHost/ in VS Code's desktop application, which is downloaded: `npm run test:desktop [-- VERSION]`.
// Needs a display; on Linux without one: `xvfb-run npm run test:desktop`.
const version = process.argv[2] ?? 'stable';
const projects = openProjects();
const home = mkdtempSync(join(tmpdir(), 'conclave-desktop-'));
try {
  const bundles = await buildInHostSuites();
  for (const window of Object.keys(WINDOWS) as WindowKind[]) {
    const { folder, workspace } = projects.opened[window];
    const opened = folder ?? workspace;
    await runTests({
      version,
      extensionDevelopmentPath: resolve('.'),
      extensionTestsPath: bundles[window],
      extensionTestsEnv: { CONCLAVE_DATA: join(home, window, 'conclave') },
      launchArgs: [
        ...(opened === undefined ? [] : [opened]),
        '--disable-extensions',
        '--disable-workspace-trust',
        `--user-data-dir=${join(home, window, 'user-data')}`,
      ],
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  projects.remove();
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
