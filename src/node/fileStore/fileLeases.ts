/**
 * Leases as files. One folder a lease name, one file a grant, named by its epoch:
 *
 *     <dir>/leases/<name>/00000003.json     {holder, pid, host, token, at}
 *
 * Epochs have no gaps, and a grant's file stays until the whole lease is forgotten. Creating the next file exclusively
 * therefore decides every race, also against a process that looked at the folder long ago: no epoch is granted twice.
 * The file's modification time is the holder's sign of life; a released grant has the year 1970 there.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Lease, Leases } from '../../core/ports.ts';
import { isAlive } from '../isAlive.ts';
import { errorCode, fileFailure, syncFolder } from './fileFailure.ts';
import { epochText, fileNameFrom } from './fileNames.ts';

export interface FileLeases extends Leases {
  /** Whether the lease is still the highest grant of its name. Two look-ups of a file, so cheap enough for every append. */
  isNewest(lease: Lease): Promise<boolean>;
  /** Who holds the lease now, in words for people; undefined where nobody alive does. */
  holder(name: string): Promise<string | undefined>;
  /** Removes every trace of a lease whose subject is gone. Whoever holds it is fenced from then on. */
  forget(name: string): Promise<void>;
}

interface Grant {
  holder: string;
  pid: number;
  host: string;
  token: string;
  /** ISO 8601, UTC. */
  at: string;
}

/**
 * Leases in a folder that several processes share. Failures are thrown as StoreError.
 * @param options.ttl milliseconds after which a holder that did not renew counts as gone; renew at least thrice in that time
 */
export function openFileLeases(dir: string, options: { ttl?: number } = {}): FileLeases {
  const ttl = options.ttl ?? 30_000;
  /** Renewals under way by token, so that none of them can revive a lease that is released meanwhile. */
  const renewals = new Map<string, Promise<boolean>>();

  const folderOf = (name: string) => join(dir, 'leases', fileNameFrom(name));
  const fileOf = (name: string, epoch: number) => join(folderOf(name), `${epochText(epoch)}.json`);

  async function acquire(
    name: string,
    holder: string,
    { takeOver }: { takeOver?: true } = {},
  ): Promise<Lease | { heldBy: string }> {
    await mkdir(folderOf(name), { recursive: true, mode: 0o700 });
    // Every further turn means that somebody else was granted an epoch (or forgot the lease) in between.
    for (;;) {
      const newest = await newestEpoch(folderOf(name));
      const heldBy = newest === 0 || takeOver ? undefined : await liveHolder(fileOf(name, newest), ttl);
      if (heldBy !== undefined) return { heldBy };
      const token = randomUUID();
      const grant: Grant = { holder, pid: process.pid, host: hostname(), token, at: new Date().toISOString() };
      if (await createGrant(folderOf(name), fileOf(name, newest + 1), grant)) return { name, epoch: newest + 1, token };
    }
  }

  async function isNewest(lease: Lease): Promise<boolean> {
    // Epochs have no gaps, so the next one says it all. A missing file of our own means that the lease was forgotten.
    const [own, next] = await Promise.all([
      exists(fileOf(lease.name, lease.epoch)),
      exists(fileOf(lease.name, lease.epoch + 1)),
    ]);
    return own && !next;
  }

  async function renew(lease: Lease): Promise<boolean> {
    if (!(await isNewest(lease))) return false;
    const now = new Date();
    try {
      await utimes(fileOf(lease.name, lease.epoch), now, now);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
    // Asked again: from here on nobody who looks at the folder can think that the holder is gone.
    return isNewest(lease);
  }

  async function release(lease: Lease): Promise<void> {
    // Its outcome is the business of whoever asked for the renewal.
    await renewals.get(lease.token)?.catch(() => undefined);
    try {
      await markReleased(fileOf(lease.name, lease.epoch));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error; // Forgotten meanwhile: nothing is left to release.
    }
  }

  const inWords = async <T>(what: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw fileFailure(error, what, dir);
    }
  };

  return {
    ttl,
    acquire: (name, holder, options) => inWords(`Taking the lease "${name}"`, acquire(name, holder, options)),
    isNewest: (lease) => inWords(`Checking the lease "${lease.name}"`, isNewest(lease)),
    release: (lease) => inWords(`Releasing the lease "${lease.name}"`, release(lease)),
    renew(lease) {
      const renewal = inWords(`Renewing the lease "${lease.name}"`, renew(lease)).finally(() => {
        if (renewals.get(lease.token) === renewal) renewals.delete(lease.token);
      });
      renewals.set(lease.token, renewal);
      return renewal;
    },
    holder: (name) =>
      inWords(
        `Looking at the lease "${name}"`,
        newestEpoch(folderOf(name)).then((epoch) => (epoch === 0 ? undefined : liveHolder(fileOf(name, epoch), ttl))),
      ),
    forget: (name) =>
      inWords(`Forgetting the lease "${name}"`, rm(folderOf(name), { recursive: true, force: true, maxRetries: 3 })),
  };
}

/** @returns 0 where no epoch was granted yet */
async function newestEpoch(folder: string): Promise<number> {
  try {
    const epochs = (await readdir(folder)).map((file) => Number(/^(\d+)\.json$/.exec(file)?.[1] ?? 0));
    return Math.max(0, ...epochs);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** @returns false where somebody else was granted this epoch */
async function createGrant(folder: string, file: string, grant: Grant): Promise<boolean> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'wx', 0o600);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (errorCode(error) !== 'ENOENT') throw error;
    // The lease was forgotten while we looked.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return false;
  }
  try {
    await handle.writeFile(`${JSON.stringify(grant)}\n`);
    await handle.sync();
    await syncFolder(folder);
  } catch (error) {
    // The epoch is used up, but nobody shall wait for us. Should this fail too, they wait for the time to live, no more.
    await markReleased(file).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
  return true;
}

async function markReleased(file: string): Promise<void> {
  await utimes(file, 0, 0);
}

/** Who holds a grant, in words; undefined where it was released, has run out, or its process is gone. */
async function liveHolder(file: string, ttl: number): Promise<string | undefined> {
  let text: string;
  try {
    const { mtimeMs } = await stat(file);
    // A sign of life from far in the future (the clock was set back) is none: it would hold the lease for as long.
    if (Math.abs(Date.now() - mtimeMs) >= ttl) return undefined;
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const grant = grantFrom(text);
  if (grant === undefined) return 'a process that is just taking it';
  if (grant.host === hostname() && !isAlive(grant.pid)) return undefined;
  return `${grant.holder} (process ${grant.pid} on ${grant.host})`;
}

/** @returns undefined where the file is not written yet */
function grantFrom(text: string): Grant | undefined {
  if (!text.endsWith('\n')) return undefined;
  try {
    return JSON.parse(text) as Grant;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
