import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode } from './paths.ts';

/** What is found where a file should be. */
export type PlainFile =
  | { kind: 'bytes'; bytes: Buffer }
  | { kind: 'missing' }
  | { kind: 'directory' }
  /** A pipe, a device, a socket. */
  | { kind: 'special' }
  | { kind: 'tooLarge'; bytes: number }
  | { kind: 'denied' };

/**
 * Reads a plain file, and nothing else: a pipe never makes us wait, a device is not read, and no file is read that is
 * larger than `most` bytes, not even one that grows meanwhile. The one way to open what others have named.
 *
 * Rejects where the disk fails.
 * @param options.follow false: a symbolic link is refused (by the system's ELOOP), where the system can do that
 */
export async function readPlainFile(
  file: string,
  most: number,
  options: { follow: boolean } = { follow: true },
): Promise<PlainFile> {
  const noFollow = options.follow ? 0 : (constants.O_NOFOLLOW ?? 0);
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'denied' };
    // Some systems open no folder; no system opens a socket or a device without a driver.
    if (code === 'EISDIR') return { kind: 'directory' };
    if (code === 'ENXIO' || code === 'ENODEV' || code === 'EOPNOTSUPP') return { kind: 'special' };
    throw error;
  }
  try {
    const found = await handle.stat();
    if (found.isDirectory()) return { kind: 'directory' };
    if (!found.isFile()) return { kind: 'special' };
    if (found.size > most) return { kind: 'tooLarge', bytes: found.size };
    const bytes = await readAtMost(handle, most + 1);
    return bytes.length > most ? { kind: 'tooLarge', bytes: bytes.length } : { kind: 'bytes', bytes };
  } finally {
    await handle.close();
  }
}

/** What stands in the way of reading, in words that go on after the file's name: "is a folder; expected …". */
export function unreadableFile(found: Exclude<PlainFile, { kind: 'bytes' }>, expected: string, most: number): string {
  switch (found.kind) {
    case 'missing':
      return `is not there; expected ${expected}`;
    case 'directory':
      return `is a folder; expected ${expected}`;
    case 'special':
      return `is a pipe, a device or a socket; expected ${expected}`;
    case 'tooLarge':
      return `has ${found.bytes} bytes, more than ${most}; expected ${expected}`;
    case 'denied':
      return 'cannot be read by this user; check its permissions';
    default:
      return found satisfies never;
  }
}

/** Some files (in /proc) say that they are empty and are not; so it is read to the end, and no further than `most`. */
async function readAtMost(handle: FileHandle, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < most) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(most - length, 64 * 1024)));
    if (bytesRead === 0) break;
    pieces.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(pieces);
}
