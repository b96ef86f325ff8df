import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { beside, empty, type Manifest, named, once } from './manifest.ts';

const STRING = z.string().optional().catch(undefined);
const STRINGS = z.array(z.string()).optional().catch(undefined);
const TABLE = z.record(z.string(), z.unknown()).optional().catch(undefined);
const NOT_TOML = 'it is not valid TOML';

const PYPROJECT = z.object({
  project: z
    .object({
      name: STRING,
      dependencies: STRINGS,
      'optional-dependencies': TABLE,
      scripts: TABLE,
      'gui-scripts': TABLE,
    })
    .optional()
    .catch(undefined),
  'dependency-groups': TABLE,
  tool: z
    .object({
      poetry: z
        .object({ name: STRING, dependencies: TABLE, 'dev-dependencies': TABLE, group: TABLE, scripts: TABLE })
        .optional()
        .catch(undefined),
      uv: z
        .object({ workspace: z.object({ members: STRINGS }).optional().catch(undefined) })
        .optional()
        .catch(undefined),
      pdm: z.object({ scripts: TABLE }).optional().catch(undefined),
      pytest: z.unknown().optional(),
    })
    .optional()
    .catch(undefined),
});

export function pyproject(path: string, text: string): Manifest {
  const parsed = PYPROJECT.safeParse(parsedToml(text));
  if (!parsed.success) return { ...empty(path), problem: NOT_TOML };
  const { project, tool } = parsed.data;
  const groups = Object.values(project?.['optional-dependencies'] ?? {}).concat(
    Object.values(parsed.data['dependency-groups'] ?? {}),
  );
  const listed = [...(project?.dependencies ?? []), ...groups.flatMap((group) => STRINGS_IN.parse(group))];
  const poetryGroups = Object.values(tool?.poetry?.group ?? {}).map((group) => POETRY_GROUP.parse(group));
  const poetry = [tool?.poetry?.dependencies, tool?.poetry?.['dev-dependencies'], ...poetryGroups];
  const dependencies = once([
    ...namesIn(listed),
    ...poetry.flatMap((table) => Object.keys(table ?? {})).filter((name) => name !== 'python'),
  ]);
  const scripts = { ...project?.scripts, ...project?.['gui-scripts'], ...tool?.poetry?.scripts };
  const members = tool?.uv?.workspace?.members ?? [];
  return {
    ...named(path, project?.name ?? tool?.poetry?.name),
    dependencies,
    scripts: once([...Object.keys(scripts), ...Object.keys(tool?.pdm?.scripts ?? {})]),
    entryPoints: once(Object.values(scripts).flatMap((target) => moduleFiles(path, target))),
    ...(members.length > 0 && { packages: members }),
    ...((tool?.pytest !== undefined || dependencies.some((name) => /^pytest\b/.test(name))) && { tests: 'pytest' }),
  };
}

const STRINGS_IN = z
  .array(z.unknown())
  .transform((all) => all.filter((one) => typeof one === 'string'))
  .catch([]);
const POETRY_GROUP = z
  .object({ dependencies: z.record(z.string(), z.unknown()) })
  .transform(({ dependencies }) => dependencies)
  .catch({});

/** Where the module of an entry point ("shop.cli:main") may be. */
function moduleFiles(path: string, target: unknown): string[] {
  const module = typeof target === 'string' ? /^\s*([\w.]+)\s*(?::|$)/.exec(target)?.[1] : undefined;
  if (module === undefined) return [];
  const file = module.replaceAll('.', '/');
  return [`${file}.py`, `src/${file}.py`, `${file}/__init__.py`, `src/${file}/__init__.py`].map((one) =>
    beside(path, one),
  );
}

export function pipfile(path: string, text: string): Manifest {
  const parsed = z.object({ packages: TABLE, 'dev-packages': TABLE, scripts: TABLE }).safeParse(parsedToml(text));
  if (!parsed.success) return { ...empty(path), problem: NOT_TOML };
  const { packages, scripts } = parsed.data;
  const dependencies = once([...Object.keys(packages ?? {}), ...Object.keys(parsed.data['dev-packages'] ?? {})]);
  return {
    ...empty(path),
    dependencies,
    scripts: Object.keys(scripts ?? {}),
    ...(dependencies.includes('pytest') && { tests: 'pytest' }),
  };
}

export function requirements(path: string, text: string): Manifest {
  const dependencies = namesIn(text.split(/\r?\n/).filter((line) => !line.startsWith('-')));
  return { ...empty(path), dependencies, ...(dependencies.includes('pytest') && { tests: 'pytest' }) };
}

export function setupCfg(path: string, text: string): Manifest {
  const value = (key: string) => new RegExp(`^${key}\\s*=\\s*(.*(?:\\r?\\n[ \\t]+.*)*)`, 'm').exec(text)?.[1];
  const entries = [...(value('console_scripts') ?? '').matchAll(/^\s*([\w-]+)\s*=\s*(\S+)/gm)];
  return {
    ...named(path, value('name')?.trim()),
    dependencies: namesIn((value('install_requires') ?? '').split(/\r?\n/)),
    scripts: entries.map((match) => match[1] ?? ''),
    entryPoints: entries.flatMap((match) => moduleFiles(path, match[2])),
    ...(/^\[tool:pytest\]/m.test(text) && { tests: 'pytest' }),
  };
}

/** A program, so only what it says literally. */
export function setupPy(path: string, text: string): Manifest {
  const listed = /\binstall_requires\s*=\s*\[([^\]]*)\]/.exec(text)?.[1] ?? '';
  return {
    ...named(path, /\bname\s*=\s*["']([^"']+)["']/.exec(text)?.[1]),
    dependencies: namesIn([...listed.matchAll(/["']([^"']+)["']/g)].map((match) => match[1] ?? '')),
  };
}

const CARGO = z.object({
  package: z.object({ name: STRING }).optional().catch(undefined),
  dependencies: TABLE,
  'dev-dependencies': TABLE,
  'build-dependencies': TABLE,
  target: TABLE,
  bin: z
    .array(z.object({ path: STRING }))
    .optional()
    .catch(undefined),
  lib: z.object({ path: STRING }).optional().catch(undefined),
  workspace: z.object({ members: STRINGS, dependencies: TABLE }).optional().catch(undefined),
});

export function cargo(path: string, text: string): Manifest {
  const parsed = CARGO.safeParse(parsedToml(text));
  if (!parsed.success) return { ...empty(path), problem: NOT_TOML };
  const { workspace, target, bin, lib } = parsed.data;
  const own = (table: unknown) => CARGO.pick({ dependencies: true, 'dev-dependencies': true }).safeParse(table).data;
  const tables = [parsed.data, ...Object.values(target ?? {}).map(own)].flatMap((one) => [
    one?.dependencies,
    one?.['dev-dependencies'],
  ]);
  const all = [...tables, parsed.data['build-dependencies'], workspace?.dependencies];
  const declared = [...(bin ?? []).map((one) => one.path), lib?.path].filter((entry) => entry !== undefined);
  const usual = parsed.data.package ? ['src/main.rs', 'src/lib.rs'] : [];
  const members = workspace?.members ?? [];
  return {
    ...named(path, parsed.data.package?.name),
    dependencies: once(all.flatMap((table) => Object.keys(table ?? {}))),
    entryPoints: once([...declared, ...usual].map((entry) => beside(path, entry))),
    ...(members.length > 0 && { packages: members }),
    tests: 'cargo test',
  };
}

/** The names of Python requirements ("requests>=2; python_version < '3'"). */
function namesIn(requirements: readonly string[]): string[] {
  return requirements.map((line) => /^\s*([A-Za-z][\w.-]*)/.exec(line)?.[1]).filter((name) => name !== undefined);
}

/** @returns undefined for what is no TOML */
function parsedToml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}
