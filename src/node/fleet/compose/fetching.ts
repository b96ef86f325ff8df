import { DriverError, type FetchProgress, type PlannedService } from '../../../core/fleet/driver.ts';
import type { ComposeProject, ConfiguredService } from './composeProject.ts';
import type { Docker } from './docker.ts';
import { engineFailure } from './engineFailure.ts';
import { pullProgress, weightsProgress } from './pullProgress.ts';

type Served = NonNullable<PlannedService['serves']>;

export interface Fetching {
  docker: Docker;
  project: ComposeProject;
  /** Laid over the installation's Compose files. */
  over: readonly string[];
  /** What is kept out of messages. */
  secrets: readonly string[];
}

/** Fetches the image of a service, or builds it, where the engine does not have it. @throws DriverError */
export async function fetchImage(
  { docker, project, over, secrets }: Fetching,
  service: string,
  { image, isBuilt }: ConfiguredService,
  onProgress: (progress: FetchProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  if ((await docker.ask(['image', 'inspect', '--format', '{{.Id}}', image], signal)).code === 0) return;
  const what = `image ${image}`;
  onProgress({ service, what });
  const onLine = telling(pullProgress(), (percent) => onProgress({ service, what, percent }));
  const result = await project.run(over, [isBuilt ? 'build' : 'pull', service], { signal, onLine });
  if (result.code !== 0) {
    throw engineFailure(result.stderr, { what: `${isBuilt ? 'build' : 'fetch'} the image ${image}`, secrets });
  }
}

/**
 * Fetches the weights of a service's model into the cache that its container will use: by the hub's own program in its
 * image, so that nothing else has to be installed and nothing is fetched that vLLM would not read.
 * @throws DriverError
 */
export async function fetchWeights(
  { docker, project, over, secrets }: Fetching,
  service: string,
  serves: Served,
  onProgress: (progress: FetchProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const what = `weights of ${serves.model}`;
  const container = `${project.name}-fetch-${service}`;
  onProgress({ service, what });
  await docker.run(['rm', '--force', container], { signal });
  const onLine = telling(weightsProgress, (percent) => onProgress({ service, what, percent }));
  const args = ['run', '--rm', '--no-deps', '--no-TTY', '--name', container, '--entrypoint', 'python3', service];
  try {
    const command = [...args, '-c', SNAPSHOT, serves.model, JSON.stringify(patternsOf(serves))];
    const result = await project.run(over, command, { signal, onLine });
    if (result.code !== 0) throw weightsFailure(result.stdout + result.stderr, serves.model, secrets);
  } finally {
    // The client alone ends with our signal, and that it was aborted is what is told; what it has fetched so far stays, and is gone on with.
    if (signal.aborted)
      await docker.run(['rm', '--force', container], { signal: AbortSignal.timeout(END_WITHIN) }).catch(() => {});
  }
}

/** Tells of the percent that lines say, each time that it is another. @param read of a line; undefined where it says none */
function telling(read: (line: string) => number | undefined, tell: (percent: number) => void): (line: string) => void {
  let told: number | undefined;
  return (line) => {
    const percent = read(line);
    if (percent === undefined || percent === told) return;
    told = percent;
    tell(percent);
  };
}

/** Milliseconds that the engine gets for ending a container: one that hangs must not hold whoever gave up. */
const END_WITHIN = 30_000;

/** The hub's library, which is in every image of vLLM; its command line program goes by different names. */
const SNAPSHOT =
  'import json, sys; from huggingface_hub import snapshot_download; snapshot_download(sys.argv[1], **json.loads(sys.argv[2]))';

/** As vLLM chooses: Mistral's own format lies beside the common one in the same place, and it reads one of them. */
function patternsOf({ options }: Served): Record<string, string[]> {
  if (options['load-format'] === 'mistral') {
    return { allow_patterns: ['consolidated*', '*.json', '*.txt', '*.jinja', 'tekken*', 'tokenizer*'] };
  }
  return { ignore_patterns: ['consolidated*', 'original/*', '*.pth', '*.pt', '*.gguf', '*.onnx', '*.h5', '*.msgpack'] };
}

function weightsFailure(said: string, model: string, secrets: readonly string[]): DriverError {
  if (/gated repo|GatedRepoError|restricted|403 Client Error/i.test(said)) {
    return new DriverError(
      `The weights of ${model} are given out only to those who have accepted their licence.`,
      `Accept it on https://huggingface.co/${model}, and set HF_TOKEN to a token of that account.`,
    );
  }
  if (/RepositoryNotFound|401 Client Error|404 Client Error/i.test(said)) {
    return new DriverError(
      `The model hub has no ${model}, or does not show it to you.`,
      'Check its name in the profile, and HF_TOKEN.',
    );
  }
  if (
    /ConnectionError|MaxRetryError|Name or service not known|Temporary failure|LocalEntryNotFound|ConnectTimeout|Network is unreachable/i.test(
      said,
    )
  ) {
    return new DriverError(
      `The model hub cannot be reached, so the weights of ${model} cannot be fetched.`,
      `Check the connection; or copy the model into a folder as ${model} and set fleet.weights to that folder.`,
    );
  }
  return engineFailure(said, { what: `fetch the weights of ${model}`, secrets });
}

/** What somebody copies by hand onto a machine without a network. */
export function whatToCopy(images: readonly string[], models: readonly string[]): string {
  const lines = [
    ...images.map((image) => `docker pull ${image} && docker save ${image} | gzip > ${fileNameOf(image)}`),
    ...models.map((model) => `hf download ${model} --local-dir ${model}`),
  ];
  const here = [
    ...images.map((image) => `docker load < ${fileNameOf(image)}`),
    ...(models.length === 0 ? [] : ['set fleet.weights to the folder that holds them']),
  ];
  return `Without a network: on a machine that has one, run\n  ${lines.join('\n  ')}\nthen copy what they made, and here\n  ${here.join('\n  ')}`;
}

function fileNameOf(image: string): string {
  return `${image.replace(/[^\w.-]+/g, '-')}.tar.gz`;
}
