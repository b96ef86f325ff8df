import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/** The suites of inHost/, by file name without extension. */
export const IN_HOST_SUITES: readonly string[] = readdirSync(join(import.meta.dirname, 'inHost'))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.replace(/\.test\.ts$/, ''));

/**
 * Bundles the suites for the extension host, which runs CommonJS; a bundle for each, so that each has a state of its own.
 * @returns absolute path of what VS Code takes as extensionTestsPath
 */
export async function buildInHostSuites(): Promise<string> {
  // Inside the project, so that mocha is found; `files` in package.json keeps it out of the package.
  const outdir = resolve('dist', 'inHost');
  await build({
    entryPoints: ['test/editor/inHost/index.ts', ...IN_HOST_SUITES.map((name) => `test/editor/inHost/${name}.test.ts`)],
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
  return join(outdir, 'index.cjs');
}
