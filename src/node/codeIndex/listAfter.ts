import type { FileEntry } from '../../core/ports.ts';
import type { FileList } from '../fileList.ts';
import { type IndexAnswer, LINK, type PackedFiles, TRACKED_THOUGH_IGNORED } from './indexMessages.ts';

/**
 * The list of files that an answer tells of. What is as before is the very same in it: the list itself where nothing is
 * otherwise, and the entry of each file that is not.
 */
export function listAfter(before: FileList | undefined, answer: IndexAnswer & { kind: 'list' }): FileList {
  const { files, gone } = answer;
  const news = unpacked(files);
  if (!before || gone === 'all others') return news;
  if (news.files.length + gone.length === 0) return before;
  const otherwise = new Set([...gone, ...news.files.map(({ path }) => path)]);
  const isAsBefore = (path: string): boolean => !otherwise.has(path);
  return {
    files: merged(
      before.files.filter(({ path }) => isAsBefore(path)),
      news.files,
    ),
    links: new Set([...[...before.links].filter(isAsBefore), ...news.links]),
    trackedThoughIgnored: [...before.trackedThoughIgnored.filter(isAsBefore), ...news.trackedThoughIgnored],
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

function unpacked({ paths, hashes, bytes, marks }: PackedFiles): FileList {
  const list = { files: [] as FileEntry[], links: new Set<string>(), trackedThoughIgnored: [] as string[] };
  if (bytes.length === 0) return list;
  const known = hashes.split('\0');
  for (const [at, path] of paths.split('\0').entries()) {
    const hash = known[at];
    const file = { path, bytes: bytes[at] ?? 0 };
    list.files.push(hash ? { ...file, hash } : file);
    const mark = marks[at] ?? 0;
    if (mark & LINK) list.links.add(path);
    if (mark & TRACKED_THOUGH_IGNORED) list.trackedThoughIgnored.push(path);
  }
  return list;
}
