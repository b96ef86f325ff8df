import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * What tells a process from every other that had or will have its number: when it was started, as the system keeps it.
 * The same text for the same process, whoever asks; undefined where no such process lives (one that has ended and whose
 * end nobody has taken note of yet does not).
 */
export async function identityOf(pid: number): Promise<string | undefined> {
  switch (process.platform) {
    case 'linux':
      return identityInProc(pid);
    case 'win32':
      return said('powershell.exe', [
        ...['-NoProfile', '-NonInteractive', '-Command'],
        `(Get-Process -Id ${pid} -ErrorAction Stop).StartTime.ToFileTimeUtc()`,
      ]);
    default: {
      const line = await said('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
      return line === undefined || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
    }
  }
}

/** Whether this was written down before the machine was last started: then no process of that time lives. */
export function isBeforeBoot(since: string): boolean {
  return Date.parse(since) < Date.now() - uptime() * 1000;
}

/** Fields 3 and 22 of the process's line: its state, and the ticks from the start of the machine to its own. */
async function identityInProc(pid: number): Promise<string | undefined> {
  let line: string;
  try {
    line = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // No such process.
    return undefined;
  }
  // Field 2 is the program's name in brackets, which may hold anything.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${await bootId()}/${fields[19]}`;
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
}

/** @returns undefined where the program fails, as these do for a process that is not there, or says nothing */
async function said(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, args, { env: { ...process.env, LC_ALL: 'C' }, windowsHide: true });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
