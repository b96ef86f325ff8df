import type { FileEntry, Workspace } from '../ports.ts';
import type { Progress } from '../tools/tool.ts';
import { breather } from './breather.ts';
import type { Findings, KeptFile } from './memo.ts';

/** A file whose content is known by its hash. */
export interface Hashed {
  path: string;
  hash: string;
  /** Reads it, where it was not read for its hash already; undefined where it has no text. */
  text: () => Promise<string | undefined>;
}

/** A file as it is listed, and what is kept of it. */
export interface Listed {
  entry: FileEntry;
  kept: KeptFile;
}

export interface ReadBounds {
  signal: AbortSignal;
  /** By the clock of `performance.now()`: what is not known by then stays unread. */
  until: number;
  onProgress?: (progress: Progress) => void;
}

const AT_ONCE = 64;

/**
 * What is known of files, found anew where their content is new.
 *
 * @param what is asked for
 * @param by.find finds out about some files, in their order; undefined where nothing can be known
 * @param by.saying what is said while it goes on
 * @returns in the order of the files; undefined for what is unread or unknown. `unread` could be read another time.
 */
export async function readKnown<What extends keyof Findings>(
  files: readonly Listed[],
  what: What,
  by: {
    workspace: Workspace;
    find: (files: readonly Hashed[]) => Promise<(Findings[What] | undefined)[]>;
    saying: string;
  },
  bounds: ReadBounds,
): Promise<{ found: (NonNullable<Findings[What]> | undefined)[]; unread: number }> {
  const breathe = breather(bounds.signal);
  const found: (NonNullable<Findings[What]> | undefined)[] = [];
  const unknown: number[] = [];
  for (let at = 0; at < files.length; at += 1) {
    const { entry, kept } = files[at] as Listed;
    if (entry.hash !== undefined && entry.hash !== kept.hash) renew(kept, entry.hash);
    const known = entry.hash === undefined ? undefined : kept.found[what];
    found.push(known ?? undefined);
    if (known === undefined) unknown.push(at);
    const pause = breathe();
    if (pause) await pause;
  }
  let unread = unknown.length;
  for (let from = 0; from < unknown.length && performance.now() < bounds.until; from += AT_ONCE) {
    bounds.signal.throwIfAborted();
    const some = unknown.slice(from, from + AT_ONCE);
    const hashed = await Promise.all(some.map((at) => hashOf(by.workspace, (files[at] as Listed).entry)));
    const news = hashed.flatMap((file, place) => {
      if (!file) return [];
      const at = some[place] as number;
      const { kept } = files[at] as Listed;
      if (kept.hash !== file.hash) renew(kept, file.hash);
      found[at] = kept.found[what] ?? undefined;
      return kept.found[what] === undefined ? [{ at, kept, file }] : [];
    });
    const all = await by.find(news.map(({ file }) => file));
    for (const [place, { at, kept, file }] of news.entries()) {
      const value = all[place];
      found[at] = value ?? undefined;
      // Somebody else may have seen another content meanwhile.
      if (kept.hash === file.hash) kept.found[what] = value ?? (null as Findings[What]);
    }
    unread -= some.length;
    if (unknown.length > AT_ONCE) {
      bounds.onProgress?.({ message: by.saying, done: unknown.length - unread, total: unknown.length });
    }
    const pause = breathe();
    if (pause) await pause;
  }
  return { found, unread };
}

function renew(kept: KeptFile, hash: string): void {
  kept.hash = hash;
  kept.found = {};
}

/** @returns undefined for a file without a text */
export async function hashOf(workspace: Workspace, { path, hash }: FileEntry): Promise<Hashed | undefined> {
  const read = async () => {
    const content = await workspace.read(path);
    return content.kind === 'text' ? content : undefined;
  };
  if (hash !== undefined) return { path, hash, text: async () => (await read())?.text };
  const content = await read();
  return content && { path, hash: content.hash, text: async () => content.text };
}
