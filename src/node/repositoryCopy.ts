import { isUtf8 } from 'node:buffer';
import { appendFile, copyFile, lstat, mkdir, realpath, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Processes } from '../core/ports.ts';

/** The git repository that a workspace lies in. All paths are absolute, without symbolic links. */
export interface Repository {
  top: string;
  /** The .git folder that branches and objects are in; for a linked worktree the main one. */
  commonDir: string;
  objectFormat: string;
  /** Content of HEAD: "ref: refs/heads/…" or a commit. */
  head: string;
  /** False in a repository without a commit. */
  hasCommit: boolean;
}

export type Git = (cwd: string, args: readonly string[]) => Promise<string | undefined>;

/** Local settings that decide what `git status` and `git diff` see, or who commits. Others could lead back to the user's. */
const KEPT_SETTINGS =
  '^(core\\.(autocrlf|eol|safecrlf|filemode|ignorecase|symlinks|precomposeunicode|quotepath)|user\\.(name|email)|filter\\..*\\.(clean|smudge|process|required))$';

/**
 * Git that runs no hook, takes no lock, asks nobody and fetches nothing.
 * @returns a function that gives the output, or undefined where git failed or is not installed
 */
export function quietGit(processes: Processes, signal: AbortSignal): Git {
  return async (cwd, args) => {
    const result = await processes.run(
      ['git', '-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', ...args],
      {
        cwd,
        signal,
        timeout: 120_000,
        keep: 256 * 1024 * 1024,
        stdoutOnly: true,
        env: {
          GIT_OPTIONAL_LOCKS: '0',
          GIT_TERMINAL_PROMPT: '0',
          GIT_LFS_SKIP_SMUDGE: '1',
          GIT_NO_LAZY_FETCH: '1',
          GIT_DEFAULT_REF_FORMAT: 'files',
          LC_ALL: 'C',
        },
      },
    );
    return result.exitCode === 0 ? result.output : undefined;
  };
}

/**
 * @param workspace absolute, without symbolic links
 * @returns undefined without git, without a repository, and where the repository around the workspace tracks nothing in it
 *   (a home folder kept in git, say): then it is somebody else's
 */
export async function findRepository(workspace: string, git: Git): Promise<Repository | undefined> {
  const places = await git(workspace, ['rev-parse', '--show-toplevel', '--git-common-dir', '--show-object-format']);
  const [topText, commonText, objectFormat] = places?.split('\n') ?? [];
  if (!topText || !commonText || !objectFormat) return undefined;
  const top = await realpath(topText);
  if (top !== workspace && !(await git(workspace, ['ls-files', '--', '.']))) return undefined;

  const commit = await git(workspace, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  const branch = await git(workspace, ['symbolic-ref', '--quiet', 'HEAD']);
  if (!commit && !branch) return undefined;
  return {
    top,
    commonDir: await realpath(resolve(workspace, commonText)),
    objectFormat,
    head: branch ? `ref: ${branch.trim()}` : (commit ?? '').trim(),
    hasCommit: commit !== undefined,
  };
}

/** Tracked files of the repository outside the workspace: a package's tests may need its neighbours. Relative to the top. */
export async function trackedFilesAround(repository: Repository, workspace: string, git: Git): Promise<string[]> {
  if (workspace === repository.top) return [];
  const inside = `${relative(repository.top, workspace).replaceAll('\\', '/')}/`;
  const all = (await git(repository.top, ['ls-files', '-z'])) ?? '';
  return all.split('\0').filter((path) => path !== '' && !path.startsWith(inside));
}

/**
 * The files of the submodules that are checked out, and of those in them: tracked ones, and untracked ones that are not
 * ignored. Tests need them, although they belong to other repositories. Relative to the top.
 */
export async function submoduleFiles(top: string, git: Git): Promise<string[]> {
  const files: string[] = [];
  for (const entry of ((await git(top, ['ls-files', '-z', '--stage'])) ?? '').split('\0')) {
    if (!entry.startsWith('160000 ')) continue;
    const path = entry.slice(entry.indexOf('\t') + 1);
    const folder = join(top, path);
    // One that is not checked out is an empty folder: there git would speak of the repository around it.
    if ((await lstat(join(folder, '.git')).catch(ignoreMissing)) === undefined) continue;
    if ((await realpath(folder)) !== folder) continue;
    const own = (await git(folder, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])) ?? '';
    const inner = [...own.split('\0'), ...(await submoduleFiles(folder, git))];
    files.push(...inner.filter((name) => name !== '' && !name.endsWith('/')).map((name) => `${path}/${name}`));
  }
  return files;
}

/** Files in the folder, as git lists them, whose names are no UTF-8: what decodes them as text would lose them. */
export async function oddlyNamedFiles(folder: string, git: Git): Promise<Buffer[]> {
  // Without -z, git writes every byte that is not ASCII as an escape.
  const quoted = ['-c', 'core.quotePath=true', 'ls-files', '--cached', '--others', '--exclude-standard'];
  const lines = ((await git(folder, quoted)) ?? '').split('\n').filter((line) => line.startsWith('"'));
  return lines.map(unquoted).filter((name) => !isUtf8(name) && name.at(-1) !== SLASH);
}

const SLASH = 0x2f;
const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' };

/** A name as git quotes it: in double quotes, with the escapes of C. */
function unquoted(line: string): Buffer {
  const text = line
    .slice(1, -1)
    .replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
    );
  return Buffer.from(text, 'latin1');
}

/**
 * Makes `target` a repository with the same branches, tags and HEAD as `repository`, and its index reset to HEAD.
 * It borrows the objects of the original and knows no remote, so nothing done in it can reach back.
 * (A clone would call the original "origin": a push in a test would write the user's repository.)
 * @returns false where git failed; what is half made is then left for the caller to remove
 */
export async function makeSharedRepository(repository: Repository, target: string, git: Git): Promise<boolean> {
  const init = ['init', '--quiet', '--template=', `--object-format=${repository.objectFormat}`];
  if ((await git(target, init)) === undefined) return false;
  const dotGit = join(target, '.git');
  await mkdir(join(dotGit, 'info'), { recursive: true });
  await mkdir(join(dotGit, 'objects', 'info'), { recursive: true });
  const objects = join(repository.commonDir, 'objects').replaceAll('\\', '/');
  await writeFile(join(dotGit, 'objects', 'info', 'alternates'), `${objects}\n`);
  await writeFile(join(dotGit, 'HEAD'), `${repository.head}\n`);

  const refs = (await git(repository.top, ['for-each-ref', '--format=%(objectname) %(refname)'])) ?? '';
  const packed = refs.split('\n').filter((line) => /^[0-9a-f]{40,64} refs\//.test(line));
  await writeFile(join(dotGit, 'packed-refs'), packed.map((line) => `${line}\n`).join(''));
  for (const name of ['shallow', 'info/exclude', 'info/attributes']) {
    await copyFile(join(repository.commonDir, name), join(dotGit, name)).catch(ignoreMissing);
  }
  await copySettings(repository, join(dotGit, 'config'), git);
  return !repository.hasCommit || (await git(target, ['reset', '--quiet'])) !== undefined;
}

async function copySettings(repository: Repository, config: string, git: Git): Promise<void> {
  const found = await git(repository.top, ['config', '--local', '-z', '--get-regexp', KEPT_SETTINGS]);
  const lines = (found ?? '').split('\0').flatMap((entry) => {
    const at = entry.indexOf('\n');
    if (at < 0) return [];
    const key = entry.slice(0, at);
    const section = key.slice(0, key.indexOf('.'));
    const subsection = key.slice(section.length + 1, Math.max(section.length + 1, key.lastIndexOf('.')));
    const name = key.slice(key.lastIndexOf('.') + 1);
    const header = subsection === '' ? `[${section}]` : `[${section} ${JSON.stringify(subsection)}]`;
    return [`${header}\n\t${name} = ${JSON.stringify(entry.slice(at + 1))}`];
  });
  await appendFile(config, `${[...lines, '[gc]\n\tauto = 0'].join('\n')}\n`);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}
