import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Processes, ProcessResult } from '../core/ports.ts';
import { childEnvironment } from './childEnvironment.ts';
import { outputTail } from './outputTail.ts';
import { endProcessTree, guardProcessTree } from './processTree.ts';

const DEFAULT_KEEP = 256 * 1024;
const DEFAULT_GRACE = 2000;

type Stop = { kind: 'aborted' } | { kind: 'timed_out' };

/**
 * Runs child processes: no shell, no standard input, their own process group, a cleaned environment (see childEnvironment).
 * On abort and time-out the whole tree gets SIGTERM and, after `grace` milliseconds, SIGKILL. What a child leaves running
 * when it ends by itself is ended too, and everything dies when our own process does.
 *
 * `run` rejects where the working folder does not exist; a program that cannot be started is a result (`not_found`),
 * with the system's words as output.
 */
export function nodeProcesses(options: { grace?: number } = {}): Processes {
  const grace = options.grace ?? DEFAULT_GRACE;
  return {
    async run(argv, { cwd, signal, timeout, env, keep = DEFAULT_KEEP, stdoutOnly, onOutput }) {
      // Only once there is something to run: an editor that starts does not need it.
      const { execa } = await import('execa');
      signal.throwIfAborted();
      const [program, ...args] = argv;
      if (program === undefined || program === '')
        throw new Error('Cannot run an empty command: give a program first.');
      if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
        throw new Error(`Cannot run ${program} in ${cwd}: there is no such folder.`);
      }

      const startedAt = performance.now();
      const environment = childEnvironment(process.env, env);
      const child = execa(program, args, {
        cwd,
        env: environment,
        extendEnv: false,
        stdin: 'ignore',
        buffer: false,
        reject: false,
        // execa's would end the child alone; guardProcessTree ends the whole tree.
        cleanup: false,
        detached: process.platform !== 'win32',
        windowsHide: true,
      });
      const release = child.pid === undefined ? () => {} : guardProcessTree(child.pid);
      const tail = outputTail(keep, onOutput);
      tail.follow(child.stdout);
      // Read in any case: a full pipe would stop the child.
      if (stdoutOnly) child.stderr.resume();
      else tail.follow(child.stderr);

      const finished = (exitCode: number | null, ended: ProcessResult['ended'], note?: string): ProcessResult => {
        const { output, dropped } = tail.end(note);
        return { exitCode, ended, output, dropped, ms: Math.round(performance.now() - startedAt) };
      };

      const stopped = stopRequest(signal, timeout);
      try {
        const stop = await Promise.race([stopped.promise, exitOf(child), child.then(() => undefined)]);
        if (stop !== undefined && child.pid !== undefined) {
          await endProcessTree(child.pid, grace);
        } else if (child.pid !== undefined) {
          // It ended by itself. Something it left behind may hold the pipes; it gets a moment to say its last words.
          await Promise.race([child, waited(Math.min(grace, 500))]);
          await endProcessTree(child.pid, grace);
        }
        child.stdout.destroy();
        child.stderr.destroy();
        const result = await child;

        signal.throwIfAborted();
        if (stop?.kind === 'timed_out') return finished(null, 'timed_out');
        if (child.pid === undefined) {
          // execa's result for a program that did not start carries the system's error.
          return finished(null, 'not_found', result.originalMessage ?? `Cannot start ${program}.`);
        }
        const exitCode = child.exitCode;
        if (exitCode === null) return finished(null, 'signalled');
        if (process.platform === 'win32' && exitCode === 1 && !isOnPath(program, environment)) {
          // There it is cmd.exe that looks for the program, and says so with exit code 1.
          return finished(null, 'not_found');
        }
        return finished(exitCode, 'exited');
      } finally {
        stopped.clear();
        release();
      }
    },
  };
}

function exitOf(child: {
  exitCode: number | null;
  signalCode: NodeJS.Signals | null;
  once(event: 'exit' | 'error', listener: () => void): unknown;
}): Promise<undefined> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(undefined);
    child.once('exit', () => resolve(undefined));
    child.once('error', () => resolve(undefined));
  });
}

function stopRequest(signal: AbortSignal, timeout: number): { promise: Promise<Stop>; clear(): void } {
  let clear = () => {};
  const promise = new Promise<Stop>((resolve) => {
    const onAbort = () => resolve({ kind: 'aborted' });
    const timer = setTimeout(() => resolve({ kind: 'timed_out' }), timeout);
    signal.addEventListener('abort', onAbort, { once: true });
    clear = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  return { promise, clear };
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Whether there is such a program. For Windows, where a missing one is no error of the system call, and for who only asks. */
export function isOnPath(program: string, env: NodeJS.ProcessEnv): boolean {
  const value = (name: string) => Object.entries(env).find(([key]) => key.toUpperCase() === name)?.[1] ?? '';
  // Only Windows looks in the working folder, too.
  const here = process.platform === 'win32' ? [''] : [];
  const folders = /[\\/]/.test(program) ? [''] : [...here, ...value('PATH').split(delimiter)];
  const endings = ['', ...value('PATHEXT').split(';')];
  return folders.some((folder) => endings.some((ending) => canRun(join(folder, program + ending))));
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not ours to run: the same to us.
    return false;
  }
}
