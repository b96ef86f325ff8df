import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Dice } from '../../edits/dice.ts';
import { CODE, regexAround, regexOfNothing, type Words } from './queries.ts';
import { searchBare } from './ripgrep.ts';
import type { ToolServer } from './server.ts';

/** Calls of one tool, of one kind. */
export interface Ask {
  name: string;
  tool: string;
  /** What its times are held against. */
  baseline?: string;
  /** What its results are held against. */
  compared?: string;
  /** @param changed what was changed just now */
  next(changed?: { path: string; word: string }): {
    args: Record<string, unknown>;
    against?: (data: unknown, text: string) => Promise<{ ms?: number; wrong?: string | undefined }>;
  };
}

interface Around {
  root: string;
  dice: Dice;
  words: Words;
  /** The filesystem server that others have. */
  files: ToolServer;
}

const RIPGREP = 'bare ripgrep';
/** Bytes. */
const WHOLE = 20_000;

/** Each tool, with queries that are drawn. run_tests runs the project's own programs, so it is not among them; recall has nothing here. */
export function asksOf({ root, dice, words, files }: Around): Ask[] {
  const fits = (path: string): boolean => statSync(join(root, path)).size <= WHOLE;
  const search = (
    name: string,
    draw: (word?: string) => { pattern: string; regex?: boolean; word?: boolean },
  ): Ask => ({
    name,
    tool: 'search_code',
    baseline: RIPGREP,
    compared: RIPGREP,
    next(changed) {
      const { pattern, regex = false, word = false } = draw(changed?.word);
      const args = { pattern, regex, whole_word: word, case_sensitive: true, limit: 1000 };
      return {
        args,
        against: async (data) => {
          const { ms, lines } = await searchBare(root, pattern, { regex, word });
          const found = data as {
            files: { path: string; matches: { line: number }[] }[];
            at_least: boolean;
            truncated: boolean;
          };
          const ours = found.files.flatMap(({ path, matches }) => matches.map(({ line }) => `${path}:${line}`));
          return { ms, wrong: differenceOf(ours, [...lines.keys()], found.at_least || found.truncated) };
        },
      };
    },
  });
  return [
    search('search_code, text', (word) => ({ pattern: word ?? words.piece() })),
    search('search_code, whole word', (word) => ({ pattern: word ?? words.word(), word: true })),
    search('search_code, expression', (word) => ({
      pattern: word === undefined ? regexAround(words, dice) : `\\b${word}\\w*`,
      regex: true,
    })),
    search('search_code, expression without any text', () => ({ pattern: regexOfNothing(dice), regex: true })),
    {
      name: 'find_references',
      tool: 'find_references',
      baseline: RIPGREP,
      compared: RIPGREP,
      next(changed) {
        const symbol = changed?.word ?? words.word();
        return {
          args: { symbol, limit: 500 },
          against: async (data) => {
            const { ms, lines } = await searchBare(root, symbol, { word: true });
            const found = data as { files: { path: string; occurrences: { line: number }[] }[]; truncated: boolean };
            const ours = found.files.flatMap(({ path, occurrences }) =>
              occurrences.map(({ line }) => `${path}:${line}`),
            );
            return { ms, wrong: differenceOf([...new Set(ours)], [...lines.keys()], found.truncated) };
          },
        };
      },
    },
    {
      name: 'symbols, by name',
      tool: 'symbols',
      compared: 'the files',
      next(changed) {
        const query = changed?.word ?? words.word();
        return {
          args: { query },
          against: async (data) => {
            const { symbols } = data as { symbols: { path: string; line: number; name: string }[] };
            const stale = symbols.find(({ path, line, name }) => !lineOf(root, path, line).includes(name));
            return { wrong: stale && `${stale.path}:${stale.line} does not define ${stale.name}` };
          },
        };
      },
    },
    {
      name: 'symbols, of a file',
      tool: 'symbols',
      compared: 'the files',
      next(changed) {
        const path = changed !== undefined && CODE.test(changed.path) ? changed.path : words.code();
        return {
          args: { path },
          against: async (data) => {
            const { symbols } = data as { symbols: { path: string; line: number; name: string }[] };
            const stale = symbols.find((one) => !lineOf(root, path, one.line).includes(one.name));
            const missing =
              changed !== undefined && /zq_\d+\.js$/.test(path) && !symbols.some(({ name }) => name === changed.word);
            return {
              wrong: stale
                ? `line ${stale.line} does not define ${stale.name}`
                : missing
                  ? 'the new one is missing'
                  : undefined,
            };
          },
        };
      },
    },
    {
      name: 'read_file',
      tool: 'read_file',
      baseline: '@modelcontextprotocol/server-filesystem',
      compared: 'the files',
      next(changed) {
        // What a result has room for, so that both give the whole of it.
        const path = changed !== undefined && fits(changed.path) ? changed.path : words.path(fits);
        return {
          args: { path },
          against: async (data) => {
            const { ms } = await files.call('read_text_file', { path: join(root, path) });
            const [read] = (data as { files: { text: string }[] }).files;
            const there = readFileSync(join(root, path), 'utf8')
              .replace(/^\uFEFF/, '')
              .replaceAll('\r\n', '\n')
              .replace(/\n$/, '');
            return {
              ms,
              wrong: read?.text === there ? undefined : `${read?.text.length} characters of ${there.length}`,
            };
          },
        };
      },
    },
    {
      name: 'list_files',
      tool: 'list_files',
      compared: 'git',
      next(changed) {
        const path = changed?.path ?? words.path();
        const [top = ''] = path.split('/');
        const pattern = `${top}/**/*${posix.basename(path).slice(-(4 + dice.int(8)))}`;
        return {
          args: { pattern, limit: 1000 },
          against: async (data) => {
            const listed = git(root, [
              'ls-files',
              '-z',
              '--cached',
              '--others',
              '--exclude-standard',
              '--',
              `:(glob)${escapedGlob(pattern)}`,
            ]);
            const gone = new Set(git(root, ['ls-files', '-z', '--deleted']));
            const found = data as { files: { path: string }[]; truncated: boolean };
            const there = listed.filter((one) => !gone.has(one) && !one.split('/').includes('node_modules'));
            return {
              wrong: differenceOf(
                found.files.map((file) => file.path),
                there,
                found.truncated,
              ),
            };
          },
        };
      },
    },
    {
      name: 'search_docs',
      tool: 'search_docs',
      compared: 'the files',
      next: (changed) => ({
        args: { query: `${words.word()} ${words.word()} ${changed?.word ?? ''}`.trim() },
        against: async (data) => {
          const { passages = [] } = data as { passages?: { path: string; line: number; text: string }[] };
          const stale = passages.find(({ path, text }) => {
            const first = plainly(text).slice(0, 40).trim();
            return !plainly(readFileSync(join(root, path), 'utf8')).includes(first);
          });
          return { wrong: stale && `${stale.path}:${stale.line} does not say "${stale.text.slice(0, 40)}"` };
        },
      }),
    },
    {
      name: 'analyze_codebase, of a folder',
      tool: 'analyze_codebase',
      next: () => {
        const parts = posix.dirname(words.path()).split('/');
        return { args: { under: parts.slice(0, 1 + dice.int(parts.length)).join('/'), query: words.word() } };
      },
    },
    {
      name: 'analyze_codebase, of everything',
      tool: 'analyze_codebase',
      next: () => ({ args: { query: words.word() } }),
    },
    {
      name: 'git_diff, of a file',
      tool: 'git_diff',
      compared: 'git',
      next(changed) {
        const file = changed?.path ?? words.path();
        return {
          args: { file },
          against: async (_data, text) => {
            const isChanged = git(root, ['status', '--porcelain', '-z', '--', `:(literal)${file}`]).length > 0;
            const isShown = changed === undefined ? !/^Nothing differs/.test(text) : text.includes(changed.word);
            return { wrong: isChanged === isShown ? undefined : text.slice(0, 80) };
          },
        };
      },
    },
    {
      name: 'diagnostics, of a file',
      tool: 'diagnostics',
      next: (changed) => ({ args: { path: changed?.path ?? words.path() } }),
    },
  ];
}

/** @param isPart ours need not be all; what there is of it must be true */
function differenceOf(ours: readonly string[], theirs: readonly string[], isPart: boolean): string | undefined {
  const [a, b] = [new Set(ours), new Set(theirs)];
  const stale = ours.find((one) => !b.has(one));
  if (stale !== undefined) return `${stale} is not there`;
  const missing = isPart ? undefined : theirs.find((one) => !a.has(one));
  return missing === undefined ? undefined : `${missing} is missing (${ours.length} of ${theirs.length})`;
}

/** Without the marks of comments, and in one form of white space. */
function plainly(text: string): string {
  return text.replace(/[*/#\s]+/g, ' ');
}

function lineOf(root: string, path: string, line: number): string {
  return readFileSync(join(root, path), 'utf8').split(/\r?\n/)[line - 1] ?? '';
}

function git(root: string, args: string[]): string[] {
  const output = execFileSync('git', ['--no-optional-locks', ...args], { cwd: root, maxBuffer: 256 * 1024 * 1024 });
  return output
    .toString()
    .split('\0')
    .filter((one) => one !== '');
}

function escapedGlob(pattern: string): string {
  return pattern.replaceAll(/[[\]\\]/g, '\\$&');
}
