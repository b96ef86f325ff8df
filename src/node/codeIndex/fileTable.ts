import { setImmediate } from 'node:timers/promises';
import { listedFile } from '../fileList.ts';
import { isOnLocalDisk } from '../localDisk.ts';
import type { TableEntry } from './fileRows.ts';
import { lookAt } from './fileStamp.ts';
import { type FolderEvents, openFolderEvents, type Told } from './folderEvents.ts';
import { type Listing, type Outside, openListing } from './listing.ts';
import { openTableFiles } from './tableFiles.ts';
import { openTableFolders } from './tableFolders.ts';

/**
 * The files that `listFiles` lists, kept current: where the system tells of every change, what it has told of is looked
 * at again; elsewhere every file and folder is.
 */
export interface FileTable {
  /** Everything that happened to the files before the call is in the table when it resolves. */
  fresh(): Promise<void>;
  readonly entries: ReadonlyMap<string, TableEntry>;
  /** Files whose content is to be read. Whoever has read one takes it out, and sets its content. */
  readonly stale: Set<TableEntry>;
  readonly trackedThoughIgnored: ReadonlySet<string>;
  /** Rises with every change. */
  readonly version: number;
  /** The paths of which something is otherwise since a version, links by what they lead to; undefined where that is not known. */
  changedSince(version: number): string[] | undefined;
  /** False while all files are listed anew: then not all of them are among the entries. */
  readonly isWhole: boolean;
  /** Says that the content of a file is known now. */
  touch(path: string): void;
  /** How changes are seen. */
  readonly means: 'events' | 'stamps';
  /** Looks at the files themselves, where what the system told was believed: not every change is told. */
  lookAtAll(): Promise<void>;
  /** Looks at what links lead to, which nobody tells of. */
  followLinks(): Promise<void>;
  /** How many bytes a listed file has, or what a link leads to; undefined where it leads to nothing that is listed. */
  bytesOf(entry: TableEntry): number | undefined;
  close(): void;
}

/** Milliseconds that other work waits at most. */
const BREATH = 3;

/**
 * @param root absolute, real path
 * @param options.bell absolute path of a folder of this table's own; undefined: no events are used
 * @param options.onEvent something has happened to the files
 */
export function openFileTable(
  root: string,
  options: {
    own: readonly string[];
    bell: string | undefined;
    onEvent?: () => void;
  },
): FileTable {
  const { own, onEvent = () => {} } = options;
  const files = openTableFiles(root);
  let events: FolderEvents | undefined;
  let bell = options.bell !== undefined && isOnLocalDisk(root) ? options.bell : undefined;
  let now: { listing: Listing; outside: Outside; tracked: string | undefined; ino: number } | undefined;
  /** The bytes of what links lead to. */
  const ledTo = new Map<string, number | undefined>();
  let isClosed = false;
  let breathedAt = Date.now();
  const folders = openTableFolders(root, { own, files, watches: () => ({ events, none: lookFromNowOn }), breathe });

  async function breathe(): Promise<void> {
    if (Date.now() - breathedAt < BREATH) return;
    await setImmediate();
    breathedAt = Date.now();
    assertOpen();
  }

  function assertOpen(): void {
    if (isClosed) throw new Error('The index is closed.');
  }

  async function beginAnew(ino: number): Promise<void> {
    events?.close();
    try {
      events = bell === undefined ? undefined : openFolderEvents(root, bell, onEvent);
    } catch {
      lookFromNowOn();
    }
    await listAnew(ino);
  }

  /** From now on every file is looked at each time. */
  function lookFromNowOn(): void {
    events?.close();
    events = undefined;
    bell = undefined;
  }

  async function listAnew(ino: number): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      // What has happened before is seen now; what happens from now on is told.
      if (events) doubtAll(events.take());
      const since = Date.now();
      const listing = await openListing(root, own);
      assertOpen();
      const outside = listing.outside();
      now = { listing, outside, tracked: await listing.tracked(), ino };
      const end = files.beginAnew();
      folders.clear();
      let isRight: boolean;
      try {
        const named = await listing.named('all');
        isRight = await folders.explore(listing, [''], named, since);
        // Rules remember every path that they have been asked about: that is much, and not needed again.
        if (!named) now.listing = await openListing(root, own);
      } finally {
        end();
      }
      for (const path of [...(events?.watched() ?? [])]) if (!folders.has(path)) events?.unwatch(path);
      if (isRight) return;
    }
  }

  /** What has been told of these is not looked at one by one. */
  function doubtAll(told: Told): void {
    for (const [path, how] of told) {
      files.doubt(path);
      // What was put in its place may be another folder, with no watch on it yet.
      if (how === 'changed' || !events?.isWatched(path)) continue;
      for (const folder of [...events.watched()]) {
        if (folder === path || folder.startsWith(`${path}/`)) events.unwatch(folder);
      }
    }
  }

  /** What fails in the middle has left a table that is not to be gone on with: the next time, all is listed anew. */
  async function settle(): Promise<void> {
    try {
      await settleNow();
    } catch (error) {
      now = undefined;
      throw error;
    }
  }

  async function settleNow(): Promise<void> {
    assertOpen();
    breathedAt = Date.now();
    const ino = lookAt(root)?.ino ?? 0;
    if (!now || now.ino !== ino) return beginAnew(ino);
    const caughtUp = !events || (await events.caughtUp());
    assertOpen();
    if (!caughtUp) return beginAnew(ino);
    const { listing, outside, tracked } = now;
    const told = events?.take();
    const isListed = async (): Promise<boolean> => {
      const latest = listing.outside();
      if (latest.rest !== outside.rest) return false;
      // Git writes its index more often than there is anything new in it.
      if (latest.index !== outside.index || !outside.isSettled) {
        if ((await listing.tracked()) !== tracked) return false;
      }
      if (now) now.outside = latest;
      return told ? folders.lookAtTold(listing, told) : folders.lookAtAll(listing);
    };
    if (!(await isListed())) {
      if (told) doubtAll(told);
      await listAnew(ino);
    }
    for (const path of events ? [...files.shared] : []) files.take(path, false);
  }

  // Who asks while it is being looked at may know of a change that was not seen any more: then it is done once more.
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  function begin(work: () => Promise<void>): Promise<void> {
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  }
  function fresh(): Promise<void> {
    if (!running) return begin(settle);
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return begin(settle);
      });
    return next;
  }

  return {
    fresh,
    entries: files.entries,
    stale: files.stale,
    trackedThoughIgnored: folders.trackedThoughIgnored,
    get version() {
      return files.version;
    },
    changedSince: files.changedSince,
    touch: files.touch,
    get isWhole() {
      return files.isWhole;
    },
    get means() {
      return events ? ('events' as const) : ('stamps' as const);
    },
    async lookAtAll() {
      await fresh();
      if (!events) return;
      for (const path of [...files.entries.keys()]) {
        await breathe();
        if (files.entries.has(path)) files.take(path, false);
      }
    },
    async followLinks() {
      for (const path of ledTo.keys()) if (!files.links.has(path)) ledTo.delete(path);
      for (const path of [...files.links]) {
        const bytes = (await listedFile(root, path, own))?.bytes;
        if (ledTo.get(path) === bytes) continue;
        ledTo.set(path, bytes);
        files.touch(path);
      }
    },
    bytesOf: ({ path, isLink, bytes }) => (isLink ? ledTo.get(path) : bytes),
    close() {
      isClosed = true;
      events?.close();
    },
  };
}
