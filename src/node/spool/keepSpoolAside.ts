import type { EventLog, Leases } from '../../core/ports.ts';
import { runIdFrom, runLeaseName } from '../../core/store/runLease.ts';
import { StoreError } from '../../core/store/storeError.ts';
import type { RunEvent } from '../../shared/events.ts';
import type { Spooled } from './spoolFiles.ts';

/**
 * Makes a run of its own out of what a process did while the store was away and another one had taken the run over: what
 * both have in common, and then what waited. It can be looked at and gone on with as any run.
 * @returns its id
 */
export async function keepAside(
  { log, leases }: { log: EventLog; leases: Leases },
  { lease, events }: Spooled,
): Promise<string> {
  const runId = runIdFrom(lease);
  const aside = `${runId}-aside-${lease.epoch}`;
  const granted = await leases.acquire(runLeaseName(aside), 'events that waited for the store');
  if ('heldBy' in granted) throw new Error(`Run ${aside} is held by ${granted.heldBy}.`);
  try {
    const first = events[0]?.seq ?? 0;
    const all: RunEvent[] = [];
    for await (const event of log.read(runId)) if (event.seq < first) all.push(event);
    all.push(...events);
    const known = await lastSeqOf(log, aside);
    const own = all.filter(({ seq }) => seq > known).map((event): RunEvent => ({ ...event, runId: aside }));
    await log.append(granted, own, true);
  } finally {
    await leases.release(granted);
  }
  return aside;
}

/** Zero where it is not there: an attempt before may have come so far. */
async function lastSeqOf(log: EventLog, runId: string): Promise<number> {
  let last = 0;
  try {
    for await (const { seq } of log.read(runId)) last = seq;
  } catch (error) {
    if (!(error instanceof StoreError && error.failure === 'unknownRun')) throw error;
  }
  return last;
}

/** What the process is told whose events were kept aside. */
export function wentOnElsewhere(runId: string, aside: string, events: number): StoreError {
  return new StoreError(
    'fenced',
    `Run ${runId} was taken over by another process while the store was away. What was done here meanwhile (${events} events) is kept as run ${aside}.`,
    `Follow the run where it goes on: conclave replay ${runId} --follow. Look at what was done here with: conclave replay ${aside}`,
  );
}
