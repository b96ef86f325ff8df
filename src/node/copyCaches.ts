import { lstat, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { forEachAtOnce } from './atOnce.ts';
import { missingIsUndefined } from './copiedFiles.ts';
import type { CopyBounds, FoundCopy } from './copyBounds.ts';
import { removeTree } from './removeTree.ts';

/** What test runners keep for the next copies of a workspace (downloads, build results): a folder beside the copies. */
export function cacheFolder(dir: string): string {
  return join(dir, 'cache');
}

/**
 * Measures the cache of a folder of copies and writes the sum down beside it: whoever counts all of them must not walk
 * through each. Called when a copy is thrown away, because its tests may have added to the cache.
 */
export async function measureCache(dir: string): Promise<void> {
  await writeFile(sumFile(dir), String(await bytesIn(cacheFolder(dir))));
}

/**
 * Removes caches where they and the copies would be too much together, those that were used longest ago first. One beside
 * a copy that is there stays: its tests may be reading it.
 * @returns the bytes of the caches that are left
 */
export async function dropCaches(
  folders: readonly string[],
  copies: readonly FoundCopy[],
  bytes: number,
  { allBytes }: CopyBounds,
): Promise<number> {
  const caches = (await Promise.all(folders.map(cacheOf))).filter((cache) => cache !== undefined);
  const inUse = new Set(copies.map(({ path }) => dirname(path)));
  const room = allBytes - bytes - copies.reduce((sum, copy) => sum + copy.bytes, 0);
  let left = caches.reduce((sum, cache) => sum + cache.bytes, 0);
  for (const cache of caches.toSorted((one, other) => one.usedAt - other.usedAt)) {
    if (left <= room) break;
    if (inUse.has(cache.dir)) continue;
    await removeTree(cacheFolder(cache.dir));
    await removeTree(sumFile(cache.dir));
    left -= cache.bytes;
  }
  return left;
}

function sumFile(dir: string): string {
  return join(dir, 'cache-bytes');
}

/** Undefined where none was measured yet. */
async function cacheOf(dir: string): Promise<{ dir: string; bytes: number; usedAt: number } | undefined> {
  const file = sumFile(dir);
  const sum = Number(await readFile(file, 'utf8').catch(missingIsUndefined));
  const written = await stat(file).catch(missingIsUndefined);
  // Another process is about to write it, or has just removed it.
  if (Number.isNaN(sum) || written === undefined) return undefined;
  return { dir, bytes: sum, usedAt: written.mtimeMs };
}

/** What cannot be looked at counts nothing: a sum must not stop a run. */
async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
  await forEachAtOnce(16, names, async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += await bytesIn(path);
    else sum += (await lstat(path).catch(() => undefined))?.size ?? 0;
  });
  return sum;
}
