import type { FileEntry } from '../../core/ports.ts';
import type { FileList } from '../fileList.ts';
import type { ListAnswer } from './indexMessages.ts';

/**
 * The list of files that an answer tells of. What is as before is the very same in it: the list itself where nothing is
 * otherwise, and the entry of each file that is not.
 */
export function listAfter(before: FileList | undefined, news: ListAnswer): FileList {
  const { files, links, trackedThoughIgnored, gone } = news;
  if (!before || gone === 'all others') return { files, links: new Set(links), trackedThoughIgnored };
  if (files.length + gone.length === 0) return before;
  const otherwise = new Set([...gone, ...files.map(({ path }) => path)]);
  const isAsBefore = (path: string): boolean => !otherwise.has(path);
  return {
    files: merged(before.files, files, gone),
    links: new Set([...[...before.links].filter(isAsBefore), ...links]),
    trackedThoughIgnored: [...before.trackedThoughIgnored.filter(isAsBefore), ...trackedThoughIgnored],
  };
}

/**
 * In whole stretches, as there may be very many files.
 *
 * @param files sorted by path
 * @param news few, in any order, and so are the paths that are gone
 */
function merged(files: readonly FileEntry[], news: readonly FileEntry[], gone: readonly string[]): FileEntry[] {
  const changes = [
    ...gone.map((path) => ({ path, file: [] })),
    ...news.map((file) => ({ path: file.path, file: [file] })),
  ];
  changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  const stretches: (readonly FileEntry[])[] = [];
  let from = 0;
  for (const { path, file } of changes) {
    const place = placeOf(path, files);
    stretches.push(files.slice(from, place), file);
    from = files[place]?.path === path ? place + 1 : place;
  }
  return ([] as FileEntry[]).concat(...stretches, files.slice(from));
}

/** Of the first file that does not come before the path. */
function placeOf(path: string, files: readonly FileEntry[]): number {
  let [from, to] = [0, files.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((files[middle]?.path ?? '') < path) from = middle + 1;
    else to = middle;
  }
  return from;
}
