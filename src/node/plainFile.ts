import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { liesAt } from './liesAt.ts';
import { isOnLocalDisk } from './localDisk.ts';
import { errorCode } from './paths.ts';

/** Files of a workspace above this many bytes are neither read as a whole nor searched. */
export const LARGEST_FILE = 2 * 1024 * 1024;

/** What is found where a file should be. */
export type PlainFile = { kind: 'bytes'; bytes: Buffer } | { kind: 'tooLarge'; bytes: number } | NoPlainFile;

export type NoPlainFile =
  | { kind: 'missing' }
  | { kind: 'directory' }
  /** A pipe, a device, a socket. */
  | { kind: 'special' }
  | { kind: 'denied' }
  /** What was opened is not what the path led to when it was resolved. */
  | { kind: 'moved' };

/**
 * Reads a plain file, and nothing else: a pipe never makes us wait, a device is not read, and no file is read that is
 * larger than `most` bytes, not even one that grows meanwhile.
 *
 * Rejects where the disk fails.
 * @param options.follow false: the path is a real one, and what is opened is what lies there, or it is `moved`: a link that
 * somebody puts there, or in the place of a folder on the way, is not followed
 */
export async function readPlainFile(
  file: string,
  most: number,
  options: { follow: boolean } = { follow: true },
): Promise<PlainFile> {
  return withPlainFile<PlainFile>(file, options, async (readAt, size) => {
    if (size > most) return { kind: 'tooLarge', bytes: size };
    const bytes = await readAtMost(readAt, most + 1, size);
    return bytes.length > most ? { kind: 'tooLarge', bytes: bytes.length } : { kind: 'bytes', bytes };
  });
}

/**
 * Fills a buffer with what an open file has at a position, as far as it goes. A thread of the system's does it, because a
 * disk may take its time; but for what is small, on a disk of this machine: to wake a thread takes longer than to read it.
 * @returns how many bytes there were; 0 at the end
 */
export type ReadAt = (into: Buffer, position: number) => Promise<number>;

const readFrom = promisify(read);
/** Bytes. */
const SMALL = 64 * 1024;
/** By the number of the device that a file is on. */
const isLocal = new Map<number, boolean>();

/**
 * Opens a plain file, and nothing else, for as long as `use` takes. The one way to open what others have named.
 *
 * Names are looked up at once: to hand each look to a thread and to wait for it takes several times as long.
 * @param use is told the file's size in bytes, as the system knows it
 */
export async function withPlainFile<Result>(
  file: string,
  options: { follow: boolean },
  use: (readAt: ReadAt, size: number) => Promise<Result>,
): Promise<Result | NoPlainFile> {
  const noFollow = options.follow ? 0 : (constants.O_NOFOLLOW ?? 0);
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'ELOOP' && !options.follow) return { kind: 'moved' };
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'denied' };
    // Some systems open no folder; no system opens a socket or a device without a driver.
    if (code === 'EISDIR') return { kind: 'directory' };
    if (code === 'ENXIO' || code === 'ENODEV' || code === 'EOPNOTSUPP') return { kind: 'special' };
    throw error;
  }
  try {
    const found = fstatSync(descriptor);
    if (found.isDirectory()) return { kind: 'directory' };
    if (!found.isFile()) return { kind: 'special' };
    if (!options.follow && !(await liesAt(file, descriptor, found))) return { kind: 'moved' };
    const isQuick = found.size <= SMALL && isOnLocalDevice(found.dev, file);
    const readAt: ReadAt = async (into, at) =>
      isQuick
        ? readSync(descriptor, into, 0, into.length, at)
        : (await readFrom(descriptor, into, 0, into.length, at)).bytesRead;
    return await use(readAt, found.size);
  } finally {
    closeSync(descriptor);
  }
}

function isOnLocalDevice(device: number, file: string): boolean {
  const known = isLocal.get(device) ?? isOnLocalDisk(file);
  isLocal.set(device, known);
  return known;
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
    case 'moved':
      return 'was moved while it was read; try again';
    case 'denied':
      return 'cannot be read by this user; check its permissions';
    default:
      return found satisfies never;
  }
}

/**
 * Some files (in /proc) say that they are empty and are not; so it is read to the end, and no further than `most`.
 * @param size as the system says: a file that is as it says is read at once
 */
async function readAtMost(readAt: ReadAt, most: number, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < most) {
    const room = Math.min(most - length, length === 0 && size > 0 ? size + 1 : 64 * 1024);
    const buffer = Buffer.allocUnsafeSlow(room);
    const bytesRead = await readAt(buffer, length);
    if (bytesRead > 0) pieces.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    // What comes short of a size that is known has ended.
    if (bytesRead === 0 || (length === size && bytesRead < room)) break;
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}
