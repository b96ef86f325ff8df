import type { RunEvent } from '../../src/shared/events.ts';

/** A run of at least `least` events: the work of a recorded one again and again, numbered through. */
export function longRun(recorded: readonly RunEvent[], runId: string, least: number): RunEvent[] {
  const [start, ...work] = recorded.filter(({ type }) => type !== 'run.finished');
  const events: RunEvent[] = start ? [{ ...start, runId }] : [];
  while (events.length < least) for (const event of work) events.push({ ...event, runId, seq: events.length + 1 });
  return events;
}
