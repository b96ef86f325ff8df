/**
 * A run written anew as one segment: what does not count is left out, deltas are joined (deltaLines.ts), and all of it
 * has today's shapes. Its events stay what they are.
 *
 * It can end at any point without harm. The new segment is written beside the others, without a lease, for it may take
 * long. It is put in their place under a lease, in a moment: whoever wants to resume the run is not kept waiting. Only
 * then do the others go; where that is not done, they do not count any more, and the next compaction takes them away.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Lease } from '../../core/ports.ts';
import { EVENT_VERSION } from '../../core/store/eventVersion.ts';
import { runLeaseName } from '../../core/store/runLease.ts';
import type { RunEvent } from '../../shared/events.ts';
import { compactLines } from './deltaLines.ts';
import { syncFolder } from './fileFailure.ts';
import type { FileLeases } from './fileLeases.ts';
import { type Position, readEvents, readSpans, segmentHeader, segmentPath } from './segments.ts';
import { writeAt } from './segmentWriter.ts';

/** The header is written last, when its epoch is known. JSON may end with spaces. */
const HEADER = 128;
const CHUNK = 256 * 1024;

/** Whether compacting would change anything. @param folder the run's */
export async function isCompact(folder: string): Promise<boolean> {
  const files = (await readdir(folder)).filter((file) => isOurs(file));
  if (files.length !== 1) return false;
  const [span, ...others] = await readSpans(folder);
  // Only a compacted one has a header of this length.
  return span?.start === HEADER && span.version === EVENT_VERSION && others.length === 0;
}

/**
 * @param signal ends it between two steps
 * @returns false where it was not done, because the run is at work or the signal came
 */
export async function compactRun(
  folder: string,
  runId: string,
  leases: FileLeases,
  signal: AbortSignal,
): Promise<boolean> {
  const beside = join(folder, `compacting-${randomBytes(6).toString('hex')}.new`);
  const handle = await open(beside, 'wx', 0o600);
  try {
    const last = await copyEvents(handle, readEvents(folder, runId), signal);
    if (last === undefined) return false;
    await handle.sync();
    const lease = await leases.acquire(runLeaseName(runId), 'a clean-up');
    if ('heldBy' in lease) return false;
    try {
      if (await hasMore(folder, runId, last)) return false;
      await writeAt(handle, Buffer.from(header(lease.epoch)), 0);
      await handle.sync();
      await handle.close();
      return await replaceSegments(folder, beside, lease, leases);
    } finally {
      await leases.release(lease);
    }
  } finally {
    await handle.close();
    await rm(beside, { force: true });
  }
}

/** @returns where the last event was; undefined where there is none, or the signal came */
async function copyEvents(
  handle: FileHandle,
  events: AsyncIterable<{ event: RunEvent; position: Position }>,
  signal: AbortSignal,
): Promise<Position | undefined> {
  let last: Position | undefined;
  async function* withoutPositions(): AsyncGenerator<RunEvent> {
    for await (const { event, position } of events) {
      last = position;
      yield event;
    }
  }
  let length = HEADER;
  let lines: string[] = [];
  let gathered = 0;
  const write = async (): Promise<void> => {
    const bytes = Buffer.from(lines.join(''));
    await writeAt(handle, bytes, length);
    length += bytes.length;
    lines = [];
    gathered = 0;
  };
  for await (const line of compactLines(withoutPositions())) {
    if (signal.aborted) return undefined;
    lines.push(`${line}\n`);
    gathered += line.length;
    if (gathered >= CHUNK) await write();
  }
  await write();
  return last;
}

/** Whether the run went on since. */
async function hasMore(folder: string, runId: string, last: Position): Promise<boolean> {
  for await (const _ of readEvents(folder, runId, last)) return true;
  return false;
}

async function replaceSegments(folder: string, beside: string, lease: Lease, leases: FileLeases): Promise<boolean> {
  if (!(await leases.isNewest(lease))) return false;
  const segment = segmentPath(folder, lease.epoch);
  await rename(beside, segment);
  await syncFolder(folder);
  // Who took the run over meanwhile may have read the others, and builds on them.
  if (!(await leases.isNewest(lease))) return false;
  // Older ones, and what compactions began: one that somebody begins from now on has a later name.
  for (const file of await readdir(folder)) {
    if (isOurs(file) && file < basename(segment)) await rm(join(folder, file), { force: true });
  }
  return true;
}

function header(epoch: number): string {
  return `${segmentHeader(epoch, null)
    .trimEnd()
    .padEnd(HEADER - 1)}\n`;
}

function isOurs(file: string): boolean {
  return /^events-\d+\.jsonl$|^compacting-.*\.new$/.test(file);
}
