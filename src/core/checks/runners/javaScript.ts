import { z } from 'zod';
import type { Project, Runner } from '../detect.ts';
import { type NamedArguments, type Naming, namedArguments, programIn } from '../naming.ts';

const Manifest = z.object({
  packageManager: z.string().optional(),
  scripts: z.record(z.string(), z.unknown()).optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
  devDependencies: z.record(z.string(), z.unknown()).optional(),
});

/** A `pretest` that does one of these makes what the tests need; any other one (lint, audit) is not ours to run. */
const BUILDS = /\b(build|compile|tsc|generate|codegen|prepare|bundle|esbuild|rollup|webpack|babel|swc|vite|prisma)\b/i;

/** pnpm would fetch another version of itself, or install, before it runs a script. */
const PNPM = [
  'pnpm',
  '--config.manage-package-manager-versions=false',
  '--config.verify-deps-before-run=false',
  '--config.enable-pre-post-scripts=false',
];

/** Runners by package, for projects without a test script. */
const PACKAGES: readonly (readonly [name: string, ...args: string[]])[] = [
  ['vitest', 'run'],
  ['jest', '--ci'],
  ['mocha'],
  ['ava'],
  ['tap'],
];

const TEST_FILE = /(^|\/)(tests?\/.*|test|test-[^/]*|[^/]*[._-]test)\.[cm]?js$/;

/** @returns `none` where there is a package.json and nothing in it to run; undefined where there is no package.json */
export async function detectJavaScript(project: Project): Promise<Runner | { none: string } | undefined> {
  if (!project.has('package.json')) return undefined;
  const manifest = Manifest.safeParse(jsonOf(await project.text('package.json')));
  if (!manifest.success) return { none: 'package.json cannot be read' };
  const scripts = manifest.data.scripts ?? {};
  const script = typeof scripts.test === 'string' ? scripts.test : '';
  const isPlaceholder = script.includes('no test specified');
  if (script.trim() !== '' && !isPlaceholder) return scriptRunner(project, manifest.data.packageManager, scripts);

  const installed = { ...manifest.data.dependencies, ...manifest.data.devDependencies };
  const named = PACKAGES.find(([name]) => name in installed);
  if (named !== undefined) {
    const [name] = named;
    const argv = (file?: string) => ['npx', '--no-install', ...named, ...withFile(file)];
    const names = namedArguments(name);
    return { name, from: 'detected', argv, ...(names && { named: before(argv, names) }) };
  }
  if (await usesNodeTest(project)) {
    const argv = (file?: string) => ['node', '--test', ...withFile(file)];
    const names = namedArguments('node');
    return { name: 'node:test', from: 'detected', argv, ...(names && { named: before(argv, names) }) };
  }
  const found = isPlaceholder ? "only npm's placeholder as its test script" : 'no test script';
  return { none: `package.json has ${found}, and no test runner among its dependencies` };
}

function scriptRunner(project: Project, packageManager: string | undefined, scripts: Record<string, unknown>): Runner {
  const manager = managerOf(project, packageManager);
  const { pretest, posttest } = scripts;
  const hasHooks = pretest !== undefined || posttest !== undefined;
  const builds = typeof pretest === 'string' && BUILDS.test(pretest);
  const made = (start: readonly string[], prepare?: string[], beforeArguments: readonly string[] = []): Runner => {
    const withArguments = (args: readonly string[]) => [...start, ...(args.length > 0 ? beforeArguments : []), ...args];
    const named = namedInScript(String(scripts.test), withArguments);
    return {
      name: manager,
      from: 'detected',
      argv: (file) => withArguments(withFile(file)),
      ...(named && { named }),
      ...(builds && prepare && { prepare }),
    };
  };
  if (manager === 'pnpm') return made([...PNPM, 'run', 'test'], [...PNPM, 'run', 'pretest']);
  // Yarn 2 and later know no such hooks. Yarn 1 cannot leave them out, but npm runs its projects' scripts just as well.
  const knowsNoHooks = manager === 'bun' || (manager === 'yarn' && project.has('.yarnrc.yml'));
  if (knowsNoHooks || (manager === 'yarn' && !hasHooks)) return made([manager, 'run', 'test']);
  const ignore = hasHooks ? ['--ignore-scripts'] : [];
  return made(['npm', 'test', ...ignore], ['npm', 'run', '--ignore-scripts', 'pretest'], ['--']);
}

/** Names for what the script ends with: appended to it, or to that program alone where it would not look at them there. */
function namedInScript(script: string, withArguments: (args: readonly string[]) => string[]): Naming | undefined {
  const found = programIn(script);
  if (found === undefined) return undefined;
  const { named, program, words } = found;
  const args = (patterns: readonly string[], file?: string) => [...named.args(patterns), ...withFile(file)];
  // Node takes what follows its first file for another file.
  if (program !== 'node' || words.every((word, at) => at === 0 || word.startsWith('-')))
    return { pattern: named.pattern, argv: (patterns, file) => withArguments(args(patterns, file)) };
  return { pattern: named.pattern, argv: (patterns, file) => nodeArguments(words, named.args(patterns), file) };
}

/** Options of Node that have their value behind them. */
const WITH_VALUE =
  /^(-r|--(require|import|loader|experimental-loader|test-(reporter|reporter-destination|concurrency|timeout)))$/;

/** Node's own command with the names before its files; undefined where a shell would have to make words of it. */
function nodeArguments(words: readonly string[], names: readonly string[], file?: string): string[] | undefined {
  const firstFile = words.findIndex(
    (word, at) => at > 0 && !word.startsWith('-') && !WITH_VALUE.test(words[at - 1] ?? ''),
  );
  const options = words.slice(0, firstFile);
  const files = file === undefined ? words.slice(firstFile) : withFile(file);
  const argv = [...options, ...names, ...files];
  return [...options, ...(file === undefined ? files : [])].some((word) => /["'$*?[]/.test(word)) ? undefined : argv;
}

/** Names go before the file. */
function before(argv: (file?: string) => string[], { pattern, args }: NamedArguments): Naming {
  return {
    pattern,
    argv: (patterns, file) => [...argv(), ...args(patterns), ...withFile(file)],
  };
}

type Manager = 'npm' | 'pnpm' | 'yarn' | 'bun';

function managerOf(project: Project, packageManager: string | undefined): Manager {
  const named = /^(npm|pnpm|yarn|bun)@/.exec(packageManager ?? '')?.[1];
  if (named !== undefined) return named as Manager;
  if (project.has('pnpm-lock.yaml')) return 'pnpm';
  if (project.has('yarn.lock')) return 'yarn';
  if (project.has('bun.lock') || project.has('bun.lockb')) return 'bun';
  return 'npm';
}

async function usesNodeTest(project: Project): Promise<boolean> {
  for (const path of project.paths.filter((path) => TEST_FILE.test(path)).slice(0, 20)) {
    if (/['"]node:test['"]/.test(await project.text(path))) return true;
  }
  return false;
}

/** A name that starts with a dash would be taken for an option. */
function withFile(file: string | undefined): string[] {
  if (file === undefined) return [];
  return [file.startsWith('-') ? `./${file}` : file];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says that the file cannot be read.
    return undefined;
  }
}
