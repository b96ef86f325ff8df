import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type RedisServer, startRedisServer } from './redisServer.ts';

export interface RedisCluster {
  nodes: readonly RedisServer[];
  /** Of one of the nodes, which knows the others. */
  url: string;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** Three masters on this machine, as `redis-cli --cluster create` would join them. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(
    [0, 1, 2].map(() => startRedisServer({ config: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] })),
  );
  const clients = nodes.map(({ url }) => new Redis(url));
  try {
    for (const [index, client] of clients.entries()) {
      const first = Math.ceil((index * SLOTS) / nodes.length);
      const behind = Math.ceil(((index + 1) * SLOTS) / nodes.length);
      await client.call('CLUSTER', 'ADDSLOTSRANGE', first, behind - 1);
      // Or two of them would claim to be the newest.
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      for (const { port, bus } of nodes) await client.call('CLUSTER', 'MEET', '127.0.0.1', port, bus);
    }
    for (const client of clients) {
      const isWhole = async (): Promise<boolean> => /cluster_state:ok/.test(String(await client.cluster('INFO')));
      while (!(await isWhole())) await sleep(50);
    }
  } finally {
    for (const client of clients) client.disconnect();
  }
  return {
    nodes,
    url: nodes[0]?.url ?? '',
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}
