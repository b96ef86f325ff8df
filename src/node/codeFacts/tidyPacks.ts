import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isAlive } from '../isAlive.ts';
import { KEY_BYTES, ROW_BYTES, rowOf } from './packRow.ts';

/** Bytes that all packs together may have; the oldest go first. What is still asked for is read anew then. */
const MOST_BYTES = 192 * 1024 * 1024;
/** Small packs, of processes that have ended, before they are made one. */
const MOST_SMALL = 8;
const SMALL = 8 * 1024 * 1024;
/** Milliseconds after which nobody writes to a pack any more, whatever its number says. */
const DAY = 24 * 60 * 60 * 1000;
/** Milliseconds after which who was tidying is gone. */
const STALE = 10 * 60 * 1000;

interface Pack {
  name: string;
  bytes: number;
  modified: number;
}

/** Keeps the packs few and within their bound. One process at a time; what fails is left for the next. */
export async function tidyPacks(dir: string, most = MOST_BYTES): Promise<void> {
  try {
    const packs = await packsIn(dir);
    const ended = packs.filter(({ name, modified }) => {
      const pid = Number.parseInt(name, 10);
      // 0 would be all of our own group.
      return !(pid > 0 && isAlive(pid)) || Date.now() - modified > DAY;
    });
    const small = ended.filter(({ bytes }) => bytes < SMALL);
    if (small.length < MOST_SMALL && sum(packs) <= most) return;
    await alone(join(dir, 'tidying'), async () => {
      const kept = await dropOldest(dir, packs, ended, most);
      const merged = small.filter((pack) => kept.includes(pack));
      if (merged.length >= MOST_SMALL) await merge(dir, merged);
    });
  } catch {
    // Nothing depends on it.
  }
}

async function packsIn(dir: string): Promise<Pack[]> {
  const files = await readdir(dir);
  const packs = files
    .filter((file) => file.endsWith('.facts'))
    .map(async (file): Promise<Pack> => {
      const { size, mtimeMs } = await stat(join(dir, file));
      return { name: file.slice(0, -'.facts'.length), bytes: size, modified: mtimeMs };
    });
  return (await Promise.all(packs)).sort((a, b) => a.modified - b.modified);
}

/** @returns those that are left */
async function dropOldest(dir: string, packs: Pack[], ended: readonly Pack[], most: number): Promise<Pack[]> {
  let bytes = sum(packs);
  if (bytes <= most) return packs;
  const kept = new Set(packs);
  for (const pack of ended) {
    // To half of it, so that it is not done again at once.
    if (bytes <= most / 2) break;
    await remove(dir, pack);
    kept.delete(pack);
    bytes -= pack.bytes;
  }
  return [...kept];
}

async function merge(dir: string, packs: readonly Pack[]): Promise<void> {
  const entries = new Map<string, Uint8Array>();
  for (const { name } of packs) {
    const [rows, facts] = await Promise.all([
      readFile(join(dir, `${name}.keys`)),
      readFile(join(dir, `${name}.facts`)),
    ]);
    for (let at = 0; at + ROW_BYTES <= rows.length; at += ROW_BYTES) {
      const [offset, length] = [rows.readUInt32LE(at + KEY_BYTES), rows.readUInt32LE(at + KEY_BYTES + 4)];
      const bytes = facts.subarray(offset, offset + length);
      if (bytes.length === length && crc32(bytes) === rows.readUInt32LE(at + KEY_BYTES + 8)) {
        entries.set(rows.toString('latin1', at, at + KEY_BYTES), bytes);
      }
    }
  }
  // The number of no process that lives: it is nobody's, and can be merged again.
  const name = `0-${randomBytes(6).toString('hex')}`;
  let offset = 0;
  const rows = [...entries].map(([key, bytes]) => {
    const row = rowOf(key, offset, bytes);
    offset += bytes.length;
    return row;
  });
  await writeFile(join(dir, `${name}.facts`), Buffer.concat([...entries.values()]), { mode: 0o600 });
  await writeFile(join(dir, `${name}.new`), Buffer.concat(rows), { mode: 0o600 });
  await rename(join(dir, `${name}.new`), join(dir, `${name}.keys`));
  for (const pack of packs) await remove(dir, pack);
}

/** Keys first: bytes without a key are nothing. */
async function remove(dir: string, { name }: Pack): Promise<void> {
  await rm(join(dir, `${name}.keys`), { force: true });
  await rm(join(dir, `${name}.facts`), { force: true });
}

async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  const held = await stat(lock).catch(() => undefined);
  if (held && Date.now() - held.mtimeMs > STALE) await rm(lock, { force: true });
  const handle = await open(lock, 'wx', 0o600);
  try {
    await work();
  } finally {
    await handle.close();
    await rm(lock, { force: true });
  }
}

function sum(packs: readonly Pack[]): number {
  return packs.reduce((bytes, pack) => bytes + pack.bytes, 0);
}
