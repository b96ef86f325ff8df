import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachAtOnce } from './atOnce.ts';
import { missingIsUndefined } from './copiedFiles.ts';

/** What copies may take: one of a workspace, and all that are there at the same time with their test runners' caches. In files and bytes. */
export interface CopyBounds {
  files: number;
  bytes: number;
  allBytes: number;
}

/**
 * Measures what is to be copied.
 * @param paths relative to `original`
 * @returns its bytes
 * @throws Error where it is too much: names what is large, and what to do
 */
export async function measured(paths: readonly string[], original: string, bounds: CopyBounds): Promise<number> {
  const large = new Map<string, { files: number; bytes: number }>();
  let bytes = 0;
  await forEachAtOnce(64, paths, async (path) => {
    const found = await lstat(join(original, path)).catch(missingIsUndefined);
    const size = found?.isFile() ? found.size : 0;
    bytes += size;
    const slash = path.indexOf('/');
    const top = slash < 0 ? path : path.slice(0, slash + 1);
    const sum = large.get(top) ?? { files: 0, bytes: 0 };
    large.set(top, { files: sum.files + 1, bytes: sum.bytes + size });
  });
  if (paths.length <= bounds.files && bytes <= bounds.bytes) return bytes;

  const by = bytes > bounds.bytes ? 'bytes' : 'files';
  const largest = [...large]
    .sort(([, one], [, other]) => other[by] - one[by])
    .slice(0, 3)
    .map(([name, sum]) => `${name} (${inWords(sum)})`);
  throw new Error(
    `a check needs a copy of it, and it has ${inWords({ files: paths.length, bytes })}, more than the ${inWords(bounds)} of the settings copies.files and copies.megabytes. The largest: ${largest.join(', ')}. Put what the checks do not need into .gitignore, or raise the setting.`,
  );
}

/** What the name of a copy's folder says: whose it is and how large, so that copies can be counted without a walk. */
export function copyPrefix(pid: number, bytes: number): string {
  return `copy-${pid}-${bytes}-`;
}

/** A copy of this or another process. */
export interface FoundCopy {
  path: string;
  pid: number;
  bytes: number;
}

/** The copies in these folders, by their names. */
export async function copiesIn(folders: readonly string[]): Promise<FoundCopy[]> {
  const found: FoundCopy[] = [];
  for (const folder of folders) {
    for (const name of (await readdir(folder).catch(missingIsUndefined)) ?? []) {
      const [, pid, bytes] = /^copy-(\d+)-(?:(\d+)-)?/.exec(name) ?? [];
      if (pid !== undefined) found.push({ path: join(folder, name), pid: Number(pid), bytes: Number(bytes ?? 0) });
    }
  }
  return found;
}

/** @throws Error where there is no room for one more beside the copies that are there */
export function assertRoom(bytes: number, others: readonly FoundCopy[], cacheBytes: number, bounds: CopyBounds): void {
  const taken = others.reduce((sum, copy) => sum + copy.bytes, cacheBytes);
  if (taken + bytes <= bounds.allBytes) return;
  throw new Error(
    `a check needs a copy of it (${megabytes(bytes)}), and other runs have ${others.length} copies (${megabytes(taken)} with the caches of their test runners); together that is more than the ${megabytes(bounds.allBytes)} of the setting copies.allMegabytes. Wait for them, stop one, or raise the setting.`,
  );
}

function inWords({ files, bytes }: { files: number; bytes: number }): string {
  return `${files} files and ${megabytes(bytes)}`;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MB`;
}
