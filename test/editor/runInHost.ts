import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { format } from 'node:util';
import type { Browser } from 'playwright-core';
import { type HostOptions, startHost } from './host.ts';
import type { InHostResults } from './inHost/index.ts';
import type { EditorInstallation } from './installation.ts';
import { openWorkbench, screenshotOfFailure } from './workbench.ts';

export interface InHostRun extends InHostResults {
  /** What the editor would have ended with: 0 where everything passed. */
  exitCode: number;
  /** What was printed in the extension host. */
  output: string;
}

/**
 * Runs bundled suites inside a real extension host, on the extension as it lies in this project, in an editor that
 * is started for it alone.
 * @param tests see buildInHostSuites
 * @param options.folder the workspace, which the tests may change; or `options.workspace`, see WorkbenchOptions
 * @param options.locale the window's display language; the editor's own texts stay English, for it has no language packs
 * @param options.limit milliseconds for all tests together
 * @throws where it came to no result, with the log, the output and a picture
 */
export async function runInHost(
  installation: EditorInstallation,
  browser: Browser,
  tests: string,
  options: HostOptions & { folder?: string; workspace?: string; locale: string; limit: number },
): Promise<InHostRun> {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-in-host-'));
  const results = join(dir, 'results.json');
  const host = await startHost(installation, {
    ...options,
    automation: 'smokeTestDriver',
    env: { ...options.env, CONCLAVE_IN_HOST_RESULTS: results },
  });
  try {
    const output: string[] = [];
    const remote = (path: string): string => `vscode-remote://127.0.0.1:${host.port}${path}`;
    let exit: (code: number) => void = () => {};
    const exited = new Promise<number>((resolve) => {
      exit = resolve;
    });
    const { page } = await openWorkbench(browser, host, {
      ...(options.folder === undefined ? {} : { folder: options.folder }),
      ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
      payload: [
        ['extensionDevelopmentPath', remote(resolve('.'))],
        ['extensionTestsPath', remote(tests)],
        ['skipWelcome', 'true'],
      ],
      prepare: async (page) => {
        // Where the workbench looks for the language of its texts, which a language pack would set.
        await page.addInitScript(
          (locale) => Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: locale }),
          options.locale,
        );
        // What the workbench calls when the tests are over, and for what they print.
        await page.exposeFunction('codeAutomationExit', (code: number) => exit(code));
        await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
          output.push(format(...args));
        });
      },
    });
    const exitCode = await Promise.race([exited, sleep(options.limit, undefined, { ref: false })]);
    if (exitCode === undefined || !existsSync(results)) {
      const shown = await screenshotOfFailure(page, 'inHost');
      const what =
        exitCode === undefined ? `did not end within ${options.limit} ms` : `ended (${exitCode}) without results`;
      throw new Error(`The tests inside the host ${what}; see ${shown}.\n${output.join('\n')}\n${host.log()}`);
    }
    return { ...(JSON.parse(readFileSync(results, 'utf8')) as InHostResults), exitCode, output: output.join('\n') };
  } finally {
    await host.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
