import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workspace } from '../core/ports.ts';
import { SearchError } from '../core/tools/searchError.ts';
import { isBelow, realPathOf, realRoot, resolveInside } from '../node/paths.ts';

/** What of the workspace a client's roots leave: all of it, or these folders, relative to it. */
export type Scope = { kind: 'all' } | { kind: 'folders'; folders: readonly string[] };

/**
 * The part of the workspace in which the client wants us to work. Roots narrow it and never widen it: what lies elsewhere
 * counts for nothing, a root around the workspace leaves it as it is. A client without any root narrows nothing.
 */
export async function scopeOf(uris: readonly string[], workspace: string): Promise<Scope> {
  if (uris.length === 0) return { kind: 'all' };
  const folder = await realRoot(workspace);
  const folders = new Set<string>();
  for (const uri of uris) {
    const root = await realPathFrom(uri);
    if (root === undefined) continue;
    const inner = relative(folder, root).replaceAll(sep, '/');
    // Around the workspace, or the workspace itself.
    if (inner === '' || /^(\.\.\/)*\.\.$/.test(inner)) return { kind: 'all' };
    if (!inner.startsWith('../') && (await resolveInside(workspace, inner)).kind === 'inside') folders.add(inner);
  }
  return { kind: 'folders', folders: [...folders].sort() };
}

/** The workspace with nothing in it but what lies in these folders; the folders around them can be looked through. */
export function narrowed(workspace: Workspace, scope: Scope): Workspace {
  if (scope.kind === 'all') return workspace;
  const { folders } = scope;
  const isIn = (path: string): boolean => isBelow(path, folders);
  const isAround = (path: string): boolean => path === '' || folders.some((folder) => folder.startsWith(`${path}/`));
  const refusal = `it is outside of the folders that the client has opened (${folders.join(', ') || 'none of them is in this workspace'})`;

  /** Where a path really leads, relative to the workspace; undefined where that is refused anyway, or not there. */
  const placeOf = async (path: string): Promise<string | undefined> => {
    const location = await resolveInside(workspace.root, path);
    if (location.kind === 'forbidden') return undefined;
    return relative(await realRoot(workspace.root), location.absolute).replaceAll(sep, '/');
  };
  const { unsaved } = workspace;
  return {
    root: workspace.root,
    async read(path) {
      const place = await placeOf(path);
      if (place === undefined || isIn(place)) return workspace.read(path);
      if (isAround(place)) {
        const content = await workspace.read(path);
        if (content.kind === 'directory') return content;
      }
      return { kind: 'forbidden', reason: refusal };
    },
    list: async (signal) => (await workspace.list(signal)).filter(({ path }) => isIn(path)),
    async search(query, signal) {
      const asked = query.under ?? [];
      const under = asked.length === 0 ? [...folders] : (await Promise.all(asked.map(foldersUnder))).flat();
      if (under.length === 0) {
        if (asked.length === 0) return [];
        throw new SearchError(`This cannot be searched: ${refusal}.`);
      }
      return (await workspace.search({ ...query, under }, signal)).filter(({ path }) => isIn(path));
    },
    ...(unsaved && { unsaved: async () => (await unsaved.call(workspace)).filter(({ path }) => isIn(path)) }),
  };

  async function foldersUnder(path: string): Promise<string[]> {
    const place = await placeOf(path);
    if (place === undefined || isIn(place)) return [path];
    return isAround(place) ? folders.filter((folder) => place === '' || isBelow(folder, [place])) : [];
  }
}

async function realPathFrom(uri: string): Promise<string | undefined> {
  try {
    return await realPathOf(fileURLToPath(uri));
  } catch {
    // Another kind of URI, another machine's, or nothing that this user can reach: none of this workspace's folders.
    return undefined;
  }
}
