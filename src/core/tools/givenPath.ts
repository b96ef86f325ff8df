import { posix } from 'node:path';
import type { Workspace } from '../ports.ts';

/**
 * A path as models write it (`./a`, `a//b`, `src\a.ts`, the absolute path of a file inside) as the workspace knows it.
 * What leads outside stays as it is: the workspace itself refuses it. "." is the workspace.
 */
export function givenPath(given: string, workspace: Workspace): string {
  const path = withSlashes(given.trim());
  const root = `${withSlashes(workspace.root).replace(/\/$/, '')}/`;
  const inside = path.startsWith(root) ? path.slice(root.length) : path;
  // Two slashes at the start are a network path on Windows, which must not look like a harmless one.
  if (inside.startsWith('//')) return inside;
  const tidy = posix.normalize(inside);
  return tidy.length > 1 ? tidy.replace(/\/$/, '') : tidy;
}

/** Whether a file lies in one of these folders, or is one of these files. @param places none: everywhere */
export function isUnder(path: string, places: readonly string[]): boolean {
  for (const one of places) if (one === '.' || isIn(path, one)) return true;
  return places.length === 0;
}

/** Whether a path is that place, or below it. Asked of each file of a workspace, so it makes no text of its own. */
export function isIn(path: string, place: string): boolean {
  return path.startsWith(place) && (path.length === place.length || path[place.length] === '/');
}

function withSlashes(path: string): string {
  return path.replaceAll('\\', '/');
}
