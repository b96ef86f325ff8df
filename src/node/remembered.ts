import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** What the user has approved once, known by its exact text. */
export interface Remembered {
  has(what: string): Promise<boolean>;
  add(what: string): Promise<void>;
}

/**
 * Remembers texts in a file of the data folder that only the user can read: one SHA-256 (hex) a line, so that the texts
 * themselves are not kept and two processes can add at the same time.
 */
export function openRemembered(file: string): Remembered {
  return {
    async has(what) {
      return (await linesOf(file)).includes(fingerprint(what));
    },
    async add(what) {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await appendFile(file, `${fingerprint(what)}\n`, { mode: 0o600 });
    },
  };
}

function fingerprint(what: string): string {
  return createHash('sha256').update(what).digest('hex');
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n');
  } catch (error) {
    // Nothing was remembered yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
