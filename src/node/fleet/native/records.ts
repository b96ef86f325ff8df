import { join } from 'node:path';
import { z } from 'zod';
import { type Entries, openEntries } from '../entries.ts';

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

/** @param driver the driver's own folder, absolute; theirs in it is made when something is written */
export function openRecords(driver: string): Entries<ServerRecord> {
  return openEntries(join(driver, 'servers'), recordSchema);
}
