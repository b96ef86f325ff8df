import { access, constants, mkdir } from 'node:fs/promises';
import { ConfigurationError } from '../configuration.ts';
import { dataFolder, storeLocation } from '../dataFolder.ts';
import type { Finding } from './finding.ts';

/** Where Conclave keeps what is its own: whether it can write there. */
export async function folderFindings(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  return [await folderFinding('Data folder', dataFolder(env)), ...(await storeFindings(env))];
}

/** Of a Redis redis.ts tells. */
async function storeFindings(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  try {
    const store = storeLocation(env);
    return store.kind === 'folder' ? [await folderFinding('Store', store.path)] : [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const [found = '', ...remedy] = error.message.split(/(?<=\.) /);
    return [{ what: 'Store', state: 'missing', found, remedy: remedy.join(' ') }];
  }
}

async function folderFinding(what: string, folder: string): Promise<Finding> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    return { what, state: 'good', found: folder };
  } catch (error) {
    return {
      what,
      state: 'missing',
      found: `${folder} cannot be written (${(error as Error).message})`,
      remedy: 'Set CONCLAVE_DATA to a folder of yours.',
    };
  }
}
