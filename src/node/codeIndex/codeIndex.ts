import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { SearchMatch, SearchQuery } from '../../core/ports.ts';
import { indexFolder } from '../dataFolder.ts';
import type { FileList } from '../fileList.ts';
import { LARGEST_FILE } from '../plainFile.ts';
import { startIndexHere } from './indexHere.ts';
import type { IndexAnswer, IndexNews, IndexOptions, IndexPlace, IndexQuestion } from './indexMessages.ts';
import { startIndexThread } from './indexThread.ts';
import { listAfter } from './listAfter.ts';

/** What is known of the files of one workspace without asking the disk about each. */
export interface CodeIndex {
  /** As `listFiles` gives it now. @returns undefined where the index cannot say it (not yet) */
  list(signal?: AbortSignal): Promise<FileList | undefined>;
  /** What a text is found in: as ripgrep finds it, and in its order. @returns undefined where the index cannot say it */
  find(query: SearchQuery, targets: readonly string[], signal?: AbortSignal): Promise<SearchMatch[] | undefined>;
  /**
   * The files that can hold what an expression matches, in ripgrep's order. @returns undefined where the index cannot say it
   */
  candidates(query: SearchQuery, targets: readonly string[], signal?: AbortSignal): Promise<string[] | undefined>;
  /** Those of the lines that are in the files, as they are opened now. @returns undefined where the index cannot say it */
  confirm(matches: readonly SearchMatch[], signal?: AbortSignal): Promise<SearchMatch[] | undefined>;
  /** Resolves when it is complete, and tells how it is kept current. Who waits for it does not keep the process alive. */
  ready(): Promise<'events' | 'stamps'>;
  /** Calls when something has happened to the files, and then nothing more for a moment: where the system tells of that. */
  onChanged(listener: () => void): void;
}

/** The indexes of a process: one a workspace, each of which ends when it is not used. */
export interface CodeIndexes {
  /**
   * Begins with it, where nobody has yet.
   * @param root absolute, real path
   * @param own folders that are neither listed nor searched, relative to the root
   */
  of(root: string, own: readonly string[]): CodeIndex;
  /** For good: whoever asks afterwards gets no answer, and finds out without an index. */
  close(): Promise<void>;
}

/** Milliseconds after which an index that nobody asks anything ends. */
const IDLE = 15 * 60_000;
/** Milliseconds after which one that has failed is tried again. */
const AGAIN = 60_000;

/**
 * Where indexes are at work. `thread`: nobody notices it, and the list of files is there twice. `here`: for a process that
 * has little else to do; it needs half the memory, and answers sooner.
 */
export type IndexWhere = 'thread' | 'here';

/** Of this user. @param home absolute path of the folder with dist/ */
export function codeIndexesOf(home: string, env: NodeJS.ProcessEnv, where: IndexWhere): CodeIndexes {
  return openCodeIndexes({ dir: indexFolder(env), where, thread: join(home, 'dist', 'indexWorker.js') });
}

/**
 * @param options.dir absolute path of the folder of all indexes
 * @param options.thread absolute path of the built indexWorker.ts
 * @param options.means for tests: how changes are to be seen
 */
export function openCodeIndexes(options: {
  dir: string;
  where: IndexWhere;
  thread: string;
  means?: 'stamps';
}): CodeIndexes {
  const { dir, where, thread, means } = options;
  const indexes = new Map<string, CodeIndex & { close(): Promise<void> }>();
  let isClosed = false;
  const start: StartIndex = (about, on) =>
    where === 'here' ? startIndexHere(about, on.onNews) : startIndexThread(thread, about, on);
  return {
    of(root, own) {
      const key = JSON.stringify([root, [...own].sort()]);
      const index =
        indexes.get(key) ??
        openCodeIndex(start, {
          root,
          own,
          largest: LARGEST_FILE,
          dir: join(dir, createHash('sha256').update(key).digest('hex').slice(0, 16)),
          ...(means && { means }),
        });
      indexes.set(key, index);
      if (isClosed) index.close().catch(() => {});
      return index;
    },
    async close() {
      isClosed = true;
      await Promise.all([...indexes.values()].map((index) => index.close()));
    },
  };
}

type StartIndex = (options: IndexOptions, on: { onNews: (news: IndexNews) => void; onEnd: () => void }) => IndexPlace;

function openCodeIndex(start: StartIndex, options: IndexOptions): CodeIndex & { close(): Promise<void> } {
  let place: IndexPlace | undefined;
  let isListed = false;
  let failedAt = Number.NEGATIVE_INFINITY;
  let idle: NodeJS.Timeout | undefined;
  let known: { version: number; list: FileList } | undefined;
  const listeners: (() => void)[] = [];
  let isClosed = false;

  function started(): IndexPlace | undefined {
    // Whoever is late gets along without it: a thread that began now would keep the process from its end.
    if (isClosed) return undefined;
    clearTimeout(idle);
    idle = setTimeout(() => end().catch(() => {}), IDLE).unref();
    if (!place && Date.now() - failedAt > AGAIN) {
      const onNews = (news: IndexNews): void => {
        if (news === 'listed') isListed = true;
        else for (const listener of listeners) listener();
      };
      const onEnd = (): void => {
        failedAt = Date.now();
        forget();
      };
      try {
        place = start(options, { onNews, onEnd });
      } catch {
        // Its folder cannot be written to.
        onEnd();
      }
    }
    return place;
  }

  function forget(): void {
    place = undefined;
    isListed = false;
    known = undefined;
  }

  async function end(): Promise<void> {
    clearTimeout(idle);
    const ending = place;
    forget();
    await ending?.close();
  }

  /** What fails here can be found out without an index: whoever asked does so. */
  async function ask(question: IndexQuestion, signal?: AbortSignal): Promise<IndexAnswer | undefined> {
    signal?.throwIfAborted();
    const asked = started();
    if (!asked || !isListed) return undefined;
    try {
      return await asked.ask(question, signal);
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  }

  async function candidates(query: SearchQuery, targets: readonly string[], signal?: AbortSignal) {
    const answer = await ask({ kind: 'candidates', query, targets }, signal);
    return answer?.kind === 'candidates' ? answer.paths : undefined;
  }

  return {
    async list(signal) {
      const before = known;
      const answer = await ask({ kind: 'list', version: before?.version }, signal);
      if (answer?.kind !== 'list') return undefined;
      const list = listAfter(before?.list, answer);
      // Who asked before and is answered later does not know better.
      if (!known || known.version <= answer.version) known = { version: answer.version, list };
      return list;
    },
    async find({ only, ...query }, targets, signal) {
      // A function cannot be passed on to a thread.
      const paths = only && (await candidates(query, targets, signal))?.filter(only);
      if (only && !paths) return undefined;
      const answer = await ask({ kind: 'find', query, targets, ...(paths && { paths }) }, signal);
      return answer?.kind === 'find' ? answer.matches : undefined;
    },
    async candidates({ only, ...query }, targets, signal) {
      const paths = await candidates(query, targets, signal);
      return only ? paths?.filter(only) : paths;
    },
    async confirm(matches, signal) {
      const answer = await ask({ kind: 'confirm', matches }, signal);
      const held = answer?.kind === 'confirm' ? answer.held : undefined;
      return held && matches.filter((_, at) => held[at]);
    },
    async ready() {
      const answer = await started()?.ask({ kind: 'ready' });
      if (answer?.kind !== 'ready') throw new Error('The index does not start.');
      return answer.means;
    },
    onChanged(listener) {
      listeners.push(listener);
    },
    close() {
      isClosed = true;
      return end();
    },
  };
}
