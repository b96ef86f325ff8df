import { posix } from 'node:path';
import { z } from 'zod';

/** What a package's manifest says, as far as it matters for finding one's way. */
export interface Manifest {
  path: string;
  name?: string;
  dependencies: string[];
  /** Paths relative to the workspace. */
  entryPoints: string[];
  /** Names of commands the package has. */
  scripts: string[];
  /** How its tests are run, for example "npm test (vitest)". */
  tests?: string;
  /** Why it could not be understood. */
  problem?: string;
}

/** True for files that `readManifest` knows, by their name. */
export function isManifest(path: string): boolean {
  return READERS.has(posix.basename(path));
}

/** @returns undefined where the file is no manifest that we know */
export function readManifest(path: string, text: string): Manifest | undefined {
  return READERS.get(posix.basename(path))?.(path, text);
}

const READERS: ReadonlyMap<string, (path: string, text: string) => Manifest> = new Map([
  ['package.json', packageJson],
  ['pyproject.toml', pyproject],
  ['requirements.txt', requirements],
  ['go.mod', goMod],
  ['Cargo.toml', cargo],
  ['pom.xml', pom],
]);

const NAMES = z.record(z.string(), z.unknown()).optional().catch(undefined);
const PACKAGE = z.object({
  name: z.string().optional().catch(undefined),
  main: z.string().optional().catch(undefined),
  bin: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .catch(undefined),
  scripts: z.record(z.string(), z.string()).optional().catch(undefined),
  dependencies: NAMES,
  devDependencies: NAMES,
});
const JAVASCRIPT_RUNNERS = ['vitest', 'jest', 'mocha', 'ava', 'tap', 'jasmine', '@playwright/test'];

function packageJson(path: string, text: string): Manifest {
  const parsed = PACKAGE.safeParse(parsedJson(text));
  if (!parsed.success) return { ...empty(path), problem: 'it is not valid JSON' };
  const { name, main, bin, scripts = {}, dependencies = {}, devDependencies = {} } = parsed.data;
  const all = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  const runner = JAVASCRIPT_RUNNERS.find((one) => all.includes(one));
  const command = scripts.test;
  const bins = bin === undefined ? [] : typeof bin === 'string' ? [bin] : Object.values(bin);
  return {
    ...named(path, name),
    dependencies: all,
    scripts: Object.keys(scripts),
    entryPoints: [...new Set([...(main === undefined ? [] : [main]), ...bins])].map((entry) => beside(path, entry)),
    ...(command !== undefined && { tests: `npm test (${command})` }),
    ...(command === undefined && runner !== undefined && { tests: runner }),
  };
}

function pyproject(path: string, text: string): Manifest {
  const project = tomlTable(text, 'project');
  const poetry = tomlTable(text, 'tool.poetry.dependencies').filter((line) => !line.startsWith('python '));
  const listed =
    /^dependencies\s*=\s*\[((?:\s*(?:"[^"]*"|'[^']*')\s*,?|\s*#.*)*)\s*\]/m.exec(project.join('\n'))?.[1] ?? '';
  const quoted = [...listed.matchAll(/["']([^"']+)["']/g)].map((match) => match[1] ?? '');
  return {
    ...named(path, tomlString(project, 'name') ?? tomlString(tomlTable(text, 'tool.poetry'), 'name')),
    dependencies: [...namesIn(quoted), ...tomlKeys(poetry)],
    scripts: tomlKeys(tomlTable(text, 'project.scripts')),
    ...(/pytest/.test(text) && { tests: 'pytest' }),
  };
}

function requirements(path: string, text: string): Manifest {
  return { ...empty(path), dependencies: namesIn(text.split('\n').filter((line) => !line.startsWith('-'))) };
}

function goMod(path: string, text: string): Manifest {
  const required = [...text.matchAll(/^(?:require\s+|\t)([\w.-]+\.[\w.-]+\/\S+)\s+v\S+(.*)$/gm)];
  return {
    ...named(path, /^module\s+(\S+)/m.exec(text)?.[1]),
    dependencies: required.filter((match) => !match[2]?.includes('indirect')).map((match) => match[1] ?? ''),
    tests: 'go test ./...',
  };
}

function cargo(path: string, text: string): Manifest {
  return {
    ...named(path, tomlString(tomlTable(text, 'package'), 'name')),
    dependencies: ['dependencies', 'dev-dependencies'].flatMap((table) => tomlKeys(tomlTable(text, table))),
    tests: 'cargo test',
  };
}

function pom(path: string, text: string): Manifest {
  const dependencies = [...text.matchAll(/<dependency>([\s\S]*?)<\/dependency>/g)].map((match) => {
    const part = (tag: string) => new RegExp(`<${tag}>\\s*([^<]+?)\\s*</${tag}>`).exec(match[1] ?? '')?.[1] ?? '?';
    return `${part('groupId')}:${part('artifactId')}`;
  });
  const own = text.replace(/<(parent|dependencies|build|dependencyManagement)>[\s\S]*?<\/\1>/g, '');
  return { ...named(path, /<artifactId>\s*([^<]+?)\s*</.exec(own)?.[1]), dependencies, tests: 'mvn test' };
}

/** The lines of a table, up to the next one. Enough of TOML for lists of names. */
function tomlTable(text: string, table: string): string[] {
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === `[${table}]`);
  if (start < 0) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^\[/.test(line));
  return end < 0 ? rest : rest.slice(0, end);
}

function tomlKeys(lines: readonly string[]): string[] {
  return lines.map((line) => /^"?([\w.-]+)"?\s*=/.exec(line)?.[1]).filter((key) => key !== undefined);
}

function tomlString(lines: readonly string[], key: string): string | undefined {
  const line = lines.find((one) => one.startsWith(key) && /^\s*=/.test(one.slice(key.length)));
  return /=\s*["']([^"']+)["']/.exec(line ?? '')?.[1];
}

/** The names of Python requirements ("requests>=2; python_version < '3'"). */
function namesIn(requirements: readonly string[]): string[] {
  return requirements.map((line) => /^\s*([A-Za-z][\w.-]*)/.exec(line)?.[1]).filter((name) => name !== undefined);
}

/** @returns undefined for what is no JSON */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function beside(manifest: string, entry: string): string {
  return posix.join(posix.dirname(manifest), entry);
}

function named(path: string, name: string | undefined): Manifest {
  return name === undefined ? empty(path) : { ...empty(path), name };
}

function empty(path: string): Manifest {
  return { path, dependencies: [], entryPoints: [], scripts: [] };
}
