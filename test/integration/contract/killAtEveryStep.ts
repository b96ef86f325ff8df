/** Compacts a run in a process of its own, which is killed at its n-th operation on files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { promises } from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Lets a compaction be killed before its first operation that changes files, the next one before its second, and so on
 * until one comes to its end.
 * @param then called after each kill, with the operation that it came before
 * @returns these operations
 */
export async function killAtEveryStep(folder: string, then: (step: string) => Promise<void>): Promise<string[]> {
  const steps: string[] = [];
  for (let count = 1; ; count += 1) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(import.meta.url), resolve(folder), String(count)],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: fileURLToPath(new URL('../../..', import.meta.url)) },
    );
    let step = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      step += text;
    });
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (status === 0) return steps;
    if (signal !== 'SIGKILL') throw new Error(`The compaction ended with status ${status}.`);
    steps.push(step);
    await then(step);
  }
}

/** The process kills itself at an operation, before anything of it has happened. */
async function killBefore(count: number): Promise<void> {
  let done = 0;
  const step = (name: string): void => {
    done += 1;
    if (done < count) return;
    // Synchronous, for a pipe.
    process.stdout.write(name);
    process.kill(process.pid, 'SIGKILL');
  };
  type Work = (...args: never[]) => Promise<unknown>;
  const watch = (owner: Record<string, Work>, names: readonly string[]): void => {
    for (const name of names) {
      const original = owner[name] as Work;
      owner[name] = function (this: unknown, ...args) {
        step(name);
        return original.apply(this, args);
      };
    }
  };
  const handle = await open(process.execPath, 'r');
  watch(Object.getPrototypeOf(handle) as Record<string, Work>, ['write', 'writeFile', 'sync', 'datasync', 'truncate']);
  await handle.close();
  watch(promises as unknown as Record<string, Work>, ['open', 'rename', 'rm', 'utimes', 'mkdir']);
  syncBuiltinESMExports();
}

const [, script, folder, count] = process.argv;
if (script === fileURLToPath(import.meta.url) && folder !== undefined) {
  await killBefore(Number(count));
  const { compactRun } = await import('../../../src/node/fileStore/compaction.ts');
  const { openFileLeases } = await import('../../../src/node/fileStore/fileLeases.ts');
  const leases = openFileLeases(dirname(dirname(folder)));
  const isDone = await compactRun(folder, basename(folder), leases, new AbortController().signal);
  if (!isDone) throw new Error('It was not compacted.');
}
