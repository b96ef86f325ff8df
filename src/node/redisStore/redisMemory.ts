import { boundedEntry, entryFrom, MOST_ENTRIES, MOST_PLANS, newestEntries } from '../../core/memory/entries.ts';
import type { Memory } from '../../core/ports.ts';
import type { RedisParts } from './redisLeases.ts';

/** What runs have taught, and plans, in Redis. */
export function openRedisMemory({ connection, keys, scripts }: RedisParts): Memory {
  return {
    async recall(workspace) {
      const texts = await connection.run('Reading what is remembered', (client) =>
        client.hvals(keys.memory(workspace)),
      );
      return newestEntries(texts.flatMap((text) => entryFrom(text) ?? [])).kept;
    },
    async remember(workspace, entries) {
      if (entries.length === 0) return;
      const pairs = entries.flatMap((entry) => [entry.id, JSON.stringify(boundedEntry(entry))]);
      await scripts.run('rememberEntries', 'Remembering', [keys.memory(workspace)], [MOST_ENTRIES, ...pairs]);
    },
    async forget(workspace, ids) {
      const key = keys.memory(workspace);
      await connection.run('Forgetting', async (client) => {
        if (ids === 'all') await client.unlink(key);
        else if (ids.length > 0) await client.hdel(key, ...ids);
      });
    },
    async plan(key) {
      return (await connection.run('Reading a kept plan', (client) => client.get(keys.plan(key)))) ?? undefined;
    },
    async keepPlan(key, json) {
      // First the list: a plan that is on it and not there does no harm, one that is there and not on it would stay.
      const answer = await scripts.run('listPlan', 'Keeping a plan', [keys.plans], [key, MOST_PLANS]);
      const left = answer.kind === 'done' ? answer.values : [];
      await connection.run('Keeping a plan', async (client) => {
        await client.set(keys.plan(key), json);
        for (const hash of left) await client.unlink(keys.plan(String(hash)));
      });
    },
    async forgetPlan(key) {
      await connection.run('Forgetting a plan', async (client) => {
        await client.unlink(keys.plan(key));
        await client.zrem(keys.plans, key);
      });
    },
  };
}
