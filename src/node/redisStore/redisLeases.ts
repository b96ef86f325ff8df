import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Leases } from '../../core/ports.ts';
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

  return {
    ttl,
    async acquire(name, holder, { takeOver } = {}) {
      const token = randomUUID();
      const words = `${holder} (process ${process.pid} on ${hostname()})`;
      const answer = await run('Taking', 'acquireLease', name, [token, words, ttl, takeOver ? 'takeOver' : '']);
      if (answer.kind === 'held') return { heldBy: answer.holder };
      return { name, epoch: answer.kind === 'done' ? Number(answer.values[0]) : Number.NaN, token };
    },
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
