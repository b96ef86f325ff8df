import { errorCode } from './paths.ts';

/** Whether there is a process of that number; also one of somebody else, which we just may not signal. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
