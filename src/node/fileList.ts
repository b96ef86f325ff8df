import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '../core/ports.ts';
import { childEnvironment } from './childEnvironment.ts';
import { findRepository, type IgnoreRules, type Repository, rulesAbove } from './gitIgnore.ts';
import { errorCode, isBelow, isReservedPath, resolveInside } from './paths.ts';

/** The files of a workspace. */
export interface FileList {
  /** Sorted by path, in code-unit order. */
  files: readonly FileEntry[];
  /** Those of them that are there only by a symbolic link (to a file inside the workspace). */
  links: ReadonlySet<string>;
  /** Those that are tracked although a .gitignore names them; known where git was asked. */
  trackedThoughIgnored: readonly string[];
}

interface ListedFile extends FileEntry {
  isLink: boolean;
}

/**
 * All files of the workspace that are not ignored: by git where this is a repository and git runs, else by a walk.
 * Both leave out .git, .conclave, node_modules, other repositories inside this one, and links that lead outside or to folders.
 *
 * @param root absolute, real path
 * @param own folders to leave out too, relative to the root
 */
export async function listFiles(root: string, own: readonly string[], signal?: AbortSignal): Promise<FileList> {
  const repository = await findRepository(root);
  const byGit = repository && (await listByGit(root, own, signal));
  return byGit ?? listByWalk(root, repository, own, signal);
}

/** @returns undefined where git is not installed or does not want to (a folder of somebody else's, a broken repository) */
export async function listByGit(
  root: string,
  own: readonly string[],
  signal?: AbortSignal,
): Promise<FileList | undefined> {
  const [all, ignored] = await Promise.all([
    gitPaths(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], signal),
    gitPaths(root, ['ls-files', '-z', '--cached', '--ignored', '--exclude-standard'], signal),
  ]);
  if (!all || !ignored) return undefined;
  const isRealFolder = realFolders(root);
  const listed = await inBatches(all, signal, async (path) => {
    if (isLeftOut(path, own) || path.endsWith('/')) return undefined;
    return (await isRealFolder(parentOf(path))) ? listedFile(root, path, own) : undefined;
  });
  const known = new Set(listed.map((file) => file.path));
  return listOf(
    listed,
    ignored.filter((path) => known.has(path)),
  );
}

/** Needs no git. Files that are tracked although they are ignored are unknown here; so is a user's own ignore file. */
export async function listByWalk(
  root: string,
  repository: Repository | undefined,
  own: readonly string[],
  signal?: AbortSignal,
): Promise<FileList> {
  const paths: string[] = [];
  const walk = async (folder: string, entries: Dirent[], above: IgnoreRules): Promise<void> => {
    signal?.throwIfAborted();
    const rules = await above.within(folder);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (isLeftOut(path, own)) continue;
      if (entry.isDirectory()) {
        if (rules.ignores(`${path}/`)) continue;
        const inner = await entriesOf(join(root, path));
        const isRepository = inner.some(({ name }) => name === '.git');
        if (!isRepository) await walk(path, inner, rules);
      } else if ((entry.isFile() || entry.isSymbolicLink()) && !rules.ignores(path)) {
        paths.push(path);
      }
    }
  };
  await walk('', await readdir(root, { withFileTypes: true }), await rulesAbove(root, repository));
  return listOf(await inBatches(paths, signal, (path) => listedFile(root, path, own)), []);
}

/** What keeps git from writing, asking and reaching a network; what could lead it elsewhere is withheld from every child. */
const QUIET_GIT = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1' };

/** @returns the paths that git names; undefined where it does not want to */
export async function gitPaths(root: string, args: string[], signal?: AbortSignal): Promise<string[] | undefined> {
  const output = await askGit(root, args, signal && { signal });
  if (output === undefined) return undefined;
  // A file in conflict is in the index up to three times.
  return [...new Set(output.split('\0'))].filter((path) => path !== '');
}

/** What git says; undefined where it is not installed, or fails. It neither writes nor asks. */
export async function askGit(
  root: string,
  args: string[],
  { input, signal }: { input?: string; signal?: AbortSignal } = {},
): Promise<string | undefined> {
  signal?.throwIfAborted();
  const { execa } = await import('execa');
  const result = await execa('git', ['-c', 'core.fsmonitor=false', ...args], {
    cwd: root,
    env: childEnvironment(process.env, QUIET_GIT),
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 256 * 1024 * 1024,
    ...(signal && { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  return result.failed ? undefined : String(result.stdout);
}

/** Says whether a folder is reached without any link: what git remembers below a link is not what is there now. */
function realFolders(root: string): (folder: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>([['', Promise.resolve(true)]]);
  const isReal = (folder: string): Promise<boolean> => {
    const answer = known.get(folder) ?? ask(folder);
    known.set(folder, answer);
    return answer;
  };
  const ask = async (folder: string) =>
    (await isReal(parentOf(folder))) && ((await onDisk(join(root, folder), lstat))?.isDirectory() ?? false);
  return isReal;
}

export async function listedFile(root: string, path: string, own: readonly string[]): Promise<ListedFile | undefined> {
  const found = await onDisk<Stats>(join(root, path), lstat);
  if (found?.isFile()) return { path, bytes: found.size, isLink: false };
  if (!found?.isSymbolicLink()) return undefined;
  const target = await resolveInside(root, path, own);
  if (target.kind === 'forbidden') return undefined;
  const file = await onDisk<Stats>(target.absolute, stat);
  return file?.isFile() ? { path, bytes: file.size, isLink: true } : undefined;
}

export function isLeftOut(path: string, own: readonly string[]): boolean {
  return isReservedPath(path) || isBelow(path, own) || path.split('/').includes('node_modules');
}

/** Files come and go while they are listed. */
async function onDisk<Found>(absolute: string, look: (path: string) => Promise<Found>): Promise<Found | undefined> {
  try {
    return await look(absolute);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
}

async function entriesOf(absolute: string): Promise<Dirent[]> {
  return (await onDisk(absolute, (path) => readdir(path, { withFileTypes: true }))) ?? [];
}

/** Asks the disk about many files, but not about all at once. */
async function inBatches<Found>(
  paths: readonly string[],
  signal: AbortSignal | undefined,
  look: (path: string) => Promise<Found | undefined>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (let at = 0; at < paths.length; at += 256) {
    signal?.throwIfAborted();
    const batch = await Promise.all(paths.slice(at, at + 256).map(look));
    found.push(...batch.filter((one) => one !== undefined));
  }
  return found;
}

function listOf(listed: ListedFile[], trackedThoughIgnored: string[]): FileList {
  return {
    files: listed.map(({ path, bytes }) => ({ path, bytes })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    links: new Set(listed.flatMap(({ path, isLink }) => (isLink ? [path] : []))),
    trackedThoughIgnored,
  };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
