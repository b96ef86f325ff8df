import { lstat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { errorCode } from './paths.ts';
import { readPlainFile } from './plainFile.ts';

/** Says what git would ignore, without git. */
export interface IgnoreRules {
  /** @param path relative to the workspace, forward slashes; a folder's path ends with a slash, "" is the workspace itself */
  ignores(path: string): boolean;
  /** These rules and those of the folder's own .gitignore. @param folder relative to the workspace; "" is the workspace itself */
  within(folder: string): Promise<IgnoreRules>;
}

/** The repository a folder belongs to. Both paths are absolute. */
export interface Repository {
  /** The folder that contains `.git`. */
  top: string;
  /** Where `info/exclude` is. */
  gitDir: string;
}

// Windows and macOS have disks that take `A` for `a`, and git goes by that.
const OPTIONS = { ignoreCase: process.platform === 'win32' || process.platform === 'darwin' };

/**
 * The repository whose rules hold in the workspace.
 * @returns undefined where there is none, or where the one around it ignores the whole folder and so has no say in it
 */
export async function findRepository(root: string): Promise<Repository | undefined> {
  const repository = await repositoryAround(root);
  if (!repository || repository.top === root) return repository;
  return (await rulesAbove(root, repository)).ignores('') ? undefined : repository;
}

/**
 * The rules that hold at the top of the workspace, its own .gitignore not yet among them (see `within`):
 * `info/exclude` and the .gitignore files of folders above, up to the top of the repository.
 */
export async function rulesAbove(root: string, repository: Repository | undefined): Promise<IgnoreRules> {
  const none = ignore(OPTIONS);
  if (!repository) return rules(root, '', none);

  // Rules are anchored at the repository's top, so that those from above the workspace can be among them.
  const prefix = toSlashes(relative(repository.top, root));
  const patterns = await readPatterns(join(repository.gitDir, 'info', 'exclude'));
  const folders =
    prefix === ''
      ? []
      : [
          '',
          ...prefix
            .split('/')
            .map((_, at, parts) => parts.slice(0, at).join('/'))
            .slice(1),
        ];
  for (const folder of folders) {
    patterns.push(...anchored(await readPatterns(join(repository.top, folder, '.gitignore')), folder));
  }
  return rules(root, prefix, none.add(patterns));
}

function rules(root: string, prefix: string, known: Ignore): IgnoreRules {
  const fromTop = (path: string) => (prefix === '' ? path : `${prefix}/${path}`);
  return {
    ignores: (path) => known.ignores(fromTop(path)),
    within: async (folder) => {
      const patterns = await readPatterns(join(root, folder, '.gitignore'));
      if (patterns.length === 0) return rules(root, prefix, known);
      const top = folder === '' ? prefix : fromTop(folder);
      return rules(root, prefix, ignore(OPTIONS).add(known).add(anchored(patterns, top)));
    },
  };
}

/** Rewrites the patterns of a folder's .gitignore so that they say the same from the repository's top. */
export function anchored(patterns: readonly string[], folder: string): string[] {
  if (folder === '') return [...patterns];
  const prefix = folder.replace(/[\\*?[\]]/g, '\\$&');
  return patterns.map((line) => {
    const negated = line.startsWith('!');
    // A pattern with an inner slash counts from its own folder, any other one at every depth below it.
    const pattern = (negated ? line.slice(1) : line).replace(/^\\([#!])/, '$1');
    const body = pattern.startsWith('/') ? pattern.slice(1) : pattern;
    const everyDepth = !pattern.replace(/\/\s*$/, '').includes('/');
    return `${negated ? '!' : ''}/${prefix}/${everyDepth ? '**/' : ''}${body}`;
  });
}

/** The lines that are patterns. A missing file has none; like git, a link in its place is not followed. One that is too large has none either. */
async function readPatterns(absolute: string): Promise<string[]> {
  if ((await kindOf(absolute)) !== 'file') return [];
  return patternsIn(await textOf(absolute));
}

/** The lines of an ignore file that are patterns. */
export function patternsIn(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

async function repositoryAround(folder: string): Promise<Repository | undefined> {
  const dotGit = join(folder, '.git');
  const kind = await kindOf(dotGit);
  if (kind === 'folder') return { top: folder, gitDir: dotGit };
  if (kind === 'file') return { top: folder, gitDir: await linkedGitDir(folder, dotGit) };
  const parent = dirname(folder);
  return parent === folder ? undefined : repositoryAround(parent);
}

/** A linked working tree or a submodule has a file `.git` which says where its git folder is. */
async function linkedGitDir(folder: string, dotGit: string): Promise<string> {
  const pointer = /^gitdir: (.+)$/m.exec(await textOf(dotGit))?.[1]?.trim();
  if (pointer === undefined) return dotGit;
  const gitDir = resolve(folder, pointer);
  const common = join(gitDir, 'commondir');
  if ((await kindOf(common)) !== 'file') return gitDir;
  return resolve(gitDir, (await textOf(common)).trim());
}

/** In bytes; files of patterns have some hundred. */
const LARGEST = 1024 * 1024;

async function textOf(absolute: string): Promise<string> {
  const found = await readPlainFile(absolute, LARGEST);
  return found.kind === 'bytes' ? found.bytes.toString('utf8') : '';
}

async function kindOf(absolute: string): Promise<'file' | 'folder' | 'other' | 'missing'> {
  try {
    const found = await lstat(absolute);
    if (found.isFile()) return 'file';
    return found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    throw error;
  }
}

function toSlashes(path: string): string {
  return path.split(sep).join('/');
}
