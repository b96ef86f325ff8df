import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from './finding.ts';
import { hubHome } from './weights.ts';

/**
 * Whether there is a token of the model hub for models that it gives to those only who have accepted their licence. It is
 * never shown.
 * @param gated models that have to be fetched still
 * @param reads what the servers find of it: containers get the variable alone
 */
export async function hubTokenFindings(
  gated: readonly string[],
  env: NodeJS.ProcessEnv,
  reads: 'variable' | 'variableOrFile',
): Promise<Finding[]> {
  if (gated.length === 0) return [];
  const what = 'Hub token';
  const models = gated.join(', ');
  if (env.HF_TOKEN) return [{ what, state: 'good', found: `HF_TOKEN is set, for ${models}` }];
  if (reads === 'variableOrFile' && env.HUGGING_FACE_HUB_TOKEN) {
    return [{ what, state: 'good', found: `HUGGING_FACE_HUB_TOKEN is set, for ${models}` }];
  }
  const file = env.HF_TOKEN_PATH || join(hubHome(env), 'token');
  const isKept = await readFile(file, 'utf8').then(
    (text) => text.trim() !== '',
    () => false,
  );
  if (isKept && reads === 'variableOrFile') return [{ what, state: 'good', found: `kept in ${file}, for ${models}` }];
  const pages = gated.map((model) => `https://huggingface.co/${model}`).join(', ');
  return [
    {
      what,
      state: 'missing',
      found: isKept
        ? `HF_TOKEN is not set, and containers do not see ${file}; ${models} wants one`
        : `there is none, and ${models} is given to those only who have accepted its licence`,
      remedy: isKept
        ? 'Set HF_TOKEN to what that file holds.'
        : `Accept it on ${pages}, and set HF_TOKEN to a token of that account.`,
    },
  ];
}
