import { parsedJson } from '../../core/models/parsedJson.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { seqOf } from './scripts.ts';

/** An entry of a stream as the library gives it: its id, and fields and values in turn. */
export type Entry = [id: string, fields: string[]];

/** The event of an entry. @throws StoreError `corrupt` where it holds none of this run */
export function eventFrom([id, [, text = '']]: Entry, runId: string, where: string): RunEvent {
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
