import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../paths.ts';
import { replaceFile } from '../../replaceFile.ts';

const recordSchema = z.object({
  name: z.string(),
  /** Of the first process, which leads a process group. */
  pid: z.int().positive(),
  /** See processIdentity. */
  identity: z.string(),
  /** See bootId. */
  boot: z.string().optional(),
  /** See flagsOf. */
  flags: z.string().optional(),
  /** When it was started. ISO 8601. */
  since: z.iso.datetime(),
  end: z
    .discriminatedUnion('kind', [
      /** We were told to stop it. */
      z.object({ kind: z.literal('stopped') }),
      /** It ended by itself; the code is null where nobody was there to see it, and 128 and the signal's number for one. */
      z.object({ kind: z.literal('ended'), code: z.int().nullable() }),
    ])
    .optional(),
});

/** What is written down of a server that was started: it outlives us. */
export type ServerRecord = z.infer<typeof recordSchema>;

/** One file a service, so that two processes can write at the same time. */
export interface ServerRecords {
  all(): Promise<ServerRecord[]>;
  read(name: string): Promise<ServerRecord | undefined>;
  write(record: ServerRecord): Promise<void>;
  remove(name: string): Promise<void>;
}

/** @param driver the driver's own folder, absolute; theirs in it is made when something is written */
export function openRecords(driver: string): ServerRecords {
  const dir = join(driver, 'servers');
  const fileOf = (name: string): string => join(dir, `${name}.json`);

  async function read(name: string): Promise<ServerRecord | undefined> {
    try {
      // What is no record of ours says nothing of a process that is.
      return recordSchema.safeParse(JSON.parse(await readFile(fileOf(name), 'utf8'))).data;
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  return {
    read,
    async all() {
      const names = await readdir(dir).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return [];
        throw error;
      });
      const records = names
        .filter((file) => file.endsWith('.json'))
        .map((file) => read(file.slice(0, -'.json'.length)));
      return (await Promise.all(records)).filter((record) => record !== undefined);
    },
    write: (record) => replaceFile(fileOf(record.name), `${JSON.stringify(record)}\n`),
    remove: (name) => rm(fileOf(name), { force: true, maxRetries: 3 }),
  };
}
