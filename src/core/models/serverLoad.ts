import { metricSum, RUNNING, WAITING } from './metricsText.ts';
import { parsedJson } from './parsedJson.ts';
import type { ServerPages } from './serverPages.ts';

/** What a server is working on, for all of its clients together. */
export interface ServerLoad {
  running: number;
  /** In its queue. */
  waiting: number;
}

/**
 * Looks at the pages beside the API on which servers show their load: vLLM's and llama.cpp's /metrics, and llama.cpp's
 * /slots where it was started without metrics.
 * @returns undefined where the server shows no such thing, or does not answer
 */
export async function readLoad(pages: ServerPages, signal: AbortSignal): Promise<ServerLoad | undefined> {
  const metrics = await pages.get('/metrics', signal);
  const fromMetrics = metrics === undefined ? undefined : loadInMetrics(metrics);
  return fromMetrics ?? loadInSlots(await pages.get('/slots', signal));
}

function loadInMetrics(text: string): ServerLoad | undefined {
  const running = metricSum(text, RUNNING);
  return running === undefined ? undefined : { running, waiting: metricSum(text, WAITING) ?? 0 };
}

function loadInSlots(page: string | undefined): ServerLoad | undefined {
  const slots = parsedJson(page);
  if (!Array.isArray(slots)) return undefined;
  const states = slots.map((slot: unknown) =>
    typeof slot === 'object' && slot !== null && 'is_processing' in slot ? slot.is_processing : undefined,
  );
  if (!states.every((state) => typeof state === 'boolean')) return undefined;
  return { running: states.filter(Boolean).length, waiting: 0 };
}
