import type { SearchMatch, SearchQuery } from '../../core/ports.ts';

// What is said between the thread of an index and the others.

export interface IndexOptions {
  /** Absolute, real path of the workspace. */
  root: string;
  /** Folders that are neither listed nor searched, relative to the root. */
  own: readonly string[];
  /** Absolute path of the folder where the index of this workspace is kept. */
  dir: string;
  /** Bytes: files above are not searched. */
  largest: number;
  /** `stamps`: files are looked at, even where the system would tell of changes. */
  means?: 'stamps';
}

export type IndexQuestion =
  /** `version`: of the list that is known already. */
  | { kind: 'list'; version: number | undefined }
  /** `targets`: files and folders to search in; "." is everything. `paths`: the candidates, where they are known. */
  | { kind: 'find'; query: SearchQuery; targets: readonly string[]; paths?: readonly string[] }
  | { kind: 'candidates'; query: SearchQuery; targets: readonly string[] }
  /** Which of these lines are in the files, as they are opened now? */
  | { kind: 'confirm'; matches: readonly SearchMatch[] }
  /** Answered when all files have been read. */
  | { kind: 'ready' };

/** `id`: of the question; `cancel` is about that one. */
export type IndexRequest =
  | { kind: 'ask'; id: number; question: IndexQuestion }
  | { kind: 'cancel'; id: number }
  | { kind: 'close' };

export type IndexAnswer =
  /** Of all files, or of those that are otherwise since the version that is known; `gone` are not listed any more. */
  | { kind: 'list'; version: number; files: PackedFiles; gone: 'all others' | string[] }
  /** Undefined: from here it cannot be said, or not quickly. */
  | { kind: 'find'; matches: SearchMatch[] | undefined }
  | { kind: 'candidates'; paths: string[] | undefined }
  /** For each of the lines; undefined where one is of a file that is not known here. */
  | { kind: 'confirm'; held: boolean[] | undefined }
  | { kind: 'ready'; means: 'events' | 'stamps' };

/**
 * `listed`: there is a list of the files, so that questions can be answered at once. `changed`: something has happened to
 * the files, and then nothing more for a moment.
 */
export type IndexReply =
  | ({ id: number } & (IndexAnswer | { kind: 'failed'; message: string }))
  | { kind: 'listed' }
  | { kind: 'changed' };

/** Many files in few objects: quick to pass on. Texts are separated by NUL. */
export interface PackedFiles {
  paths: string;
  /** Empty where it is not known. */
  hashes: string;
  bytes: Float64Array;
  /** Of each, a sum of LINK and TRACKED_THOUGH_IGNORED. */
  marks: Uint8Array;
}

export const LINK = 1;
export const TRACKED_THOUGH_IGNORED = 2;
