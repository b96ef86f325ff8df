import { type Dirent, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isLeftOut } from '../fileList.ts';
import { isOnLocalDisk } from '../localDisk.ts';
import { errorCode } from '../paths.ts';
import { isSameStamp, isSettled, lookAt, type Stamp, stampOf } from './fileStamp.ts';
import type { FolderEvents, Told } from './folderEvents.ts';
import { type Listing, type Named, parentOf } from './listing.ts';
import type { TableFiles } from './tableFiles.ts';

/** Finds what is listed in the folders of a workspace, and what has become of it. */
export interface TableFolders {
  readonly trackedThoughIgnored: ReadonlySet<string>;
  has(folder: string): boolean;
  /** Forgets everything but the files. */
  clear(): void;
  /**
   * Takes what is listed in the folders and below them, and watches them.
   * @param named what was listed at `since`; undefined where that is said file by file
   * @returns false where rules were changed meanwhile, so that `named` may be wrong
   */
  explore(listing: Listing, start: readonly string[], named: Named | undefined, since: number): Promise<boolean>;
  /** Looks at what the system has told of. @returns false where everything is to be listed anew */
  lookAtTold(listing: Listing, told: Told): Promise<boolean>;
  /** Looks at all files and folders. @returns the same */
  lookAtAll(listing: Listing): Promise<boolean>;
}

interface Folder extends Stamp {
  mode: number;
  lookedAt: number;
  /** Of its .gitignore; empty where there is none. */
  rules: string;
  /** It is a repository of its own: nothing in it is listed. */
  isForeign: boolean;
}

/** New files and folders above that number are not asked about one by one. */
const MANY = 300;
/** Milliseconds: the clocks of file systems tick. */
const TICK = 20;

/**
 * @param root absolute, real path
 * @param options.own folders that are left out
 * @param options.watches `events`: what tells of changes; `none`: it does not tell of all
 * @param options.breathe lets others go on meanwhile
 */
export function openTableFolders(
  root: string,
  options: {
    own: readonly string[];
    files: TableFiles;
    watches: () => { events: FolderEvents | undefined; none: () => void };
    breathe: () => Promise<void>;
  },
): TableFolders {
  const { own, files, watches, breathe } = options;
  const folders = new Map<string, Folder>();
  const ignoredFiles = new Set<string>();
  const ignoredFolders = new Set<string>();
  const trackedThoughIgnored = new Set<string>();
  const disk = lookAt(root)?.dev;

  function forgetFolder(path: string): void {
    const isIn = (other: string): boolean => other === path || other.startsWith(`${path}/`);
    for (const folder of folders.keys()) {
      if (!isIn(folder)) continue;
      folders.delete(folder);
      watches().events?.unwatch(folder);
    }
    for (const file of files.entries.keys()) if (isIn(file)) files.vanish(file, true);
  }

  /** @returns undefined where it is gone, or no folder */
  function readFolder(path: string): { folder: Folder; names: Dirent[] } | undefined {
    const lookedAt = Date.now();
    const found = lookAt(join(root, path));
    if (!found?.isDirectory()) return undefined;
    // Another disk: it may be one that tells nothing.
    if (found.dev !== disk && !isOnLocalDisk(join(root, path))) watches().none();
    let names: Dirent[];
    try {
      names = readdirSync(join(root, path), { withFileTypes: true });
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
      throw error;
    }
    const rules = names.some(({ name }) => name === '.gitignore') ? rulesOf(path) : '';
    const isForeign = path !== '' && names.some(({ name }) => name === '.git');
    const { bytes, mtimeMs, ctimeMs, ino } = stampOf(found);
    return { folder: { bytes, mtimeMs, ctimeMs, ino, mode: found.mode, lookedAt, rules, isForeign }, names };
  }

  function rulesOf(folder: string): string {
    const found = lookAt(join(root, folder, '.gitignore'));
    return found ? `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}` : '';
  }

  async function explore(
    listing: Listing,
    start: readonly string[],
    named: Named | undefined,
    since: number,
  ): Promise<boolean> {
    const parents = new Set(['']);
    for (const path of named?.files ?? []) {
      files.absent.add(path);
      for (let at = parentOf(path); !parents.has(at); at = parentOf(at)) parents.add(at);
    }
    for (const path of named?.trackedThoughIgnored ?? []) trackedThoughIgnored.add(path);

    let isRight = true;
    let sure = start.filter((folder) => parents.has(folder));
    let unsure = start.filter((folder) => !parents.has(folder));
    while (sure.length > 0 || unsure.length > 0) {
      if (sure.length === 0) {
        const asked = unsure.filter((folder) => !ignoredFolders.has(folder));
        const ignored = asked.length === 0 ? ignoredFolders : await listing.ignoredFolders(asked);
        for (const folder of ignored) ignoredFolders.add(folder);
        sure = asked.filter((folder) => !ignored.has(folder));
        unsure = [];
      }
      const round = sure;
      const unknown: string[] = [];
      sure = [];
      for (const path of round) {
        await breathe();
        const wasWatched = watches().events?.isWatched(path) ?? false;
        watchFolder(path);
        const read = readFolder(path);
        if (!read) {
          forgetFolder(path);
          continue;
        }
        const { folder, names } = read;
        folders.set(path, folder);
        if (folder.isForeign && !parents.has(path)) continue;
        const isYoung = folder.mtimeMs >= since - TICK;
        if (!wasWatched && folder.rules !== '' && Number(folder.rules.split(' ')[3]) >= since - TICK) isRight = false;
        for (const entry of names) {
          const inner = pathIn(path, entry.name);
          if (isLeftOut(inner, own)) continue;
          if (entry.isDirectory()) {
            (parents.has(inner) ? sure : unsure).push(inner);
          } else if (entry.isFile() || entry.isSymbolicLink()) {
            if (files.absent.has(inner) || files.entries.has(inner)) files.take(inner, false);
            else if (!named || isYoung) unknown.push(inner);
          }
        }
      }
      await takeListed(unknown, listing);
    }
    return isRight;
  }

  async function takeListed(paths: readonly string[], listing: Listing): Promise<void> {
    for (let at = 0; at < paths.length; at += MANY) {
      await breathe();
      const some = paths.slice(at, at + MANY);
      const { files: listed, trackedThoughIgnored: tracked } = await listing.areListed(some);
      const isListed = new Set(listed);
      for (const path of tracked) trackedThoughIgnored.add(path);
      for (const path of some) {
        if (isListed.has(path)) files.take(path, false);
        else if (ignoredFiles.size < 10_000) ignoredFiles.add(path);
      }
    }
  }

  function watchFolder(path: string): void {
    const { events, none } = watches();
    if (!events) return;
    try {
      events.watch(path);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) return;
      // None left (ENOSPC, EMFILE): from now on every file is looked at each time.
      none();
    }
  }

  async function lookAtAll(listing: Listing): Promise<boolean> {
    const fresh: string[] = [];
    const inner: string[] = [];
    for (const [path, folder] of [...folders]) {
      await breathe();
      if (!folders.has(path)) continue;
      const found = lookAt(join(root, path));
      if (!found?.isDirectory() || found.ino !== folder.ino) {
        forgetFolder(path);
        if (found?.isDirectory()) inner.push(path);
        continue;
      }
      if (folder.rules !== '' && !hasSameRules(path, folder)) return false;
      if (isSameStamp(folder, stampOf(found)) && isSettled(folder, folder.lookedAt)) continue;
      const read = readFolder(path);
      if (!read) continue;
      if (read.folder.isForeign !== folder.isForeign || read.folder.rules !== folder.rules) return false;
      folders.set(path, read.folder);
      if (folder.isForeign) continue;
      for (const entry of read.names) {
        const name = pathIn(path, entry.name);
        if (isLeftOut(name, own)) continue;
        if (entry.isDirectory()) {
          if (!folders.has(name) && !ignoredFolders.has(name)) inner.push(name);
        } else if ((entry.isFile() || entry.isSymbolicLink()) && !files.entries.has(name) && !ignoredFiles.has(name)) {
          fresh.push(name);
        }
      }
    }
    for (const path of [...files.entries.keys()]) {
      await breathe();
      files.take(path, false);
    }
    return discover(listing, fresh, inner);
  }

  function hasSameRules(path: string, folder: Folder): boolean {
    const changedAt = Number(folder.rules.split(' ')[3]);
    return rulesOf(path) === folder.rules && changedAt < folder.lookedAt - TICK;
  }

  /** Files and folders that were not there. @returns false where so much is new that everything is to be listed */
  async function discover(listing: Listing, names: readonly string[], found: readonly string[]): Promise<boolean> {
    if (found.length > MANY) return false;
    // A folder within another one of them is found with it.
    const inner = found.filter((path) => !found.some((other) => path.startsWith(`${other}/`)));
    const unknown: string[] = [];
    for (const path of names) {
      if (files.absent.has(path)) files.take(path, true);
      else unknown.push(path);
    }
    if (unknown.length + inner.length > MANY) return false;
    if (inner.length === 0) {
      await takeListed(unknown, listing);
      return true;
    }
    const since = Date.now();
    const named = await listing.named([...unknown, ...inner]);
    if (!named) {
      await takeListed(unknown, listing);
      return explore(listing, inner, undefined, since);
    }
    const isRight = await explore(listing, inner, named, since);
    const isNamed = new Set(named.files);
    for (const path of unknown) {
      if (isNamed.has(path)) files.take(path, false);
      else ignoredFiles.add(path);
    }
    return isRight;
  }

  async function lookAtTold(listing: Listing, told: Told): Promise<boolean> {
    const fresh: string[] = [];
    const inner: string[] = [];
    for (const [path, how] of told) {
      await breathe();
      const name = basename(path);
      if (name === '.gitignore' || name === '.git') return false;
      if (isLeftOut(path, own)) continue;
      const parent = folders.get(parentOf(path));
      if (!parent || parent.isForeign) continue;
      const found = lookAt(join(root, path));
      const folder = folders.get(path);
      if (folder && (how === 'renamed' || !found?.isDirectory() || found.mode !== folder.mode)) forgetFolder(path);
      if (found?.isDirectory()) {
        files.vanish(path, false);
        if (!folders.has(path) && !ignoredFolders.has(path)) inner.push(path);
      } else if (files.entries.has(path) || files.absent.has(path)) {
        files.take(path, true);
      } else if (found && (found.isFile() || found.isSymbolicLink()) && !ignoredFiles.has(path)) {
        fresh.push(path);
      }
    }
    return discover(listing, fresh, inner);
  }

  return {
    trackedThoughIgnored,
    has: (folder) => folders.has(folder),
    clear() {
      for (const set of [folders, ignoredFiles, ignoredFolders, trackedThoughIgnored]) set.clear();
    },
    explore,
    lookAtTold,
    lookAtAll,
  };
}

/** A text of its own, which is kept of every file: one that is put together by `+` may keep its parts, too. */
function pathIn(folder: string, name: string): string {
  return folder === '' ? name : [folder, name].join('/');
}
