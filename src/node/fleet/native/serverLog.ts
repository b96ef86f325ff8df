import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { watchFolder } from '../../fileStore/folderChanges.ts';
import { errorCode } from '../../paths.ts';

/** The logs of servers that write into files by themselves, because they outlive us. */
export interface ServerLogs {
  /** A new, empty log, to which a process can be attached. */
  begin(name: string): Promise<FileHandle>;
  /** Keeps it from growing without bounds. */
  trim(name: string): Promise<void>;
  /** The last lines and, with `follow`, all that come, until the signal aborts; nothing where there is no log. */
  read(name: string, options: { lines: number; follow: boolean }, signal: AbortSignal): AsyncIterable<string>;
  remove(name: string): Promise<void>;
}

/** In bytes: what a log may have, and what is left of one that has more. */
const LARGEST = 16 * 1024 * 1024;
const KEPT = 4 * 1024 * 1024;
/** In bytes: of a log, to find its last lines in. */
const TAIL = 1024 * 1024;

/** @param dir absolute; made with the first log */
export function openServerLogs(dir: string): ServerLogs {
  const fileOf = (name: string): string => join(dir, `${name}.log`);

  return {
    async begin(name) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      // Not emptied: who still reads the old one shall not take the new for its end.
      await rm(fileOf(name), { force: true });
      return open(fileOf(name), 'a', 0o600);
    },
    async trim(name) {
      const size = await stat(fileOf(name)).then(
        (found) => found.size,
        () => 0,
      );
      if (size <= LARGEST) return;
      const file = await open(fileOf(name), 'r+');
      try {
        const kept = await readFrom(file, size - KEPT);
        // The server appends, wherever the end is. What it writes in this moment may come before what is kept.
        await file.truncate(0);
        await file.write(kept.subarray(kept.indexOf('\n') + 1), 0, undefined, 0);
      } finally {
        await file.close();
      }
    },
    read: (name, options, signal) => readLines(dir, fileOf(name), options, signal),
    remove: (name) => rm(fileOf(name), { force: true, maxRetries: 3 }),
  };
}

async function* readLines(
  dir: string,
  file: string,
  { lines, follow }: { lines: number; follow: boolean },
  signal: AbortSignal,
): AsyncIterable<string> {
  const changes = follow ? watchFolder(dir, signal) : undefined;
  try {
    let at = await openedAt(file);
    const start = Math.max(0, (at?.size ?? 0) - TAIL);
    let decoder = new StringDecoder('utf8');
    const tail = at === undefined ? Buffer.alloc(0) : await bytesFrom(file, start);
    const all = decoder.write(tail).split('\n');
    // The first line may be half a line.
    const whole = start > 0 ? all.slice(1) : all;
    let rest = follow ? (whole.pop() ?? '') : '';
    if (whole.at(-1) === '') whole.pop();
    for (const line of lines === 0 ? [] : whole.slice(-lines)) yield withoutReturn(line);
    if (changes === undefined) return;

    let offset = start + tail.length;
    while (!signal.aborted) {
      await changes.next();
      const now = await openedAt(file);
      if (now === undefined) continue;
      if (now.id !== at?.id || now.size < offset) {
        // Started anew, or trimmed.
        offset = 0;
        rest = '';
        decoder = new StringDecoder('utf8');
      }
      at = now;
      if (now.size === offset) continue;
      const bytes = await bytesFrom(file, offset);
      offset += bytes.length;
      const more = (rest + decoder.write(bytes)).split('\n');
      rest = more.pop() ?? '';
      for (const line of more) yield withoutReturn(line);
    }
  } finally {
    changes?.close();
  }
}

/** What a file is known by, and its size; undefined where there is none. */
async function openedAt(file: string): Promise<{ id: string; size: number } | undefined> {
  try {
    const { ino, birthtimeMs, size } = await stat(file);
    return { id: `${ino}/${birthtimeMs}`, size };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function bytesFrom(file: string, start: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    return await readFrom(handle, start);
  } finally {
    await handle.close();
  }
}

async function readFrom(file: FileHandle, start: number): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.max(0, size - start));
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, start + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
