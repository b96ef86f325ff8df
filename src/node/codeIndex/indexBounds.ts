import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../isAlive.ts';

/** What the indexes of all workspaces may have on disk together, in bytes. */
const TOTAL = 1024 * 1024 * 1024;

/**
 * Removes the indexes that were written longest ago, until the others are within the bound. Those in use stay.
 * @param all absolute path of the folder of all indexes
 * @param current absolute path of the one that has just been written
 */
export function makeRoom(all: string, current: string, total = TOTAL): void {
  const indexes = namesIn(all)
    .map((name) => measured(join(all, name)))
    .sort((one, other) => one.at - other.at);
  let sum = indexes.reduce((bytes, index) => bytes + index.bytes, 0);
  for (const index of indexes) {
    if (sum <= total) return;
    if (index.dir === current || isUsed(index.dir)) continue;
    rmSync(index.dir, { recursive: true, force: true });
    sum -= index.bytes;
  }
}

function measured(dir: string): { dir: string; bytes: number; at: number } {
  let bytes = 0;
  let at = 0;
  for (const name of namesIn(dir)) {
    const found = statSync(join(dir, name), { throwIfNoEntry: false });
    if (!found?.isFile()) continue;
    bytes += found.size;
    at = Math.max(at, found.mtimeMs);
  }
  return { dir, bytes, at };
}

function isUsed(dir: string): boolean {
  return namesIn(join(dir, 'spill')).some((name) => isAlive(Number(name.split('-')[0])));
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
