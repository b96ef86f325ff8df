import { setImmediate } from 'node:timers/promises';
import type { FileEntry, Workspace } from '../ports.ts';
import type { Progress } from '../tools/tool.ts';
import { eachInTurn } from './inTurn.ts';
import type { Findings, KeptFile } from './memo.ts';

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

/** Files at a time, and their bytes: they, and what is found of them, are in memory. */
const AT_ONCE = { files: 32, bytes: 512 * 1024 };

/**
 * Finds out about files, where their content is new.
 *
 * @param what is asked for
 * @param by.find finds out about some files, in their order; undefined where nothing can be known
 * @param by.isMeant the others are left as they are
 * @param by.first the files with the least number are read first
 * @param by.saying what is said while it goes on
 * @returns how many stay unread, and could be read another time
 */
export async function readNew<What extends keyof Findings>(
  files: readonly KeptFile[],
  what: What,
  by: {
    workspace: Workspace;
    find: (files: readonly Hashed[]) => Promise<(Findings[What] | undefined)[]>;
    isMeant?: (file: KeptFile) => boolean;
    first?: (file: KeptFile) => number;
    saying: string;
  },
  bounds: ReadBounds,
): Promise<number> {
  const unknown: KeptFile[] = [];
  const { isMeant } = by;
  const look = (file: KeptFile): void => {
    if (isMeant && !isMeant(file)) return;
    const { hash } = file.entry;
    if (hash !== undefined && hash !== file.hash) renew(file, hash);
    if (hash === undefined || file[what] === undefined) unknown.push(file);
  };
  await eachInTurn(files, look, bounds.signal);
  const { first } = by;
  if (first) unknown.sort((a, b) => first(a) - first(b));
  let read = 0;
  while (read < unknown.length && performance.now() < bounds.until) {
    bounds.signal.throwIfAborted();
    const some = firstOf(unknown, read);
    const hashed = await Promise.all(some.map(({ entry }) => hashOf(by.workspace, entry)));
    const news = hashed.flatMap((content, place) => {
      const file = some[place] as KeptFile;
      // What has no text any more has nothing of what was found in it, either.
      if (file.hash !== content?.hash) renew(file, content?.hash);
      return content && file[what] === undefined ? [{ file, content }] : [];
    });
    const all = await by.find(news.map(({ content }) => content));
    for (const [place, { file, content }] of news.entries()) {
      const known: Findings = file;
      // Somebody else may have seen another content meanwhile.
      if (file.hash === content.hash) known[what] = all[place] ?? (null as Findings[What]);
    }
    read += some.length;
    if (unknown.length > AT_ONCE.files) bounds.onProgress?.({ message: by.saying, done: read, total: unknown.length });
    await setImmediate();
  }
  // Of these, nobody knows whether they are still what they were.
  for (const file of unknown.slice(read)) if (file.entry.hash === undefined) renew(file, undefined);
  return unknown.length - read;
}

/** At least one. */
function firstOf(files: readonly KeptFile[], from: number): KeptFile[] {
  let room = AT_ONCE.bytes;
  let to = from;
  do {
    room -= files[to]?.entry.bytes ?? 0;
    to += 1;
  } while (to < files.length && to < from + AT_ONCE.files && room >= (files[to]?.entry.bytes ?? 0));
  return files.slice(from, to);
}

function renew(file: KeptFile, hash: string | undefined): void {
  file.hash = hash;
  file.summary = undefined;
  file.passages = undefined;
  file.manifest = undefined;
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
