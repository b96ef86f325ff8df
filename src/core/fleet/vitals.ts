import type { Vitals } from '../../shared/fleet.ts';
import { metricSum, RUNNING, WAITING } from '../models/metricsText.ts';

/** The counters of a server at one time; those that it does not show are absent. */
export interface Look {
  /** Milliseconds since 1970. */
  at: number;
  running: number;
  waiting: number;
  kvUse?: number;
  /** Totals since the server was started, in tokens. */
  asked?: number;
  cached?: number;
  read?: number;
  written?: number;
  /** First tokens, and the seconds that were waited for all of them together. */
  firsts?: number;
  firstSeconds?: number;
}

const KV_USE = ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc', 'llamacpp:kv_cache_usage_ratio'];
/** Counters, by what they are to us. */
const TOTALS = {
  read: ['vllm:prompt_tokens_total', 'llamacpp:prompt_tokens_total'],
  written: ['vllm:generation_tokens_total', 'llamacpp:tokens_predicted_total'],
  firsts: ['vllm:time_to_first_token_seconds_count'],
  firstSeconds: ['vllm:time_to_first_token_seconds_sum'],
} as const;

/** Reads a page of metrics (vLLM's, llama.cpp's); undefined where it is none of theirs. */
export function readLook(text: string, at: number): Look | undefined {
  const running = metricSum(text, RUNNING);
  if (running === undefined) return undefined;
  const look: Look = { at, running, waiting: metricSum(text, WAITING) ?? 0, ...prefixTotals(text) };
  const kvUse = metricSum(text, KV_USE);
  if (kvUse !== undefined) look.kvUse = kvUse;
  for (const [key, names] of Object.entries(TOTALS) as [keyof typeof TOTALS, readonly string[]][]) {
    const total = metricSum(text, names);
    if (total !== undefined) look[key] = total;
  }
  return look;
}

/** llama.cpp counts what it computed and what it found in its cache; vLLM what it looked for and what it found. */
function prefixTotals(text: string): Pick<Look, 'asked' | 'cached'> {
  const asked = metricSum(text, ['vllm:prefix_cache_queries_total']);
  const cached = metricSum(text, ['vllm:prefix_cache_hits_total']);
  if (asked !== undefined && cached !== undefined) return { asked, cached };
  const computed = metricSum(text, ['llamacpp:prompt_tokens_total']);
  const found = metricSum(text, ['llamacpp:prompt_tokens_cached_total']);
  return computed === undefined || found === undefined ? {} : { asked: computed + found, cached: found };
}

/**
 * What a server is doing, from two looks at its counters.
 * @param before an earlier look; without one, or where the server was started anew in between, there are no rates
 */
export function vitalsOf(now: Look, before?: Look): Vitals {
  const vitals: Vitals = { running: now.running, waiting: now.waiting };
  if (now.kvUse !== undefined) vitals.kvUse = now.kvUse;
  if (before === undefined || now.at <= before.at || wasRestarted(now, before)) return vitals;
  const seconds = (now.at - before.at) / 1000;
  const risen = (key: keyof Look) => rise(now[key], before[key]);

  const read = risen('read');
  if (read !== undefined) vitals.reading = read / seconds;
  const written = risen('written');
  if (written !== undefined) vitals.writing = written / seconds;
  const asked = risen('asked');
  const cached = risen('cached');
  if (asked && cached !== undefined) vitals.prefixHits = Math.min(1, cached / asked);
  const firsts = risen('firsts');
  const waited = risen('firstSeconds');
  if (firsts && waited !== undefined) vitals.firstTokenMs = (waited / firsts) * 1000;
  return vitals;
}

/** Counters only rise, but for a new start. */
function wasRestarted(now: Look, before: Look): boolean {
  return (['read', 'written', 'asked', 'cached', 'firsts'] as const).some(
    (key) => (rise(now[key], before[key]) ?? 0) < 0,
  );
}

function rise(now: number | undefined, before: number | undefined): number | undefined {
  return now === undefined || before === undefined ? undefined : now - before;
}
