import { isOnPath } from '../processes.ts';
import type { Finding } from './finding.ts';

/** Whether there is what starts servers without containers. It is not run: that alone would take it half a minute. */
export function vllmFinding(
  setting: string | readonly string[] | undefined,
  options: { env: NodeJS.ProcessEnv; nameOf: (key: string) => string; isMac: boolean },
): Finding {
  const { env, nameOf, isMac } = options;
  const [program = 'vllm'] = setting === undefined ? [] : [setting].flat();
  if (isOnPath(program, env)) return { what: 'vLLM', state: 'good', found: program };
  const where = /[\\/]/.test(program) ? '' : ' on PATH';
  return {
    what: 'vLLM',
    state: 'missing',
    found: `there is no program ${program}${where}`,
    remedy: `Install ${isMac ? 'vllm-metal' : 'vLLM'} (README, "The fleet"), or set ${nameOf('fleet.vllm')} to the program.`,
  };
}
