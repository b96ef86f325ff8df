import { access, constants, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { parse, resolve } from 'node:path';

/**
 * The real, absolute path of a folder that a run can work in.
 * @throws Error that says why it cannot: not there, no folder, not readable, or the home folder or a whole disk
 */
export async function openWorkspaceFolder(folder: string): Promise<string> {
  const absolute = resolve(folder);
  const info = await stat(absolute).catch((cause: unknown) => {
    throw new Error(
      `The workspace ${absolute} does not exist or cannot be reached. Name a folder with --workspace DIR.`,
      { cause },
    );
  });
  if (!info.isDirectory())
    throw new Error(`The workspace ${absolute} is not a folder. Name the project's folder with --workspace DIR.`);
  await access(absolute, constants.R_OK | constants.X_OK).catch((cause: unknown) => {
    throw new Error(`The workspace ${absolute} cannot be read by this user. Check its permissions.`, { cause });
  });
  const real = await realpath(absolute);
  if (real === parse(real).root || real === (await realpath(homedir()).catch(() => homedir()))) {
    throw new Error(
      `${real} is not a project: a run copies its workspace to test changes. Name the project's folder with --workspace DIR.`,
    );
  }
  return real;
}
