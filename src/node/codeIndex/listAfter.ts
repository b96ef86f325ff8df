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
    files: merged(
      before.files.filter(({ path }) => isAsBefore(path)),
      files,
    ),
    links: new Set([...[...before.links].filter(isAsBefore), ...links]),
    trackedThoughIgnored: [...before.trackedThoughIgnored.filter(isAsBefore), ...trackedThoughIgnored],
  };
}

/** @param news few, in any order */
function merged(files: FileEntry[], news: readonly FileEntry[]): FileEntry[] {
  const sorted = [...news].sort((a, b) => (a.path < b.path ? -1 : 1));
  const all: FileEntry[] = [];
  let at = 0;
  for (const file of files) {
    for (let next = sorted[at]; next && next.path < file.path; next = sorted[at]) {
      all.push(next);
      at += 1;
    }
    all.push(file);
  }
  return [...all, ...sorted.slice(at)];
}
