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
import type { Stamp } from './fileStamp.ts';
import { type FileFacts, type FilterPart, openFilterPart, writeWords } from './filterParts.ts';

// An index on disk: the filters of all files, then a table of the files, then a check sum. A file of it is never
// changed; a new one takes its place, named so that the newest is the last by name. Whoever reads an old one goes on
// with it: every file of the workspace is held against its stamp anyway.

/** A file as it was when it was read. */
export interface KeptFile extends Stamp {
  path: string;
  facts: FileFacts;
  readAt: number;
}

/** Another number where anything about the files or the filters changes: what others have written is then not read. */
const FORMAT = 'conclave-index-2';
const NAME = /^index-[0-9a-z]{9}-[0-9a-f]{12}$/;
/** Bytes before the filters. */
export const HEADER = 64;
const COLUMNS = 7;
const KINDS = ['text', 'odd', 'none'] as const;

export interface KeptIndex {
  name: string;
  /** Made one by one: there are very many, and each is looked at once. */
  files: Iterable<KeptFile>;
  part: FilterPart;
}

/**
 * The newest index in the folder that is whole.
 * @param known the name of one that need not be read again
 * @returns undefined where there is none, or none but that one
 */
export function readIndex(dir: string, known?: string): KeptIndex | undefined {
  for (const name of indexNames(dir).reverse()) {
    if (name === known) return undefined;
    try {
      return { name, ...readFile(join(dir, name)) };
    } catch {
      // Damaged, of another version, or just removed by another process: then an older one, or none.
    }
  }
  return undefined;
}

/**
 * Writes an index beside the others, and removes those. What fails leaves nothing behind.
 * @param parts where the filters of the files are
 * @param breathe lets others go on meanwhile
 */
export async function writeIndex(
  dir: string,
  files: readonly KeptFile[],
  parts: readonly FilterPart[],
  breathe: () => Promise<void>,
): Promise<{ name: string; rows: { facts: FileFacts; words: number }[] }> {
  const name = `index-${Date.now().toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
  const fresh = join(dir, `.${name}-${process.pid}`);
  const descriptor = openSync(fresh, 'wx', 0o600);
  const rows: { facts: FileFacts; words: number }[] = [];
  try {
    const digest = createHash('sha256');
    const wanted = new Set(files.map(({ facts }) => facts));
    const done = new Set<FileFacts>();
    let position = HEADER;
    for (const part of parts) {
      await breathe();
      part.each((facts, words) => {
        if (!wanted.has(facts) || done.has(facts)) return;
        done.add(facts);
        rows.push({ facts, words: words.length });
        writeWords(descriptor, words, position);
        digest.update(words);
        position += words.byteLength;
      });
    }
    await breathe();
    const table = tableOf(files, rows);
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
  return { name, rows };
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

/** Rows in the order of the filters; files without a filter come last. */
function tableOf(files: readonly KeptFile[], filters: readonly { facts: FileFacts; words: number }[]): Buffer {
  const rowOf = new Map(filters.map(({ facts }, row) => [facts, row]));
  const rows = [...files].sort(
    (one, other) => (rowOf.get(one.facts) ?? Number.MAX_VALUE) - (rowOf.get(other.facts) ?? Number.MAX_VALUE),
  );
  const numbers = new Float64Array(rows.length * COLUMNS);
  rows.forEach((file, row) => {
    const { bytes, mtimeMs, ctimeMs, ino, readAt, facts } = file;
    numbers.set(
      [bytes, mtimeMs, ctimeMs, ino, readAt, KINDS.indexOf(facts.kind), filters[rowOf.get(facts) ?? -1]?.words ?? 0],
      row * COLUMNS,
    );
  });
  const hashes = Buffer.alloc(rows.length * 32);
  for (const [row, { facts }] of rows.entries()) hashes.write(facts.hash ?? '', row * 32, 'hex');
  return Buffer.concat([
    Buffer.from(Float64Array.of(rows.length).buffer),
    Buffer.from(numbers.buffer),
    hashes,
    Buffer.from(rows.map(({ path }) => path).join('\0')),
  ]);
}

function readFile(file: string): { files: Iterable<KeptFile>; part: FilterPart } {
  const { table, filters } = readChecked(file);
  const count = table.readDoubleLE(0);
  const from = 8 + count * COLUMNS * 8;
  const numbers = new Float64Array(table.buffer.slice(table.byteOffset + 8, table.byteOffset + from));
  const paths = table.toString('utf8', from + count * 32).split('\0');
  const all: FileFacts[] = [];
  const rows: { facts: FileFacts; words: number }[] = [];
  for (let row = 0; row < count; row += 1) {
    const [kind = 0, words = 0] = numbers.subarray(row * COLUMNS + 5, (row + 1) * COLUMNS);
    const hash = table.toString('hex', from + row * 32, from + (row + 1) * 32);
    const facts: FileFacts = { kind: KINDS[kind] ?? 'none', hash: /^0+$/.test(hash) ? undefined : hash };
    all.push(facts);
    if (words > 0) rows.push({ facts, words });
  }
  const total = rows.reduce((sum, { words }) => sum + words, 0);
  if (total * 4 !== filters) throw new Error('The table does not fit the filters.');
  function* files(): Generator<KeptFile> {
    for (const [row, facts] of all.entries()) {
      const [bytes = 0, mtimeMs = 0, ctimeMs = 0, ino = 0, readAt = 0] = numbers.subarray(row * COLUMNS);
      yield { path: paths[row] ?? '', bytes, mtimeMs, ctimeMs, ino, readAt, facts };
    }
  }
  return { files: files(), part: openFilterPart(file, { rows, start: HEADER }) };
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
