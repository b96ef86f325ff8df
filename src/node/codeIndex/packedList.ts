import type { FileEntry } from '../../core/ports.ts';
import { small } from './fileRows.ts';
import type { ListAnswer } from './indexMessages.ts';

/** Many files in few objects: quick to pass on from thread to thread. Texts are separated by NUL. */
export interface PackedList {
  kind: 'packedList';
  version: number;
  paths: string;
  /** Empty where it is not known. */
  hashes: string;
  bytes: Float64Array;
  links: readonly string[];
  trackedThoughIgnored: readonly string[];
  gone: 'all others' | readonly string[];
}

export function packedList({ version, files, links, trackedThoughIgnored, gone }: ListAnswer): PackedList {
  return {
    kind: 'packedList',
    version,
    paths: files.map(({ path }) => path).join('\0'),
    hashes: files.map(({ hash }) => hash ?? '').join('\0'),
    bytes: Float64Array.from(files, ({ bytes }) => bytes),
    links,
    trackedThoughIgnored,
    gone,
  };
}

export function unpackedList({ version, paths, hashes, bytes, ...rest }: PackedList): ListAnswer {
  const { links, trackedThoughIgnored, gone } = rest;
  const known = hashes.split('\0');
  const files =
    bytes.length === 0 ? [] : paths.split('\0').map((path, at) => fileEntry(path, bytes[at] ?? 0, known[at]));
  return { kind: 'list', version, files, links, trackedThoughIgnored, gone };
}

/** Written out: with a spread, V8 makes a hidden class for each, which takes more memory than the entry. */
export function fileEntry(path: string, bytes: number, hash: string | undefined): FileEntry {
  return hash ? { path, bytes: small(bytes), hash } : { path, bytes: small(bytes) };
}
