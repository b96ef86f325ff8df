import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { cachedFolder } from '../support/cache.ts';
import { fetchLlamaCppSource, LLAMA_CPP_VERSION } from '../support/llamaCppSource.ts';
import { whyNoPython } from '../support/python.ts';
import type { GgufModel } from './ggufModels.ts';
import { type ModelServer, startServer } from './modelServer.ts';

/** Only the server, in one file that is linked to nothing of the build. */
const BUILD_OPTIONS = {
  CMAKE_BUILD_TYPE: 'Release',
  LLAMA_BUILD_TESTS: 'OFF',
  LLAMA_BUILD_EXAMPLES: 'OFF',
  LLAMA_BUILD_APP: 'OFF',
  LLAMA_BUILD_UI: 'OFF',
  LLAMA_USE_PREBUILT_UI: 'OFF',
  LLAMA_OPENSSL: 'OFF',
  BUILD_SHARED_LIBS: 'OFF',
};

/** Why llama.cpp cannot be built here, or undefined. */
export async function whyNoLlamaCpp(): Promise<string | undefined> {
  if (process.platform === 'win32') return 'servers are stopped by process group, which Windows does not have';
  for (const tool of ['cmake', 'ninja', 'c++']) {
    const { exitCode } = await execa(tool, ['--version'], { reject: false });
    if (exitCode !== 0) return `needs ${tool} (Debian: cmake, ninja-build, g++)`;
  }
  return whyNoPython();
}

/**
 * llama.cpp's own server: two slots of `window` tokens. Builds it on first use.
 * @throws RegistryUnreachable
 */
export async function startLlamaCpp(model: GgufModel, window: number): Promise<ModelServer> {
  const weights = await model.fetch();
  const program = join(await fetchLlamaServer(), 'bin', 'llama-server');
  const slots = 2;
  return startServer({
    name: `llama.cpp's llama-server (${LLAMA_CPP_VERSION.split('.')[0]})`,
    metrics: ['llamacpp:requests_processing', 'llamacpp:requests_deferred'],
    argv: (port) => [
      ...[program, '--model', weights, '--alias', model.name, '--host', '127.0.0.1', '--port', `${port}`],
      ...['--ctx-size', `${window * slots}`, '--parallel', `${slots}`],
      // More threads wait for each other at every layer: beside other work on few cores that is a standstill.
      ...['--threads', '1', '--jinja', '--metrics'],
    ],
  });
}

function fetchLlamaServer(): Promise<string> {
  return cachedFolder(`llama.cpp-${LLAMA_CPP_VERSION}`, async (dir) => {
    const source = await fetchLlamaCppSource(dir);
    const options = Object.entries(BUILD_OPTIONS).map(([name, value]) => `-D${name}=${value}`);
    await execa('cmake', ['-S', source, '-B', 'build', '-G', 'Ninja', ...options], { cwd: dir });
    await execa('cmake', ['--build', 'build', '--target', 'llama-server'], { cwd: dir });
    mkdirSync(join(dir, 'bin'));
    renameSync(join(dir, 'build', 'bin', 'llama-server'), join(dir, 'bin', 'llama-server'));
    for (const done of ['build', dirname(source)]) rmSync(resolve(dir, done), { recursive: true });
  });
}
