/**
 * Events that wait on this machine until their store is back, one file a run:
 *
 *     <dir>/<runId>.jsonl     {"spool":{"version":1,"lease":{…},"pid":4711,"host":"box"}}, then an event a line
 */
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parsedJson } from '../../core/models/parsedJson.ts';
import type { Lease } from '../../core/ports.ts';
import { runIdFrom } from '../../core/store/runLease.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { eventsFrom } from '../fileStore/eventLines.ts';
import { errorCode, fileFailure, syncFolder } from '../fileStore/fileFailure.ts';
import { fileNameFrom, nameFrom } from '../fileStore/fileNames.ts';
import { isAlive } from '../isAlive.ts';

/** A store that stays away longer than this lasts stops the run. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface Spooled {
  /** Under which the events were to be written. */
  lease: Lease;
  events: RunEvent[];
}

/** The spooled events of one run, being written. */
export interface SpoolWriter {
  /** Appends whole lines. @throws StoreError `full` beyond the bound; then none of them is kept */
  append(events: readonly RunEvent[], durable: boolean): Promise<void>;
  close(): Promise<void>;
}

const headerSchema = z.object({
  spool: z.object({
    version: z.literal(1),
    lease: z.object({ name: z.string(), epoch: z.number(), token: z.string() }),
    pid: z.number(),
    host: z.string(),
  }),
});

/** Begins the spool of a run, or goes on with the one that this process has begun. */
export async function writeSpool(dir: string, lease: Lease): Promise<SpoolWriter> {
  const path = fileOf(dir, runIdFrom(lease));
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const handle = await open(path, 'a', 0o600);
    let { size } = await handle.stat();
    if (size === 0) {
      const header = `${JSON.stringify({ spool: { version: 1, lease, pid: process.pid, host: hostname() } })}\n`;
      size = await writeWhole(handle, header, 0);
      await handle.sync();
      await syncFolder(dir);
    }
    return {
      async append(events, durable) {
        const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
        if (size + Buffer.byteLength(text) > MOST_BYTES) throw tooMuch(dir);
        try {
          size = await writeWhole(handle, text, size);
          if (durable) await handle.datasync();
        } catch (error) {
          throw fileFailure(error, 'Keeping events until the store is back', dir);
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw fileFailure(error, 'Keeping events until the store is back', dir);
  }
}

/**
 * What waits of a run; undefined where nothing does. A line that is torn was never told as durable, and ends it.
 * @param whose `left`: only what a process has left that is gone
 */
export async function readSpool(dir: string, runId: string, whose: 'any' | 'left'): Promise<Spooled | undefined> {
  const lines = (await readText(fileOf(dir, runId))).split('\n');
  const header = headerSchema.safeParse(parsedJson(lines[0] ?? ''));
  if (!header.success) return undefined;
  const { lease, pid, host } = header.data.spool;
  if (whose === 'left' && host === hostname() && isAlive(pid)) return undefined;
  const events: RunEvent[] = [];
  for (const line of lines.slice(1, -1)) {
    const event = eventsFrom(line, runId);
    if (event === undefined) break;
    events.push(...event);
  }
  return { lease, events };
}

/** The runs of which something waits. */
export async function spooledRuns(dir: string): Promise<string[]> {
  try {
    const files = await readdir(dir);
    return files.flatMap((file) => (file.endsWith('.jsonl') ? (nameFrom(file.slice(0, -'.jsonl'.length)) ?? []) : []));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileFailure(error, 'Looking for events that wait for their store', dir);
  }
}

export async function dropSpool(dir: string, runId: string): Promise<void> {
  await rm(fileOf(dir, runId), { force: true });
}

function fileOf(dir: string, runId: string): string {
  return join(dir, `${fileNameFrom(runId)}.jsonl`);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw fileFailure(error, 'Reading events that wait for their store', file);
  }
}

/** @returns the size of the file then; after a failure it is as it was */
async function writeWhole(handle: FileHandle, text: string, size: number): Promise<number> {
  try {
    await handle.writeFile(text);
    return size + Buffer.byteLength(text);
  } catch (error) {
    await handle.truncate(size).catch(() => undefined);
    throw error;
  }
}

function tooMuch(dir: string): StoreError {
  return new StoreError(
    'full',
    `The store has been away for so long that more than ${MOST_BYTES / 1024 / 1024} MB of events wait for it in ${dir}.`,
    'Start the store again, then resume the run: what waits is added then.',
  );
}
