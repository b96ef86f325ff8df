import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ROLES, type Role, type RunEvent } from '../../src/shared/events.ts';

/** The command line as users get it: the built bundle, in a process of its own. */
export const CLI = resolve('dist/cli.js');

export interface ConclaveResult {
  /** Exit status; null where a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
  /** What stdout held, where it was called with --json. */
  events: RunEvent[];
}

/** Conclave with data of its own, away from the user's. */
export interface Conclave {
  /** The data folder. */
  data: string;
  env: NodeJS.ProcessEnv;
  /** Runs a command to its end. */
  run(args: readonly string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv }): Promise<ConclaveResult>;
  /** Starts a command; `onEvent` sees the events of --json as they come. */
  start(
    args: readonly string[],
    options?: { cwd?: string; env?: NodeJS.ProcessEnv; onEvent?: (event: RunEvent, child: ChildProcess) => void },
  ): { child: ChildProcess; ended: Promise<ConclaveResult> };
  remove(): void;
}

/** @param urls where the roles' models are; unset ones lead to a port where nobody listens */
export function openConclave(urls: Partial<Record<Role, string>>): Conclave {
  const data = mkdtempSync(join(tmpdir(), 'conclave-data-'));
  const inherited = Object.entries(process.env).filter(([name]) => !/^(CONCLAVE_|REDIS_|CODEBASE_ROOT$)/.test(name));
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(inherited),
    CONCLAVE_DATA: data,
    ...Object.fromEntries(
      ROLES.map((role) => [`CONCLAVE_${role.toUpperCase()}_URL`, urls[role] ?? 'http://127.0.0.1:9/v1']),
    ),
  };
  const start: Conclave['start'] = (args, options = {}) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: options.cwd ?? data,
      env: { ...env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: string[] = [];
    const err: string[] = [];
    const events: RunEvent[] = [];
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      out.push(`${line}\n`);
      if (!line.startsWith('{"')) return;
      const event = JSON.parse(line) as RunEvent;
      events.push(event);
      options.onEvent?.(event, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    const ended = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([[status]]) => ({
      status: status as number | null,
      stdout: out.join(''),
      stderr: err.join(''),
      events,
    }));
    return { child, ended };
  };
  return {
    data,
    env,
    start,
    run: (args, options) => start(args, options).ended,
    remove: () => rmSync(data, { recursive: true, force: true }),
  };
}
