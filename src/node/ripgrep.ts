import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { z } from 'zod';
import type { SearchMatch, SearchQuery } from '../core/ports.ts';
import { SearchError } from '../core/tools/searchError.ts';
import { childEnvironment } from './childEnvironment.ts';
import { inRipgrepsOrder, matchedLine } from './plainSearch.ts';

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
  const most = Math.max(MUCH, query.limit * 4);
  const found = new Map<string, SearchMatch[]>();
  let count = 0;
  for (const targets of inArgumentLists(scope.targets)) {
    for await (const file of matchedFiles(ripgrep, [...optionsOf(query, scope), '--', ...targets], root, signal)) {
      if (!(await scope.files).has(file.path)) continue;
      if (!found.has(file.path)) count += file.matches.length;
      found.set(file.path, file.matches);
      if (count > most) return searchWithRipgrep(ripgrep, root, query, scope, signal);
    }
  }
  const matches = inRipgrepsOrder([...found.keys()]).flatMap((path) => found.get(path) ?? []);
  return matches.slice(0, query.limit);
}

/** Matching lines. */
const MUCH = 2000;

/** Runs ripgrep and yields a file at a time. Leaving the loop stops the process. */
async function* matchedFiles(
  ripgrep: string,
  argv: string[],
  root: string,
  signal?: AbortSignal,
): AsyncGenerator<{ path: string; matches: SearchMatch[] }> {
  signal?.throwIfAborted();
  const { execa } = await import('execa');
  const child = execa(ripgrep, argv, {
    env: childEnvironment(process.env),
    extendEnv: false,
    cwd: root,
    stdin: 'ignore',
    buffer: { stdout: false },
    reject: false,
    ...(signal && { cancelSignal: signal }),
  });
  try {
    let matches: SearchMatch[] = [];
    for await (const line of child.iterable()) {
      const { type, data } = RIPGREP_EVENT.parse(JSON.parse(line));
      if (!data.path) continue;
      const path = textOf(data.path)
        .replace(/^\.[\\/]/, '')
        .replaceAll(sep, '/');
      if (type === 'begin') matches = [];
      if (type === 'match') matches.push({ path, line: data.line_number ?? 0, text: matchedLine(textOf(data.lines)) });
      // Only at a file's end it is known whether there was a NUL in it, which makes it a binary file.
      if (type === 'end' && data.binary_offset === null) yield { path, matches };
    }
  } finally {
    child.kill();
  }
  const result = await child;
  signal?.throwIfAborted();
  // Files that cannot be read give exit status 2 as well, but no message (--no-messages).
  if (result.exitCode === 2 && result.stderr !== '')
    throw new SearchError(`ripgrep refused the pattern: ${result.stderr}`);
  if (result.exitCode === undefined && !result.isTerminated)
    throw new Error(`ripgrep did not start: ${result.shortMessage}`);
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
    '--encoding=none',
    '--crlf',
    query.caseSensitive ? '--case-sensitive' : '--ignore-case',
    ...(query.wholeWord ? ['--word-regexp'] : []),
    ...(query.regex ? [] : ['--fixed-strings']),
    '-e',
    query.pattern,
  ];
}

const TEXT = z.union([z.object({ text: z.string() }), z.object({ bytes: z.string() })]);
const RIPGREP_EVENT = z.object({
  type: z.string(),
  data: z.object({
    path: TEXT.optional(),
    lines: TEXT.optional(),
    line_number: z.number().nullish(),
    binary_offset: z.number().nullish(),
  }),
});

/** What is no valid UTF-8 comes in base64. */
function textOf(data: z.infer<typeof TEXT> | undefined): string {
  if (!data) return '';
  return 'text' in data ? data.text : Buffer.from(data.bytes, 'base64').toString('utf8');
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
