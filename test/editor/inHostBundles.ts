import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/** What can be open in a window, and the folder below inHost/ with the suites for it. */
export const WINDOWS = { oneFolder: '.', twoFolders: 'twoFolders', noFolder: 'noFolder' } as const;

export type WindowKind = keyof typeof WINDOWS;

const SOURCE = join(import.meta.dirname, 'inHost');

/** The suites for such a window, by file name without extension. */
export function suitesOf(window: WindowKind): string[] {
  return readdirSync(join(SOURCE, WINDOWS[window]))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.replace(/\.test\.ts$/, ''));
}

/**
 * Bundles the suites for the extension host, which runs CommonJS; a bundle for each, so that each has a state of its own.
 * @returns for each window, the absolute path of what VS Code takes as extensionTestsPath
 */
export async function buildInHostSuites(): Promise<Record<WindowKind, string>> {
  // Inside the project, so that mocha is found; `files` in package.json keeps it out of the package.
  const outdir = resolve('dist', 'inHost');
  const windows = Object.keys(WINDOWS) as WindowKind[];
  await build({
    entryPoints: windows.flatMap((window) => [
      { in: join(SOURCE, 'index.ts'), out: join(window, 'index') },
      ...suitesOf(window).map((suite) => ({
        in: join(SOURCE, WINDOWS[window], `${suite}.test.ts`),
        out: join(window, `${suite}.test`),
      })),
    ]),
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return Object.fromEntries(windows.map((window) => [window, join(outdir, window, 'index.cjs')])) as Record<
    WindowKind,
    string
  >;
}
