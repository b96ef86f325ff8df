import { randomBytes } from 'node:crypto';
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../node/configurationError.ts';
import { dataFolder } from '../node/dataFolder.ts';
import { errorCode } from '../node/paths.ts';
import { readPlainFile } from '../node/plainFile.ts';
import { replaceFile } from '../node/replaceFile.ts';

/** What requests must bear, and where that comes from. */
export type ServerToken = { text: string; from: 'environment' } | { text: string; from: 'file'; file: string };

const LARGEST = 4096;
/** What fits a header, and nothing that could be left by mistake. */
const USABLE = /^[\w.~+/=-]{16,}$/;

/**
 * CONCLAVE_TOKEN, or the one in a file of the data folder that only this user can read; it is made where there is none.
 * @throws ConfigurationError where CONCLAVE_TOKEN is none
 */
export async function serverToken(env: NodeJS.ProcessEnv): Promise<ServerToken> {
  const given = env.CONCLAVE_TOKEN;
  if (given) {
    if (USABLE.test(given)) return { text: given, from: 'environment' };
    throw new ConfigurationError(
      'CONCLAVE_TOKEN: expected 16 or more letters, digits and signs of -._~+/=, got something else (not shown)',
    );
  }
  const file = join(dataFolder(env), 'token');
  const kept = await keptToken(file);
  if (kept !== undefined) return { text: kept, from: 'file', file };
  const text = randomBytes(32).toString('base64url');
  return { text: await keep(file, text), from: 'file', file };
}

/** Undefined where there is none, or one that others may have read. */
async function keptToken(file: string): Promise<string | undefined> {
  const found = await readPlainFile(file, LARGEST, { follow: false });
  if (found.kind !== 'bytes') return undefined;
  if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) return undefined;
  const text = found.bytes.toString('utf8').trim();
  return USABLE.test(text) ? text : undefined;
}

/** @returns the token that is kept then: another process may have been faster */
async function keep(file: string, text: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(fresh, `${text}\n`, { mode: 0o600, flag: 'wx' });
    // Appears as a whole, and in the place of none.
    await link(fresh, file);
    return text;
  } catch (error) {
    const kept = errorCode(error) === 'EEXIST' ? await keptToken(file) : undefined;
    if (kept !== undefined) return kept;
    // What is there is of no use, or the disk has no hard links.
    await replaceFile(file, `${text}\n`);
    return text;
  } finally {
    await rm(fresh, { force: true });
  }
}
