/**
 * Reading a run's events from its segments.
 *
 * One segment a lease epoch: `events-00000003.jsonl`, JSON lines. The first line says what the segment continues:
 *
 *     {"segment":{"version":1,"epoch":3,"continues":{"epoch":2,"bytes":12345}}}
 *
 * Only that many bytes of the older segment count, so what a stopped process writes there later is never read.
 * The newest segment with a whole first line is the end of the chain; others that nobody continues do not count.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { errorCode } from './fileFailure.ts';
import { epochText } from './fileNames.ts';

const VERSION = 1;
const CHUNK = 256 * 1024;

/** How far the events of a run were read. */
export interface Position {
  epoch: number;
  /** Offset in the segment's file, behind the event's line. */
  end: number;
  /** 1-based number of the event's line in the segment's file. */
  line: number;
  seq: number;
}

/** The part of one segment that counts. */
export interface Span {
  epoch: number;
  path: string;
  /** Offset behind the first line. */
  start: number;
  /** Offset behind the last line that counts; infinite for the newest segment. */
  limit: number;
}

export function segmentPath(folder: string, epoch: number): string {
  return join(folder, `events-${epochText(epoch)}.jsonl`);
}

export function segmentHeader(epoch: number, continues: { epoch: number; bytes: number } | null): string {
  return `${JSON.stringify({ segment: { version: VERSION, epoch, continues } })}\n`;
}

/**
 * The run's segments, oldest first.
 * @param since stop at this epoch, if it is among them; older ones are left out
 */
export async function readSpans(folder: string, since = 0): Promise<Span[]> {
  const epochs = (await readdir(folder))
    .map((file) => Number(/^events-(\d+)\.jsonl$/.exec(file)?.[1] ?? 0))
    .filter((epoch) => epoch > 0)
    .sort((a, b) => b - a);
  for (const epoch of epochs) {
    const newest = await readHeader(segmentPath(folder, epoch), epoch);
    // A torn first line: its process ended before it wrote any event.
    if (newest !== 'torn') return readChain(folder, epoch, newest, since);
  }
  return [];
}

/**
 * The run's events with their positions, in order. A torn last line is left out; any other line that is no event of
 * this run, or whose seq does not rise, is a StoreError `corrupt`.
 * @param after goes on behind this position, if it still counts, otherwise from the start
 */
export async function* readEvents(
  folder: string,
  runId: string,
  after?: Position,
): AsyncGenerator<{ event: RunEvent; position: Position }> {
  const spans = await readSpans(folder, after?.epoch);
  const first = spans[0];
  let seq = 0;
  let rest = spans;
  let line = 1;
  if (after !== undefined && first !== undefined && first.epoch === after.epoch && after.end <= first.limit) {
    rest = [{ ...first, start: after.end }, ...spans.slice(1)];
    ({ seq, line } = after);
  } else if (after !== undefined && first?.epoch === after.epoch) {
    rest = await readSpans(folder);
  }
  for (const span of rest) {
    let end = span.start;
    let torn = false;
    for await (const read of readLines(span.path, span.start, span.limit)) {
      if (torn) throw corrupt(span.path, `line ${line} is no event of this run`);
      line += 1;
      const event = eventFrom(read.text, runId);
      if (event === undefined) {
        torn = true;
        continue;
      }
      if (event.seq <= seq) throw corrupt(span.path, `line ${line} has seq ${event.seq} after seq ${seq}`);
      seq = event.seq;
      end = read.end;
      yield { event, position: { epoch: span.epoch, end, line, seq } };
    }
    if (span.limit !== Number.POSITIVE_INFINITY && end !== span.limit) {
      throw corrupt(span.path, `line ${line + (torn ? 0 : 1)} is torn or missing, but a later segment builds on it`);
    }
    line = 1;
  }
}

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

/** @returns undefined where the text is no event of this run */
export function eventFrom(text: string, runId: string): RunEvent | undefined {
  const value = jsonFrom(text);
  if (!isRecord(value)) return undefined;
  const isEvent =
    value.runId === runId &&
    typeof value.type === 'string' &&
    typeof value.at === 'string' &&
    typeof value.seq === 'number' &&
    Number.isSafeInteger(value.seq);
  // Kinds that we do not know may come from a newer version; folds pass over them.
  return isEvent ? (value as unknown as RunEvent) : undefined;
}

export function corrupt(path: string, what: string): StoreError {
  return new StoreError(
    'corrupt',
    `The events in ${path} are damaged: ${what}.`,
    `Restore ${path} from a backup, or delete the run and start it again.`,
  );
}

interface Header {
  epoch: number;
  continues: { epoch: number; bytes: number } | null;
  /** Offset behind the line. */
  end: number;
}

async function readChain(folder: string, epoch: number, newest: Header, since: number): Promise<Span[]> {
  const spans: Span[] = [
    { epoch, path: segmentPath(folder, epoch), start: newest.end, limit: Number.POSITIVE_INFINITY },
  ];
  let header = newest;
  while (header.continues !== null && header.epoch !== since) {
    const { epoch: older, bytes } = header.continues;
    const path = segmentPath(folder, older);
    const next = await readHeader(path, older).catch((error: unknown) => {
      throw errorCode(error) === 'ENOENT' ? corrupt(path, 'it is missing, but a later segment builds on it') : error;
    });
    if (next === 'torn') throw corrupt(path, 'its first line is torn, but a later segment builds on it');
    spans.unshift({ epoch: older, path, start: next.end, limit: bytes });
    header = next;
  }
  return spans;
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
  if (typeof version === 'number' && version > VERSION) {
    throw new StoreError(
      'corrupt',
      `${path} was written by a newer version of Conclave (format ${version}; this one reads ${VERSION}).`,
      'Update Conclave, or open the run with the version that wrote it.',
    );
  }
  if (epoch !== expected) return undefined;
  if (continues === null) return { epoch: expected, continues };
  if (!isRecord(continues) || typeof continues.epoch !== 'number' || typeof continues.bytes !== 'number')
    return undefined;
  // Always an older one: a chain cannot be a ring.
  if (continues.epoch >= expected) return undefined;
  return { epoch: expected, continues: { epoch: continues.epoch, bytes: continues.bytes } };
}

function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
