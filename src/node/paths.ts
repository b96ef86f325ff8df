import { lstatSync, realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isIn } from '../core/tools/givenPath.ts';

/**
 * `absolute` is the real location, all symbolic links resolved, and `path` the same relative to the workspace, with forward
 * slashes. No `reason` contains a path outside the workspace.
 */
export type ResolvedPath = { kind: 'inside'; absolute: string; path: string } | { kind: 'forbidden'; reason: string };

/** Folders that belong to git and to Conclave: no agent reads or writes them, at any depth. */
const RESERVED = new Set(['.git', '.conclave']);
const WINDOWS_DRIVE = /^[a-z]:/i;
const WINDOWS_DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])[. ]*([.:].*)?$/i;
/** Characters that some disks of macOS overlook in names. */
const OVERLOOKED = /[\u200C-\u200F\u202A-\u202E\u206A-\u206F\uFEFF]/g;

/**
 * The one path resolver for everything that reads or writes the workspace.
 * A file need not exist: then its nearest existing folder decides. Links that stay inside are followed.
 * Paths are looked up at once: to hand that to a thread and to wait for it takes several times as long.
 *
 * @param root absolute path of the workspace
 * @param path relative to it, with forward slashes; "" and "." are the workspace itself
 * @param own folders that are off limits too, relative to the workspace
 */
export async function resolveInside(root: string, path: string, own: readonly string[] = []): Promise<ResolvedPath> {
  const refusal = refusalOf(path);
  if (refusal) return forbidden(refusal);

  const location = realLocation(resolve(root, path));
  if (location.kind === 'forbidden') return location;
  const { absolute, isThere } = location;
  // No link is on the way of a real path: where the root is, as it is written, that is the real root.
  const folder = isThere && absolute.startsWith(`${root}${sep}`) ? root : await realRoot(root);

  const inside = relative(folder, absolute);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    return forbidden('it leads outside the workspace through a symbolic link');
  }
  // A link may have another name than what it leads to, so the real path is held to the same rules.
  const real = inside.replaceAll(sep, '/');
  if (isBelow(real, own)) return forbidden("it belongs to Conclave's own data");
  const reserved = inside.split(sep).find(isReserved);
  return reserved === undefined ? { kind: 'inside', absolute, path: real } : forbidden(`${reserved} is off limits`);
}

/**
 * The workspace's own folder, all symbolic links resolved.
 * @throws Error where it is not there or not a folder that can be read
 */
export async function realRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (cause) {
    throw new Error(`The workspace folder ${root} cannot be opened (${errorCode(cause)}). Check that it exists.`, {
      cause,
    });
  }
}

/** The real path of what may not be there yet: of its nearest folder that is, and from there on as it is written. */
export async function realPathOf(absolute: string): Promise<string> {
  try {
    return await realpath(absolute);
  } catch (error) {
    const code = errorCode(error);
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || dirname(absolute) === absolute) throw error;
    return join(await realPathOf(dirname(absolute)), basename(absolute));
  }
}

/** True where the path is one of the folders, or in one. All relative, with forward slashes. */
export function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => isIn(path, folder));
}

/** True where a part of the path is a folder of git's or Conclave's own. */
export function isReservedPath(path: string): boolean {
  return path.split('/').some(isReserved);
}

/** Why the path is refused before the disk is asked; undefined where nothing is wrong with it. */
function refusalOf(path: string): string | undefined {
  if (path.includes('\0')) return 'it contains a NUL character';
  if (/^[\\/]/.test(path) || WINDOWS_DRIVE.test(path)) return 'it is absolute; give a path relative to the workspace';
  // A backslash is a letter on most systems and a separator on Windows: both readings must be harmless.
  const parts = path.split(/[\\/]/);
  let depth = 0;
  for (const part of parts) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return 'it leads outside the workspace';
  }
  const reserved = parts.find(isReserved);
  if (reserved !== undefined) return `${reserved} is off limits`;
  if (process.platform === 'win32' && parts.some((part) => part.includes(':') || WINDOWS_DEVICE.test(part))) {
    return 'it names a device or a stream';
  }
  return undefined;
}

/** Windows drops dots and spaces at the end of a name, knows streams of a folder, and `.git` by a short name too. */
function isReserved(part: string): boolean {
  const name = part
    .replace(OVERLOOKED, '')
    .toLowerCase()
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '');
  return RESERVED.has(name) || name === 'git~1';
}

/** `isThere`: something lies at it. */
type Location = { kind: 'inside'; absolute: string; isThere: boolean } | { kind: 'forbidden'; reason: string };

function realLocation(absolute: string): Location {
  try {
    return { kind: 'inside', absolute: realpathSync.native(absolute), isThere: true };
  } catch (error) {
    const why = refusedFor(error);
    if (why !== undefined) return forbidden(why);
  }
  // Writing through a link that leads nowhere would create a file wherever it points to.
  try {
    lstatSync(absolute);
    return forbidden('it is a symbolic link that leads nowhere');
  } catch (error) {
    const why = refusedFor(error);
    if (why !== undefined) return forbidden(why);
  }
  const parent = realLocation(dirname(absolute));
  if (parent.kind === 'forbidden') return parent;
  return { kind: 'inside', absolute: join(parent.absolute, basename(absolute)), isThere: false };
}

/** Why a path that the system does not take is refused; undefined where nothing is there. Anything else is thrown again. */
function refusedFor(error: unknown): string | undefined {
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return undefined;
    case 'ELOOP':
      return 'its symbolic links lead in a circle';
    case 'EACCES':
    case 'EPERM':
      return 'the system denies access';
    case 'EINVAL':
      return 'it is no name for a file';
    case 'ENAMETOOLONG':
      return 'its name is too long';
    default:
      throw error;
  }
}

/** The system's name of a failure ("ENOENT", …). */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function forbidden(reason: string): { kind: 'forbidden'; reason: string } {
  return { kind: 'forbidden', reason };
}
