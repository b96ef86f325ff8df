import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Workspace } from '../core/ports.ts';
import { forEachAtOnce } from './atOnce.ts';
import type { ContentsBounds } from './contents.ts';
import type { ListedFile, Manifest } from './contentsManifest.ts';
import { missingIsUndefined } from './copiedFiles.ts';
import { replaceFile } from './replaceFile.ts';

const AT_ONCE = 8;
/** Milliseconds: a file that was written so shortly before it was read may change again and look the same. */
const TOO_FRESH = 2000;

const seenSchema = z.record(z.string(), z.tuple([z.string(), z.string(), z.boolean()]));
/** By path: how a file looked from outside, what it held, and whether that is no text. */
type Seen = z.infer<typeof seenSchema>;

interface Scan {
  bounds: Pick<ContentsBounds, 'files' | 'file'>;
  /** Where what was seen last of this workspace is remembered. */
  seen: string;
  signal: AbortSignal;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Whether what was held is kept already, so that the file need not be read for it. */
  isKept?: (hash: string) => boolean;
  /** Gets what a file holds. @returns false where there is no room for it */
  take?: (hash: string, text: string) => Promise<boolean>;
}

/**
 * What the files of a workspace hold now. Those that look as they did last are not read again, where their content need
 * not be taken; unsaved ones are read as they stand in the editor.
 */
export async function scanFiles(
  workspace: Workspace,
  { bounds, seen: seenFile, signal, now: clock, isKept, take }: Scan,
): Promise<{ manifest: Manifest; skipped: number }> {
  const listed = await workspace.list(signal);
  const unsaved = new Set(((await workspace.unsaved?.()) ?? []).map(({ path }) => path));
  const before = await readSeen(seenFile);
  const now: Seen = {};
  const files = new Map<string, ListedFile>();
  let skipped = 0;
  const skip = (path: string, bytes: number): void => {
    skipped += 1;
    files.set(path, { bytes });
  };

  async function look(path: string, bytes: number): Promise<void> {
    const looks = unsaved.has(path) ? undefined : await looksOf(join(workspace.root, path), clock());
    if (looks === 'noFile') return skip(path, bytes);
    const [lookedAs, hash = '', isBinary = false] = before[path] ?? [];
    if (looks && lookedAs === looks.text && (isBinary || !take || isKept?.(hash))) {
      now[path] = [looks.text, hash, isBinary];
      files.set(path, { bytes, hash, ...(isBinary && { isBinary }) });
      return;
    }
    const content = await workspace.read(path);
    if (content.kind === 'missing') return;
    if (content.kind !== 'text' && content.kind !== 'binary') return skip(path, bytes);
    if (content.kind === 'text' && take && !(await take(content.hash, content.text))) return skip(path, bytes);
    const binary = content.kind === 'binary';
    files.set(path, { bytes, hash: content.hash, ...(binary && { isBinary: true as const }) });
    if (looks && !looks.isFresh) now[path] = [looks.text, content.hash, binary];
  }

  await forEachAtOnce(AT_ONCE, [...listed.entries()], async ([at, { path, bytes }]) => {
    signal.throwIfAborted();
    if (at >= bounds.files || bytes > bounds.file) skip(path, bytes);
    else await look(path, bytes);
  });
  // It only saves reading.
  await replaceFile(seenFile, JSON.stringify(now)).catch(() => {});
  return { manifest: { files }, skipped };
}

/** Everything that changes with a file's content, as far as the system tells. */
async function looksOf(file: string, now: number): Promise<{ text: string; isFresh: boolean } | 'noFile' | undefined> {
  const found = await lstat(file, { bigint: true }).catch(missingIsUndefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) return 'noFile';
  const changed = Number(found.mtimeMs > found.ctimeMs ? found.mtimeMs : found.ctimeMs);
  return {
    text: [found.size, found.mtimeNs, found.ctimeNs, found.ino].join(' '),
    isFresh: now - changed < TOO_FRESH,
  };
}

async function readSeen(file: string): Promise<Seen> {
  try {
    return seenSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
