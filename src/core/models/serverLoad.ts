import type { Fetch } from './unpooledFetch.ts';
import { startWatchdog } from './watchdog.ts';

/** What a server is working on, for all of its clients together. */
export interface ServerLoad {
  running: number;
  /** In its queue. */
  waiting: number;
}

/** Milliseconds. These pages are made at once; a server that takes longer has other worries. */
const PATIENCE = 2_000;

/** Names in Prometheus' text format: vLLM's, then llama.cpp's. */
const RUNNING = ['vllm:num_requests_running', 'llamacpp:requests_processing'];
const WAITING = ['vllm:num_requests_waiting', 'llamacpp:requests_deferred'];

/**
 * Looks at the pages beside the API on which servers show their load: vLLM's and llama.cpp's /metrics, and llama.cpp's
 * /slots where it was started without metrics.
 * @param where.root the server's address without /v1
 * @returns undefined where the server shows no such thing, or does not answer
 */
export async function readLoad(
  fetch: Fetch,
  { root, apiKey }: { root: URL; apiKey?: string | undefined },
  signal: AbortSignal,
): Promise<ServerLoad | undefined> {
  const page = async (name: string): Promise<string | undefined> => {
    const watchdog = startWatchdog(signal, PATIENCE, { total: PATIENCE });
    try {
      const response = await fetch(new URL(name, root), {
        signal: watchdog.signal,
        ...(apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } }),
      });
      if (response.ok) return await response.text();
      await response.body?.cancel();
    } catch {
      // Not to know is an answer too; what is wrong with the server shows where it is asked for what is needed.
      signal.throwIfAborted();
    } finally {
      watchdog.stop();
    }
    return undefined;
  };
  const metrics = await page('metrics');
  const fromMetrics = metrics === undefined ? undefined : loadInMetrics(metrics);
  if (fromMetrics !== undefined) return fromMetrics;
  const slots = await page('slots');
  return slots === undefined ? undefined : loadInSlots(slots);
}

function loadInMetrics(text: string): ServerLoad | undefined {
  const running = sumOf(text, RUNNING);
  return running === undefined ? undefined : { running, waiting: sumOf(text, WAITING) ?? 0 };
}

/** The sum over all engines and models of the first of these metrics that is there. */
function sumOf(text: string, names: readonly string[]): number | undefined {
  for (const name of names) {
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    const values = lines.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    if (values.length > 0 && values.every(Number.isFinite)) return values.reduce((sum, value) => sum + value, 0);
  }
  return undefined;
}

function loadInSlots(text: string): ServerLoad | undefined {
  try {
    const slots: unknown = JSON.parse(text);
    if (!Array.isArray(slots)) return undefined;
    const states = slots.map((slot: unknown) =>
      typeof slot === 'object' && slot !== null && 'is_processing' in slot ? slot.is_processing : undefined,
    );
    if (!states.every((state) => typeof state === 'boolean')) return undefined;
    return { running: states.filter(Boolean).length, waiting: 0 };
  } catch {
    // Not JSON: then it is another server's page of that name.
    return undefined;
  }
}
