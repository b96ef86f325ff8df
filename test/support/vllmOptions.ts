import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a version of `vllm serve` knows. */
export const vllmOptionsSchema = z.object({
  version: z.string(),
  /** Choices by long name; null where anything goes. */
  options: z.record(z.string(), z.array(z.string()).nullable()),
  toolParsers: z.array(z.string()),
  reasoningParsers: z.array(z.string()),
});
export type VllmOptions = z.infer<typeof vllmOptionsSchema>;

/** What was asked of vLLM itself, once: `npx tsx test/realModels/vllmOptions.ts` asks again, a test there compares. */
export const VLLM_OPTIONS = 'test/fixtures/vllmOptions.json';

export function knownOptions(): VllmOptions {
  return vllmOptionsSchema.parse(JSON.parse(readFileSync(VLLM_OPTIONS, 'utf8')));
}

/** What of a configuration that version does not know: a sentence each. */
export function unknownIn(config: Record<string, unknown>, known: VllmOptions): string[] {
  const parsers = { 'tool-call-parser': known.toolParsers, 'reasoning-parser': known.reasoningParsers };
  const choices: Record<string, string[] | null> = { ...known.options, ...parsers };
  return Object.entries(config).flatMap(([name, value]) => {
    if (known.options[name] === undefined) return [`there is no --${name}`];
    return choices[name]?.includes(String(value)) === false ? [`--${name} cannot be ${value}`] : [];
  });
}
