import { constants, readlinkSync, type Stats } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';

/**
 * Whether an open file is the one at a real path. Linux says where an open file lies; elsewhere it is looked at again:
 * that no link is on the way, before and after it is seen to be the same file.
 */
export async function liesAt(real: string, descriptor: number, found: Stats): Promise<boolean> {
  if (process.platform === 'linux') {
    const place = placeOf(descriptor);
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

/**
 * Keeps hold of a folder, so that what is done in it is done there, wherever its path leads meanwhile.
 * @param real its path, all symbolic links resolved
 * @returns `path`: the folder, for as long as it is held
 * @throws Error where something else is there by now
 */
export async function holdFolder(real: string): Promise<{ path: string; release(): Promise<void> }> {
  // Windows opens no folders; there, a folder in use cannot be moved so easily either.
  if (process.platform === 'win32') return { path: real, release: async () => {} };
  const moved = 'its folder was moved meanwhile';
  const handle = await open(real, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    (cause: unknown) => {
      throw new Error(moved, { cause });
    },
  );
  if (!(await liesAt(real, handle.fd, await handle.stat()))) {
    await handle.close();
    throw new Error(moved);
  }
  const path = placeOf(handle.fd) === undefined ? real : `/proc/self/fd/${handle.fd}`;
  return { path, release: () => handle.close() };
}

/** undefined where /proc is not there. At once: nothing is read from a disk. */
function placeOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
