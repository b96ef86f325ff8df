import type { Code, FileEntry, Workspace } from '../ports.ts';
import { isTestFile, languageOf } from '../tools/languages.ts';
import { isManifest, type Manifest, readManifest } from '../tools/manifests/manifests.ts';
import { breather } from './breather.ts';
import { linksOf } from './links.ts';
import { memoOf, type Summary } from './memo.ts';
import { folderOf } from './pathTable.ts';
import { rankFiles } from './rankFiles.ts';
import { type Hashed, type ReadBounds, readKnown } from './readKnown.ts';
import type { Root } from './resolveImport.ts';
import { isCode, outlinesOf, summariesOf } from './summaries.ts';
import { IN_TEST, type MappedFile, symbolMap } from './symbolMap.ts';

export interface Survey {
  /** All files that are asked about, sorted by path. */
  entries: readonly FileEntry[];
  /** Those in a language that we know; without lines where they were not read. */
  sources: readonly SourceFile[];
  manifests: readonly Manifest[];
  /** Of the whole workspace. */
  testFiles: number;
  unread: number;
  /** The symbols that matter most, in so many characters. */
  map(room: number): Promise<{ files: MappedFile[]; left: number }>;
}

export interface SourceFile {
  path: string;
  language: string;
  lines: number | undefined;
}

/** More manifests say nothing new of a project; those nearest to its root are read. */
const MOST_MANIFESTS = 300;
/** Files whose symbols are looked at for the map, at least, and at most. */
const LEAST_MAPPED = 40;
const MOST_MAPPED = 300;

/**
 * Looks at all files. What was found of a content is kept, so the next time only what is new is read.
 *
 * @param under a folder; what it is linked with outside counts as well. "." is the workspace.
 */
export async function survey(
  ports: { workspace: Workspace; code: Code },
  { under, query }: { under: string; query: string | undefined },
  bounds: ReadBounds,
): Promise<Survey> {
  const { workspace, code } = ports;
  const { signal } = bounds;
  const all = await workspace.list(signal);
  const isUnder = (path: string) => under === '.' || path === under || path.startsWith(`${under}/`);
  const entries = under === '.' ? all : all.filter(({ path }) => isUnder(path));
  const breathe = breather(signal);
  const known: { entry: FileEntry; language: string; isTest: boolean }[] = [];
  for (const entry of all) {
    const language = languageOf(entry.path);
    if (language !== undefined) known.push({ entry, language, isTest: isTestFile(entry.path) });
    await breathe();
  }
  const manifests = await manifestsOf(all, ports, bounds);
  // What tells most first, as there may be no time for all.
  const ordered = known
    .map((file, at) => ({ file, at, rank: !isCode(file.entry.path) ? 2 : file.isTest ? 1 : 0 }))
    .sort((a, b) => a.rank - b.rank || a.at - b.at);
  const read = await summariesOf(
    ordered.map(({ file }) => file.entry),
    ports,
    bounds,
  );
  const summaries: (Summary | undefined)[] = known.map(() => undefined);
  for (const [place, { at }] of ordered.entries()) summaries[at] = read.found[place];

  const programs = known.flatMap(({ entry }, at) =>
    isCode(entry.path) ? [{ entry, path: entry.path, summary: summaries[at] }] : [],
  );
  const memo = memoOf(code);
  const links = await linksOf(programs, rootsOf(manifests), memo.links, signal);
  memo.links = links;
  return {
    entries,
    sources: known.flatMap(({ entry: { path }, language }, at) =>
      isUnder(path) ? [{ path, language, lines: summaries[at]?.lines }] : [],
    ),
    manifests: manifests.filter(({ path }) => isUnder(path)),
    testFiles: known.filter(({ isTest, entry }) => isTest && isUnder(entry.path)).length,
    unread: read.unread,
    map: async (room) => {
      const known = query === undefined && memo.rank?.links === links ? memo.rank.rank : undefined;
      const rank = known ?? (await rankFiles(links, query, signal));
      if (query === undefined) memo.rank = { links, rank };
      const most = Math.min(MOST_MAPPED, Math.max(LEAST_MAPPED, Math.ceil(room / 40)));
      const best = programs
        .map(({ entry, summary }, id) => ({ entry, id, hasSymbols: summary !== undefined && summary.symbols > 0 }))
        .filter(({ entry, hasSymbols }) => hasSymbols && isUnder(entry.path))
        .map((file) => ({ ...file, importance: (rank[file.id] ?? 0) * (isTestFile(file.entry.path) ? IN_TEST : 1) }))
        .sort((a, b) => b.importance - a.importance || a.id - b.id)
        .slice(0, most);
      const files = await outlined(best, ports, signal);
      const map = symbolMap(files, links, rank, room);
      const others = programs.reduce(
        (sum, { entry, summary }) => sum + (isUnder(entry.path) ? (summary?.symbols ?? 0) : 0),
        0,
      );
      const shown = map.files.reduce((sum, { symbols }) => sum + symbols.length, 0);
      return { files: map.files, left: Math.max(map.left, others - shown) };
    },
  };
}

async function outlined(
  files: readonly { entry: FileEntry; id: number }[],
  { workspace, code }: { workspace: Workspace; code: Code },
  signal: AbortSignal,
) {
  const hashed = await Promise.all(
    files.map(async ({ entry: { path, hash } }): Promise<Hashed | undefined> => {
      const read = async () => {
        const content = await workspace.read(path);
        return content.kind === 'text' ? content : undefined;
      };
      if (hash !== undefined) return { path, hash, text: async () => (await read())?.text };
      const content = await read();
      return content && { path, hash: content.hash, text: async () => content.text };
    }),
  );
  const outlines = await outlinesOf(
    hashed.filter((one) => one !== undefined),
    code,
    signal,
  );
  return files.flatMap(({ id, entry: { path } }, at) => {
    const file = hashed[at];
    const outline = file && outlines.get(file);
    return outline ? [{ id, path, outline }] : [];
  });
}

async function manifestsOf(
  all: readonly FileEntry[],
  { workspace, code }: { workspace: Workspace; code: Code },
  bounds: ReadBounds,
): Promise<Manifest[]> {
  const depth = (path: string) => path.split('/').length;
  const files = all
    .filter(({ path }) => isManifest(path))
    .sort((a, b) => depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : 1))
    .slice(0, MOST_MANIFESTS);
  const { found } = await readKnown(
    files,
    {
      workspace,
      known: memoOf(code).manifests,
      kind: (path) => path,
      saying: 'reading manifests',
      learn: (some) =>
        Promise.all(
          some.map(async ({ path, text }) => {
            const written = await text();
            return written === undefined ? undefined : readManifest(path, written);
          }),
        ),
    },
    bounds,
  );
  return found.filter((manifest) => manifest !== undefined);
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
