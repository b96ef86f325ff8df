import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../paths.ts';
import type { FileFacts } from './fileRows.ts';
import { isSameStamp, type Stamp, stampOf } from './fileStamp.ts';
import { type FilterMaker, filterMaker, hasOddLetters } from './grams.ts';

/** Reads the files of a workspace, without waiting for others: meant for a thread of its own, or a process that has little else to do. */
export interface ContentReader {
  /** What is in a file; undefined where it is not as the stamp says any more. */
  facts(path: string, stamp: Stamp): (Pick<FileFacts, 'kind' | 'hash'> & { words?: Uint32Array }) | undefined;
  /** @returns undefined where it is not to be searched: gone, too large, binary, a link, outside. It holds until the next call */
  text(path: string, stamp: Stamp): Buffer | undefined;
}

/** Bytes that nearly all files fit into. */
const USUAL = 256 * 1024;

/**
 * @param root absolute, real path
 * @param largest bytes: files above are not read
 */
export function openContentReader(root: string, largest: number): ContentReader {
  const maker: FilterMaker = filterMaker();
  let buffer = Buffer.allocUnsafeSlow(USUAL);

  /** @returns `stamp` is that of what was read */
  function read(path: string): { bytes: Buffer; stamp: Stamp } | 'tooLarge' | 'unreadable' {
    const descriptor = openPlain(join(root, path));
    if (descriptor === undefined) return 'unreadable';
    try {
      const found = fstatSync(descriptor);
      if (!found.isFile()) return 'unreadable';
      if (found.size > largest) return 'tooLarge';
      // Room for one more, to see whether it has grown meanwhile. What a large file took is not kept for small ones.
      if (buffer.length <= found.size || buffer.length > USUAL)
        buffer = Buffer.allocUnsafeSlow(Math.max(USUAL, found.size + 1));
      let length = 0;
      for (;;) {
        const count = readSync(descriptor, buffer, length, buffer.length - length, null);
        if (count === 0) break;
        length += count;
        if (length > largest) return 'tooLarge';
        if (length === buffer.length) {
          const larger = Buffer.allocUnsafeSlow(Math.min(largest + 1, buffer.length * 2));
          buffer.copy(larger);
          buffer = larger;
        }
      }
      return { bytes: buffer.subarray(0, length), stamp: stampOf(found) };
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return 'unreadable';
    } finally {
      closeSync(descriptor);
    }
  }

  return {
    facts(path, stamp) {
      const found = read(path);
      if (typeof found === 'string') return { hash: undefined, kind: 'none' };
      if (!isSameStamp(found.stamp, stamp)) return undefined;
      const { bytes } = found;
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (bytes.includes(0)) return { hash, kind: 'none' };
      return { hash, kind: hasOddLetters(bytes) ? 'odd' : 'text', words: maker.filterOf(bytes) };
    },
    text(path, stamp) {
      const found = read(path);
      if (typeof found === 'string' || found.bytes.includes(0)) return undefined;
      // Another file than the one that was looked at: a link above it may lead elsewhere by now.
      if (found.stamp.ino !== stamp.ino && !isReal(join(root, path))) return undefined;
      return found.bytes;
    },
  };
}

function openPlain(absolute: string): number | undefined {
  try {
    return openSync(absolute, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}

function isReal(absolute: string): boolean {
  try {
    return realpathSync(absolute) === absolute;
  } catch {
    return false;
  }
}
