import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { syncFolder } from './fileFailure.ts';
import { type Position, readEvents, readSpans, segmentHeader, segmentPath } from './segments.ts';

/** The segment of the newest epoch, open for writing. Calls must not overlap. */
export interface SegmentWriter {
  readonly epoch: number;
  /** Of the last event that counts, in this segment or an older one; 0 where there is none. */
  readonly lastSeq: number;
  /** Writes events with one write; after a failure none of them is in the file. */
  append(events: readonly RunEvent[], durable: boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the segment of an epoch, or starts it behind the last older event with a seq below `firstSeq`: events from
 * there on were written by a stopped process after the new holder had read the run.
 */
export async function openSegment(
  folder: string,
  runId: string,
  epoch: number,
  firstSeq: number,
): Promise<SegmentWriter> {
  if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(folder));
  const newest = (await readSpans(folder)).at(-1);
  if (newest !== undefined && newest.epoch > epoch) throw fenced(runId);
  const isOpen = newest?.epoch === epoch;

  let last: Position | undefined;
  for await (const { event, position } of readEvents(folder, runId)) {
    if (!isOpen && event.seq >= firstSeq) break;
    last = position;
  }
  // Only whole, compacted runs have several events in a line, and nobody appends to those.
  if (last?.within) throw new Error(`Event ${firstSeq} of run ${runId} would cut a line of deltas.`);
  const path = segmentPath(folder, epoch);
  // Not for appending: on Linux that would ignore the positions we write to, and so what a failed write left behind.
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    // A torn tail goes: the next event must not be glued to it.
    const length = !isOpen ? 0 : last?.epoch === epoch ? last.end : newest.start;
    await handle.truncate(length);
    if (isOpen) return segmentWriter(handle, epoch, length, last?.seq ?? 0);

    // First what is built upon, then what says so, then its name.
    if (last !== undefined) await syncFile(segmentPath(folder, last.epoch));
    const header = Buffer.from(
      segmentHeader(epoch, last === undefined ? null : { epoch: last.epoch, bytes: last.end }),
    );
    await writeAt(handle, header, 0);
    await handle.sync();
    await syncFolder(folder);
    return segmentWriter(handle, epoch, header.length, last?.seq ?? 0);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The refusal of a write by somebody who does not hold the newest lease any more. */
export function fenced(runId: string): StoreError {
  return new StoreError(
    'fenced',
    `Another process has taken over run ${runId}, so this one may not write to it any more.`,
    `Follow the run where it goes on, or see "conclave runs" for its state.`,
  );
}

function segmentWriter(handle: FileHandle, epoch: number, start: number, seq: number): SegmentWriter {
  let length = start;
  let lastSeq = seq;
  return {
    epoch,
    get lastSeq() {
      return lastSeq;
    },
    async append(events, durable) {
      const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      try {
        await writeAt(handle, bytes, length);
        if (durable) await handle.datasync();
      } catch (error) {
        // Should this fail too, opening the segment again cuts a torn line off.
        await handle.truncate(length).catch(() => undefined);
        throw error;
      }
      length += bytes.length;
      lastSeq = events.at(-1)?.seq ?? lastSeq;
    },
    close: () => handle.close(),
  };
}

export async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  // One write, unless the disk gets full within it: then the second one says so.
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
