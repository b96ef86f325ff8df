import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes one of Conclave's own files, which only the user can read, in one step: who reads it has the old or the new one,
 * whole. Makes its folder. What fails leaves nothing behind, and rejects with the system's error.
 * @param file absolute
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(fresh, text, { mode: 0o600 });
    // The file mode mask may not be ours.
    await chmod(fresh, 0o600);
    await rename(fresh, file);
  } catch (error) {
    // What went wrong first is what counts.
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
}
