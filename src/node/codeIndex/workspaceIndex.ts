import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { FileEntry, SearchMatch, SearchQuery } from '../../core/ports.ts';
import { lineHolder } from '../confirmMatches.ts';
import { isAlive } from '../isAlive.ts';
import { isBelow } from '../paths.ts';
import { ripgrepsOrder } from '../plainSearch.ts';
import { tryBuildLock } from './buildLock.ts';
import { openContentReader } from './contents.ts';
import type { TableEntry } from './fileRows.ts';
import { openFileTable } from './fileTable.ts';
import { openFilterIndex } from './filterIndex.ts';
import { makeRoom } from './indexBounds.ts';
import type { IndexAnswer, IndexNews, IndexOptions, IndexQuestion, ListAnswer } from './indexMessages.ts';
import { literalMatcher } from './literalMatches.ts';
import { fileEntry } from './packedList.ts';

/** The index of one workspace, in the thread that it is at work in. */
export interface WorkspaceIndex {
  answer(question: IndexQuestion, signal: AbortSignal): Promise<IndexAnswer>;
  /** How many there are. */
  readonly files: number;
  close(): void;
}

/** Files that are read in this thread; with more, ripgrep is quicker. That is seen after so many without a match. */
const MOST_FILES = 1500;
const FIRST_MISSES = 100;
/** Milliseconds between looks at all files, whatever the system tells: mapped memory and hard links change them unseen. */
const LOOK_AGAIN = 10 * 60_000;
/** Milliseconds between looks whether there is something to be written. */
const WRITE_AGAIN = 60_000;
/** Files that were read since the index was written, from which on it is written again: so many, or that share of all. */
const UNWRITTEN = { files: 200, share: 0.02 };
/** Milliseconds after an event in which nothing else happens before it is looked at, so that nobody need wait for that. */
const QUIET = 300;
/** Milliseconds that questions wait at most while something else is done. */
const BREATH = 3;

export function openWorkspaceIndex(options: IndexOptions, tell: (news: IndexNews) => void): WorkspaceIndex {
  const { root, own, dir, means, largest } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  removeLeftOvers(dir);
  let isClosed = false;
  let breathedAt = Date.now();
  let quiet: NodeJS.Timeout | undefined;
  const table = openFileTable(root, {
    own,
    bell: means === 'stamps' ? undefined : join(dir, 'bells', `${process.pid}-${randomBytes(6).toString('hex')}`),
    onEvent: lookSoon,
  });
  const reader = openContentReader(root, largest);
  const index = openFilterIndex(table, reader, dir);
  let isBuilt = false;
  const firstListed = table.fresh().then(() => {
    assertOpen();
    index.adopt();
    tell('listed');
  });
  const built = firstListed.then(build);
  built.catch(() => {});
  const chores = [repeat(WRITE_AGAIN, writeIfWorthIt), repeat(LOOK_AGAIN, () => table.lookAtAll())];

  async function breathe(): Promise<void> {
    if (Date.now() - breathedAt >= BREATH) {
      await setImmediate();
      breathedAt = Date.now();
    }
    // What is closed must not be read: its number may be that of another file by now.
    assertOpen();
  }

  function assertOpen(): void {
    if (isClosed) throw new Error('The index is closed.');
  }

  /** One process builds; the others wait for what it writes. */
  async function build(): Promise<void> {
    const lock = join(dir, 'building');
    let unlock = tryBuildLock(lock);
    while (!unlock && table.stale.size > 0 && isLarge(table.stale.size)) {
      await setTimeout(500, undefined, { ref: false });
      assertOpen();
      index.adopt();
      unlock = tryBuildLock(lock);
    }
    try {
      // Somebody else may have been done just before.
      if (table.stale.size > 0) index.adopt();
      await index.readStale(breathe);
      isBuilt = true;
      if (unlock) await writeIfWorthIt();
    } finally {
      unlock?.();
    }
  }

  /** Whether that many files are worth waiting for another process that reads them too. */
  function isLarge(files: number): boolean {
    return files > UNWRITTEN.files;
  }

  async function writeIfWorthIt(): Promise<void> {
    if (!isBuilt || index.unwritten === 0) return;
    const least = index.isWritten ? Math.max(UNWRITTEN.files, table.entries.size * UNWRITTEN.share) : 1;
    if (index.unwritten < least) return;
    await index.write(breathe);
    makeRoom(join(dir, '..'), dir);
  }

  /** So that there is little to do when somebody asks. */
  function lookSoon(): void {
    clearTimeout(quiet);
    quiet = globalThis
      .setTimeout(() => {
        if (isBuilt) lookNow().catch(() => {});
      }, QUIET)
      .unref();
  }

  async function lookNow(): Promise<void> {
    await table.fresh();
    await index.readStale(breathe);
    tell('changed');
  }

  function repeat(ms: number, work: () => Promise<void>): NodeJS.Timeout {
    return setInterval(() => void work().catch(() => {}), ms).unref();
  }

  async function list(known: number | undefined): Promise<ListAnswer> {
    await firstListed;
    await table.fresh();
    if (isBuilt) await index.readStale(breathe);
    await table.followLinks();
    const { version } = table;
    const changed = known === undefined ? undefined : table.changedSince(known);
    const paths = changed ?? [...table.entries.keys()].sort();
    const files: FileEntry[] = [];
    const gone: string[] = [];
    for (const path of paths) {
      const file = listed(path);
      if (file) files.push(file);
      else gone.push(path);
    }
    const pathsOf = (isMeant: (path: string) => boolean): string[] =>
      files.flatMap(({ path }) => (isMeant(path) ? [path] : []));
    return {
      kind: 'list',
      version,
      files,
      links: pathsOf((path) => table.entries.get(path)?.isLink === true),
      trackedThoughIgnored: pathsOf((path) => table.trackedThoughIgnored.has(path)),
      gone: changed ? gone : 'all others',
    };
  }

  /** @returns undefined for what is not listed; the very same as before where nothing is otherwise */
  function listed(path: string): FileEntry | undefined {
    const entry = table.entries.get(path);
    const bytes = entry && table.bytesOf(entry);
    if (!entry || bytes === undefined) return undefined;
    const { hash } = entry;
    const before = entry.listed;
    if (!before || before.bytes !== bytes || before.hash !== hash) entry.listed = fileEntry(path, bytes, hash);
    return entry.listed;
  }

  /** In ripgrep's order. @returns undefined where nothing is known of what the files hold */
  async function candidates(query: SearchQuery, targets: readonly string[]): Promise<TableEntry[] | undefined> {
    if (!isBuilt) return undefined;
    await table.fresh();
    await index.readStale(breathe);
    assertOpen();
    const found = index.candidates(query);
    if (found === 'all') return undefined;
    const isEverywhere = targets.includes('.');
    const meant = isEverywhere ? found : found.filter(({ path }) => isBelow(path, targets));
    return meant.sort((a, b) => ripgrepsOrder(a.path, b.path));
  }

  async function find(
    { query, targets, paths }: IndexQuestion & { kind: 'find' },
    signal: AbortSignal,
  ): Promise<IndexAnswer> {
    const files = paths
      ? paths.map((path) => table.entries.get(path)).filter((entry) => entry !== undefined)
      : await candidates(query, targets);
    if (!files) return { kind: 'find', matches: undefined };
    const matchesIn = literalMatcher(query);
    const matches: SearchMatch[] = [];
    let misses = 0;
    for (const [at, entry] of files.entries()) {
      await breathe();
      signal.throwIfAborted();
      const bytes = reader.text(entry.path, entry);
      const found = bytes ? matchesIn(entry.path, bytes) : [];
      for (const match of found) matches.push(match);
      if (matches.length >= query.limit) return { kind: 'find', matches: matches.slice(0, query.limit) };
      if (found.length > 0) continue;
      misses += 1;
      const likely = at + 1 + ((query.limit - matches.length) * (at + 1)) / matches.length;
      if (misses > FIRST_MISSES && Math.min(likely, files.length) > MOST_FILES)
        return { kind: 'find', matches: undefined };
    }
    return { kind: 'find', matches };
  }

  async function confirm(matches: readonly SearchMatch[], signal: AbortSignal): Promise<boolean[] | undefined> {
    await table.fresh();
    const held: boolean[] = [];
    let open: { path: string; holds: (match: SearchMatch) => boolean } | undefined;
    for (const match of matches) {
      if (open?.path !== match.path) {
        await breathe();
        signal.throwIfAborted();
        const entry = table.entries.get(match.path);
        if (!entry) return undefined;
        open = { path: match.path, holds: lineHolder(reader.text(entry.path, entry)) };
      }
      held.push(open.holds(match));
    }
    return held;
  }

  return {
    async answer(question, signal) {
      breathedAt = Date.now();
      switch (question.kind) {
        case 'list':
          return list(question.version);
        case 'find':
          return find(question, signal);
        case 'candidates': {
          const files = await candidates(question.query, question.targets);
          return { kind: 'candidates', paths: files?.map(({ path }) => path) };
        }
        case 'confirm':
          return { kind: 'confirm', held: await confirm(question.matches, signal) };
        case 'ready':
          await built;
          return { kind: 'ready', means: table.means };
        default:
          return question satisfies never;
      }
    },
    get files() {
      return table.entries.size;
    },
    close() {
      isClosed = true;
      clearTimeout(quiet);
      for (const chore of chores) clearInterval(chore);
      try {
        table.close();
      } finally {
        index.close();
      }
    },
  };
}

/** What processes that are gone have left: each has its number in its name. */
function removeLeftOvers(dir: string): void {
  for (const folder of ['bells', 'spill', '.']) {
    let names: string[] = [];
    try {
      names = readdirSync(join(dir, folder));
    } catch {
      // It is made when it is needed.
    }
    for (const name of names) {
      const pid = Number((folder === '.' ? /^\.index-.*-(\d+)$/ : /^(\d+)-/).exec(name)?.[1] ?? process.pid);
      if (pid !== process.pid && !isAlive(pid)) rmSync(join(dir, folder, name), { recursive: true, force: true });
    }
  }
}
