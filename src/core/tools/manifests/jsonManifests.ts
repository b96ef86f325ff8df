import { posix } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { beside, empty, type Manifest, named, once } from './manifest.ts';

const NAMES = z.record(z.string(), z.unknown()).optional().catch(undefined);
const STRING = z.string().optional().catch(undefined);
const PACKAGE = z.object({
  name: STRING,
  main: STRING,
  module: STRING,
  exports: z.unknown().optional(),
  bin: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .catch(undefined),
  scripts: NAMES,
  workspaces: z
    .union([z.array(z.string()), z.object({ packages: z.array(z.string()) }).transform(({ packages }) => packages)])
    .optional()
    .catch(undefined),
  dependencies: NAMES,
  devDependencies: NAMES,
  peerDependencies: NAMES,
  optionalDependencies: NAMES,
});
const JAVASCRIPT_RUNNERS = ['vitest', 'jest', 'mocha', 'ava', 'tap', 'jasmine', '@playwright/test'];

export function packageJson(path: string, text: string): Manifest {
  const parsed = PACKAGE.safeParse(parsedJson(text));
  if (!parsed.success) return { ...empty(path), problem: 'it is not valid JSON' };
  const { name, main, module, bin, scripts = {}, workspaces, exports } = parsed.data;
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = parsed.data;
  const all = once(
    [dependencies, devDependencies, peerDependencies, optionalDependencies].flatMap((some) => Object.keys(some ?? {})),
  );
  const runner = JAVASCRIPT_RUNNERS.find((one) => all.includes(one));
  const command = typeof scripts.test === 'string' ? scripts.test : undefined;
  const bins = bin === undefined ? [] : typeof bin === 'string' ? [bin] : Object.values(bin);
  const entries = [main, ...bins, module, ...mainExports(exports)].filter((entry) => entry !== undefined);
  return {
    ...named(path, name),
    dependencies: all,
    scripts: Object.keys(scripts),
    entryPoints: once(entries.map((entry) => beside(path, entry))),
    ...(workspaces && workspaces.length > 0 && { packages: workspaces }),
    ...(command !== undefined && { tests: `npm test (${command})` }),
    ...(command === undefined && runner !== undefined && { tests: runner }),
  };
}

/** What "exports" says for the package itself ("."), whichever condition comes first. */
function mainExports(exports: unknown): string[] {
  if (typeof exports === 'string') return [exports];
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return [];
  const entries = Object.entries(exports).filter(([key]) => key !== 'types');
  const own = entries.some(([key]) => key.startsWith('.')) ? entries.filter(([key]) => key === '.') : entries;
  return own.slice(0, 1).flatMap(([, value]) => mainExports(value));
}

export function pnpmWorkspace(path: string, text: string): Manifest {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { ...empty(path), problem: 'it is not valid YAML' };
  const parsed = z.object({ packages: z.array(z.string()) }).safeParse(document.toJS({ maxAliasCount: 100 }));
  const packages = parsed.data?.packages ?? [];
  return { ...empty(path), ...(packages.length > 0 && { packages }) };
}

const DENO = z.object({
  name: STRING,
  exports: z.unknown().optional(),
  tasks: NAMES,
  imports: NAMES,
  workspace: z.array(z.string()).optional().catch(undefined),
});

export function denoJson(path: string, text: string): Manifest {
  const parsed = DENO.safeParse(parsedJson(withoutComments(text)));
  if (!parsed.success) return { ...empty(path), problem: 'it is not valid JSON' };
  const { name, exports, tasks, imports, workspace } = parsed.data;
  return {
    ...named(path, name),
    dependencies: Object.keys(imports ?? {}),
    scripts: Object.keys(tasks ?? {}),
    entryPoints: mainExports(exports).map((entry) => beside(path, entry)),
    ...(workspace && { packages: workspace }),
    tests: 'deno test',
  };
}

const COMPOSER = z.object({
  name: STRING,
  require: NAMES,
  'require-dev': NAMES,
  scripts: NAMES,
  bin: z
    .union([z.string().transform((one) => [one]), z.array(z.string())])
    .optional()
    .catch(undefined),
});

export function composerJson(path: string, text: string): Manifest {
  const parsed = COMPOSER.safeParse(parsedJson(text));
  if (!parsed.success) return { ...empty(path), problem: 'it is not valid JSON' };
  const { name, scripts, bin } = parsed.data;
  const required = [...Object.keys(parsed.data.require ?? {}), ...Object.keys(parsed.data['require-dev'] ?? {})];
  const dependencies = required.filter((one) => one !== 'php' && !one.startsWith('ext-'));
  const runner = ['pestphp/pest', 'phpunit/phpunit'].find((one) => dependencies.includes(one));
  return {
    ...named(path, name),
    dependencies,
    scripts: Object.keys(scripts ?? {}),
    entryPoints: (bin ?? []).map((entry) => beside(path, entry)),
    ...(runner !== undefined && { tests: posix.basename(runner) }),
  };
}

/** @returns undefined for what is no JSON */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** JSON as Deno takes it: comments and commas at the end are left out, strings stay. */
function withoutComments(text: string): string {
  return text
    .replace(/("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string?: string) => string ?? '')
    .replace(/("(?:[^"\\\n]|\\.)*")|,(?=\s*[\]}])/g, (_, string?: string) => string ?? '');
}
