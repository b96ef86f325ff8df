import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A real project in a temporary folder. */
export interface Project {
  /** Absolute, real path. */
  dir: string;
  read(path: string): string;
  write(path: string, text: string): void;
  /** Every file but those of .git, with its text: to show that nothing changed. */
  files(): Record<string, string>;
  git(...args: string[]): string;
  remove(): void;
}

/**
 * Makes a project of these files; a git repository with one commit unless `git` is "none".
 * @param options.name of its folder, where that is seen
 */
export function makeProject(files: Record<string, string>, options: { git?: 'none'; name?: string } = {}): Project {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-test-')));
  const dir = options.name === undefined ? parent : join(parent, options.name);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const git = (...args: string[]): string =>
    execFileSync(
      'git',
      ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', '-c', 'init.defaultBranch=main', ...args],
      { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
  for (const [path, text] of Object.entries(files)) write(path, text);
  if (options.git !== 'none') {
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'start');
  }
  return {
    dir,
    write,
    git,
    read: (path) => readFileSync(join(dir, path), 'utf8'),
    files: () =>
      Object.fromEntries(
        readdirSync(dir, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) =>
            join(entry.parentPath, entry.name)
              .slice(dir.length + 1)
              .replaceAll('\\', '/'),
          )
          .filter((path) => !path.startsWith('.git/'))
          .sort()
          .map((path) => [path, readFileSync(join(dir, path), 'utf8')]),
      ),
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

/** A small project with one function and one real test; `node --test` runs it. */
export const GREETER: Record<string, string> = {
  'package.json': `${JSON.stringify({ name: 'greeter', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  'src/greet.js': "export function greet() {\n  return 'Hello!';\n}\n",
  'src/leave.js': "export function leave() {\n  return 'Goodbye!';\n}\n",
  'test/greet.test.js':
    "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { greet } from '../src/greet.js';\n\ntest('greets', () => {\n  assert.equal(greet(), 'Hello!');\n});\n",
};
