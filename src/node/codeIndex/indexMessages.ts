import type { FileEntry, SearchMatch, SearchQuery } from '../../core/ports.ts';

// What an index is asked, and what it answers.

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

export type IndexAnswer =
  | ListAnswer
  /** Undefined: from here it cannot be said, or not quickly. */
  | { kind: 'find'; matches: SearchMatch[] | undefined }
  | { kind: 'candidates'; paths: string[] | undefined }
  /** For each of the lines; undefined where one is of a file that is not known here. */
  | { kind: 'confirm'; held: boolean[] | undefined }
  | { kind: 'ready'; means: 'events' | 'stamps' };

/** All files, or those that are otherwise since the version that is known. */
export interface ListAnswer {
  kind: 'list';
  version: number;
  /** Sorted by path where these are all. */
  files: readonly FileEntry[];
  /** Paths of those of them that are links, and that are tracked although they are ignored. */
  links: readonly string[];
  trackedThoughIgnored: readonly string[];
  /** Paths that are not listed any more. */
  gone: 'all others' | readonly string[];
}

/**
 * `listed`: there is a list of the files, so that questions can be answered at once. `changed`: something has happened to
 * the files, and then nothing more for a moment.
 */
export type IndexNews = 'listed' | 'changed';

/** Where an index is at work: in a thread of its own, or in this one. */
export interface IndexPlace {
  /** Fails where it is closed, or at an end; then everything is found out without it. */
  ask(question: IndexQuestion, signal?: AbortSignal): Promise<IndexAnswer>;
  close(): Promise<void>;
}
