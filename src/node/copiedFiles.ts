import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  cp,
  lstat,
  mkdir,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { FileState } from '../shared/events.ts';
import { forEachAtOnce } from './atOnce.ts';

/** Where a copy comes from and where it goes; both absolute, without symbolic links. */
export interface CopyRoots {
  original: string;
  copy: string;
}

const AT_ONCE = 32;

/**
 * Copies files with their mode, as clones where the file system can. What is no longer there is left out.
 * A symbolic link that stays inside becomes one inside the copy; one that leads outside is left out.
 * @param paths relative to the original
 */
export async function copyFiles(paths: readonly string[], roots: CopyRoots, signal: AbortSignal): Promise<void> {
  const folders = new Set(paths.map((path) => dirname(join(roots.copy, path))));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  await forEachAtOnce(AT_ONCE, paths, async (path) => {
    signal.throwIfAborted();
    await copyOne(join(roots.original, path), join(roots.copy, path), roots);
  });
}

/**
 * Copies files whose names are no UTF-8, so that no text can hold them. Plain files only, reached without any link.
 * @param paths relative to the original, with forward slashes, as bytes
 */
export async function copyOddlyNamed(paths: readonly Buffer[], roots: CopyRoots): Promise<void> {
  for (const path of paths) {
    const from = Buffer.concat([Buffer.from(`${roots.original}/`), path]);
    const to = Buffer.concat([Buffer.from(`${roots.copy}/`), path]);
    const real = await realpath(from, 'buffer').catch(missingIsUndefined);
    if (real === undefined || !real.equals(from) || !(await lstat(from)).isFile()) continue;
    await mkdir(to.subarray(0, to.lastIndexOf('/')), { recursive: true });
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** Puts the states of a change set on top. Existing files keep their mode, renamed ones take theirs along. */
export async function applyStates(states: readonly FileState[], roots: CopyRoots): Promise<void> {
  for (const state of states) {
    const path = join(roots.copy, state.path);
    await detach(path, roots.copy);
    if (state.text === null) {
      await rm(path, { force: true, recursive: true });
      continue;
    }
    await mkdir(dirname(path), { recursive: true });
    const before = await stat(path).catch(missingIsUndefined);
    // A read-only file is ours here.
    if (before !== undefined && (before.mode & 0o200) === 0) await chmod(path, before.mode | 0o200);
    await writeFile(path, state.text);
    if (before === undefined && state.from !== undefined) {
      const source = await stat(join(roots.original, state.from)).catch(missingIsUndefined);
      if (source !== undefined) await chmod(path, source.mode | 0o200);
    }
  }
}

/** @returns `path` moved from the original to the copy, or undefined where it lies outside the original */
export function movedIntoCopy(path: string, roots: CopyRoots): string | undefined {
  const inside = relative(roots.original, path);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return undefined;
  return join(roots.copy, inside);
}

/** Links to a folder as a junction on Windows, where other links need a privilege. */
export async function linkFolder(target: string, path: string): Promise<void> {
  await symlink(target, path, 'junction');
}

export function missingIsUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}

async function copyOne(from: string, to: string, roots: CopyRoots): Promise<void> {
  const found = await lstat(from).catch(missingIsUndefined);
  if (found?.isFile()) await copyFile(from, to, constants.COPYFILE_FICLONE).catch(missingIsUndefined);
  else if (found?.isSymbolicLink()) await copyLink(from, to, roots);
}

async function copyLink(from: string, to: string, roots: CopyRoots): Promise<void> {
  const text = await readlink(from);
  const target = resolve(dirname(from), text);
  // A link may lead outside through another one, so what counts is where it ends; a dangling one ends where it says.
  const end = (await realpath(target).catch(missingIsUndefined)) ?? target;
  const moved = movedIntoCopy(target, roots) ?? movedIntoCopy(end, roots);
  if (moved === undefined || movedIntoCopy(end, roots) === undefined) return;
  if (process.platform === 'win32') {
    const kind = await stat(from).catch(missingIsUndefined);
    if (kind?.isDirectory()) await linkFolder(moved, to);
    else if (kind?.isFile()) await copyFile(from, to);
    return;
  }
  await symlink(isAbsolute(text) ? moved : relative(dirname(to), moved), to);
}

/**
 * Makes sure that writing `path` stays in the copy: a link on the way that leads out of it (a dependency folder)
 * is replaced by a real copy of what it leads to.
 */
async function detach(path: string, copy: string): Promise<void> {
  const steps = relative(copy, path).split(sep);
  for (let length = 1; length <= steps.length; length += 1) {
    const step = join(copy, ...steps.slice(0, length));
    const found = await lstat(step).catch(missingIsUndefined);
    if (found === undefined) return;
    if (!found.isSymbolicLink()) continue;
    const end = await realpath(step).catch(missingIsUndefined);
    if (end !== undefined && (end === copy || end.startsWith(copy + sep))) continue;
    await unlink(step);
    if (end !== undefined && length < steps.length) await cp(end, step, { recursive: true, verbatimSymlinks: true });
  }
}
