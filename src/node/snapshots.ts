import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptFile, Snapshot, Snapshots } from '../core/ports.ts';
import { fileNameFrom, nameFrom } from './fileStore/fileNames.ts';
import { errorCode, resolveInside } from './paths.ts';

/** Bytes: a text above the first is not kept; beyond the second, the runs that wrote longest ago are forgotten. */
export const SNAPSHOT_LIMITS = { file: 4 * 1024 * 1024, total: 256 * 1024 * 1024 };

/**
 * Snapshots in files: a folder a run, in it the touched texts by their SHA-256, and a list for each write. What a killed
 * process left unfinished there is harmless, and goes with the run. Where a run had to make room, a mark says so: what is
 * written afterwards would be half of it, and is not kept.
 * @param dir absolute; made where it is missing
 * @param root the workspace, from which permissions are read
 */
export function openSnapshots(dir: string, root: string, limits = SNAPSHOT_LIMITS): Snapshots {
  return {
    async keep(runId, files) {
      const folder = folderOf(dir, runId);
      if (await hadToMakeRoom(folder)) return NOT_KEPT;
      await mkdir(join(folder, 'texts'), { recursive: true, mode: 0o700 });
      // One after the other: two files of a rename have the same text.
      const listed: Listed[] = [];
      for (const file of files) listed.push(await listedFrom(folder, root, file, limits.file));
      const list = join(folder, `${nextNumber(await listsIn(folder))}.json`);
      await put(list, JSON.stringify(listed));
      await forgetOldest(dir, fileNameFrom(runId), limits.total);
      return {
        async settle(settled) {
          if (await hadToMakeRoom(folder)) return;
          const texts = new Map(settled.map(({ path, text }) => [path, text]));
          const now: Listed[] = [];
          for (const file of listed) {
            const text = texts.get(file.path);
            const isKept = text !== undefined && file.tooLarge !== true;
            now.push(isKept ? { ...file, after: await keepText(folder, text) } : file);
          }
          await put(list, JSON.stringify(now));
        },
        discard: () => rm(list, { force: true }),
      };
    },

    async of(runId) {
      const folder = folderOf(dir, runId);
      if (await hadToMakeRoom(folder)) return [];
      const lists = await listsIn(folder);
      return Promise.all(
        lists.map(async (name) => keptFrom(folder, JSON.parse(await readFile(join(folder, name), 'utf8')))),
      );
    },

    drop: (runId) => dropSnapshots(dir, runId),
  };
}

/** Forgets everything that was kept for a run. */
export function dropSnapshots(dir: string, runId: string): Promise<void> {
  return rm(folderOf(dir, runId), { recursive: true, force: true });
}

/** What the snapshots take on the disk, and of which runs, the one that wrote longest ago first. */
export async function snapshotSizes(dir: string): Promise<{ runId: string; bytes: number }[]> {
  return (await sizes(dir)).flatMap(({ name, bytes }) => {
    const runId = nameFrom(name);
    return runId === undefined ? [] : [{ runId, bytes }];
  });
}

/** An empty file in the folder of a run that had to make room. */
const MARK = 'made-room';

const NOT_KEPT: Snapshot = { settle: async () => {}, discard: async () => {} };

async function hadToMakeRoom(folder: string): Promise<boolean> {
  return (await stat(join(folder, MARK)).catch(ignoreMissing)) !== undefined;
}

/** The mark comes first: what is left behind by a crash in between counts for nothing. */
async function makeRoom(folder: string): Promise<void> {
  await put(join(folder, MARK), '');
  for (const name of await readdir(folder)) {
    if (name !== MARK) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** A file as a list holds it: texts by their SHA-256. */
interface Listed {
  path: string;
  before: string | null;
  after: string | null;
  mode?: number;
  tooLarge?: boolean;
}

function folderOf(dir: string, runId: string): string {
  return join(dir, fileNameFrom(runId));
}

async function listedFrom(
  folder: string,
  root: string,
  { path, before, after }: Pick<KeptFile, 'path' | 'before' | 'after'>,
  largest: number,
): Promise<Listed> {
  const mode = await modeOf(root, path);
  const about = { path, ...(mode !== undefined && { mode }) };
  const isLarge = [before, after].some((text) => text !== null && Buffer.byteLength(text) > largest);
  if (isLarge) return { ...about, before: null, after: null, tooLarge: true };
  return { ...about, before: await keepText(folder, before), after: await keepText(folder, after) };
}

async function modeOf(root: string, path: string): Promise<number | undefined> {
  const location = await resolveInside(root, path);
  if (location.kind === 'forbidden') return undefined;
  const found = await stat(location.absolute).catch(ignoreMissing);
  return found === undefined ? undefined : found.mode & 0o7777;
}

async function keepText(folder: string, text: string | null): Promise<string | null> {
  if (text === null) return null;
  const hash = createHash('sha256').update(text).digest('hex');
  const file = join(folder, 'texts', hash);
  if ((await stat(file).catch(ignoreMissing)) === undefined) await put(file, text);
  return hash;
}

async function keptFrom(folder: string, listed: Listed[]): Promise<KeptFile[]> {
  const text = async (hash: string | null): Promise<string | null> =>
    hash === null ? null : readFile(join(folder, 'texts', hash), 'utf8');
  return Promise.all(
    listed.map(async (file) => ({ ...file, before: await text(file.before), after: await text(file.after) })),
  );
}

/** Never seen half written. */
async function put(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}.new`;
  await writeFile(beside, text, { mode: 0o600, flush: true });
  await rename(beside, file);
}

/** "000001.json", …, in the order of the writes. */
async function listsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(ignoreMissing)) ?? [];
  return names.filter((name) => /^\d+\.json$/.test(name)).sort();
}

function nextNumber(lists: readonly string[]): string {
  return String(Number.parseInt(lists.at(-1) ?? '0', 10) + 1).padStart(6, '0');
}

async function forgetOldest(dir: string, kept: string, total: number): Promise<void> {
  const all = await sizes(dir);
  let bytes = all.reduce((sum, run) => sum + run.bytes, 0);
  for (const run of all) {
    if (bytes <= total) return;
    if (run.name === kept || run.bytes === 0) continue;
    await makeRoom(join(dir, run.name));
    bytes -= run.bytes;
  }
}

async function sizes(dir: string): Promise<{ name: string; bytes: number }[]> {
  const names = (await readdir(dir).catch(ignoreMissing)) ?? [];
  const runs = await Promise.all(
    names.map(async (name) => {
      const files = (await readdir(join(dir, name), { recursive: true }).catch(ignoreMissing)) ?? [];
      const stats = await Promise.all(files.map((file) => stat(join(dir, name, file)).catch(ignoreMissing)));
      const plain = stats.filter((found) => found?.isFile() === true);
      const last = Math.max(0, ...plain.map((found) => found?.mtimeMs ?? 0));
      return { name, bytes: plain.reduce((sum, found) => sum + (found?.size ?? 0), 0), last };
    }),
  );
  return runs.sort((a, b) => a.last - b.last).map(({ name, bytes }) => ({ name, bytes }));
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error;
  return undefined;
}
