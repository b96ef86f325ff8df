/**
 * What runs have taught, and plans, as files that several processes share. Each is a file of its own that is replaced as a
 * whole: writers do not meet, and one that is damaged costs no other.
 *
 *     <dir>/memory/<hash of the workspace's path>/<id>.json    a MemoryEntry
 *     <dir>/plans/<key>.json
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { boundedEntry, entryFrom, MOST_PLANS, newestEntries } from '../../core/memory/entries.ts';
import type { Memory, MemoryEntry } from '../../core/ports.ts';
import { replaceFile } from '../replaceFile.ts';
import { errorCode, fileFailure } from './fileFailure.ts';
import { fileNameFrom } from './fileNames.ts';

/** @param dir the store's folder, absolute; what is missing in it is made */
export function openFileMemory(dir: string): Memory {
  const plans = join(dir, 'plans');
  const planFile = (key: string) => join(plans, fileFrom(key));
  const folderOf = (workspace: string) =>
    join(dir, 'memory', createHash('sha256').update(workspace).digest('hex').slice(0, 16));

  async function dropOldest(folder: string): Promise<void> {
    const { dropped } = newestEntries(await entriesIn(folder));
    await removeFiles(
      folder,
      dropped.map(({ id }) => fileFrom(id)),
    );
  }

  return {
    recall: (workspace) =>
      inWords('Reading what is remembered', folderOf(workspace), async (folder) => {
        return newestEntries(await entriesIn(folder)).kept;
      }),
    remember: (workspace, entries) =>
      inWords('Remembering', folderOf(workspace), async (folder) => {
        for (const entry of entries) await replaceFile(join(folder, fileFrom(entry.id)), jsonFrom(entry));
        await dropOldest(folder);
      }),
    forget: (workspace, ids) =>
      inWords('Forgetting', folderOf(workspace), async (folder) => {
        // The folder stays: another process may be writing into it.
        await removeFiles(folder, ids === 'all' ? await filesIn(folder) : ids.map(fileFrom));
      }),
    plan: (key) => inWords('Reading a kept plan', plans, () => readText(planFile(key))),
    keepPlan: (key, json) =>
      inWords('Keeping a plan', plans, async (folder) => {
        await replaceFile(planFile(key), json);
        await removeFiles(folder, await oldestBeyond(folder, MOST_PLANS));
      }),
    forgetPlan: (key) => inWords('Forgetting a plan', plans, (folder) => removeFiles(folder, [fileFrom(key)])),
  };
}

function fileFrom(name: string): string {
  return `${fileNameFrom(name)}.json`;
}

function jsonFrom(entry: MemoryEntry): string {
  return `${JSON.stringify(boundedEntry(entry))}\n`;
}

async function entriesIn(folder: string): Promise<MemoryEntry[]> {
  const texts = await Promise.all((await filesIn(folder)).map((file) => readText(join(folder, file))));
  return texts.flatMap((text) => (text === undefined ? [] : (entryFrom(text) ?? [])));
}

/** Names of the files that were written to their end. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => file.endsWith('.json'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** @returns undefined where there is no such file (any more) */
async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** All but the files that were written last. */
async function oldestBeyond(folder: string, most: number): Promise<string[]> {
  const files = await filesIn(folder);
  if (files.length <= most) return [];
  const dated = await Promise.all(
    files.map(async (file) => ({ file, at: await stat(join(folder, file)).then(({ mtimeMs }) => mtimeMs, gone) })),
  );
  return dated
    .sort((a, b) => b.at - a.at)
    .slice(most)
    .map(({ file }) => file);
}

/** Another process removed it meanwhile: as old as can be. */
function gone(error: unknown): number {
  if (errorCode(error) === 'ENOENT') return 0;
  throw error;
}

async function removeFiles(folder: string, files: readonly string[]): Promise<void> {
  for (const file of files) await rm(join(folder, file), { force: true });
}

async function inWords<T>(what: string, folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  try {
    return await work(folder);
  } catch (error) {
    throw fileFailure(error, what, folder);
  }
}
