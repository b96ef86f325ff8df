import { constants } from 'node:fs';
import {
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { forEachAtOnce } from './atOnce.ts';
import { type CopyRoots, linkFolder, missingIsUndefined, movedIntoCopy } from './copiedFiles.ts';

/** Caches that tools keep inside node_modules. They would be written through a link. */
const CACHES: ReadonlySet<string> = new Set(['.cache', '.vite', '.vite-temp', '.vitest', '.turbo', '.parcel-cache']);

/** Python environments are linked whole: they hold absolute paths anyway. The copy's sources win by PYTHONPATH. */
const ENVIRONMENTS: readonly string[] = ['.venv', 'venv'];

/** The largest file of node_modules/.bin that is taken for a shim whose text may name the workspace. */
const SHIM_BYTES = 64 * 1024;

/**
 * Gives a copy the dependencies that are installed in the original, without copying them: real folders whose entries
 * are links. A link between packages of the workspace leads to the package in the copy.
 * Only folders with copied files are looked into, so build output and caches are never walked.
 * @param paths the copied files, relative to the original
 */
export async function linkDependencies(paths: readonly string[], roots: CopyRoots, signal: AbortSignal): Promise<void> {
  await forEachAtOnce(8, foldersOf(paths), async (folder) => {
    signal.throwIfAborted();
    const original = join(roots.original, folder);
    const copy = join(roots.copy, folder);
    if (await isFolder(join(original, 'node_modules'))) {
      await linkModules(join(original, 'node_modules'), join(copy, 'node_modules'), roots);
    }
    if (await isFolder(join(original, 'vendor'))) {
      await linkEntries(join(original, 'vendor'), join(copy, 'vendor'), roots, linkAsIs);
    }
    for (const name of ENVIRONMENTS) {
      const environment = join(original, name);
      if ((await stat(join(environment, 'pyvenv.cfg')).catch(missingIsUndefined)) === undefined) continue;
      if (await isThere(join(copy, name))) continue;
      await linkFolder(await realpath(environment), join(copy, name));
    }
  });
}

function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set(['']);
  for (const path of paths) {
    const names = path.split('/').slice(0, -1);
    for (let length = names.length; length > 0; length -= 1) {
      const folder = names.slice(0, length).join('/');
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return [...folders].filter((folder) => !folder.split('/').includes('node_modules'));
}

type LinkEntry = (from: string, to: string, roots: CopyRoots) => Promise<void>;

/** Makes `to` a real folder and hands every entry of `from` that `to` does not have yet to `link`. */
async function linkEntries(from: string, to: string, roots: CopyRoots, link: LinkEntry): Promise<void> {
  const source = await realpath(from);
  await mkdir(to, { recursive: true });
  for (const name of await readdir(source)) {
    if (!(await isThere(join(to, name)))) await link(join(source, name), join(to, name), roots);
  }
}

const linkModules = (from: string, to: string, roots: CopyRoots) => linkEntries(from, to, roots, linkModule);

const linkModule: LinkEntry = async (from, to, roots) => {
  const name = basename(from);
  if (CACHES.has(name)) return;
  const found = await lstat(from);
  if (!found.isDirectory()) return linkAsIs(from, to, roots);
  if (name.startsWith('@')) return linkModules(from, to, roots);
  if (name === '.bin') return linkEntries(from, to, roots, linkProgram);
  if (name === '.pnpm') return linkEntries(from, to, roots, linkStoreEntry);
  return linkFolder(from, to);
};

/** An entry of pnpm's store folder: a package with its dependencies, or the folder of links to all of them. */
const linkStoreEntry: LinkEntry = (from, to, roots) =>
  basename(from) === 'node_modules' ? linkModules(from, to, roots) : linkAsIs(from, to, roots);

/**
 * A link into the workspace is followed into the copy; any other link and any folder become a link to the original.
 * Files are copied: they are few and small (lock files of package managers), and tools write them.
 */
const linkAsIs: LinkEntry = async (from, to, roots) => {
  const end = await realpath(from).catch(missingIsUndefined);
  if (end === undefined) return;
  const kind = await stat(end);
  const moved = sourceInCopy(end, roots);
  // A package that is not among the copied files (generated, and ignored) exists in the original only.
  const target = moved !== undefined && (await isThere(moved)) ? moved : end;
  if (kind.isDirectory()) await linkFolder(target, to);
  else if (kind.isFile()) await copyFile(from, to, constants.COPYFILE_FICLONE);
};

/** An entry of .bin: a link to a script, or (pnpm, and all on Windows) a shim with paths in its text. */
const linkProgram: LinkEntry = async (from, to, roots) => {
  const found = await lstat(from);
  if (found.isSymbolicLink()) {
    const text = await readlink(from);
    // A relative one leads over the copy's own node_modules, and from there to wherever the package is.
    const target = isAbsolute(text) ? text : resolve(dirname(to), text);
    await symlink(movedIntoCopy(target, roots) ?? target, to);
  } else if (found.isFile() && found.size <= SHIM_BYTES) {
    const text = await readFile(from, 'latin1');
    // Latin-1 keeps every byte; the paths are searched as the bytes they are.
    const [original, copy] = [roots.original, roots.copy].map((root) => Buffer.from(root + sep).toString('latin1'));
    await writeFile(to, text.replaceAll(original ?? '', copy ?? ''), { encoding: 'latin1', mode: found.mode });
  } else if (found.isFile()) {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
};

/** Where a path inside the workspace, but not inside a dependency folder, is in the copy. */
function sourceInCopy(path: string, roots: CopyRoots): string | undefined {
  const isDependency = relative(roots.original, path).split(sep).includes('node_modules');
  return isDependency ? undefined : movedIntoCopy(path, roots);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(missingIsUndefined))?.isDirectory() ?? false;
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(missingIsUndefined)) !== undefined;
}
