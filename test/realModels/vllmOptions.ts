/** What vLLM itself knows and takes. `npx tsx test/realModels/vllmOptions.ts` writes it down for tests without vLLM. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { pythonIn } from '../support/python.ts';
import { VLLM_OPTIONS, type VllmOptions, vllmOptionsSchema } from '../support/vllmOptions.ts';
import { fetchVllm, OFFLINE } from './vllm.ts';

const answer = vllmOptionsSchema.extend({ refusals: z.record(z.string(), z.string().nullable()) });

/**
 * Half a minute: vLLM takes its time to be imported.
 * @param configs files for its --config
 * @returns `refusals`: by file, what vLLM said against it
 * @throws RegistryUnreachable
 */
export async function askVllm(configs: readonly string[]): Promise<z.infer<typeof answer>> {
  const argv = [resolve('test/realModels/vllmOptions.py'), ...configs];
  const { stdout } = await execa(pythonIn(await fetchVllm()), argv, { env: OFFLINE });
  return answer.parse(JSON.parse(stdout));
}

/** As it is kept in a file. */
export function optionsText({ version, options, toolParsers, reasoningParsers }: VllmOptions): string {
  const lines = Object.entries(options).map(
    ([name, choices]) => `    ${JSON.stringify(name)}: ${JSON.stringify(choices)}`,
  );
  const parsers = { toolParsers, reasoningParsers };
  const rest = Object.entries(parsers).map(([name, all]) => `  ${JSON.stringify(name)}: ${JSON.stringify(all)}`);
  return `{\n  "version": "${version}",\n  "options": {\n${lines.join(',\n')}\n  },\n${rest.join(',\n')}\n}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(VLLM_OPTIONS, optionsText(await askVllm([])));
}
