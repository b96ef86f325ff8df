import { open, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode } from './paths.ts';

/**
 * Makes sure that a file can be written later, by opening it now; its content stays, and one that was not there is not
 * there afterwards. What is no plain file (a terminal, a pipe) is not opened: that could wait.
 * @throws Error that says what is in the way
 */
export async function assertWritable(file: string): Promise<void> {
  const absolute = resolve(file);
  try {
    const before = await stat(absolute).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (before?.isDirectory()) throw new Error('it is a folder');
    if (before !== undefined && !before.isFile()) return;
    const handle = await open(absolute, before === undefined ? 'ax' : 'a');
    await handle.close();
    if (before === undefined) await unlink(absolute);
  } catch (cause) {
    throw new Error(`${file} cannot be written: ${await reasonOf(cause, dirname(absolute))}.`, { cause });
  }
}

async function reasonOf(error: unknown, folder: string): Promise<string> {
  switch (errorCode(error)) {
    case 'ENOENT':
      return (await stat(folder).catch(() => undefined)) === undefined
        ? `there is no folder ${folder}`
        : `nothing can be made in ${folder}`;
    case 'ENOTDIR':
      return `${folder} is not a folder`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user may not write there';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
