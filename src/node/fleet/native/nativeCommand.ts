import { realpath, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { DriverError, type FetchProgress, type PlannedService } from '../../../core/fleet/driver.ts';
import { startProgress } from '../../../core/fleet/startProgress.ts';
import { vllmArguments } from '../../../core/fleet/vllmConfig.ts';
import { whyEnded } from '../../../core/fleet/whyEnded.ts';
import { childEnvironment } from '../../childEnvironment.ts';
import { nodeProcesses } from '../../processes.ts';
import type { NativeCommand, NativeParts } from './nativeDriver.ts';

/** What native servers are started with. */
export interface NativeSettings {
  /** A program, or a command that the arguments of `vllm` are put after; `vllm` where absent. */
  vllm?: string | readonly string[] | undefined;
  /** A folder with models as ORG/NAME. */
  weights?: string | undefined;
  env: NodeJS.ProcessEnv;
  /** Absolute; where programs are run. */
  cwd: string;
}

/** How the services of a profile without containers are started, and how their weights are fetched ahead: by vLLM's own Python. */
export function nativeCommands(settings: NativeSettings): Pick<NativeParts, 'commandFor' | 'fetchWeights'> {
  const command: readonly string[] = typeof settings.vllm === 'string' ? [settings.vllm] : (settings.vllm ?? ['vllm']);

  async function commandFor(service: PlannedService): Promise<NativeCommand> {
    const { serves, port, env } = service;
    if (serves === undefined) {
      throw new DriverError(
        `${service.name} is no model server, and only those run without containers.`,
        'Start it by a profile with containers.',
      );
    }
    const weights = await folderOf(serves.model, settings.weights);
    return {
      argv: [...command, ...vllmArguments(serves, port, weights)],
      env: serverEnvironment(settings.env, { isLocal: weights !== undefined, extra: env }),
    };
  }

  async function fetchWeights(
    { name, serves }: PlannedService,
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (serves === undefined) return;
    const what = `weights of ${serves.model}`;
    const told = (percent?: number): void =>
      onProgress({ service: name, what, ...(percent === undefined ? {} : { percent }) });
    if ((await folderOf(serves.model, settings.weights)) !== undefined) return told(100);
    told();
    const python = await pythonOf(command, settings.env);
    if (python === undefined) {
      throw new DriverError(
        `The ${what} cannot be fetched: the Python of ${command.join(' ')} was not found.`,
        `Fetch them yourself with: hf download ${serves.model}`,
      );
    }
    const { exitCode, output } = await nodeProcesses().run(
      [
        python,
        '-c',
        'import sys; from huggingface_hub import snapshot_download; snapshot_download(sys.argv[1])',
        serves.model,
      ],
      {
        cwd: settings.cwd,
        signal,
        timeout: LONGEST_FETCH,
        env: serverEnvironment(settings.env, { isLocal: false, extra: {} }),
        onOutput: (text) => {
          const { percent } = startProgress([text]);
          if (percent !== undefined) told(percent);
        },
      },
    );
    if (exitCode !== 0) {
      throw new DriverError(
        `The ${what} could not be fetched. ${whyEnded(output.split('\n'), exitCode)}`,
        `By hand, to see more: hf download ${serves.model}`,
      );
    }
    told(100);
  }

  return { commandFor, fetchWeights };
}

/** Milliseconds. Weights have tens of gigabytes. */
const LONGEST_FETCH = 24 * 3600_000;

/** Of the hub's account; the one secret that a server may see. */
const HUB_VARIABLES = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'];

/** Of the way to the hub, which may have a password in its URL: without it nothing would be fetched. */
const PROXY_VARIABLES = /^(https?|all|no)_proxy$/i;

/** Starting a server is what allows it to fetch its model; nothing else is looked up, and nothing is reported. */
function serverEnvironment(
  ours: NodeJS.ProcessEnv,
  { isLocal, extra }: { isLocal: boolean; extra: Readonly<Record<string, string>> },
): Record<string, string> {
  const hub = HUB_VARIABLES.flatMap((name) => (ours[name] ? [[name, ours[name]] as const] : []));
  const proxies = Object.entries(ours).flatMap(([name, url]) =>
    url !== undefined && PROXY_VARIABLES.test(name) ? [[name, url] as const] : [],
  );
  const offline = isLocal || /^(1|true|yes|on)$/i.test(ours.HF_HUB_OFFLINE ?? '') ? '1' : '0';
  return childEnvironment(ours, {
    ...Object.fromEntries([...hub, ...(offline === '1' ? [] : proxies)]),
    HF_HUB_OFFLINE: offline,
    TRANSFORMERS_OFFLINE: offline,
    VLLM_NO_USAGE_STATS: '1',
    PYTHONUNBUFFERED: '1',
    // The processes of one server talk to each other, and nobody else shall reach them.
    VLLM_HOST_IP: '127.0.0.1',
    ...extra,
  });
}

/** The folder that has the model's weights, where the user keeps some. */
async function folderOf(model: string, weights: string | undefined): Promise<string | undefined> {
  if (weights === undefined) return undefined;
  const folder = join(weights, ...model.split('/'));
  const found = await stat(folder).catch(() => undefined);
  return found?.isDirectory() ? folder : undefined;
}

/** The Python that a command runs on: itself, or the one beside the program, where virtual environments have it. */
async function pythonOf(command: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const [program = ''] = command;
  if (/^python[\d.]*(\.exe)?$/i.test(basename(program))) return program;
  const folders = /[\\/]/.test(program) ? [''] : (env.PATH ?? '').split(delimiter);
  const names = process.platform === 'win32' ? ['python.exe'] : ['python3', 'python'];
  for (const folder of folders) {
    for (const ending of process.platform === 'win32' ? ['', '.exe'] : ['']) {
      const real = await realpath(join(folder, program + ending)).catch(() => undefined);
      if (real === undefined) continue;
      for (const name of names) {
        const python = join(dirname(real), name);
        if (
          await stat(python).then(
            (found) => found.isFile(),
            () => false,
          )
        )
          return python;
      }
    }
  }
  return undefined;
}
