/**
 * Reading a run's events from its segments.
 *
 * One segment a lease epoch: `events-00000003.jsonl`, JSON lines. The first line says what the segment continues:
 *
 *     {"segment":{"version":2,"epoch":3,"continues":{"epoch":2,"bytes":12345}}}
 *
 * Only that many bytes of the older segment count, so what a stopped process writes there later is never read.
 * The newest segment with a whole first line is the end of the chain; others that nobody continues do not count.
 * One that continues none may be a whole run, compacted (see compaction.ts): the older ones go while others read them.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EVENT_VERSION, openUpgrade } from '../../core/store/eventVersion.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { corrupt, eventsFrom, readLines } from './eventLines.ts';
import { errorCode } from './fileFailure.ts';
import { epochText } from './fileNames.ts';
import { isRecord, jsonFrom } from './jsonRecord.ts';

/** How far the events of a run were read. */
export interface Position {
  epoch: number;
  /** Offset in the segment's file, behind the event's line; before it where the line holds events after this one. */
  end: number;
  /** 1-based number of the line that `end` is behind. */
  line: number;
  seq: number;
  /** The next line begins with events up to this one. */
  within?: true;
}

/** The part of one segment that counts. */
export interface Span {
  epoch: number;
  path: string;
  /** Of the events in it. */
  version: number;
  /** Offset behind the first line. */
  start: number;
  /** Offset behind the last line that counts; infinite for the newest segment. */
  limit: number;
}

export function segmentPath(folder: string, epoch: number): string {
  return join(folder, `events-${epochText(epoch)}.jsonl`);
}

export function segmentHeader(epoch: number, continues: { epoch: number; bytes: number } | null): string {
  return `${JSON.stringify({ segment: { version: EVENT_VERSION, epoch, continues } })}\n`;
}

/**
 * The run's segments, oldest first.
 * @param since stop at this epoch, if it is among them; older ones are left out
 */
export async function readSpans(folder: string, since = 0): Promise<Span[]> {
  for (let before = ''; ; ) {
    const epochs = (await readdir(folder))
      .map((file) => Number(/^events-(\d+)\.jsonl$/.exec(file)?.[1] ?? 0))
      .filter((epoch) => epoch > 0)
      .sort((a, b) => b - a);
    try {
      return await spansOf(folder, epochs, since);
    } catch (error) {
      if (!(error instanceof Error) || errorCode(error) !== 'ENOENT') throw error;
      // One that went while we looked at the others was compacted together with them. Otherwise it is missing.
      if (epochs.join() === before) throw corrupt(pathOf(error), 'it is missing, but a later segment builds on it');
      before = epochs.join();
    }
  }
}

/**
 * The run's events with their positions, in order. A torn last line is left out; any other line that is no event of
 * this run, or whose seq does not rise, is a StoreError `corrupt`.
 * @param after only events behind this one
 */
export async function* readEvents(
  folder: string,
  runId: string,
  after?: Position,
): AsyncGenerator<{ event: RunEvent; position: Position }> {
  let last = after;
  for (;;) {
    const spans = await readSpans(folder, last?.epoch);
    const isThere = last !== undefined && countsIn(spans[0], last);
    const all = last === undefined || isThere ? spans : await readSpans(folder);
    try {
      for await (const read of eventsOf(all, runId, isThere ? last : undefined)) {
        if (last !== undefined && read.event.seq <= last.seq) continue;
        last = read.position;
        yield read;
      }
      return;
    } catch (error) {
      // Compacted while it was read, it is read on where its events are now.
      if (errorCode(error) !== 'ENOENT' || epochsOf(await readSpans(folder)) === epochsOf(all)) throw error;
    }
  }
}

/** Whether reading can go on behind a position. What has to be upgraded is read from the first event on. */
function countsIn(span: Span | undefined, { epoch, end }: Position): boolean {
  return span?.epoch === epoch && span.version === EVENT_VERSION && end <= span.limit;
}

function epochsOf(spans: readonly Span[]): string {
  return spans.map(({ epoch }) => epoch).join();
}

/** @param after in the first span */
async function* eventsOf(
  spans: readonly Span[],
  runId: string,
  after: Position | undefined,
): AsyncGenerator<{ event: RunEvent; position: Position }> {
  const upgrade = openUpgrade();
  let seq = after === undefined || after.within ? 0 : after.seq;
  let line = after?.line ?? 1;
  let start = after?.end;
  for (const span of spans) {
    let end = start ?? span.start;
    let torn = false;
    for await (const read of readLines(span.path, end, span.limit)) {
      if (torn) throw corrupt(span.path, `line ${line} is no event of this run`);
      line += 1;
      const events = eventsFrom(read.text, runId);
      if (events === undefined) {
        torn = true;
        continue;
      }
      const before = { epoch: span.epoch, end, line: line - 1, within: true } as const;
      end = read.end;
      const behind = { epoch: span.epoch, end, line };
      for (const [index, event] of events.entries()) {
        if (event.seq <= seq) throw corrupt(span.path, `line ${line} has seq ${event.seq} after seq ${seq}`);
        seq = event.seq;
        const isLast = index === events.length - 1;
        yield { event: upgrade(event, span.version), position: { ...(isLast ? behind : before), seq } };
      }
    }
    if (span.limit !== Number.POSITIVE_INFINITY && end !== span.limit) {
      throw corrupt(span.path, `line ${line + (torn ? 0 : 1)} is torn or missing, but a later segment builds on it`);
    }
    line = 1;
    start = undefined;
  }
}

async function spansOf(folder: string, epochs: readonly number[], since: number): Promise<Span[]> {
  for (const epoch of epochs) {
    const newest = await readHeader(segmentPath(folder, epoch), epoch);
    // A torn first line: its process ended before it wrote any event.
    if (newest !== 'torn') return readChain(folder, newest, since);
  }
  return [];
}

interface Header {
  version: number;
  epoch: number;
  continues: { epoch: number; bytes: number } | null;
  /** Offset behind the line. */
  end: number;
}

async function readChain(folder: string, newest: Header, since: number): Promise<Span[]> {
  const spans: Span[] = [spanFrom(folder, newest, Number.POSITIVE_INFINITY)];
  let header = newest;
  while (header.continues !== null && header.epoch !== since) {
    const { epoch: older, bytes } = header.continues;
    const path = segmentPath(folder, older);
    const next = await readHeader(path, older);
    if (next === 'torn') throw corrupt(path, 'its first line is torn, but a later segment builds on it');
    spans.unshift(spanFrom(folder, next, bytes));
    header = next;
  }
  return spans;
}

function spanFrom(folder: string, { epoch, version, end }: Header, limit: number): Span {
  return { epoch, path: segmentPath(folder, epoch), version, start: end, limit };
}

async function readHeader(path: string, epoch: number): Promise<Header | 'torn'> {
  const lines = readLines(path, 0, Number.POSITIVE_INFINITY);
  try {
    const first = await lines.next();
    if (first.done) return 'torn';
    const header = headerFrom(first.value.text, path, epoch);
    if (header !== undefined) return { ...header, end: first.value.end };
    if ((await lines.next()).done) return 'torn';
    throw corrupt(path, 'line 1 is no segment header');
  } finally {
    await lines.return(undefined);
  }
}

function headerFrom(text: string, path: string, expected: number): Omit<Header, 'end'> | undefined {
  const value = jsonFrom(text);
  if (!isRecord(value) || !isRecord(value.segment)) return undefined;
  const { version, epoch, continues } = value.segment;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) return undefined;
  if (version > EVENT_VERSION) {
    throw new StoreError(
      'corrupt',
      `${path} was written by a newer version of Conclave (format ${version}; this one reads ${EVENT_VERSION}).`,
      'Update Conclave, or open the run with the version that wrote it.',
    );
  }
  if (epoch !== expected) return undefined;
  if (continues === null) return { version, epoch: expected, continues };
  if (!isRecord(continues) || typeof continues.epoch !== 'number' || typeof continues.bytes !== 'number')
    return undefined;
  // Always an older one: a chain cannot be a ring.
  if (continues.epoch >= expected) return undefined;
  return { version, epoch: expected, continues: { epoch: continues.epoch, bytes: continues.bytes } };
}

function pathOf(error: Error): string {
  return 'path' in error && typeof error.path === 'string' ? error.path : 'a segment';
}
