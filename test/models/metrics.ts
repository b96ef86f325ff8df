/** The numbers behind /metrics, under vLLM's names. */
import type { Engine } from './timing.ts';

export interface Finished {
  reason: 'stop' | 'length' | 'tool_calls' | 'abort' | 'error';
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Milliseconds of model time, not of the wall. */
  queue: number;
  prefill: number;
  decode: number;
}

export interface Metrics {
  /** A request holds this many tokens of the KV cache until the returned function is called. */
  hold(tokens: number): () => void;
  finish(finished: Finished): void;
  /** In Prometheus' text format. @param startedAt seconds since 1970 */
  render(engine: Engine, startedAt: number): string;
  /** Those of llama.cpp's server, under its names. */
  renderShort(engine: Engine): string;
}

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];
const HISTOGRAMS = {
  time_to_first_token_seconds: 'Time to first token.',
  inter_token_latency_seconds: 'Time between two tokens.',
  request_time_per_output_token_seconds: 'Mean time per output token of a request.',
  e2e_request_latency_seconds: 'End to end request latency.',
  request_queue_time_seconds: 'Time spent in the waiting queue.',
  request_prefill_time_seconds: 'Time spent in prefill.',
  request_decode_time_seconds: 'Time spent in decode.',
} as const;
type Histogram = keyof typeof HISTOGRAMS;

/** @param capacity tokens that the KV cache can hold */
export function createMetrics(model: string, capacity: number): Metrics {
  const labels = `engine="0",model_name="${model}"`;
  const totals = { queries: 0, hits: 0, prompt: 0, generation: 0 };
  const successes = new Map<string, number>(['stop', 'length', 'abort', 'error'].map((reason) => [reason, 0]));
  const samples = new Map<Histogram, number[]>();
  let held = 0;

  const observe = (name: Histogram, ms: number): void => {
    samples.set(name, [...(samples.get(name) ?? []), ms / 1000]);
  };

  const single = (name: string, type: 'gauge' | 'counter', help: string, value: number): string[] => [
    `# HELP vllm:${name} ${help}`,
    `# TYPE vllm:${name} ${type}`,
    `vllm:${name}{${labels}} ${value}`,
  ];

  const histogram = (name: Histogram): string[] => {
    const values = samples.get(name) ?? [];
    const upTo = (bound: number): number => values.filter((value) => value <= bound).length;
    return [
      `# HELP vllm:${name} ${HISTOGRAMS[name]}`,
      `# TYPE vllm:${name} histogram`,
      ...BUCKETS.map((bound) => `vllm:${name}_bucket{${labels},le="${bound}"} ${upTo(bound)}`),
      `vllm:${name}_bucket{${labels},le="+Inf"} ${values.length}`,
      `vllm:${name}_count{${labels}} ${values.length}`,
      `vllm:${name}_sum{${labels}} ${values.reduce((sum, value) => sum + value, 0)}`,
    ];
  };

  return {
    hold: (tokens) => {
      held += tokens;
      return () => {
        held -= tokens;
      };
    },
    finish: (finished) => {
      // vLLM counts a tool call as a stop.
      const reason = finished.reason === 'tool_calls' ? 'stop' : finished.reason;
      successes.set(reason, (successes.get(reason) ?? 0) + 1);
      totals.queries += finished.promptTokens;
      totals.hits += finished.cachedTokens;
      totals.prompt += finished.promptTokens;
      totals.generation += finished.completionTokens;
      const perToken = finished.decode / Math.max(1, finished.completionTokens);
      observe('time_to_first_token_seconds', finished.queue + finished.prefill);
      observe('inter_token_latency_seconds', perToken);
      observe('request_time_per_output_token_seconds', perToken);
      observe('e2e_request_latency_seconds', finished.queue + finished.prefill + finished.decode);
      observe('request_queue_time_seconds', finished.queue);
      observe('request_prefill_time_seconds', finished.prefill);
      observe('request_decode_time_seconds', finished.decode);
    },
    renderShort: (engine) =>
      [
        `llamacpp:requests_processing ${engine.running()}`,
        `llamacpp:requests_deferred ${engine.waiting()}`,
        `llamacpp:prompt_tokens_total ${totals.prompt - totals.hits}`,
        `llamacpp:prompt_tokens_cached_total ${totals.hits}`,
        `llamacpp:tokens_predicted_total ${totals.generation}`,
        '',
      ].join('\n'),
    render: (engine, startedAt) =>
      [
        '# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.',
        '# TYPE process_start_time_seconds gauge',
        `process_start_time_seconds ${startedAt}`,
        ...single('num_requests_running', 'gauge', 'Number of requests in model execution batches.', engine.running()),
        ...single('num_requests_waiting', 'gauge', 'Number of requests waiting to be processed.', engine.waiting()),
        ...single('kv_cache_usage_perc', 'gauge', 'KV-cache usage. 1 means 100 percent usage.', held / capacity),
        ...single('prefix_cache_queries_total', 'counter', 'Prefix cache queries, in tokens.', totals.queries),
        ...single('prefix_cache_hits_total', 'counter', 'Prefix cache hits, in tokens.', totals.hits),
        ...single('num_preemptions_total', 'counter', 'Cumulative number of preemptions.', 0),
        ...single('prompt_tokens_total', 'counter', 'Number of prefill tokens processed.', totals.prompt),
        ...single('generation_tokens_total', 'counter', 'Number of generation tokens processed.', totals.generation),
        '# HELP vllm:request_success_total Count of successfully processed requests.',
        '# TYPE vllm:request_success_total counter',
        ...[...successes].map(
          ([reason, value]) => `vllm:request_success_total{${labels},finished_reason="${reason}"} ${value}`,
        ),
        ...(Object.keys(HISTOGRAMS) as Histogram[]).flatMap(histogram),
        '',
      ].join('\n'),
  };
}
