import type { Role } from '../../../src/shared/events.ts';
import { RANDOM_QWEN3, startVllm, whyNoVllm } from '../../realModels/vllm.ts';
import { type InOrder, sumShares } from '../../support/heldBefore.ts';

/** Tokens. */
const WINDOW = 8192;

/**
 * What a real vLLM counts of the same requests, asked in the same order: for each role, the share of prompt tokens that
 * its prefix cache had. It writes one token of each answer, so that the answers of the script are new to it.
 */
export async function countedByVllm(
  requests: readonly InOrder[],
  say: (text: string) => void,
): Promise<Map<Role, { followUps: number; later: number }>> {
  const missing = await whyNoVllm();
  if (missing !== undefined) throw new Error(`CONCLAVE_REAL_VLLM is set, but ${missing}.`);
  say('vLLM is started; it is installed first where it is not in the cache');
  const server = await startVllm(RANDOM_QWEN3, WINDOW);
  try {
    const counted: (InOrder & { tokens: number; had: number })[] = [];
    for (const request of requests) {
      const before = await counters(server.url);
      await ask(server.url, request.messages);
      const after = await counters(server.url);
      counted.push({ ...request, tokens: after.queries - before.queries, had: after.hits - before.hits });
      if (counted.length % 10 === 0) say(`vLLM: ${counted.length} of ${requests.length} requests`);
    }
    return sumShares(counted);
  } finally {
    await server.stop();
  }
}

async function ask(url: string, messages: unknown): Promise<void> {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: RANDOM_QWEN3.name, messages, max_tokens: 1, temperature: 0 }),
  });
  if (!response.ok) throw new Error(`vLLM refuses a request (HTTP ${response.status}): ${await response.text()}`);
  await response.text();
}

async function counters(url: string): Promise<{ queries: number; hits: number }> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  const counter = (name: string): number => {
    const value = new RegExp(`^vllm:${name}_total\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`vLLM shows no ${name}_total.`);
    return Number(value);
  };
  return { queries: counter('prefix_cache_queries'), hits: counter('prefix_cache_hits') };
}
