import { join } from 'node:path';

/**
 * A name as one file name. Different names give different file names, also where the file system ignores case,
 * and no name leads out of its folder: all but lower-case letters, digits, "_" and "-" is written as %xx.
 */
export function fileNameFrom(name: string): string {
  // A lone "%" stands for the empty name, which would otherwise be the folder itself.
  if (name === '') return '%';
  return Array.from(Buffer.from(name), encodeByte).join('');
}

/** The name that `fileNameFrom` made a file name of; undefined where it is no such file name. */
export function nameFrom(fileName: string): string | undefined {
  if (!/^(?:[a-z0-9_-]|%[0-9a-f]{2})+$/.test(fileName)) return undefined;
  return Buffer.from(
    fileName.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();
}

/** An epoch as part of a file name, so that names sort as epochs do. */
export function epochText(epoch: number): string {
  return String(epoch).padStart(8, '0');
}

/** The folder of a run's segments in a store's folder. */
export function runFolder(dir: string, runId: string): string {
  return join(dir, 'runs', fileNameFrom(runId));
}

/** Where what was deleted waits to go: that it is gone from its place is one step. */
export function deletedFolder(dir: string): string {
  return join(dir, 'deleted');
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[a-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
}
