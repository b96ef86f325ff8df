import { existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { EngineCannotRun, type EnginePrograms, fetchEngine } from './fetchEngine.ts';

/** A container engine of a test's own. */
export interface Engine extends EnginePrograms {
  /** As EnginePrograms has it, and DOCKER_HOST. */
  env: EnginePrograms['env'] & { DOCKER_HOST: string };
  /** Of `dockerd`. */
  pid: number;
  /** Runs the client. @returns standard output, trimmed */
  run(...args: string[]): Promise<string>;
  /** Ends the engine alone, in good order, and starts it anew with what it has. */
  restart(): Promise<void>;
  /** Ends it with every container, mount and file of it. */
  stop(): Promise<void>;
}

/** What engine.sh returns, and nothing else does, where no engine can run. */
const CANNOT_RUN = 77;

/**
 * Starts the engine (2 s), without a network of its own: containers have the host's, or none. It ends with `stop`, or with
 * this process, however that ends.
 * @param options.gpuHook lets containers that reserve GPUs start, without any; else they fail as on a machine without NVIDIA's toolkit
 * @throws EngineCannotRun
 * @throws RegistryUnreachable
 */
export async function startEngine(options: { gpuHook?: true } = {}): Promise<Engine> {
  const programs = await fetchEngine();
  // Short: the path of a socket has a limit.
  const dir = mkdtempSync(join(realpathSync(tmpdir()), 'conclave-engine-'));
  const child = execa('sh', [join(import.meta.dirname, 'engine.sh'), dir], {
    env: { ...programs.env, ...(options.gpuHook && { WITH_GPU_HOOK: '1' }) },
    stdin: 'pipe',
    stderr: 'inherit',
    reject: false,
    buffer: false,
    // Its standard input tells it; a signal to it alone would leave the engine.
    cleanup: false,
    detached: true,
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('SKIP: ')) {
      const { exitCode } = await child;
      if (exitCode === CANNOT_RUN) throw new EngineCannotRun(line.slice('SKIP: '.length));
    }
    if (line === 'ready') break;
  }
  if (child.exitCode !== null) throw new Error(`The engine did not start: exit code ${child.exitCode}.`);
  const pidNow = async (): Promise<number> => Number(await readFile(join(dir, 'pid'), 'utf8'));
  const env = { ...programs.env, DOCKER_HOST: `unix://${join(dir, 's')}` };
  return {
    ...programs,
    env,
    pid: await pidNow(),
    async run(...args) {
      return (await execa(programs.docker, args, { env, stdin: 'ignore' })).stdout.trim();
    },
    async restart() {
      const pid = await pidNow();
      const [argv, environment] = await Promise.all([listIn(pid, 'cmdline'), listIn(pid, 'environ')]);
      process.kill(pid, 'SIGTERM');
      // Its last act; the number itself stays until its shell takes note.
      while (existsSync(join(dir, 'pid'))) await sleep(50);
      const [program = '', ...args] = argv;
      const variables = Object.fromEntries(environment.map((line) => line.split(/=(.*)/s) as [string, string]));
      execa(program, args, {
        ...{ env: variables, extendEnv: false, stdio: 'ignore', detached: true, cleanup: false, reject: false },
      }).unref();
      while ((await execa(programs.docker, ['version'], { env, reject: false })).exitCode !== 0) await sleep(50);
    },
    async stop() {
      child.stdin.end();
      await child;
    },
  };
}

/** One of the lists that the system keeps of a process. */
async function listIn(pid: number, file: 'cmdline' | 'environ'): Promise<string[]> {
  return (await readFile(`/proc/${pid}/${file}`, 'utf8')).split('\0').slice(0, -1);
}
