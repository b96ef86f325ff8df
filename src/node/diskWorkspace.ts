import { hash as hashOf } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { isBinaryFile } from 'isbinaryfile';
import type { FileContent, FileLines, LineRange, SearchMatch, SearchQuery, Workspace } from '../core/ports.ts';
import { SearchError } from '../core/tools/searchError.ts';
import type { CodeIndexes } from './codeIndex/codeIndex.ts';
import { isPlain } from './codeIndex/literalMatches.ts';
import { confirmMatches } from './confirmMatches.ts';
import { missingIsUndefined } from './copiedFiles.ts';
import { readFileLines } from './fileLines.ts';
import { type FileList, listFiles } from './fileList.ts';
import { findRepository } from './gitIgnore.ts';
import { decodeOther, strictly } from './otherEncodings.ts';
import { errorCode, isBelow, realRoot, resolveInside } from './paths.ts';
import { LARGEST_FILE, type NoPlainFile, readPlainFile, withPlainFile } from './plainFile.ts';
import { assertSearchable, searchPlainly } from './plainSearch.ts';
import { searchEverywhere, searchInParts, searchWithRipgrep } from './ripgrep.ts';

/** With more files in question than that, ripgrep is quicker when it searches them all; on Windows it takes few at a time. */
const MOST_CANDIDATES = process.platform === 'win32' ? 6000 : 20_000;

/**
 * The workspace as it is on disk, read anew at every call.
 *
 * `search` leaves out what `list` leaves out, links, binary files and files above 2 MB;
 * it throws SearchError for a pattern or a folder that cannot be searched.
 *
 * @param root absolute path
 * @param options.ripgrep absolute path of ripgrep; without it, files are searched by a plain scan
 * @param options.indexes answer where they can; without them, everything is looked up on disk
 * @param options.own folders of Conclave's own in it, relative to the root: neither listed nor searched nor read
 */
export function openDiskWorkspace(
  root: string,
  options: { ripgrep: string | undefined; own?: readonly string[]; indexes?: CodeIndexes | undefined },
): Workspace {
  const disk: Disk = { root, own: options.own ?? [], ripgrep: options.ripgrep, indexes: options.indexes };
  return {
    root,
    read: (path) => readFile(disk, path),
    readLines: (path, range, signal) => readLines(disk, path, range, signal),
    list: async (signal) => {
      const { files } = await listedIn({ ...disk, root: await realRoot(root) }, signal);
      return files;
    },
    search: (query, signal) => search(disk, query, signal),
  };
}

interface Disk {
  root: string;
  own: readonly string[];
  ripgrep: string | undefined;
  indexes: CodeIndexes | undefined;
}

/** From the index, where it can say it; else from the disk. @param disk its root is the real one */
async function listedIn({ root, own, indexes }: Disk, signal?: AbortSignal): Promise<FileList> {
  return (await indexes?.of(root, own).list(signal)) ?? (await listFiles(root, own, signal));
}

async function readFile(disk: Disk, path: string): Promise<FileContent> {
  const found = await readBytes(disk, path);
  if (found.kind !== 'bytes') return found;

  const { bytes } = found;
  const place = found.elsewhere === undefined ? {} : { elsewhere: found.elsewhere };
  const hash = hashOf('sha256', bytes, 'hex');
  const text = bytes.includes(0) || (await isBinaryFile(bytes)) ? undefined : strictly('utf-8', bytes);
  if (text !== undefined) return { kind: 'text', text, hash, ...place };
  const decoded = decodeOther(bytes);
  return { kind: 'binary', bytes: bytes.length, hash, ...place, ...(decoded && { decoded }) };
}

type Bytes = Exclude<FileContent, { kind: 'text' | 'binary' }> | { kind: 'bytes'; bytes: Buffer; elsewhere?: string };

async function readBytes(disk: Disk, path: string): Promise<Bytes> {
  return atPlace(disk, path, async (location) => {
    // The path is resolved, so a link there now was put there since.
    const found = await readPlainFile(location.absolute, LARGEST_FILE, { follow: false });
    if (found.kind !== 'bytes' && found.kind !== 'tooLarge' && found.kind !== 'missing') return unreadable(found);
    return { ...found, ...elsewhere(path, location) };
  });
}

/** Where a file really lies, where that is not the path that leads there. */
function elsewhere(path: string, location: { path: string }): { elsewhere?: string } {
  return location.path === path ? {} : { elsewhere: location.path };
}

async function readLines(disk: Disk, path: string, range: LineRange, signal: AbortSignal): Promise<FileLines> {
  const found = await atPlace(disk, path, (location) =>
    withPlainFile(location.absolute, { follow: false }, async (readAt, bytes) => {
      const lines = await readFileLines(readAt, bytes, range, signal);
      return lines.kind === 'lines' ? { ...lines, ...elsewhere(path, location) } : lines;
    }),
  );
  switch (found.kind) {
    case 'lines':
    case 'binary':
    case 'unreadable':
      return found;
    case 'missing':
      return { kind: 'unreadable', reason: 'it is not there any more' };
    case 'forbidden':
      return { kind: 'unreadable', reason: found.reason };
    default: {
      const other = unreadable(found);
      return { kind: 'unreadable', reason: other.kind === 'forbidden' ? other.reason : 'it is a folder by now' };
    }
  }
}

/** Looks at what a path leads to, where that is inside. */
async function atPlace<Found>(
  { root, own }: Disk,
  path: string,
  look: (location: { absolute: string; path: string }) => Promise<Found>,
): Promise<Found | { kind: 'forbidden'; reason: string }> {
  const location = await resolveInside(root, path, own);
  if (location.kind === 'forbidden') return location;
  try {
    return await look(location);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new Error(`${path} cannot be read (${code}). Check the disk that the workspace is on.`, { cause: error });
  }
}

function unreadable(found: Exclude<NoPlainFile, { kind: 'missing' }>): { kind: 'directory' } | Forbidden {
  switch (found.kind) {
    case 'directory':
      return found;
    case 'special':
      return { kind: 'forbidden', reason: 'it is a device, a pipe or a socket, not a file' };
    case 'denied':
      return { kind: 'forbidden', reason: 'the system denies access' };
    case 'moved':
      return { kind: 'forbidden', reason: 'it was moved while it was read' };
    default:
      return found satisfies never;
  }
}

type Forbidden = Extract<FileContent, { kind: 'forbidden' }>;

async function search(given: Disk, query: SearchQuery, signal?: AbortSignal): Promise<SearchMatch[]> {
  assertSearchable(query);
  const disk = { ...given, root: await realRoot(given.root) };
  const targets = await targetsOf(disk, query.under ?? []);
  const matches =
    (await searchIndexed(disk, targets, query, signal)) ?? (await searchDisk(disk, targets, query, signal));
  return matches.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

async function searchDisk(
  disk: Disk,
  targets: string[],
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<SearchMatch[]> {
  if (disk.ripgrep === undefined) return searchListed(disk, targets, query, signal);
  return confirmed(disk, await searchFast(disk.ripgrep, disk, targets, query, signal), signal);
}

async function confirmed(disk: Disk, matches: readonly SearchMatch[], signal?: AbortSignal): Promise<SearchMatch[]> {
  if (matches.length === 0) return [];
  const { root, own, indexes } = disk;
  const here = await indexes?.of(root, own).confirm(matches, signal);
  return here ?? confirmMatches(matches, (path) => bytesOf(disk, path));
}

/** @returns undefined where the index does not help */
async function searchIndexed(
  disk: Disk,
  targets: string[],
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<SearchMatch[] | undefined> {
  const { root, own, indexes, ripgrep } = disk;
  const index = indexes?.of(root, own);
  if (!index) return undefined;
  if (isPlain(query)) return index.find(query, targets, signal);
  if (ripgrep === undefined) return undefined;
  const paths = await index.candidates(query, targets, signal);
  if (!paths || paths.length > MOST_CANDIDATES) return undefined;
  // Also where it can be found nowhere, ripgrep has a say in whether that is a pattern at all.
  const files = paths.length > 0 ? paths : ['.conclave/none'];
  const scope = { targets: files, files: Promise.resolve(new Set(files)), rules: 'noRepository', own } as const;
  const confirmations: Promise<SearchMatch[]>[] = [];
  for await (const found of searchInParts(ripgrep, root, query, scope, signal)) {
    const confirmation = confirmed(disk, found, signal);
    confirmation.catch(() => {});
    confirmations.push(confirmation);
  }
  return (await Promise.all(confirmations)).flat();
}

async function searchListed(disk: Disk, targets: string[], query: SearchQuery, signal?: AbortSignal) {
  const paths = searchable(await listedIn(disk, signal), query).filter((path) => isUnder(path, targets));
  return searchPlainly(paths, (path) => bytesOf(disk, path), query, signal);
}

async function bytesOf(disk: Disk, path: string): Promise<Buffer | undefined> {
  const found = await readBytes(disk, path);
  return found.kind === 'bytes' ? found.bytes : undefined;
}

async function searchFast(
  ripgrep: string,
  disk: Disk,
  targets: string[],
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<SearchMatch[]> {
  const { root, own } = disk;
  const repository = await findRepository(root);
  const rules = !repository ? 'noRepository' : repository.top === root ? 'repository' : 'folderOfRepository';
  const listed = listedIn(disk, signal);
  const files = listed.then((list) => new Set(searchable(list, query)));
  // Two at a time: the list is only needed when ripgrep has found something.
  const [found] = await Promise.all([
    searchEverywhere(ripgrep, root, query, { targets, files, rules, own }, signal),
    files,
  ]);
  const unseen = (await listed).trackedThoughIgnored.filter((path) => isUnder(path, targets));
  const limit = query.limit - found.length;
  if (unseen.length === 0 || limit <= 0) return found;
  const seen = new Set(found.map(({ path }) => path));
  const rest = { targets: unseen.filter((path) => !seen.has(path)), files, rules, own } as const;
  return [...found, ...(await searchWithRipgrep(ripgrep, root, { ...query, limit }, rest, signal))];
}

function searchable(list: FileList, { only }: SearchQuery): string[] {
  const files = list.files
    .filter(({ path, bytes }) => bytes <= LARGEST_FILE && !list.links.has(path))
    .map(({ path }) => path);
  return only ? files.filter(only) : files;
}

/** Where to search: the given files and folders without repetition, "." for everything. */
async function targetsOf({ root, own }: Disk, under: readonly string[]): Promise<string[]> {
  for (const path of under) {
    const location = await resolveInside(root, path, own);
    if (location.kind === 'forbidden') throw new SearchError(`This cannot be searched: ${location.reason}.`);
    // Whoever opens a pipe waits for it.
    const found = await stat(location.absolute).catch(missingIsUndefined);
    if (found && !found.isFile() && !found.isDirectory())
      throw new SearchError('This cannot be searched: it is a device, a pipe or a socket.');
  }
  const tidy = [...new Set(under.map((path) => posix.normalize(path).replace(/\/$/, '')))].sort();
  if (tidy.length === 0 || tidy.includes('.')) return ['.'];
  return tidy.filter((path) => !tidy.some((other) => other !== path && isUnder(path, [other])));
}

function isUnder(path: string, targets: readonly string[]): boolean {
  return targets.includes('.') || isBelow(path, targets);
}
