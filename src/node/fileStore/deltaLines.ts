/**
 * Deltas that follow each other, as one line of a compacted segment. What is the same in all of them stands there once;
 * read back, they are the very events that they were.
 *
 *     {"deltas":{"runId":"…","at":"…","sources":[{"type":"agent.delta","role":"coder",…}],"parts":[[0,17,250,"text"],…]}}
 *
 * A part: which source, seq, milliseconds after `at`, text.
 */
import { type DeltaEvent, isDelta } from '../../core/store/deltaBuffers.ts';
import type { RunEvent } from '../../shared/events.ts';
import { isRecord } from './jsonRecord.ts';

/** UTF-16 units of text that a line gathers: short enough to be read again from its start. */
const LENGTH = 16 * 1024;

type Part = [source: number, seq: number, ms: number, delta: string];

/** The lines, without line ends, that say the same as the events. */
export async function* compactLines(events: AsyncIterable<RunEvent>): AsyncGenerator<string> {
  let gathered: DeltaEvent[] = [];
  let length = 0;
  for await (const event of events) {
    const fits = isJoinable(event) && length < LENGTH;
    if (!fits) {
      yield* linesOf(gathered);
      gathered = [];
      length = 0;
    }
    if (isJoinable(event)) {
      gathered.push(event);
      length += event.delta.length;
    } else yield JSON.stringify(event);
  }
  yield* linesOf(gathered);
}

/** The events of a line of deltas; undefined where it is none. */
export function deltasFrom(line: unknown): unknown[] | undefined {
  if (!isRecord(line) || !isRecord(line.deltas)) return undefined;
  const { runId, at, sources, parts } = line.deltas;
  const begun = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  if (!Array.isArray(sources) || !sources.every(isRecord) || !Array.isArray(parts) || Number.isNaN(begun))
    return undefined;
  if (!parts.every((part) => isPart(part, sources.length))) return undefined;
  return (parts as Part[]).map(([source, seq, ms, delta]) => ({
    ...sources[source],
    delta,
    runId,
    seq,
    at: new Date(begun + ms).toISOString(),
  }));
}

function isJoinable(event: RunEvent): event is DeltaEvent {
  // Others cannot be made up again from the milliseconds.
  return isDelta(event) && event.step === undefined && isTime(event.at);
}

function isTime(at: string): boolean {
  const time = new Date(at);
  return !Number.isNaN(time.getTime()) && time.toISOString() === at;
}

function linesOf(events: readonly DeltaEvent[]): string[] {
  const [first] = events;
  if (first === undefined) return [];
  if (events.length === 1) return [JSON.stringify(first)];
  const begun = Date.parse(first.at);
  const sources = new Map<string, number>();
  const parts = events.map(({ runId: _, seq, at, delta, ...source }): Part => {
    const key = JSON.stringify(source);
    if (!sources.has(key)) sources.set(key, sources.size);
    return [sources.get(key) ?? 0, seq, Date.parse(at) - begun, delta];
  });
  const distinct = [...sources.keys()].map((key) => JSON.parse(key) as unknown);
  return [JSON.stringify({ deltas: { runId: first.runId, at: first.at, sources: distinct, parts } })];
}

function isPart(part: unknown, sources: number): boolean {
  if (!Array.isArray(part)) return false;
  const [source, seq, ms, delta] = part as unknown[];
  return isIndex(source, sources) && Number.isSafeInteger(seq) && Number.isSafeInteger(ms) && typeof delta === 'string';
}

function isIndex(value: unknown, length: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < length;
}
