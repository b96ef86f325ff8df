import { posix } from 'node:path';
import { filesOf, folderOf, idOf, moduleEnding, type PathTable, withoutExtension } from './pathTable.ts';

/** A package of the workspace, as its manifest calls it. */
export interface Root {
  name: string;
  /** "" is the workspace. */
  folder: string;
  kind: 'npm' | 'go' | 'cargo';
}

/** The files of the workspace that an import means; none for what comes from outside. */
export type Resolver = (path: string, from: string, names: readonly string[]) => readonly number[];

/** A package's files share what is said of the package. */
const MOST_OF_PACKAGE = 40;

/**
 * By the usual rules of each language, without its configuration: where these do not tell, the module whose path ends like
 * the import, nearest to who imports it.
 */
export function importResolver(table: PathTable, roots: readonly Root[]): Resolver {
  const npm = new Map(roots.filter(({ kind }) => kind === 'npm').map((root) => [root.name, root]));
  const go = roots.filter(({ kind }) => kind === 'go').sort((a, b) => b.name.length - a.name.length);
  const crates = new Map(
    roots.filter(({ kind }) => kind === 'cargo').map((root) => [root.name.replaceAll('-', '_'), root]),
  );
  return (path, from, names) => {
    switch (path.slice(path.lastIndexOf('.') + 1).toLowerCase()) {
      case 'py':
      case 'pyi':
        return python(table, path, from, names);
      case 'go':
        return goPackage(table, go, from);
      case 'rs':
        return rust(table, crates, path, from, names);
      case 'java':
      case 'kt':
      case 'kts':
      case 'scala':
        return jvm(table, path, from);
      case 'cs':
        return namespace(table, path, from.split('.'));
      case 'php':
        return php(table, path, from);
      case 'c':
      case 'h':
      case 'cc':
      case 'cpp':
      case 'cxx':
      case 'hh':
      case 'hpp':
        return include(table, path, from);
      case 'rb':
      case 'lua':
      case 'sh':
      case 'bash':
        return required(table, path, from);
      default:
        return javaScript(table, npm, path, from);
    }
  };
}

function one(id: number | undefined): readonly number[] {
  return id === undefined ? [] : [id];
}

const JS_EXTENSIONS = ['', '.ts', '.tsx', '.js', '.jsx', '.mts', '.cts', '.mjs', '.cjs', '.d.ts', '.vue', '.svelte'];

function javaScript(
  table: PathTable,
  packages: ReadonlyMap<string, Root>,
  path: string,
  from: string,
): readonly number[] {
  const spec = from.replace(/[?#].*$/, '') || from;
  const at = (base: string): number | undefined => {
    const clean = base.replace(/^(\.?\/)+/, '');
    for (const ending of JS_EXTENSIONS) {
      const id = idOf(table, clean + ending);
      if (id !== undefined) return id;
    }
    // TypeScript names the file that it will be.
    const bare = clean.replace(/\.[mc]?jsx?$/, '');
    if (bare !== clean) {
      const id =
        idOf(table, `${bare}.ts`) ??
        idOf(table, `${bare}.tsx`) ??
        idOf(table, `${bare}.mts`) ??
        idOf(table, `${bare}.cts`);
      if (id !== undefined) return id;
    }
    for (const ending of JS_EXTENSIONS.slice(1)) {
      const id = idOf(table, clean === '' ? `index${ending}` : `${clean}/index${ending}`);
      if (id !== undefined) return id;
    }
    return undefined;
  };
  if (spec.startsWith('.')) return one(at(posix.join(folderOf(path), spec)));
  if (spec.startsWith('node:') || spec.includes('://')) return [];
  const alias = /^(?:@\/|~\/|#)(.+)$/.exec(spec)?.[1];
  const parts = spec.split('/');
  const name = spec.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
  const own = alias === undefined ? packages.get(name) : undefined;
  if (own) {
    const rest = spec.slice(name.length + 1);
    return one(
      at(posix.join(own.folder, 'src', rest)) ??
        at(posix.join(own.folder, rest)) ??
        at(posix.join(own.folder, 'lib', rest)),
    );
  }
  if (alias === undefined && (parts.length < 2 || spec.startsWith('@'))) return [];
  // An alias of a build, or a path from a folder that the configuration names: usually "src" of the package.
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    const id = at(posix.join(folder, 'src', alias ?? spec)) ?? at(posix.join(folder, alias ?? spec));
    if (id !== undefined || folder === '') return one(id);
  }
}

const isPython = (path: string) => /\.pyi?$/.test(path);

function python(table: PathTable, path: string, from: string, names: readonly string[]): readonly number[] {
  const dots = /^\.*/.exec(from)?.[0].length ?? 0;
  const module = from.slice(dots).replaceAll('.', '/');
  const fileOf = (base: string) =>
    idOf(table, `${base}.py`) ?? idOf(table, `${base}/__init__.py`) ?? idOf(table, `${base}.pyi`);
  let find: (module: string) => number | undefined;
  if (dots > 0) {
    let folder = folderOf(path);
    for (let up = 1; up < dots; up += 1) folder = folderOf(folder);
    find = (part) => fileOf(posix.join(folder, part));
  } else if (module.includes('/')) {
    find = (part) => moduleEnding(table, part, path, isPython);
  } else {
    // One of a single word may be any library: only where Python would look.
    find = (part) => {
      for (let folder = folderOf(path); ; folder = folderOf(folder)) {
        const id = fileOf(posix.join(folder, part)) ?? fileOf(posix.join(folder, 'src', part));
        if (id !== undefined || folder === '') return id;
      }
    };
  }
  const modules = names
    .map((name) => find(module === '' ? name : `${module}/${name}`))
    .filter((id) => id !== undefined);
  // Of a package whose modules are imported, its own file says little.
  return modules.length > 0 ? [...new Set(modules)] : one(find(module));
}

function goPackage(table: PathTable, modules: readonly Root[], from: string): readonly number[] {
  const module = modules.find(({ name }) => from === name || from.startsWith(`${name}/`));
  if (!module) return [];
  const folder = posix.join(module.folder, from.slice(module.name.length + 1));
  return filesIn(table, folder === '.' ? '' : folder.replace(/\/$/, ''), '.go');
}

function filesIn(table: PathTable, folder: string, ending: string): number[] {
  return filesOf(table, folder)
    .filter((id) => {
      const path = table.paths[id] ?? '';
      return path.endsWith(ending) && table.isTest[id] !== 1;
    })
    .slice(0, MOST_OF_PACKAGE);
}

const isRust = (path: string) => path.endsWith('.rs');

function rust(
  table: PathTable,
  crates: ReadonlyMap<string, Root>,
  path: string,
  from: string,
  names: readonly string[],
): readonly number[] {
  const parts = from.split('::').filter((part) => part !== '');
  const first = parts[0] ?? '';
  if (/^(std|core|alloc|proc_macro)$/.test(first)) return [];
  const crate = crates.get(first);
  const own = crate ? `${posix.join(crate.folder, 'src')}/` : `${sourceFolder(path)}/`;
  const isOwn = (file: string) => isRust(file) && (file.startsWith(own) || own === '/');
  const inside = /^(crate|self|super)$/.test(first) || crate !== undefined;
  const segments = parts.filter((part) => !/^(crate|self|super)$/.test(part) && part !== (crate && first));
  for (let length = segments.length; length > 0; length -= 1) {
    const module = segments.slice(0, length).join('/');
    const found = (length === segments.length ? names : [])
      .map((name) => moduleEnding(table, `${module}/${name}`, path, isOwn))
      .filter((id) => id !== undefined);
    if (found.length > 0) return [...new Set(found)];
    const id = moduleEnding(table, module, path, isOwn);
    if (id !== undefined) return [id];
    if (!inside && length === 1) return [];
  }
  const modules = inside
    ? names.map((name) => moduleEnding(table, name, path, isOwn)).filter((id) => id !== undefined)
    : [];
  return modules.length > 0
    ? [...new Set(modules)]
    : one(inside && first !== 'self' ? idOf(table, `${own}lib.rs`) : undefined);
}

/** The nearest folder "src" around a file. */
function sourceFolder(path: string): string {
  const at = `/${path}`.lastIndexOf('/src/');
  return at < 0 ? folderOf(path) : path.slice(0, at + 3);
}

const isJvm = (path: string) => /\.(java|kts?|scala)$/.test(path);

function jvm(table: PathTable, path: string, from: string): readonly number[] {
  const parts = from.replace(/\.(\*|_)$/, '').split('.');
  // A static import ends with the name of a member, or of a class inside.
  for (const length of [parts.length, parts.length - 1, parts.length - 2]) {
    if (length < 2) break;
    const id = moduleEnding(table, parts.slice(0, length).join('/'), path, isJvm);
    if (id !== undefined) return [id];
  }
  // All of a package; or a function of Kotlin's, whose file may have any name.
  for (const length of [parts.length, parts.length - 1]) {
    if (length < 2) break;
    const files = namespace(table, path, parts.slice(0, length));
    if (files.length > 0) return files;
  }
  return [];
}

/** The files of the folder whose path ends like a namespace. */
function namespace(table: PathTable, path: string, parts: readonly string[]): readonly number[] {
  const ending = path.slice(path.lastIndexOf('.'));
  for (const start of parts.keys()) {
    const rest = parts.slice(start);
    if (rest.length < 2 && parts.length > 1) break;
    const folder = folderEnding(table, rest.join('/'), path) ?? folderEnding(table, rest.join('.'), path);
    if (folder !== undefined) return filesIn(table, folder, ending);
  }
  return [];
}

function folderEnding(table: PathTable, end: string, from: string): string | undefined {
  for (let folder = folderOf(from); ; folder = folderOf(folder)) {
    const inside = folder === '' ? end : `${folder}/${end}`;
    if (filesOf(table, inside).length > 0) return inside;
    if (folder === end || folder.endsWith(`/${end}`)) return folder;
    if (folder === '') return undefined;
  }
}

function php(table: PathTable, path: string, from: string): readonly number[] {
  if (!from.includes('\\')) return required(table, path, from);
  const parts = from.split('\\').filter((part) => part !== '');
  for (let start = 0; start < parts.length - (parts.length > 1 ? 1 : 0); start += 1) {
    const id = moduleEnding(table, parts.slice(start).join('/'), path, (file) => file.endsWith('.php'));
    if (id !== undefined) return [id];
  }
  return [];
}

function include(table: PathTable, path: string, from: string): readonly number[] {
  const beside = idOf(table, posix.join(folderOf(path), from));
  if (beside !== undefined) return [beside];
  const ending = from.replace(/^(\.\.?\/)+/, '');
  return one(
    moduleEnding(table, withoutExtension(ending), path, (file) => file === ending || file.endsWith(`/${ending}`)),
  );
}

function required(table: PathTable, path: string, from: string): readonly number[] {
  const ending = path.slice(path.lastIndexOf('.'));
  const spec = ending === '.lua' ? from.replaceAll('.', '/') : from.replace(/^\//, '');
  const beside = posix.join(folderOf(path), spec);
  const near = idOf(table, beside) ?? idOf(table, beside + ending);
  if (near !== undefined) return [near];
  const module = spec.replace(/^(\.\.?\/)+/, '');
  // One word is more likely a library.
  if (!module.includes('/') && ending === '.rb') return one(idOf(table, `lib/${module}.rb`));
  return one(moduleEnding(table, withoutExtension(module), path, (file) => file.endsWith(ending)));
}
