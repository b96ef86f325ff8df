import { Redis } from 'ioredis';
import type { RunEvent } from '../../src/shared/events.ts';
import type { Persisted } from './persisted.ts';

/** The Redis store's: a stream. Nothing is cut off it: what the server has, a crash of ours leaves. */
export function persistedInRedis(url: string, prefix: string): Persisted {
  async function withClient<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(url);
    // It connects again by itself; where a server is killed meanwhile, that is what the test is about.
    client.on('error', () => {});
    try {
      return await work(client);
    } finally {
      client.disconnect();
    }
  }
  const streamOf = async (client: Redis): Promise<string | undefined> =>
    (await client.keys(`${prefix}task:{*}:events`))[0];

  return {
    events: () =>
      withClient(async (client) => {
        const stream = await streamOf(client);
        return stream === undefined ? [] : (await client.xrange(stream, '-', '+')).map(eventFrom);
      }),
    watch(isDue, then) {
      let isStopped = false;
      const watching = withClient(async (client) => {
        let stream = await streamOf(client);
        for (; stream === undefined && !isStopped; stream = await streamOf(client)) await pause(5);
        const events: RunEvent[] = [];
        for (let last = '0'; stream !== undefined && !isStopped; ) {
          const [read] = (await client.xread('BLOCK', 200, 'STREAMS', stream, last)) ?? [];
          const entries = read?.[1] ?? [];
          events.push(...entries.map(eventFrom));
          last = entries.at(-1)?.[0] ?? last;
          if (entries.length === 0 || !isDue(events)) continue;
          isStopped = true;
          then();
        }
      });
      return async () => {
        isStopped = true;
        await watching;
      };
    },
  };
}

/** An entry of a stream holds an event as JSON in its only field. */
function eventFrom([, [, text = '']]: [id: string, fields: string[]]): RunEvent {
  return JSON.parse(text) as RunEvent;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
