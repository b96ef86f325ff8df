import { randomBytes } from 'node:crypto';
import { appendFile, type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { forEachAtOnce } from '../atOnce.ts';
import { type Place, packIndex } from './packIndex.ts';
import { ROW_BYTES, rowOf } from './packRow.ts';
import { tidyPacks } from './tidyPacks.ts';

/** Keeps bytes by keys, for all processes and for good. What is damaged or gone is not there; nothing fails. */
export interface Packs {
  /** In the order of `keys`. */
  get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  put(entries: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** Those of the keys that there is nothing for. */
  missing(keys: readonly string[]): Promise<string[]>;
}

/** Bytes after which a process begins another pack, so that old ones can go. */
const LARGEST_PACK = 32 * 1024 * 1024;
/** Milliseconds in which what other processes have added is not looked for again. */
const FRESH = 2000;
/** Bytes between two entries that are read in one go. */
const GAP = 16 * 1024;
const LONGEST_READ = 256 * 1024;
/** At a time: where the processor is busy, each that is waited for alone may take milliseconds. */
const READS = 32;

/**
 * Packs in a folder: each process appends to one of its own, and reads them all. The bytes of an entry are written before
 * its key is, so that a crash leaves bytes that nobody asks for.
 * @param dir absolute
 */
export function openPacks(dir: string): Packs {
  const names: string[] = [];
  /** Bytes of each file of keys that are in the index. */
  const seen = new Map<string, number>();
  let index = packIndex();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  let own: { name: string; bytes: number } | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isWritable = true;
  let tidied: Promise<void> | undefined;

  async function look(): Promise<void> {
    if (performance.now() - lookedAt < FRESH) return;
    tidied ??= tidyPacks(dir);
    await tidied;
    looking ??= lookAgain().finally(() => {
      looking = undefined;
      lookedAt = performance.now();
    });
    await looking;
  }

  async function lookAgain(): Promise<void> {
    const there = new Set(await namesIn(dir));
    // What was tidied away is known by its other name now.
    if (names.some((name) => seen.has(name) && !there.has(name))) {
      index = packIndex();
      seen.clear();
    }
    for (const name of there) await readKeys(name);
  }

  async function readKeys(name: string): Promise<void> {
    const from = seen.get(name) ?? 0;
    let rows = Buffer.alloc(0);
    await withFile(join(dir, `${name}.keys`), async (handle) => {
      rows = await readAt(handle, from, (await handle.stat()).size - from);
    });
    const whole = rows.length - (rows.length % ROW_BYTES);
    seen.set(name, from + whole);
    if (whole > 0 && !names.includes(name)) names.push(name);
    index.add(rows.subarray(0, whole), names.indexOf(name));
  }

  async function write(entries: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const fresh = [...entries].filter(([key]) => !index.has(key));
    if (fresh.length === 0 || !isWritable) return;
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      if (!own || own.bytes > LARGEST_PACK)
        own = { name: `${process.pid}-${randomBytes(6).toString('hex')}`, bytes: 0 };
      const { name } = own;
      const rows = fresh.map(([key, bytes]) => {
        const row = rowOf(key, own?.bytes ?? 0, bytes);
        if (own) own.bytes += bytes.length;
        return row;
      });
      await appendFile(join(dir, `${name}.facts`), Buffer.concat(fresh.map(([, bytes]) => bytes)), { mode: 0o600 });
      await appendFile(join(dir, `${name}.keys`), Buffer.concat(rows), { mode: 0o600 });
      await readKeys(name);
    } catch {
      // The disk is full, or not ours to write to: then everything is read anew the next time.
      isWritable = false;
    }
  }

  async function read(places: readonly Place[]): Promise<Map<Place, Uint8Array>> {
    const found = new Map<Place, Uint8Array>();
    const byPack = new Map<number, Place[]>();
    for (const place of places) {
      const some = byPack.get(place.pack);
      if (some) some.push(place);
      else byPack.set(place.pack, [place]);
    }
    await Promise.all([...byPack].map(([pack, some]) => readFrom(`${names[pack]}.facts`, some, found)));
    return found;
  }

  async function readFrom(name: string, places: Place[], found: Map<Place, Uint8Array>): Promise<void> {
    const groups = [...neighbours(places.sort((a, b) => a.offset - b.offset))];
    await withFile(join(dir, name), async (handle) => {
      await forEachAtOnce(READS, groups, async ({ start, end, group }) => {
        const bytes = await readAt(handle, start, end - start);
        for (const place of group) {
          const begin = place.offset - start;
          // A copy: it is kept, and the rest of what was read is not.
          const entry = Uint8Array.prototype.slice.call(bytes, begin, begin + place.length);
          if (entry.length === place.length && crc32(entry) === place.checksum) found.set(place, entry);
        }
      });
    });
  }

  return {
    async get(keys) {
      if (!keys.every((key) => index.has(key))) await look();
      const places = new Map(keys.map((key) => [key, index.get(key)]));
      const found = await read([...places.values()].filter((place) => place !== undefined));
      return keys.map((key) => {
        const place = places.get(key);
        const entry = place && found.get(place);
        // Damaged or gone: it is written anew.
        if (place && !entry) index.delete(key);
        return entry;
      });
    },
    async missing(keys) {
      await look();
      return keys.filter((key) => !index.has(key));
    },
    async put(entries) {
      writing = writing.then(() => write(entries));
      await writing;
    },
  };
}

/** Of the packs, the oldest first: what was written anew because it was damaged counts. */
async function namesIn(dir: string): Promise<string[]> {
  const files = (await readdir(dir).catch(() => [])).filter((file) => file.endsWith('.keys'));
  const dated = files.map(async (file) => {
    const modified = await stat(join(dir, file)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    return { name: file.slice(0, -'.keys'.length), modified };
  });
  return (await Promise.all(dated)).sort((a, b) => a.modified - b.modified).map(({ name }) => name);
}

/** Entries that lie close together. */
interface Neighbours {
  start: number;
  end: number;
  group: Place[];
}

/** @param sorted of one pack, by offset */
function* neighbours(sorted: readonly Place[]): Generator<Neighbours> {
  let near: Neighbours | undefined;
  for (const place of sorted) {
    const { offset, length } = place;
    if (near && offset - near.end <= GAP && offset + length - near.start <= LONGEST_READ) {
      near.group.push(place);
      near.end = offset + length;
    } else {
      if (near) yield near;
      near = { start: offset, end: offset + length, group: [place] };
    }
  }
  if (near) yield near;
}

/** As much as is there. */
async function readAt(handle: FileHandle, start: number, length: number): Promise<Buffer<ArrayBuffer>> {
  if (length <= 0) return Buffer.alloc(0);
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, start);
  return buffer.subarray(0, bytesRead);
}

/** Opens a file for reading. What fails has not happened: the file is gone, or was cut meanwhile. */
async function withFile(file: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    const handle = await open(file, 'r');
    try {
      await use(handle);
    } finally {
      await handle.close();
    }
  } catch {
    // What is not found is read anew by whoever asks.
  }
}
