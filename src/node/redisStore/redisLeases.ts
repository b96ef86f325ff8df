import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Lease, Leases } from '../../core/ports.ts';
import { isAlive } from '../isAlive.ts';
import type { Keys } from './keys.ts';
import type { RedisConnection } from './redisConnection.ts';
import type { ScriptAnswer, ScriptName, Scripts } from './scripts.ts';

export interface RedisLeases extends Leases {
  /** Who holds the lease now, in words for people; undefined where nobody does. */
  holder(name: string): Promise<string | undefined>;
}

/** What the parts of the store in one Redis have in common. */
export interface RedisParts {
  connection: RedisConnection;
  keys: Keys;
  scripts: Scripts;
}

/**
 * Leases in Redis, which run out by its clock. Failures are thrown as StoreError.
 * @param options.ttl milliseconds after which a holder that did not renew counts as gone; renew at least thrice in that time
 */
export function openRedisLeases({ keys, scripts }: RedisParts, options: { ttl?: number } = {}): RedisLeases {
  const ttl = options.ttl ?? 30_000;
  const run = (what: string, script: ScriptName, name: string, args?: (string | number)[]): Promise<ScriptAnswer> =>
    scripts.run(script, `${what} the lease "${name}"`, [keys.lease(name)], args);

  async function acquire(
    name: string,
    holder: string,
    how: { takeOver?: true } = {},
  ): Promise<Lease | { heldBy: string }> {
    const token = randomUUID();
    const words = `${holder} (process ${process.pid} on ${hostname()})`;
    const answer = await run('Taking', 'acquireLease', name, [token, words, ttl, how.takeOver ? 'takeOver' : '']);
    if (answer.kind === 'held') {
      // Redis cannot know that the holder is dead; on its own machine, we can.
      return isDeadHere(answer.holder) ? acquire(name, holder, { takeOver: true }) : { heldBy: answer.holder };
    }
    return { name, epoch: answer.kind === 'done' ? Number(answer.values[0]) : Number.NaN, token };
  }

  return {
    ttl,
    acquire,
    async renew({ name, epoch, token }) {
      return (await run('Renewing', 'renewLease', name, [epoch, token, ttl])).kind === 'done';
    },
    async release({ name, epoch, token }) {
      await run('Releasing', 'releaseLease', name, [epoch, token]);
    },
    async holder(name) {
      const answer = await run('Looking at', 'readHolder', name);
      const holder = answer.kind === 'done' ? answer.values[0] : undefined;
      return holder === undefined ? undefined : String(holder);
    },
  };
}

/** Whether words for a holder, as `acquire` makes them, name a process of this machine that is gone. */
function isDeadHere(words: string): boolean {
  const [, pid, host] = / \(process (\d+) on (.+)\)$/.exec(words) ?? [];
  return pid !== undefined && host === hostname() && !isAlive(Number(pid));
}
