import { lstatSync, type Stats } from 'node:fs';
import { errorCode } from '../paths.ts';

/** By what a changed file is known without reading it. Times are milliseconds since 1970. */
export interface Stamp {
  bytes: number;
  mtimeMs: number;
  ctimeMs: number;
  ino: number;
}

export function stampOf({ size, mtimeMs, ctimeMs, ino }: Stats): Stamp {
  return { bytes: size, mtimeMs, ctimeMs, ino };
}

export function isSameStamp(one: Stamp, other: Stamp): boolean {
  return (
    one.bytes === other.bytes && one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs && one.ino === other.ino
  );
}

/**
 * Whether a change after `lookedAt` would have given another stamp: the clocks of file systems tick, and what is changed
 * twice within a tick has the same stamp both times.
 */
export function isSettled({ mtimeMs, ctimeMs }: Stamp, lookedAt: number): boolean {
  // Whole milliseconds are the mark of a file system with a coarse clock: FAT's ticks every two seconds.
  const tick = Number.isInteger(mtimeMs) ? 2100 : 50;
  return Math.max(mtimeMs, ctimeMs) < lookedAt - tick;
}

/** @returns undefined where there is nothing, or nothing that may be looked at */
export function lookAt(absolute: string): Stats | undefined {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOTDIR' || code === 'EACCES' || code === 'ENOENT') return undefined;
    throw error;
  }
}
