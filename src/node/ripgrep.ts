import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { sep } from 'node:path';
import type { Readable } from 'node:stream';
import type { SearchMatch, SearchQuery } from '../core/ports.ts';
import { SearchError } from '../core/tools/searchError.ts';
import { childEnvironment } from './childEnvironment.ts';
import { LARGEST_FILE } from './plainFile.ts';
import { ripgrepsOrder } from './plainSearch.ts';
import { ripgrepEvents } from './ripgrepEvents.ts';

/** What is searched, and by whose rules. */
export interface RipgrepScope {
  /** Files and folders relative to the root. Files named here are searched although they may be ignored. */
  targets: readonly string[];
  /** Only these files count; ripgrep's own rules about what is ignored just save it work. May still be on its way. */
  files: Promise<ReadonlySet<string>>;
  /** Where ignore rules come from: the workspace is a repository, is a folder in one, or is in none. */
  rules: 'repository' | 'folderOfRepository' | 'noRepository';
  /** Folders that need not be searched, relative to the root. */
  own: readonly string[];
}

/** Absolute path of the ripgrep that came with `@vscode/ripgrep`; undefined where its package for this system is missing. */
export function findRipgrep(): string | undefined {
  // The package's own entry throws on import where the binary is missing; so we look where it looks.
  const binary = process.platform === 'win32' ? 'rg.exe' : 'rg';
  try {
    const entry = createRequire(import.meta.url).resolve('@vscode/ripgrep');
    const path = createRequire(entry).resolve(`@vscode/ripgrep-${process.platform}-${process.arch}/bin/${binary}`);
    return existsSync(path) ? path : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Searches with ripgrep, folder by folder in the order of names, and stops it as soon as there are enough lines.
 * @param ripgrep absolute path of the binary
 * @param root absolute, real path of the workspace
 * @throws SearchError where ripgrep does not take the pattern
 */
export async function searchWithRipgrep(
  ripgrep: string,
  root: string,
  query: SearchQuery,
  scope: RipgrepScope,
  signal?: AbortSignal,
): Promise<SearchMatch[]> {
  const matches: SearchMatch[] = [];
  const searched = new Set<string>();
  for (const targets of inArgumentLists(scope.targets)) {
    // One thread is what an order costs; without it a limit would cut off other matches every time.
    const argv = [...optionsOf(query, scope), '--sort=path', '--', ...targets];
    for await (const file of matchedFiles(ripgrep, argv, root, signal)) {
      if (searched.has(file.path) || !(await scope.files).has(file.path)) continue;
      searched.add(file.path);
      matches.push(...file.matches);
      if (matches.length >= query.limit) return matches.slice(0, query.limit);
    }
  }
  return matches;
}

/**
 * The same, for folders in which there may be little to be found: in as many threads as there are, and put in order here.
 * Where there is much, that would take long, and the limit be reached soon.
 */
export async function searchEverywhere(
  ripgrep: string,
  root: string,
  query: SearchQuery,
  scope: RipgrepScope,
  signal?: AbortSignal,
): Promise<SearchMatch[]> {
  const most = Math.max(MUCH, query.limit * MUCH_MORE);
  const found = new Map<string, SearchMatch[]>();
  let count = 0;
  let kept = 0;
  for (const targets of inArgumentLists(scope.targets)) {
    for await (const file of matchedFiles(ripgrep, [...optionsOf(query, scope), '--', ...targets], root, signal)) {
      if (found.has(file.path) || !(await scope.files).has(file.path)) continue;
      found.set(file.path, file.matches);
      count += file.matches.length;
      kept += file.matches.length;
      if (count > most) return searchWithRipgrep(ripgrep, root, query, scope, signal);
      if (kept > MUCH + 2 * query.limit) kept = keepFirst(found, query.limit);
    }
  }
  keepFirst(found, query.limit);
  return [...found.values()].flat().slice(0, query.limit);
}

/** Matching lines. */
const MUCH = 2000;
/** With so many times more lines than are wanted, these nearly always stand among the first files: one thread is soon there. */
const MUCH_MORE = 50;

/** Leaves the first files, in ripgrep's order, that have so many lines together. @returns how many lines are left */
function keepFirst(found: Map<string, SearchMatch[]>, limit: number): number {
  const all = new Map(found);
  found.clear();
  let lines = 0;
  for (const path of [...all.keys()].sort(ripgrepsOrder)) {
    if (lines >= limit) break;
    const matches = all.get(path) ?? [];
    found.set(path, matches);
    lines += matches.length;
  }
  return lines;
}

/**
 * As `searchWithRipgrep`, for files that are named one by one: parts of them are searched side by side, each in order, and each up to
 * the limit. Where there is much, the first part soon has enough and the others are stopped; where there is little, all
 * processors are at work.
 * @param scope its targets are files, in ripgrep's order
 * @returns what is found in each part, as soon as that and all before are searched
 */
export async function* searchInParts(
  ripgrep: string,
  root: string,
  query: SearchQuery,
  scope: RipgrepScope,
  signal?: AbortSignal,
): AsyncGenerator<SearchMatch[]> {
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const searches = inParts(scope.targets).map((targets) => {
    const found = searchWithRipgrep(ripgrep, root, query, { ...scope, targets }, stopped);
    // Nobody waits for those that are stopped.
    found.catch(() => {});
    return found;
  });
  let left = query.limit;
  try {
    for (const search of searches) {
      const found = (await search).slice(0, left);
      left -= found.length;
      if (found.length > 0) yield found;
      if (left <= 0) return;
    }
  } finally {
    stop.abort();
  }
}

/** Files that are not worth a process more. */
const SMALL_PART = 500;
const MOST_PARTS = 4;

function inParts(targets: readonly string[]): string[][] {
  const count = Math.min(MOST_PARTS, availableParallelism(), Math.ceil(targets.length / SMALL_PART));
  const size = Math.ceil(targets.length / count);
  return Array.from({ length: count }, (_, at) => targets.slice(at * size, (at + 1) * size));
}

/** Runs ripgrep and yields a file at a time. Leaving the loop stops the process. */
async function* matchedFiles(
  ripgrep: string,
  argv: string[],
  root: string,
  signal?: AbortSignal,
): AsyncGenerator<{ path: string; matches: SearchMatch[] }> {
  signal?.throwIfAborted();
  // Not with execa, which makes a text of all arguments to show: here they are thousands.
  const child = spawn(ripgrep, argv, {
    env: childEnvironment(process.env),
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    ...(signal && { signal }),
  });
  const ended = endOf(child);
  try {
    const eventsIn = ripgrepEvents();
    let path = '';
    let matches: SearchMatch[] = [];
    for await (const piece of child.stdout as AsyncIterable<Buffer>) {
      for (const event of eventsIn(piece)) {
        if (event.type === 'begin') {
          path = event.path.replace(/^\.[\\/]/, '').replaceAll(sep, '/');
          matches = [];
        } else if (event.type === 'match') {
          matches.push({ path, line: event.line, text: event.text });
        } else if (!event.isBinary) {
          yield { path, matches };
        }
      }
    }
  } finally {
    child.kill();
  }
  const { exitCode, stderr, error } = await ended;
  signal?.throwIfAborted();
  if (error) throw new Error(`ripgrep did not start: ${error.message}`, { cause: error });
  // Files that cannot be read give exit status 2 as well, but no message (--no-messages).
  if (exitCode === 2 && stderr !== '') throw new SearchError(`ripgrep refused the pattern: ${stderr}`);
}

interface End {
  exitCode: number | null;
  stderr: string;
  /** Why it could not be started; or that it was stopped. */
  error?: Error;
}

function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<End> {
  let stderr = '';
  let failure: { error: Error } | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      failure = { error };
    });
    child.on('close', (exitCode) => resolve({ exitCode, stderr, ...failure }));
  });
}

function optionsOf(query: SearchQuery, { rules, own }: RipgrepScope): string[] {
  return [
    '--json',
    '--no-config',
    '--no-messages',
    '--no-follow',
    '--hidden',
    '--no-ignore-dot',
    ...(rules === 'folderOfRepository' ? [] : ['--no-ignore-parent']),
    ...(rules === 'noRepository' ? ['--no-require-git', '--no-ignore-global'] : []),
    ...['.git', '.conclave', 'node_modules'].map((name) => `--glob=!${name}`),
    ...own.map((folder) => `--glob=!/${folder.replaceAll(/[\\*?[\]{}!]/g, '\\$&')}`),
    // JSON output knows no longest line; ours is cut by `matchedLine`.
    '--max-columns=0',
    // What is larger does not count, and may be most of all there is to be read.
    `--max-filesize=${LARGEST_FILE}`,
    '--encoding=none',
    '--crlf',
    query.caseSensitive ? '--case-sensitive' : '--ignore-case',
    ...(query.wholeWord ? ['--word-regexp'] : []),
    ...(query.regex ? [] : ['--fixed-strings']),
    '-e',
    query.pattern,
  ];
}

/** Systems bound the length of a command line, in characters here: Windows at 32,767, others at some hundred thousand and more. */
const LONGEST_ARGUMENTS = process.platform === 'win32' ? 24_000 : 400_000;

function* inArgumentLists(targets: readonly string[]): Generator<string[]> {
  let list: string[] = [];
  let length = 0;
  for (const target of targets) {
    if (length + target.length > LONGEST_ARGUMENTS) {
      yield list;
      list = [];
      length = 0;
    }
    list.push(target);
    length += target.length + 3;
  }
  if (list.length > 0) yield list;
}
