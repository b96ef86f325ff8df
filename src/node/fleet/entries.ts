import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { errorCode } from '../paths.ts';
import { replaceFile } from '../replaceFile.ts';

/** What is written down under names: one file each, so that two processes can write at the same time. */
export interface Entries<T> {
  all(): Promise<T[]>;
  read(name: string): Promise<T | undefined>;
  write(name: string, entry: T): Promise<void>;
  remove(name: string): Promise<void>;
}

/**
 * @param dir absolute; made when something is written
 * @param schema what does not fit it says nothing
 */
export function openEntries<T>(dir: string, schema: z.ZodType<T>): Entries<T> {
  const fileOf = (name: string): string => join(dir, `${name}.json`);

  async function read(name: string): Promise<T | undefined> {
    try {
      return schema.safeParse(JSON.parse(await readFile(fileOf(name), 'utf8'))).data;
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  return {
    read,
    async all() {
      const files = await readdir(dir).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return [];
        throw error;
      });
      const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
      return (await Promise.all(names.map(read))).filter((entry) => entry !== undefined);
    },
    write: (name, entry) => replaceFile(fileOf(name), `${JSON.stringify(entry)}\n`),
    remove: (name) => rm(fileOf(name), { force: true, maxRetries: 3 }),
  };
}
