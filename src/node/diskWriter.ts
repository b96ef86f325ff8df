import { createHash } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hashText } from '../core/changes/hash.ts';
import { differOnlyByCase } from '../core/changes/workspacePath.ts';
import type { FileWrite, WorkspaceWriter } from '../core/ports.ts';
import { holdFolder } from './liesAt.ts';
import { errorCode, realRoot, resolveInside } from './paths.ts';

/**
 * Writes accepted texts to the folder on disk. Every file is compared with what must be there first; then files are written
 * one by one, each atomically and with its mode. Where one fails, those before it are put back as they were.
 * @param root absolute path of the workspace
 */
export function openDiskWriter(root: string): WorkspaceWriter {
  return {
    async write(writes) {
      const targets = await Promise.all(writes.map((write) => located(root, targetOf(write, writes))));
      const conflicts: string[] = [];
      const due: Located[] = [];
      for (const target of targets) {
        const hash = hashOf(await contentOf(target));
        if (hash === (target.text === null ? null : hashText(target.text))) continue;
        if (hash === target.before) due.push(target);
        else conflicts.push(target.path);
      }
      if (conflicts.length > 0) return { kind: 'conflict', paths: conflicts };
      // Deletions first: a file may make room for a folder of its name.
      due.sort((a, b) => Number(a.text !== null) - Number(b.text !== null));
      const changed = await writeAll(await realRoot(root), due);
      if (changed !== undefined) return { kind: 'conflict', paths: [changed] };
      return { kind: 'written', files: writes.map(({ path, text }) => ({ path, text })) };
    },
  };
}

type Target = FileWrite & {
  /** The file counts as there only under exactly this name: "a.txt" becomes "A.txt", and many disks take one for the other. */
  exact?: true;
};

type Located = Target & {
  root: string;
  /** All symbolic links resolved. */
  absolute: string;
  /** The path itself is a symbolic link. */
  isLink: boolean;
};

function targetOf(write: FileWrite, all: readonly FileWrite[]): Target {
  const changesCase = all.some(({ path }) => differOnlyByCase(path, write.path));
  return { ...write, ...(changesCase && { exact: true as const }) };
}

/** Whether one of the names in a folder is exactly this one. Some disks spell accents another way than they were given. */
export function isNamedExactly(name: string, namesInFolder: readonly string[]): boolean {
  return namesInFolder.some((other) => other.normalize() === name.normalize());
}

async function located(root: string, target: Target): Promise<Located> {
  const location = await resolveInside(root, target.path);
  if (location.kind === 'forbidden') {
    throw new Error(`${target.path} cannot be written: ${location.reason}. Nothing was written.`);
  }
  const { absolute } = location;
  const found = await lstat(join(root, target.path)).catch(ignoreMissing);
  const isLink = found?.isSymbolicLink() === true;
  // The real path has the name as it is on disk, which here is not always the one that was asked for.
  const own = target.exact && !isLink ? join(dirname(absolute), basename(target.path)) : absolute;
  return { ...target, root, absolute: own, isLink };
}

type Content = { kind: 'file'; bytes: Buffer; mode: number } | { kind: 'none' } | { kind: 'other' };

async function contentOf({ path, absolute, root, exact }: Located): Promise<Content> {
  try {
    const found = await stat(absolute);
    if (exact && !(await isThereExactly(root, path))) return { kind: 'none' };
    if (!found.isFile()) return { kind: 'other' };
    return { kind: 'file', bytes: await readFile(absolute), mode: found.mode & 0o7777 };
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'none' };
    throw new Error(`${path} cannot be read (${code ?? cause}), so it cannot be changed. Nothing was written.`, {
      cause,
    });
  }
}

/** Whether every folder on the way, and the file, bears exactly the name that the path gives it. */
async function isThereExactly(root: string, path: string): Promise<boolean> {
  let folder = root;
  for (const name of path.split('/')) {
    if (!isNamedExactly(name, await readdir(folder))) return false;
    folder = join(folder, name);
  }
  return true;
}

/** A folder or a device has no hash that anything could equal. */
function hashOf(content: Content): string | null {
  if (content.kind === 'none') return null;
  return content.kind === 'file' ? createHash('sha256').update(content.bytes).digest('hex') : content.kind;
}

type Undo = () => Promise<unknown>;

/** @returns the path of a file that somebody changed in the meantime; then nothing is written */
async function writeAll(root: string, due: readonly Located[]): Promise<string | undefined> {
  const undo: Undo[] = [];
  const modes = new Map<string, number>();
  for (const target of due) {
    try {
      const content = await contentOf(target);
      if (hashOf(content) !== target.before) {
        await rollBack(undo);
        return target.path;
      }
      if (content.kind === 'file') modes.set(target.path, content.mode);
      const mode = modes.get(target.from ?? target.path) ?? target.mode;
      if (target.text === null) await remove(target, content, undo);
      else await put(target, target.text, content, mode, undo);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const unrestored = await rollBack(undo);
      const state =
        unrestored.length === 0
          ? 'Nothing was changed.'
          : `Not everything could be put back: ${unrestored.join('; ')}.`;
      throw new Error(`${target.path} could not be written: ${why}. ${state}`, { cause });
    }
  }
  for (const target of due) if (target.text === null) await removeEmptyFolders(root, dirname(target.absolute));
  return undefined;
}

async function remove(target: Located, content: Content, undo: Undo[]): Promise<void> {
  if (target.isLink) throw new Error('it is a symbolic link, which only you can remove');
  await unlink(target.absolute);
  undo.push(() => restore(target.absolute, content));
}

async function put(
  target: Located,
  text: string,
  content: Content,
  mode: number | undefined,
  undo: Undo[],
): Promise<void> {
  const created = await mkdir(dirname(target.absolute), { recursive: true });
  if (created !== undefined) undo.push(() => removeFolders(created, dirname(target.absolute)));
  await replaceFile(target.absolute, text, mode);
  undo.push(() => restore(target.absolute, content));
}

/**
 * Puts a text in the place of a file in one step, with the mode and the owner of that file. What is written first, beside
 * it, always has the same name: what a killed process left there goes when the write is done again on resume.
 */
async function replaceFile(absolute: string, text: string, mode: number | undefined): Promise<void> {
  const folder = await holdFolder(dirname(absolute));
  const target = join(folder.path, basename(absolute));
  const beside = join(folder.path, `.${basename(absolute)}.conclave-new`);
  try {
    const before = await stat(target).catch(ignoreMissing);
    // Never written through: it could be a link that leads elsewhere.
    await rm(beside, { force: true });
    const handle = await open(beside, 'wx', mode ?? 0o666);
    try {
      await handle.writeFile(text);
      if (before !== undefined) await handle.chown(before.uid, before.gid).catch(ignoreForeignOwner);
      if (mode !== undefined) await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, target);
  } catch (error) {
    // What went wrong first is what counts.
    await rm(beside, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    await folder.release();
  }
}

/** Without atomicity: where the disk is full there is no room for a second copy. */
async function restore(absolute: string, content: Content): Promise<void> {
  if (content.kind === 'file') {
    const now = await readFile(absolute).catch(ignoreMissing);
    if (now?.equals(content.bytes)) return;
    await writeFile(absolute, content.bytes, { mode: content.mode });
    await chmod(absolute, content.mode);
  } else {
    await unlink(absolute).catch(ignoreMissing);
  }
}

/** @returns what could not be put back, in the system's words */
async function rollBack(undo: readonly Undo[]): Promise<string[]> {
  const failed: string[] = [];
  for (const step of [...undo].reverse()) {
    try {
      await step();
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  return failed;
}

/** Removes `last` and the folders above it, up to `first`, that we made ourselves. */
async function removeFolders(first: string, last: string): Promise<void> {
  for (let folder = last; folder.length >= first.length; folder = dirname(folder))
    await rmdir(folder).catch(ignoreMissing);
}

/** Removes the folder, and those above it inside the workspace, as far as they are empty. */
export async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let current = folder; current !== root && current.startsWith(join(root, '/')); current = dirname(current)) {
    try {
      await rmdir(current);
    } catch (error) {
      const code = errorCode(error) ?? '';
      if (code === 'ENOENT') continue;
      // Not empty, or not ours to remove. All files are written by now, and an empty folder left behind harms nobody.
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EACCES', 'EPERM', 'EBUSY'].includes(code)) return;
      throw error;
    }
  }
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error;
  return undefined;
}

/** Only the superuser may give files away, and some file systems know no owners. The file is then ours, as a new one is. */
function ignoreForeignOwner(error: unknown): void {
  if (!['EPERM', 'EINVAL', 'ENOSYS'].includes(errorCode(error) ?? '')) throw error;
}
