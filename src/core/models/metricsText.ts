/**
 * Reads one number out of Prometheus' text format: the sum, over all engines and models, of the first of these metrics
 * that is there.
 * @param names in order of preference: servers differ, and so do their versions
 */
export function metricSum(text: string, names: readonly string[]): number | undefined {
  for (const name of names) {
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    const values = lines.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    if (values.length > 0 && values.every(Number.isFinite)) return values.reduce((sum, value) => sum + value, 0);
  }
  return undefined;
}

/** Requests in work and in the queue, as vLLM and then llama.cpp call them. */
export const RUNNING = ['vllm:num_requests_running', 'llamacpp:requests_processing'];
export const WAITING = ['vllm:num_requests_waiting', 'llamacpp:requests_deferred'];
