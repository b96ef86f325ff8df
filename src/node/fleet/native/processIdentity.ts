import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { promisify } from 'node:util';
import { errorCode } from '../../paths.ts';

const run = promisify(execFile);

/**
 * What tells a process from every other that had or will have its number: when it was started, as the system keeps it.
 * The same text for the same process, whoever asks; undefined where no such process lives (one that has ended and whose
 * end nobody has taken note of yet does not).
 * @throws Error where the system does not tell: then nobody knows whether it lives
 */
export async function identityOf(pid: number): Promise<string | undefined> {
  switch (process.platform) {
    case 'linux':
      return identityInProc(pid);
    case 'win32':
      return identityInWindows(pid);
    default:
      return identityByPs(pid);
  }
}

let boot: string | undefined;

/**
 * What tells this start of the machine from every other; undefined where the system does not name them. No process lives
 * through two, so it is read once: settings ask for it whenever they are read.
 */
export async function bootId(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  boot ??= (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
  return boot;
}

/**
 * Whether something was written down before the machine was last started: then no process of that time lives.
 * @param written `at`: ISO 8601; it counts where the start of the machine is not named, for a clock may be set anew
 */
export async function isBeforeBoot(written: { boot?: string | undefined; at: string }): Promise<boolean> {
  const now = await bootId();
  if (now !== undefined && written.boot !== undefined) return now !== written.boot;
  return Date.parse(written.at) < Date.now() - uptime() * 1000;
}

/** Fields 3 and 22 of the process's line: its state, and the ticks from the start of the machine to its own. */
async function identityInProc(pid: number): Promise<string | undefined> {
  let line: string;
  try {
    line = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  // Field 2 is the program's name in brackets, which may hold anything.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${await bootId()}/${fields[19]}`;
}

async function identityInWindows(pid: number): Promise<string | undefined> {
  const script = [
    "$ErrorActionPreference = 'Stop'",
    `$found = Get-Process -Id ${pid} -ErrorAction SilentlyContinue`,
    'if ($found) { $found.StartTime.ToFileTimeUtc() }',
    'exit 0',
  ].join('; ');
  const { stdout } = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], {
    windowsHide: true,
  });
  return stdout.trim() || undefined;
}

async function identityByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      // It tells the time as the user's zone has it.
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    });
    const line = stdout.trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch (error) {
    // It ends with a number for a process that is not there; a program that could not be run has none.
    if (typeof (error as { code?: unknown }).code === 'number') return undefined;
    throw error;
  }
}
