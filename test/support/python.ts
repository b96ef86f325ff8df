import { join } from 'node:path';
import { execa } from 'execa';
import { RegistryUnreachable } from './cache.ts';

/** Why there can be no Python environment here, or undefined. */
export async function whyNoPython(): Promise<string | undefined> {
  const asked = await execa('python3', ['-c', 'import ensurepip, venv'], { reject: false });
  return asked.exitCode === 0 ? undefined : 'needs python3 with venv and ensurepip (Debian: python3-venv)';
}

/** The interpreter of the environment in a folder; the cache moves environments, so nothing else in `bin` is used. */
export const pythonIn = (dir: string): string => join(dir, 'venv', 'bin', 'python');

/** Makes an environment in a folder, and installs what is named. @throws RegistryUnreachable */
export async function makePython(dir: string, ...requirements: string[]): Promise<void> {
  await execa('python3', ['-m', 'venv', join(dir, 'venv')]);
  if (requirements.length > 0) await pip(dir, 'install', ...requirements);
}

/** Runs pip in the environment of a folder. @throws RegistryUnreachable */
export async function pip(dir: string, ...args: string[]): Promise<void> {
  const argv = ['-m', 'pip', '--disable-pip-version-check', '--quiet', ...args];
  const result = await execa(pythonIn(dir), argv, { cwd: dir, reject: false, stdin: 'ignore' });
  if (result.exitCode === 0) return;
  // pip says the same where the index has no such package and where it cannot be reached.
  const missing = /No matching distribution found for (.*)/.exec(result.stderr)?.[1];
  if (missing !== undefined) {
    throw new RegistryUnreachable(`the Python package index cannot be reached, or does not have ${missing}`);
  }
  throw new Error(`pip ${args.join(' ')} failed: ${result.stderr}`);
}
