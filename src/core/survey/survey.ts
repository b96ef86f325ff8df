import type { Code, FileEntry, Workspace } from '../ports.ts';
import { isUnder } from '../tools/givenPath.ts';
import { isTestFile } from '../tools/languages.ts';
import { type Manifest, readManifest } from '../tools/manifests/manifests.ts';
import { type Links, linksOf } from './links.ts';
import { filesUnder, type KeptFile, keptOf, memoOf } from './memo.ts';
import { folderOf } from './pathTable.ts';
import type { Outline } from './patternOutline.ts';
import { rankFiles } from './rankFiles.ts';
import { type Hashed, hashOf, type ReadBounds, readNew } from './readNew.ts';
import type { Root } from './resolveImport.ts';
import { outlinesOf, readSummaries } from './summaries.ts';
import { IN_TEST, type MappedFile, symbolMap } from './symbolMap.ts';

export interface Survey {
  /** All files that are asked about, sorted by path. */
  files: readonly KeptFile[];
  manifests: readonly Manifest[];
  /** Files in a language that we know, that were not read. */
  unread: number;
  /** The symbols that matter most, in so many characters. */
  map(room: number): Promise<{ files: MappedFile[]; left: number }>;
}

/** More manifests say nothing new of a project; those nearest to its root are read. */
const MOST_MANIFESTS = 300;
/** Files whose symbols are looked at for the map, at least, and at most. */
const LEAST_MAPPED = 40;
const MOST_MAPPED = 300;

/**
 * Looks at all files. What was found of a content is kept, so the next time only what is new is read.
 *
 * @param about.under a folder; what it is linked with outside counts as well. "." is the workspace.
 */
export async function survey(
  ports: { workspace: Workspace; code: Code },
  about: { under: string; query: string | undefined },
  bounds: ReadBounds,
): Promise<Survey> {
  const { workspace, code } = ports;
  const { signal } = bounds;
  const memo = memoOf(code, workspace.root);
  const entries = await workspace.list(signal);
  const { files: all, code: programs } = await keptOf(memo, entries, signal);
  const manifests = await manifestsOf(all, workspace, bounds);
  const unread = await readSummaries(all, ports, bounds);
  const links = await linksOf(programs, rootsOf(manifests), memo.links, signal);
  memo.links = links;
  const { query } = about;
  const places = [about.under];
  return {
    files: filesUnder(all, about.under),
    manifests: ownFirst(manifests.filter(({ path }) => isUnder(path, places))),
    unread,
    map: async (room) => {
      // The links that it is of are in memory as long as it is.
      if (memo.rank?.links !== links) delete memo.rank;
      const known = query === undefined ? memo.rank?.rank : undefined;
      const rank = known ?? (await rankFiles(links, query, signal));
      if (query === undefined) memo.rank = { links, rank };
      const most = Math.min(MOST_MAPPED, Math.max(LEAST_MAPPED, Math.ceil(room / 40)));
      const { ids, symbols } = mostImportant(links, rank, places, most);
      const files = ids.map((id) => ({
        id,
        path: links.table.paths[id] ?? '',
        entry: (programs[id] as KeptFile).entry,
      }));
      const map = await symbolMap(files, (some) => outlined(some, ports, signal), { links, rank, room });
      const shown = map.reduce((sum, file) => sum + file.symbols.length, 0);
      return { files: map, left: Math.max(0, symbols - shown) };
    },
  };
}

/** The `most` important files with symbols, the first of them first; and how many symbols all have together. */
function mostImportant(
  { table, summaries }: Links,
  rank: Float64Array,
  places: readonly string[],
  most: number,
): { ids: number[]; symbols: number } {
  // -1 for those that are not meant.
  const importance = new Float64Array(summaries.length).fill(-1);
  let symbols = 0;
  for (let id = 0; id < summaries.length; id += 1) {
    const own = summaries[id]?.symbols ?? 0;
    if (own === 0 || !isUnder(table.paths[id] ?? '', places)) continue;
    symbols += own;
    importance[id] = (rank[id] ?? 0) * (table.isTest[id] ? IN_TEST : 1);
  }
  // Only what may be among these is put in order, as there may be very many.
  const least = Math.max(0, importance.slice().sort().at(-most) ?? 0);
  const ids: number[] = [];
  for (let id = 0; id < importance.length; id += 1) if ((importance[id] ?? -1) >= least) ids.push(id);
  ids.sort((a, b) => (importance[b] ?? 0) - (importance[a] ?? 0) || a - b);
  return { ids: ids.slice(0, most), symbols };
}

/** Those of fixtures in tests say nothing of the project, where there are others. */
function ownFirst(manifests: readonly Manifest[]): Manifest[] {
  const own = manifests.filter(({ path }) => !isTestFile(path));
  return own.length > 0 ? own : [...manifests];
}

/** In the order of the files. */
async function outlined(
  files: readonly { entry: FileEntry }[],
  { workspace, code }: { workspace: Workspace; code: Code },
  signal: AbortSignal,
): Promise<(Outline | undefined)[]> {
  const hashed = await Promise.all(files.map(({ entry }) => hashOf(workspace, entry)));
  const outlines = await outlinesOf(
    hashed.filter((one) => one !== undefined),
    code,
    signal,
  );
  return hashed.map((file) => file && outlines.get(file));
}

async function manifestsOf(all: readonly KeptFile[], workspace: Workspace, bounds: ReadBounds): Promise<Manifest[]> {
  const files = all
    .filter(({ traits }) => traits.isManifest)
    .map((file) => ({ file, depth: file.entry.path.split('/').length }))
    // They are sorted by path already.
    .sort((a, b) => a.depth - b.depth)
    .slice(0, MOST_MANIFESTS)
    .map(({ file }) => file);
  const find = (some: readonly Hashed[]) =>
    Promise.all(
      some.map(async ({ path, text }) => {
        const written = await text();
        return written === undefined ? undefined : readManifest(path, written);
      }),
    );
  await readNew(files, 'manifest', { workspace, find, saying: 'reading manifests' }, bounds);
  return files.flatMap(({ manifest }) => manifest ?? []);
}

/** The names by which packages of the workspace are imported. */
function rootsOf(manifests: readonly Manifest[]): Root[] {
  return manifests.flatMap(({ path, name }): Root[] => {
    if (name === undefined) return [];
    const kind = path.endsWith('package.json')
      ? 'npm'
      : path.endsWith('go.mod')
        ? 'go'
        : path.endsWith('Cargo.toml')
          ? 'cargo'
          : undefined;
    return kind === undefined ? [] : [{ name, folder: folderOf(path), kind }];
  });
}
