import type { FileEntry, Workspace } from '../ports.ts';
import type { Progress } from '../tools/tool.ts';
import { breather } from './breather.ts';
import { forgetOthers } from './memo.ts';

/** A file whose content is known by its hash. */
export interface Hashed {
  path: string;
  hash: string;
  /** Reads it, where it was not read for its hash already; undefined where it has no text. */
  text: () => Promise<string | undefined>;
}

export interface ReadBounds {
  signal: AbortSignal;
  /** By the clock of `performance.now()`: what is not known by then stays unread. */
  until: number;
  onProgress?: (progress: Progress) => void;
}

const AT_ONCE = 64;

/**
 * What is known of files, learnt anew where their content is new.
 *
 * @param kind of a file: the same content is learnt once for each
 * @param learn finds out about some files, in their order; undefined for one of which nothing can be known
 * @returns in the order of the files; undefined for what is unread or unknown. `unread` could be read another time.
 */
export async function readKnown<T>(
  files: readonly FileEntry[],
  by: {
    workspace: Workspace;
    known: Map<string, T>;
    kind: (path: string) => string;
    learn: (files: readonly Hashed[]) => Promise<(T | undefined)[]>;
    /** What is said while it goes on. */
    saying: string;
  },
  bounds: ReadBounds,
): Promise<{ found: (T | undefined)[]; keys: (string | undefined)[]; unread: number }> {
  const breathe = breather(bounds.signal);
  const keyOf = (path: string, hash: string) => `${hash.slice(0, 32)}${by.kind(path)}`;
  const keys: (string | undefined)[] = [];
  const found: (T | undefined)[] = [];
  const unknown: number[] = [];
  for (const [at, { path, hash }] of files.entries()) {
    const key = hash === undefined ? undefined : keyOf(path, hash);
    const known = key === undefined ? undefined : by.known.get(key);
    keys.push(key);
    found.push(known);
    if (known === undefined) unknown.push(at);
    await breathe();
  }
  let unread = unknown.length;
  for (let from = 0; from < unknown.length && performance.now() < bounds.until; from += AT_ONCE) {
    bounds.signal.throwIfAborted();
    const some = unknown.slice(from, from + AT_ONCE);
    const hashed = await Promise.all(some.map((at) => hashOf(by.workspace, files[at] as FileEntry)));
    const news = hashed.flatMap((one, at) => {
      const file = some[at] as number;
      if (!one) return [];
      const key = keyOf(one.path, one.hash);
      keys[file] = key;
      found[file] = by.known.get(key);
      return found[file] === undefined ? [{ file, key, one }] : [];
    });
    const learnt = await by.learn(news.map(({ one }) => one));
    for (const [at, { file, key }] of news.entries()) {
      const value = learnt[at];
      if (value === undefined) continue;
      by.known.set(key, value);
      found[file] = value;
    }
    unread -= some.length;
    if (unknown.length > AT_ONCE) {
      bounds.onProgress?.({ message: by.saying, done: unknown.length - unread, total: unknown.length });
    }
    await breathe();
  }
  forgetOthers(by.known, new Set(keys.filter((key) => key !== undefined)));
  return { found, keys, unread };
}

async function hashOf(workspace: Workspace, { path, hash }: FileEntry): Promise<Hashed | undefined> {
  const read = async () => {
    const content = await workspace.read(path);
    return content.kind === 'text' ? content : undefined;
  };
  if (hash !== undefined) return { path, hash, text: async () => (await read())?.text };
  const content = await read();
  return content && { path, hash: content.hash, text: async () => content.text };
}
