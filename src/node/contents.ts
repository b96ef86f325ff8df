import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contents, FilesThen, Kept, Workspace } from '../core/ports.ts';
import type { FileState } from '../shared/events.ts';
import { forEachAtOnce } from './atOnce.ts';
import { type Manifest, manifestFrom, manifestText } from './contentsManifest.ts';
import { scanFiles } from './contentsScan.ts';
import { missingIsUndefined } from './copiedFiles.ts';
import { fileNameFrom, nameFrom } from './fileStore/fileNames.ts';

export interface ContentsBounds {
  /** Files of a workspace; of those beyond, only the size is known. */
  files: number;
  /** Bytes: a file that is larger is not kept. */
  file: number;
  /** Bytes that everything may have together: beyond, the oldest runs make room. */
  total: number;
}

const AT_ONCE = 8;
/** Share of the whole that is left when room was made, so that it need not be made again soon. */
const LEFT = 0.8;
/** Share of the whole that the files of one run may have. */
const SHARE = 0.5;
/** Milliseconds: what is younger may belong to a list that another process is about to write. */
const YOUNG = 10 * 60_000;

/**
 * Contents in files: `ab/cdef…` what a file held, by its SHA-256; `manifests/` which file held what; `runs/` which run
 * needs which list; `seen/` what was known of the files of a workspace last, so that unchanged ones are not read again.
 * Half-written ones are never seen: what a killed process left is not what its name says, and counts as not kept.
 * @param dir absolute; made where it is missing
 * @param now milliseconds since 1970
 */
export function openContents(dir: string, bounds: ContentsBounds, now: () => number = Date.now): Contents {
  const place = placesIn(dir);

  async function keep(runId: string, workspace: Workspace, signal: AbortSignal): Promise<Kept> {
    const kept = await keptHashes(dir);
    let bytes = 0;
    let room = bounds.total * SHARE;
    const { manifest, skipped } = await scanFiles(workspace, {
      bounds,
      seen: place.seen(workspace.root),
      now,
      isKept: (hash) => kept.has(hash),
      signal,
      async take(hash, text) {
        const length = Buffer.byteLength(text);
        room -= length;
        if (room < 0) return false;
        if (kept.has(hash)) return true;
        kept.add(hash);
        bytes += length;
        await put(place.content(hash), text);
        return true;
      },
    });
    const packed = manifestText(manifest);
    const hash = hashOf(packed);
    await put(place.manifest(hash), packed);
    await put(place.run(runId), hash);
    await makeRoom(dir, { added: bytes + packed.length, total: bounds.total, current: runId, now: now() });
    return { manifest: hash, files: manifest.files.size - skipped, skipped };
  }

  async function since(hash: string, workspace: Workspace, signal: AbortSignal): Promise<FilesThen | 'gone'> {
    const then = await readManifest(place, hash);
    if (!then) return 'gone';
    const seen = place.seen(workspace.root);
    const { manifest: current } = await scanFiles(workspace, { bounds, seen, now, signal });
    const files: FileState[] = [];
    const unknown: string[] = [];
    await forEachAtOnce(AT_ONCE, [...then.files], async ([path, was]) => {
      const is = current.files.get(path);
      const isSame = was.hash === undefined ? is?.bytes === was.bytes : is?.hash === was.hash;
      if (isSame) return;
      const text = was.hash === undefined || was.isBinary ? undefined : await readContent(place, was.hash);
      if (text === undefined) unknown.push(path);
      else files.push({ path, text });
    });
    for (const path of current.files.keys()) if (!then.files.has(path)) files.push({ path, text: null });
    const byPath = (one: { path: string }, other: { path: string }): number => (one.path < other.path ? -1 : 1);
    return { files: files.sort(byPath), unknown: unknown.sort() };
  }

  return {
    keep,
    since,
    async share(runId, manifest) {
      if (await readManifest(place, manifest)) await put(place.run(runId), manifest);
    },
    drop: (runId) => dropContents(dir, runId),
  };
}

/** Forgets what is kept for this run and for no other. */
export async function dropContents(dir: string, runId: string): Promise<void> {
  const place = placesIn(dir);
  const hash = await readFile(place.run(runId), 'utf8').catch(missingIsUndefined);
  await rm(place.run(runId), { force: true });
  if (hash === undefined) return;
  const others = new Set((await runsIn(place)).map(({ manifest }) => manifest));
  const gone = await readManifest(place, hash);
  if (others.has(hash) || !gone) return;
  const needed = new Set<string>();
  for (const other of others) for (const one of hashesOf(await readManifest(place, other))) needed.add(one);
  await rm(place.manifest(hash), { force: true });
  await forEachAtOnce(AT_ONCE, hashesOf(gone), async (one) => {
    if (!needed.has(one)) await rm(place.content(one), { force: true });
  });
}

interface Places {
  content(hash: string): string;
  manifests: string;
  manifest(hash: string): string;
  runs: string;
  run(runId: string): string;
  seen(root: string): string;
  size: string;
}

function placesIn(dir: string): Places {
  const [manifests, runs] = [join(dir, 'manifests'), join(dir, 'runs')];
  return {
    content: (hash) => join(dir, hash.slice(0, 2), hash.slice(2)),
    manifests,
    manifest: (hash) => join(manifests, hash),
    runs,
    run: (runId) => join(runs, fileNameFrom(runId)),
    seen: (root) => join(dir, 'seen', `${hashOf(root).slice(0, 16)}.json`),
    size: join(dir, 'size'),
  };
}

/** Whole, or not at all under its name. Not synced: what a crash spoils is noticed when it is read. */
async function put(file: string, content: string | Buffer): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}.new`;
  const write = (): Promise<void> => writeFile(fresh, content, { mode: 0o600 });
  await write().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
    await write();
  });
  await rename(fresh, file);
}

async function readContent(place: Places, hash: string): Promise<string | undefined> {
  const bytes = await readFile(place.content(hash)).catch(missingIsUndefined);
  if (bytes === undefined) return undefined;
  if (hashOf(bytes) === hash) return bytes.toString('utf8');
  await rm(place.content(hash), { force: true });
  return undefined;
}

async function readManifest(place: Places, hash: string): Promise<Manifest | undefined> {
  if (!/^[0-9a-f]{64}$/.test(hash)) return undefined;
  const bytes = await readFile(place.manifest(hash)).catch(missingIsUndefined);
  return bytes !== undefined && hashOf(bytes) === hash ? manifestFrom(bytes) : undefined;
}

function hashesOf(manifest: Manifest | undefined): string[] {
  return [...(manifest?.files.values() ?? [])].flatMap(({ hash, isBinary }) =>
    hash === undefined || isBinary ? [] : [hash],
  );
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The newest run first. */
async function runsIn(place: Places): Promise<{ runId: string; manifest: string; at: number }[]> {
  const names = (await readdir(place.runs).catch(missingIsUndefined)) ?? [];
  const runs = await Promise.all(
    names.map(async (name) => {
      const file = join(place.runs, name);
      const [found, manifest] = await Promise.all([
        stat(file).catch(missingIsUndefined),
        readFile(file, 'utf8').catch(missingIsUndefined),
      ]);
      const runId = nameFrom(name);
      return found && manifest && runId !== undefined ? [{ runId, manifest, at: found.mtimeMs }] : [];
    }),
  );
  return runs.flat().sort((one, other) => other.at - one.at);
}

async function foldersOfContents(dir: string): Promise<string[]> {
  const names = (await readdir(dir).catch(missingIsUndefined)) ?? [];
  return names.filter((name) => /^[0-9a-f]{2}$/.test(name));
}

async function keptHashes(dir: string): Promise<Set<string>> {
  const kept = new Set<string>();
  for (const folder of await foldersOfContents(dir)) {
    for (const name of (await readdir(join(dir, folder)).catch(missingIsUndefined)) ?? []) kept.add(folder + name);
  }
  return kept;
}

interface Growth {
  /** Bytes. */
  added: number;
  total: number;
  /** The run that is being kept. */
  current: string;
  now: number;
}

/** The size is counted as it grows, and anew when room is made; several processes count about right. */
async function makeRoom(dir: string, { added, total, current, now }: Growth): Promise<void> {
  const place = placesIn(dir);
  const before = Number(await readFile(place.size, 'utf8').catch(missingIsUndefined)) || 0;
  const size = before + added;
  await put(place.size, String(size > total ? await forgetOldest(dir, total * LEFT, current, now) : size));
}

/** @returns the bytes that are left */
async function forgetOldest(dir: string, room: number, current: string, now: number): Promise<number> {
  const place = placesIn(dir);
  const needed = new Map<string, number>();
  const lists = new Set<string>();
  let bytes = 0;
  let isFull = false;
  for (const { runId, manifest } of await runsIn(place)) {
    const fresh = hashesOf(await readManifest(place, manifest)).filter((hash) => !needed.has(hash));
    const sizes = new Map<string, number>();
    await forEachAtOnce(AT_ONCE, fresh, async (hash) => {
      sizes.set(hash, (await stat(place.content(hash)).catch(missingIsUndefined))?.size ?? 0);
    });
    const more = [...sizes.values()].reduce((sum, one) => sum + one, 0);
    isFull ||= bytes + more > room && runId !== current;
    // Older runs make room, too: a list that is kept while a newer one is gone would surprise.
    if (isFull) await rm(place.run(runId), { force: true });
    else {
      bytes += more;
      lists.add(manifest);
      for (const [hash, size] of sizes) needed.set(hash, size);
    }
  }
  const sweep = async (folder: string, isNeeded: (name: string) => boolean): Promise<void> => {
    await forEachAtOnce(AT_ONCE, (await readdir(folder).catch(missingIsUndefined)) ?? [], async (name) => {
      if (isNeeded(name)) return;
      const found = await stat(join(folder, name)).catch(missingIsUndefined);
      if (found && now - found.mtimeMs > YOUNG) await rm(join(folder, name), { force: true });
      else bytes += found?.size ?? 0;
    });
  };
  await sweep(place.manifests, (name) => lists.has(name));
  for (const folder of await foldersOfContents(dir)) {
    await sweep(join(dir, folder), (name) => needed.has(folder + name));
  }
  return bytes;
}
