import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { FileFacts, FileKind } from './fileRows.ts';
import type { Stamp } from './fileStamp.ts';
import { type FilterPart, type FilterRows, openFilterPart, writeWords } from './filterParts.ts';

// An index on disk: the filters of all files, then a table of the files, then a check sum. A file of it is never
// changed; a new one takes its place, named so that the newest is the last by name. Whoever reads an old one goes on
// with it: every file of the workspace is held against its stamp anyway.

/** A file as it was when it was read. */
export interface KeptFile extends Stamp, FileFacts {
  path: string;
}

/** As a table has it: nothing is known of some. */
type ToKeep = Omit<KeptFile, 'kind'> & { kind: FileKind | undefined };

/** Another number where anything about the files or the filters changes: what others have written is then not read. */
const FORMAT = 'conclave-index-3';
const NAME = /^index-[0-9a-z]{9}-[0-9a-f]{12}$/;
/** Bytes before the filters. */
export const HEADER = 64;
const COLUMNS = 7;
const NO_HASH = '0'.repeat(64);
const KINDS: readonly FileKind[] = ['text', 'odd', 'none'];

export interface KeptIndex {
  name: string;
  /** Made one by one: there are very many, and each is looked at once. */
  files: Iterable<KeptFile>;
  part: FilterPart;
  /** The highest number that a filter has now. */
  numbered: number;
}

/**
 * The newest index in the folder that is whole.
 * @param than.known the name of one that need not be read again
 * @param than.numbered its filters get the numbers after this one
 * @returns undefined where there is none, or none but that one
 */
export function readIndex(dir: string, than: { known: string | undefined; numbered: number }): KeptIndex | undefined {
  for (const name of indexNames(dir).reverse()) {
    if (name === than.known) return undefined;
    try {
      return { name, ...readFile(join(dir, name), than.numbered) };
    } catch {
      // Damaged, of another version, or just removed by another process: then an older one, or none.
    }
  }
  return undefined;
}

/**
 * Writes an index beside the others, and removes those. What fails leaves nothing behind.
 * @param files as they are when this is called; those that nothing is known of are left out
 * @param parts where the filters of the files are
 * @param breathe lets others go on meanwhile
 */
export async function writeIndex(
  dir: string,
  files: Iterable<ToKeep>,
  parts: readonly FilterPart[],
  breathe: () => Promise<void>,
): Promise<{ name: string; rows: FilterRows }> {
  const name = `index-${Date.now().toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
  const fresh = join(dir, `.${name}-${process.pid}`);
  const { table, filters, words } = tableOf(files, parts);
  const descriptor = openSync(fresh, 'wx', 0o600);
  try {
    const digest = createHash('sha256');
    let position = HEADER;
    for (const part of parts) {
      await breathe();
      part.each((filter, some) => {
        if (!filters.has(filter)) return;
        writeWords(descriptor, some, position);
        digest.update(some);
        position += some.byteLength;
      });
    }
    await breathe();
    digest.update(table);
    writeAll(descriptor, table, position);
    const header = Buffer.alloc(HEADER);
    header.write(FORMAT, 0, 'latin1');
    header.writeDoubleLE(position, 16);
    header.writeDoubleLE(table.length, 24);
    digest.update(header.subarray(0, 32)).digest().copy(header, 32);
    writeAll(descriptor, header, 0);
    fsyncSync(descriptor);
  } catch (error) {
    closeSync(descriptor);
    rmSync(fresh, { force: true });
    throw error;
  }
  closeSync(descriptor);
  const others = indexNames(dir);
  renameSync(fresh, join(dir, name));
  for (const other of others) removeIfPossible(join(dir, other));
  return { name, rows: { filters: Uint32Array.from(filters), words } };
}

function removeIfPossible(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Some systems remove nothing that another process has open: then next time.
  }
}

function indexNames(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => NAME.test(name))
      .sort();
  } catch {
    return [];
  }
}

/** Rows in the order of the filters; files without a filter come last. Also those filters, and how many words each has. */
function tableOf(
  all: Iterable<ToKeep>,
  parts: readonly FilterPart[],
): { table: Buffer; filters: ReadonlySet<number>; words: Uint32Array } {
  const byFilter = new Map<number, ToKeep>();
  const withoutFilter: ToKeep[] = [];
  for (const file of all) {
    if (file.filter > 0) byFilter.set(file.filter, file);
    else if (file.kind) withoutFilter.push(file);
  }
  const filters = new Set<number>();
  const words = new Uint32Array(byFilter.size);
  for (const part of parts) {
    for (const [filter, length] of part.rows()) {
      if (!byFilter.has(filter)) continue;
      words[filters.size] = length;
      filters.add(filter);
    }
  }
  const count = filters.size + withoutFilter.length;
  const numbers = new Float64Array(count * COLUMNS);
  const hashes = Buffer.alloc(count * 32);
  const paths: string[] = [];
  const add = ({ path, bytes, mtimeMs, ctimeMs, ino, readAt, kind = 'none', hash = '' }: ToKeep): void => {
    const row = paths.length;
    numbers.set([bytes, mtimeMs, ctimeMs, ino, readAt, KINDS.indexOf(kind), words[row] ?? 0], row * COLUMNS);
    hashes.write(hash, row * 32, 'hex');
    paths.push(path);
  };
  for (const filter of filters) add(byFilter.get(filter) as ToKeep);
  withoutFilter.forEach(add);
  const table = Buffer.concat([
    Buffer.from(Float64Array.of(count).buffer),
    Buffer.from(numbers.buffer),
    hashes,
    Buffer.from(paths.join('\0')),
  ]);
  return { table, filters, words: words.subarray(0, filters.size) };
}

/** @param numbered its filters get the numbers after this one */
function readFile(file: string, numbered: number): Omit<KeptIndex, 'name'> {
  const { table, filters } = readChecked(file);
  const count = table.readDoubleLE(0);
  const from = 8 + count * COLUMNS * 8;
  const numbers = new Float64Array(table.buffer, table.byteOffset + 8, count * COLUMNS);
  // Files without a filter come last.
  let withFilter = 0;
  while (withFilter < count && (numbers[withFilter * COLUMNS + 6] ?? 0) > 0) withFilter += 1;
  const rows: FilterRows = {
    filters: Uint32Array.from({ length: withFilter }, (_, row) => numbered + row + 1),
    words: Uint32Array.from({ length: withFilter }, (_, row) => numbers[row * COLUMNS + 6] ?? 0),
  };
  const total = rows.words.reduce((sum, words) => sum + words, 0);
  if (total * 4 !== filters) throw new Error('The table does not fit the filters.');
  function* files(): Generator<KeptFile> {
    let begin = from + count * 32;
    for (let row = 0; row < count; row += 1) {
      const [bytes = 0, mtimeMs = 0, ctimeMs = 0, ino = 0, readAt = 0, kind = 0] = numbers.subarray(row * COLUMNS);
      const hash = table.toString('hex', from + row * 32, from + (row + 1) * 32);
      const next = table.indexOf(0, begin);
      const end = next < 0 ? table.length : next;
      const path = table.toString('utf8', begin, end);
      begin = end + 1;
      yield {
        path,
        bytes,
        mtimeMs,
        ctimeMs,
        ino,
        readAt,
        kind: KINDS[kind] ?? 'none',
        hash: hash === NO_HASH ? undefined : hash,
        filter: row < withFilter ? numbered + row + 1 : 0,
      };
    }
  }
  return { files: files(), part: openFilterPart(file, { rows, start: HEADER }), numbered: numbered + withFilter };
}

/** @throws Error where it is not what was written */
function readChecked(file: string): { table: Buffer; filters: number } {
  const descriptor = openSync(file, 'r');
  try {
    const header = readAll(descriptor, Buffer.alloc(HEADER), 0);
    const position = header.readDoubleLE(16);
    const length = header.readDoubleLE(24);
    const isOurs = header.toString('latin1', 0, FORMAT.length) === FORMAT;
    if (!isOurs || position + length !== fstatSync(descriptor).size) throw new Error('This is no index of ours.');
    const digest = createHash('sha256');
    const block = Buffer.alloc(1024 * 1024);
    for (let at = HEADER; at < position; ) {
      const piece = readAll(descriptor, block.subarray(0, Math.min(block.length, position - at)), at);
      digest.update(piece);
      at += piece.length;
    }
    const table = readAll(descriptor, Buffer.from(new ArrayBuffer(length)), position);
    digest.update(table).update(header.subarray(0, 32));
    if (!digest.digest().equals(header.subarray(32))) throw new Error('The index is damaged.');
    return { table, filters: position - HEADER };
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number, into: Buffer, position: number): Buffer {
  for (let at = 0; at < into.length; ) {
    const read = readSync(descriptor, into, at, into.length - at, position + at);
    if (read === 0) throw new Error('The index is cut off.');
    at += read;
  }
  return into;
}

function writeAll(descriptor: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, position + at);
}
