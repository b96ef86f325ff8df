import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { askGit, gitPaths, isLeftOut } from '../fileList.ts';
import { findRepository, type IgnoreRules, rulesAbove } from '../gitIgnore.ts';

/** Says which files of a workspace are listed: the same as `listFiles`, but also of a few of them. Paths are relative to the root. */
export interface Listing {
  /**
   * Which of these files and folders, and of all that is below these folders, are listed. `all`: everything is.
   * @returns undefined where it is not known before the folders were read: then `isListed` says it of each file
   */
  named(paths: readonly string[] | 'all'): Promise<Named | undefined>;
  /** For a file of which `named` has said nothing, because it was not there then. */
  areListed(files: readonly string[]): Promise<Named>;
  /** In which of these folders, that hold no file of `named`, nothing can be listed. */
  ignoredFolders(folders: readonly string[]): Promise<ReadonlySet<string>>;
  /** What the rules depend on outside of the workspace's own files: the same text as long as nothing changed. */
  outside(): Outside;
  /** The same as long as git has the same files in its index; undefined without git. */
  tracked(): Promise<string | undefined>;
}

export interface Named {
  /** Some may not be there. */
  files: string[];
  /** Those of them that are tracked although a .gitignore names them. */
  trackedThoughIgnored: string[];
}

/** Signatures of files. `isSettled` is false where one is so new that a further change might not be seen in them. */
export interface Outside {
  index: string;
  rest: string;
  isSettled: boolean;
}

/** Milliseconds: files that were changed within that time may be changed again without another time stamp. */
const TICK = 50;

/** @param root absolute, real path */
export async function openListing(root: string, own: readonly string[]): Promise<Listing> {
  const repository = await findRepository(root);
  const around = foldersAbove(root, repository?.top);
  const inGit = repository && (await gitFiles(root));
  const watched = [
    ...around.map((folder) => join(folder, '.git')),
    ...(repository ? around.map((folder) => join(folder, '.gitignore')) : []),
    ...(repository ? [join(repository.gitDir, 'info', 'exclude')] : []),
    ...(inGit?.rules ?? []),
  ];
  const outside = (): Outside => {
    const now = Date.now();
    let newest = 0;
    const signature = (file: string): string => {
      const found = lstatSync(file, { throwIfNoEntry: false });
      if (!found) return '';
      // A git folder changes whenever git does anything; what counts in it is looked at by itself.
      if (found.isDirectory()) return `folder ${found.ino}`;
      newest = Math.max(newest, found.ctimeMs);
      return `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
    };
    const index = inGit ? signature(inGit.index) : '';
    const rest = watched.map(signature).join('\n');
    return { index, rest, isSettled: newest < now - TICK };
  };
  return inGit
    ? { ...gitListing(root, own), outside }
    : { ...(await ruleListing(root, own, repository)), outside, tracked: async () => undefined };
}

function gitListing(root: string, own: readonly string[]): Omit<Listing, 'outside'> {
  const ask = async (args: string[], paths: readonly string[]): Promise<string[]> => {
    const found = await gitPaths(root, [
      '--literal-pathspecs',
      'ls-files',
      '-z',
      ...args,
      '--exclude-standard',
      '--',
      ...paths,
    ]);
    if (!found) throw new Error('git does not list the files of the workspace.');
    return found.filter((path) => !isLeftOut(path, own) && !path.endsWith('/'));
  };
  const named = async (paths: readonly string[] | 'all'): Promise<Named> => {
    const only = paths === 'all' ? [] : paths;
    const [files, trackedThoughIgnored] = await Promise.all([
      ask(['--cached', '--others'], only),
      ask(['--cached', '--ignored'], only),
    ]);
    return { files, trackedThoughIgnored };
  };
  return {
    named,
    areListed: named,
    async ignoredFolders(folders) {
      const input = folders.map((folder) => `${folder}/\0`).join('');
      const output = await askGit(root, ['check-ignore', '-z', '--stdin'], { input });
      // Where git does not say it, too many folders are looked at: that costs time, and nothing else.
      return new Set((output ?? '').split('\0').map((folder) => folder.replace(/\/$/, '')));
    },
    async tracked() {
      const paths = (await askGit(root, ['ls-files', '-z', '--cached'])) ?? '';
      return createHash('sha256').update(paths).digest('hex');
    },
  };
}

async function ruleListing(
  root: string,
  own: readonly string[],
  repository: Awaited<ReturnType<typeof findRepository>>,
): Promise<Omit<Listing, 'outside' | 'tracked'>> {
  const above = await rulesAbove(root, repository);
  const known = new Map<string, Promise<IgnoreRules>>();
  const rulesIn = (folder: string): Promise<IgnoreRules> => {
    const rules =
      known.get(folder) ??
      (folder === '' ? above.within('') : rulesIn(parentOf(folder)).then((outer) => outer.within(folder)));
    known.set(folder, rules);
    return rules;
  };
  return {
    named: async () => undefined,
    async areListed(files) {
      const listed: string[] = [];
      for (const file of files) {
        if (!isLeftOut(file, own) && !(await rulesIn(parentOf(file))).ignores(file)) listed.push(file);
      }
      return { files: listed, trackedThoughIgnored: [] };
    },
    async ignoredFolders(folders) {
      const ignored = new Set<string>();
      for (const folder of folders) {
        // What was known of a folder of that name is of one that may be gone.
        known.delete(folder);
        if ((await rulesIn(parentOf(folder))).ignores(`${folder}/`)) ignored.add(folder);
      }
      return ignored;
    },
  };
}

/** The files that git's answers depend on. @returns undefined where git is not installed, or does not want to */
async function gitFiles(root: string): Promise<{ index: string; rules: string[] } | undefined> {
  const names = ['index', 'info/exclude', 'config', 'config.worktree'];
  const paths = await askGit(root, ['rev-parse', ...names.flatMap((name) => ['--git-path', name])]);
  if (paths === undefined) return undefined;
  const [index = '', ...rest] = paths
    .trimEnd()
    .split('\n')
    .map((path) => resolve(root, path));
  // Exit status 1 where it is not set.
  const excludes = (await askGit(root, ['config', '--get', '--path', 'core.excludesFile']))?.trimEnd();
  const config = join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'git');
  return {
    index,
    rules: [
      ...rest,
      ...(excludes ? [resolve(root, excludes)] : []),
      join(homedir(), '.gitconfig'),
      join(config, 'config'),
      join(config, 'ignore'),
      '/etc/gitconfig',
    ],
  };
}

/** From the folder itself up to the repository's top, or to the disk's where there is none. */
function foldersAbove(root: string, top: string | undefined): string[] {
  const folders = [root];
  for (let at = root; at !== top && dirname(at) !== at; ) {
    at = dirname(at);
    folders.push(at);
  }
  return folders;
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
