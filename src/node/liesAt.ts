import { readlinkSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, realpath } from 'node:fs/promises';

/**
 * Whether an open file is the one at a real path. Linux says where an open file lies; elsewhere it is looked at again:
 * that no link is on the way, before and after it is seen to be the same file.
 */
export async function liesAt(real: string, handle: FileHandle, found: Stats): Promise<boolean> {
  if (process.platform === 'linux') {
    const place = placeOf(handle.fd);
    // A file that was replaced meanwhile was there when it was opened.
    if (place !== undefined) return place === real || place === `${real} (deleted)`;
  }
  for (const look of ['before', 'after'] as const) {
    const path = await realpath(real).catch(() => undefined);
    if (path?.normalize() !== real.normalize()) return false;
    if (look === 'after') break;
    const now = await lstat(real).catch(() => undefined);
    if (now?.dev !== found.dev || now.ino !== found.ino) return false;
  }
  return true;
}

/** undefined where /proc is not there. At once: nothing is read from a disk. */
function placeOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
