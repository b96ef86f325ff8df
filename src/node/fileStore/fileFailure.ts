import { open } from 'node:fs/promises';
import { StoreError } from '../../core/store/storeError.ts';

/** The code of a failed system call ("ENOENT"), or undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * A failed file operation as a StoreError that names the folder and the way out.
 * Errors that are no failed system calls (programming errors, StoreErrors) come back as they are.
 *
 * @param what what failed, as the start of a sentence: "Writing events"
 */
export function fileFailure(error: unknown, what: string, folder: string): unknown {
  const code = errorCode(error);
  if (code === undefined || error instanceof StoreError) return error;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreError(
        'full',
        `${what} failed: the disk of ${folder} is full, or its quota is used up (${code}).`,
        `Make room on the disk of ${folder} or delete old runs, then resume; or set CONCLAVE_STORE to a folder elsewhere.`,
        { cause: error },
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StoreError(
        'unreachable',
        `${what} failed: ${folder} may not be written or read (${code}).`,
        `Give this user read and write access to ${folder}, or set CONCLAVE_STORE to a folder that you may write to.`,
        { cause: error },
      );
    default:
      return new StoreError(
        'unreachable',
        `${what} failed in ${folder} (${code}).`,
        `Check that ${folder} is there and its disk works, or set CONCLAVE_STORE to a folder elsewhere.`,
        { cause: error },
      );
  }
}

/** Makes new and removed names in a folder survive a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders for syncing; its file systems keep the order of such changes by themselves.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
