import { parsedJson } from '../../core/models/parsedJson.ts';
import { EVENT_VERSION } from '../../core/store/eventVersion.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { seqOf } from './scripts.ts';

/** An entry of a stream as the library gives it: its id, and ["event", JSON, "version", VERSION]. */
export type Entry = [id: string, fields: string[]];

/** The version of the shape that an entry's event has. */
export function versionOf([, [, , , version]]: Entry): number {
  return Number(version ?? EVENT_VERSION);
}

/** The event of an entry, in the shape of its version. @throws StoreError `corrupt` where it holds none of this run */
export function eventFrom(entry: Entry, runId: string, where: string): RunEvent {
  const [id, [, text = '']] = entry;
  const version = versionOf(entry);
  if (version > EVENT_VERSION) {
    throw new StoreError(
      'corrupt',
      `Run ${runId} in Redis at ${where} was written by a newer version of Conclave (format ${version}; this one reads ${EVENT_VERSION}).`,
      'Update Conclave, or open the run with the version that wrote it.',
    );
  }
  const value = parsedJson(text);
  if (isEventOf(value, runId) && value.seq === seqOf(id)) return value;
  throw new StoreError(
    'corrupt',
    `The events of run ${runId} in Redis at ${where} are damaged: entry ${id} is no event of that run.`,
    'Restore the data of that server from a backup, or delete the run and start it again.',
  );
}

/** Kinds that we do not know may come from a newer version; folds pass over them. */
function isEventOf(value: unknown, runId: string): value is RunEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { runId: run, seq, type, at } = value as Record<string, unknown>;
  return run === runId && Number.isSafeInteger(seq) && typeof type === 'string' && typeof at === 'string';
}
