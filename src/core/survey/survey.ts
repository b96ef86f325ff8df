import type { Code, FileEntry, Workspace } from '../ports.ts';
import { isUnder } from '../tools/givenPath.ts';
import { isTestFile } from '../tools/languages.ts';
import { type Manifest, readManifest } from '../tools/manifests/manifests.ts';
import { type LinkedFile, linksOf } from './links.ts';
import { type KeptFile, keptOf, memoOf, type Summary } from './memo.ts';
import { folderOf } from './pathTable.ts';
import { rankFiles } from './rankFiles.ts';
import { type Hashed, hashOf, type Listed, type ReadBounds, readKnown } from './readKnown.ts';
import type { Root } from './resolveImport.ts';
import { outlinesOf, summariesOf } from './summaries.ts';
import { IN_TEST, type MappedFile, symbolMap } from './symbolMap.ts';
import type { Traits } from './traits.ts';

export interface Survey {
  /** All files that are asked about, sorted by path. */
  files: readonly SurveyedFile[];
  manifests: readonly Manifest[];
  /** Files in a language that we know, that were not read. */
  unread: number;
  /** The symbols that matter most, in so many characters. */
  map(room: number): Promise<{ files: MappedFile[]; left: number }>;
}

export interface SurveyedFile {
  path: string;
  traits: Traits;
  /** Undefined where it was not read, or has no text in a language that we know. */
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
  const kept = await keptOf(memo, entries, signal);
  const all = entries.map((entry, at): Listed => ({ entry, kept: kept[at] as KeptFile }));
  const manifests = await manifestsOf(all, workspace, bounds);
  const { summaries, unread } = await summariesInOrder(all, ports, bounds);

  const programs: (LinkedFile & { entry: FileEntry })[] = [];
  for (let at = 0; at < all.length; at += 1) {
    const { entry, kept: file } = all[at] as Listed;
    const { isCode, isTest } = file.traits;
    if (isCode) programs.push({ entry, path: file.path, isTest, summary: summaries[at] });
  }
  const links = await linksOf(programs, rootsOf(manifests), memo.links, signal);
  memo.links = links;
  const { under, query } = about;
  const files: SurveyedFile[] = [];
  for (const [at, { kept: file }] of all.entries()) {
    if (isUnder(file.path, [under])) files.push({ path: file.path, traits: file.traits, lines: summaries[at]?.lines });
  }
  return {
    files,
    manifests: ownFirst(manifests.filter(({ path }) => isUnder(path, [under]))),
    unread,
    map: async (room) => {
      const known = query === undefined && memo.rank?.links === links ? memo.rank.rank : undefined;
      const rank = known ?? (await rankFiles(links, query, signal));
      if (query === undefined) memo.rank = { links, rank };
      const withSymbols: { entry: FileEntry; id: number; importance: number }[] = [];
      let symbols = 0;
      for (const [id, { entry, isTest, summary }] of programs.entries()) {
        if (!summary || summary.symbols === 0 || !isUnder(entry.path, [under])) continue;
        symbols += summary.symbols;
        withSymbols.push({ entry, id, importance: (rank[id] ?? 0) * (isTest ? IN_TEST : 1) });
      }
      const best = withSymbols
        .sort((a, b) => b.importance - a.importance || a.id - b.id)
        .slice(0, Math.min(MOST_MAPPED, Math.max(LEAST_MAPPED, Math.ceil(room / 40))));
      const map = symbolMap(await outlined(best, ports, signal), links, rank, room);
      const shown = map.reduce((sum, file) => sum + file.symbols.length, 0);
      return { files: map, left: Math.max(0, symbols - shown) };
    },
  };
}

/** Those of fixtures in tests say nothing of the project, where there are others. */
function ownFirst(manifests: readonly Manifest[]): Manifest[] {
  const own = manifests.filter(({ path }) => !isTestFile(path));
  return own.length > 0 ? own : [...manifests];
}

/** What tells most is read first, as there may be no time for all. @returns in the order of the files */
async function summariesInOrder(
  files: readonly Listed[],
  ports: { workspace: Workspace; code: Code },
  bounds: ReadBounds,
): Promise<{ summaries: (Summary | undefined)[]; unread: number }> {
  const [programs, tests, others]: [number[], number[], number[]] = [[], [], []];
  for (const [at, { kept }] of files.entries()) {
    const { language, isCode, isTest } = kept.traits;
    if (language !== undefined) (isCode ? (isTest ? tests : programs) : others).push(at);
  }
  const order = [...programs, ...tests, ...others];
  const { found, unread } = await summariesOf(
    order.map((at) => files[at] as Listed),
    ports,
    bounds,
  );
  const summaries = new Array<Summary | undefined>(files.length);
  for (const [place, at] of order.entries()) summaries[at] = found[place];
  return { summaries, unread };
}

async function outlined(
  files: readonly { entry: FileEntry; id: number }[],
  { workspace, code }: { workspace: Workspace; code: Code },
  signal: AbortSignal,
) {
  const hashed = await Promise.all(files.map(({ entry }) => hashOf(workspace, entry)));
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

async function manifestsOf(all: readonly Listed[], workspace: Workspace, bounds: ReadBounds): Promise<Manifest[]> {
  const depth = ({ entry }: Listed) => entry.path.split('/').length;
  const files = all
    .filter(({ kept }) => kept.traits.isManifest)
    .sort((a, b) => depth(a) - depth(b) || (a.entry.path < b.entry.path ? -1 : 1))
    .slice(0, MOST_MANIFESTS);
  const find = (some: readonly Hashed[]) =>
    Promise.all(
      some.map(async ({ path, text }) => {
        const written = await text();
        return written === undefined ? undefined : readManifest(path, written);
      }),
    );
  const { found } = await readKnown(files, 'manifest', { workspace, find, saying: 'reading manifests' }, bounds);
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
