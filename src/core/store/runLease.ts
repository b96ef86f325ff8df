import type { Lease } from '../ports.ts';

const PREFIX = 'run/';

/** The name of the lease that guards a run's events. */
export function runLeaseName(runId: string): string {
  return PREFIX + runId;
}

/** The run that the lease of this name guards; undefined for any other. */
export function runIdIn(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}

/** The run that a lease guards. Any other lease is a programming error: it gives no right to append. */
export function runIdFrom(lease: Lease): string {
  const runId = runIdIn(lease.name);
  if (runId === undefined) throw new Error(`The lease "${lease.name}" is not the lease of a run.`);
  return runId;
}
