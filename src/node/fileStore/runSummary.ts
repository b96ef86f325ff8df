import { stat } from 'node:fs/promises';
import type { RunSummary } from '../../core/ports.ts';
import { summaryOf } from '../../core/store/runSummaries.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import { corrupt, eventsFrom, readLines } from './eventLines.ts';
import { errorCode } from './fileFailure.ts';
import { readSpans, type Span } from './segments.ts';

const WINDOW = 64 * 1024;

/**
 * One line about a run, from its first event and the end of its log, whatever its length.
 * A run that cannot be read is summed up as "unreadable".
 *
 * @param isLive whether somebody holds the run's lease
 */
export async function summariseRun(folder: string, runId: string, isLive: () => Promise<boolean>): Promise<RunSummary> {
  try {
    const summary = await summaryFrom(folder, runId, isLive).catch((error: unknown) => {
      // Compacted while it was looked at: now it is whole again.
      if (errorCode(error) === 'ENOENT') return summaryFrom(folder, runId, isLive);
      throw error;
    });
    return summary ?? (await unreadable(folder, runId));
  } catch (error) {
    // Whatever is wrong with this run (damaged, no rights, deleted meanwhile), the others shall be listed;
    // reading the run itself tells the cause.
    if (error instanceof StoreError || (error instanceof Error && 'code' in error)) return unreadable(folder, runId);
    throw error;
  }
}

async function summaryFrom(
  folder: string,
  runId: string,
  isLive: () => Promise<boolean>,
): Promise<RunSummary | undefined> {
  const spans = await readSpans(folder);
  const last = await lastEvents(spans, runId);
  const first = await firstEvent(spans, runId);
  return first === undefined || last.length === 0 ? undefined : summaryOf(first, last, isLive);
}

async function firstEvent(spans: readonly Span[], runId: string): Promise<RunEvent | undefined> {
  for (const span of spans) {
    for await (const line of readLines(span.path, span.start, span.limit)) {
      const events = eventsFrom(line.text, runId);
      if (events === undefined) throw corrupt(span.path, 'its first event is none of this run');
      return events[0];
    }
  }
  return undefined;
}

/** Some events from the end of the log, at least one where there is any. */
async function lastEvents(spans: readonly Span[], runId: string): Promise<RunEvent[]> {
  for (const span of spans.toReversed()) {
    const events = await lastEventsOf(span, runId);
    if (events.length > 0) return events;
  }
  return [];
}

async function lastEventsOf(span: Span, runId: string): Promise<RunEvent[]> {
  const end = Math.min(span.limit, (await stat(span.path)).size);
  for (let window = WINDOW; ; window *= 8) {
    const from = Math.max(span.start, end - window);
    const texts: string[] = [];
    for await (const line of readLines(span.path, from, end)) texts.push(line.text);
    // The window opens in the middle of a line, and the last line may be torn.
    if (from > span.start) texts.shift();
    const lines = texts.map((text) => eventsFrom(text, runId));
    if (lines.length > 0 && lines.at(-1) === undefined) lines.pop();
    if (lines.includes(undefined)) throw corrupt(span.path, 'a line near its end is no event of this run');
    if (lines.length > 0 || from === span.start) return lines.flatMap((events) => events ?? []);
  }
}

async function unreadable(folder: string, runId: string): Promise<RunSummary> {
  const startedAt = await stat(folder).then(
    ({ birthtime }) => birthtime.toISOString(),
    // Not even that can be known; the run is shown last.
    () => new Date(0).toISOString(),
  );
  return { runId, startedAt, task: '', workspace: '', state: 'unreadable', lastSeq: 0 };
}
