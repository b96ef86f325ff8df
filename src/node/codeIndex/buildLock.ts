import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isAlive } from '../isAlive.ts';
import { errorCode } from '../paths.ts';

/** Milliseconds after which whoever builds an index is not waited for any more. */
const PATIENCE = 10 * 60_000;

/** Lets one process of many do the work. @returns a function that lets the next one in; undefined where another is at it */
export function tryBuildLock(file: string): (() => void) | undefined {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      if (!isLeftOver(file)) return undefined;
      rmSync(file, { force: true });
    }
  }
  return undefined;
}

function isLeftOver(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    const { mtimeMs } = statSync(file);
    // Its number is written a moment after the file is made.
    if (!pid) return mtimeMs < Date.now() - 5000;
    return !isAlive(pid) || mtimeMs < Date.now() - PATIENCE;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
}
