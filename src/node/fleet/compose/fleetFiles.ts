import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../paths.ts';
import { replaceFile } from '../../replaceFile.ts';
import { type Entries, openEntries } from '../entries.ts';

/** Conclave's own files about the containers that it starts: CONCLAVE_DATA/fleet. Only the user can read them. */
export interface FleetFiles {
  /** Writes the Compose file that is particular to this machine; another one for fetching. @returns its absolute path */
  writeCompose(text: string, purpose: 'running' | 'fetching'): Promise<string>;
  /** The password of Redis, made on first use. */
  redisPassword(): Promise<string>;
  /** Ids of containers that the user has stopped. */
  stopped: Pick<Entries<string>, 'all' | 'write' | 'remove'>;
}

/** @param folder absolute */
export function fleetFiles(folder: string): FleetFiles {
  const password = join(folder, 'redis-password');
  return {
    async writeCompose(text, purpose) {
      const file = join(folder, purpose === 'running' ? 'compose.yaml' : 'compose.fetch.yaml');
      await replaceFile(file, text);
      return file;
    },

    async redisPassword() {
      const kept = (await textOf(password))?.trim();
      if (kept) return kept;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const made = randomBytes(24).toString('base64url');
      try {
        // Not replaced: another window may have been quicker, and its Redis may run with it.
        await writeFile(password, `${made}\n`, { mode: 0o600, flag: kept === undefined ? 'wx' : 'w' });
        return made;
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
        return ((await textOf(password)) ?? '').trim();
      }
    },

    stopped: openEntries(join(folder, 'stopped'), z.string()),
  };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
