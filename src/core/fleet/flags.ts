import { createHash } from 'node:crypto';
import type { PlannedService } from './driver.ts';

/**
 * A hash of all that a service is started with. A driver keeps it with what it starts, so that one that was started
 * otherwise is not taken for what is planned; and what a server was seen to do counts only as long as it stays the same.
 */
export function flagsOf({ serves, port, gpus, env }: PlannedService): string {
  const options = Object.entries(serves?.options ?? {}).toSorted(byName);
  const what = JSON.stringify([
    serves?.model,
    serves?.names,
    options,
    port,
    gpus,
    Object.entries(env).toSorted(byName),
  ]);
  return createHash('sha256').update(what).digest('hex').slice(0, 16);
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}
