import type { PlannedService } from './driver.ts';

type Served = NonNullable<PlannedService['serves']>;

/** What vLLM's `--config` file says for a service. Where it listens is the driver's to say. */
export function vllmConfig({ model, names, options }: Served): Record<string, unknown> {
  return { model, 'served-model-name': [...names], ...options };
}

/**
 * The arguments after `vllm` that say the same, for a server that listens on this machine only.
 * @param model another name for the same model, such as the folder where its weights are
 */
export function vllmArguments({ model, names, options }: Served, port: number, weights = model): string[] {
  const listening = { host: '127.0.0.1', port };
  const all = { 'served-model-name': [...names], ...listening, ...options };
  return ['serve', weights, ...Object.entries(all).flatMap(([name, value]) => argumentsOf(name, value))];
}

/** As vLLM itself reads them from its file. */
function argumentsOf(name: string, value: unknown): string[] {
  if (value === true) return [`--${name}`];
  if (value === false) return [`--no-${name}`];
  if (Array.isArray(value)) return [`--${name}`, ...value.map(String)];
  return [`--${name}`, typeof value === 'object' ? JSON.stringify(value) : String(value)];
}
