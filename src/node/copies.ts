import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, realpath, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Copies, Copy, Processes } from '../core/ports.ts';
import { applyStates, type CopyRoots, copyFiles, copyOddlyNamed, missingIsUndefined } from './copiedFiles.ts';
import { assertRoom, type CopyBounds, copiesIn, copyPrefix, type FoundCopy, measured } from './copyBounds.ts';
import { cacheFolder, dropCaches, measureCache } from './copyCaches.ts';
import { pythonPath } from './copyPythonPath.ts';
import { linkDependencies } from './dependencyLinks.ts';
import { removeTree } from './removeTree.ts';
import {
  findRepository,
  makeSharedRepository,
  oddlyNamedFiles,
  quietGit,
  submoduleFiles,
  trackedFilesAround,
} from './repositoryCopy.ts';

export interface CopiesOptions {
  /** Absolute path of the workspace. */
  workspace: string;
  /** The files to copy: relative to the workspace, forward slashes. Ignored ones are not among them, so secrets stay out. */
  list: () => Promise<string[]>;
  /** Folder that copies and their caches are made in, on the workspace's file system if possible; of this workspace alone. */
  dir: string;
  /** Folder of such folders: copies of crashed processes are removed in all of them, and all copies and caches count together. */
  all?: string;
  /** No bounds where absent. */
  bounds?: CopyBounds;
  processes: Processes;
}

/** How many Cargo target folders are kept for the next copies; each can be large. */
const KEPT_TARGETS = 2;

/**
 * Throw-away copies of a workspace: its files as they are, a repository of their own, dependencies linked entry by entry.
 * Neither making nor using one writes the workspace or its .git. `make` rejects where files cannot be copied (disk full,
 * no permission) and leaves nothing behind. Copies that a crashed process left are removed on the way.
 */
export function openCopies(options: CopiesOptions): Copies {
  return {
    async make(files, signal) {
      signal.throwIfAborted();
      const workspace = await realpath(options.workspace);
      await mkdir(options.dir, { recursive: true });
      const dir = await realpath(options.dir);
      const git = quietGit(options.processes, signal);
      const repository = await findRepository(workspace, git);
      const original = repository?.top ?? workspace;
      const prefix = relative(original, workspace).replaceAll('\\', '/');
      const listed = (await options.list()).map((path) => (prefix === '' ? path : `${prefix}/${path}`));
      const beside =
        repository === undefined
          ? []
          : [...(await trackedFilesAround(repository, workspace, git)), ...(await submoduleFiles(original, git))];
      const paths = [...new Set([...beside, ...listed])];

      const bounds = options.bounds ?? UNBOUNDED;
      const folders = await foldersOfCopies(dir, options.all);
      const others = await removeAbandoned(folders);
      const bytes = await measured(paths, original, bounds);
      assertRoom(bytes, others, await dropCaches(folders, others, bytes, bounds), bounds);
      const own = await mkdtemp(join(dir, copyPrefix(process.pid, bytes)));
      // Short and elsewhere: sockets in it must fit into about 100 characters.
      const temporary = await realpath(await mkdtemp(join(tmpdir(), 'conclave-')));
      const cache = cacheFolder(dir);
      const dispose = async () => {
        await keepTarget(join(own, 'target'), cache);
        await removeTree(own);
        await removeTree(temporary);
        await measureCache(dir);
      };
      try {
        return { ...(await fill(own, workspace)), dispose };
      } catch (error) {
        await dispose();
        throw error;
      }

      async function fill(own: string, workspace: string): Promise<Omit<Copy, 'dispose'>> {
        // Named as the original: some tests look at the name of their folder.
        const roots: CopyRoots = { original, copy: join(own, basename(original) || 'workspace') };
        await mkdir(roots.copy);
        const copyDir = join(roots.copy, prefix);
        await mkdir(copyDir, { recursive: true });
        await copyFiles(paths, roots, signal);
        if (repository !== undefined) {
          await copyOddlyNamed(await oddlyNamedFiles(workspace, git), { original: workspace, copy: copyDir });
        }
        if (repository !== undefined && !(await makeSharedRepository(repository, roots.copy, git))) {
          await removeTree(join(roots.copy, '.git'));
        }
        await linkDependencies(paths, roots, signal);
        await applyStates(files, { original: workspace, copy: copyDir });
        signal.throwIfAborted();

        const env = {
          TMPDIR: temporary,
          TEMP: temporary,
          TMP: temporary,
          npm_config_cache: join(cache, 'npm'),
          GOCACHE: join(cache, 'go'),
          PYTHONDONTWRITEBYTECODE: '1',
          ...(paths.some((path) => path.endsWith('.py')) && {
            PYTHONPATH: await pythonPath({ original: workspace, copy: copyDir }),
          }),
          ...(paths.some((path) => basename(path) === 'Cargo.toml') && {
            CARGO_TARGET_DIR: await takeTarget(join(own, 'target'), cache),
          }),
        };
        return { dir: copyDir, env };
      }
    },
  };
}

/**
 * A Cargo target folder is used by one copy at a time. Cargo tells builds apart by paths relative to the workspace and by
 * file times, so two copies that shared one would run each other's tests. One that is free is moved here, which is atomic.
 */
async function takeTarget(target: string, cache: string): Promise<string> {
  for (const name of await keptTargets(cache)) {
    try {
      await rename(join(cache, name), target);
      return target;
    } catch (error) {
      // Another copy was quicker.
      if (!isMissing(error)) throw error;
    }
  }
  await mkdir(target);
  return target;
}

async function keepTarget(target: string, cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  if ((await keptTargets(cache)).length >= KEPT_TARGETS) return;
  try {
    await rename(target, join(cache, `cargo-${randomBytes(6).toString('hex')}`));
  } catch (error) {
    // Most workspaces have none.
    if (!isMissing(error)) throw error;
  }
}

async function keptTargets(cache: string): Promise<string[]> {
  const names = await readdir(cache).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names.filter((name) => name.startsWith('cargo-'));
}

const UNBOUNDED: CopyBounds = { files: Infinity, bytes: Infinity, allBytes: Infinity };

async function foldersOfCopies(dir: string, all: string | undefined): Promise<string[]> {
  const names = all === undefined ? [] : ((await readdir(all).catch(missingIsUndefined)) ?? []);
  const siblings = await Promise.all(names.map((name) => realpath(join(all ?? '', name)).catch(missingIsUndefined)));
  return [...new Set([dir, ...siblings.filter((path) => path !== undefined)])];
}

/** Removes copies whose process is gone. @returns the others */
async function removeAbandoned(folders: readonly string[]): Promise<FoundCopy[]> {
  const living: FoundCopy[] = [];
  for (const copy of await copiesIn(folders)) {
    if (isRunning(copy.pid)) living.push(copy);
    else await removeTree(copy.path);
  }
  return living;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's process has that id.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
