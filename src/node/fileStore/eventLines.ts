/** Lines of a segment's file, and the events in them. */
import { open } from 'node:fs/promises';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { deltasFrom } from './deltaLines.ts';
import { isRecord, jsonFrom } from './jsonRecord.ts';

const CHUNK = 256 * 1024;

/** The whole lines between two offsets. What follows the last line end is not yielded. */
export async function* readLines(
  path: string,
  start: number,
  limit: number,
): AsyncGenerator<{ text: string; end: number }> {
  const handle = await open(path, 'r');
  try {
    let rest = Buffer.alloc(0);
    let offset = start;
    while (offset < limit) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, limit - offset));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) return;
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const base = offset - rest.length;
      // The part before was searched already: long lines would otherwise be searched once a chunk.
      let newline = bytes.indexOf(0x0a, rest.length);
      let from = 0;
      while (newline !== -1) {
        yield { text: bytes.toString('utf8', from, newline), end: base + newline + 1 };
        from = newline + 1;
        newline = bytes.indexOf(0x0a, from);
      }
      rest = bytes.subarray(from);
      offset += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** The events of a line, at least one; undefined where it holds anything else than events of this run. */
export function eventsFrom(text: string, runId: string): RunEvent[] | undefined {
  const value = jsonFrom(text);
  const events = deltasFrom(value) ?? [value];
  return events.length > 0 && events.every((event) => isEventOf(event, runId)) ? (events as RunEvent[]) : undefined;
}

export function corrupt(path: string, what: string): StoreError {
  return new StoreError(
    'corrupt',
    `The events in ${path} are damaged: ${what}.`,
    `Restore ${path} from a backup, or delete the run and start it again.`,
  );
}

function isEventOf(value: unknown, runId: string): boolean {
  // Kinds that we do not know may come from a newer version; folds pass over them.
  return (
    isRecord(value) &&
    value.runId === runId &&
    typeof value.type === 'string' &&
    typeof value.at === 'string' &&
    typeof value.seq === 'number' &&
    Number.isSafeInteger(value.seq)
  );
}
