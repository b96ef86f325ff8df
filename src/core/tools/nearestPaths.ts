import { posix } from 'node:path';
import { editDistance } from '../editDistance.ts';

/**
 * Paths that somebody may have meant by one that does not exist, the likeliest first: the same name elsewhere,
 * then names that differ by few letters.
 */
export function nearestPaths(missing: string, paths: readonly string[]): string[] {
  const name = posix.basename(missing).toLowerCase();
  const stem = stemOf(name);
  const most = Math.max(1, Math.floor(name.length / 3));
  return paths
    .map((path) => {
      const other = posix.basename(path).toLowerCase();
      if (other === name) return { path, distance: 0 };
      if (stemOf(other) === stem) return { path, distance: 0.5 };
      const distance =
        Math.abs(other.length - name.length) > most ? Number.POSITIVE_INFINITY : editDistance(name, other);
      return { path, distance };
    })
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance || sharedFolders(missing, b.path) - sharedFolders(missing, a.path))
    .slice(0, 5)
    .map(({ path }) => path);
}

function stemOf(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, '');
}

function sharedFolders(a: string, b: string): number {
  const folders = new Set(posix.dirname(a).split('/'));
  return posix
    .dirname(b)
    .split('/')
    .filter((folder) => folders.has(folder)).length;
}
