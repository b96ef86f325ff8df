import { readdir, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { type CopyRoots, missingIsUndefined, movedIntoCopy } from './copiedFiles.ts';
import { readPlainFile } from './plainFile.ts';

/** In bytes: such a file has a line or two. */
const LARGEST_PTH = 64 * 1024;

/**
 * PYTHONPATH for a copy. An editable install in the user's environment leads to the original sources; what is named
 * here is found first. So: the copy, its `src`, the folders that editable installs name, and what the user has set,
 * all of it moved into the copy where it lies in the workspace.
 */
export async function pythonPath(roots: CopyRoots): Promise<string> {
  const set = (process.env.PYTHONPATH ?? '').split(delimiter);
  const named = [...(await editableFolders(roots.original)), ...set].filter((path) => path !== '');
  const moved = named.map((path) => (isAbsolute(path) ? (movedIntoCopy(path, roots) ?? path) : path));
  const sources = (await stat(join(roots.copy, 'src')).catch(missingIsUndefined))?.isDirectory()
    ? [join(roots.copy, 'src')]
    : [];
  return [...new Set([roots.copy, ...sources, ...moved])].join(delimiter);
}

/** Folders of the workspace that the .pth files of its virtual environments name. */
async function editableFolders(workspace: string): Promise<string[]> {
  const found: string[] = [];
  for (const environment of ['.venv', 'venv']) {
    const lib = join(workspace, environment, 'lib');
    const versions = (await namesIn(lib)).filter((name) => name.startsWith('python'));
    const packages = [
      ...versions.map((name) => join(lib, name, 'site-packages')),
      join(workspace, environment, 'Lib', 'site-packages'),
    ];
    for (const folder of packages) {
      for (const name of (await namesIn(folder)).filter((name) => name.endsWith('.pth'))) {
        const file = await readPlainFile(join(folder, name), LARGEST_PTH);
        const lines = file.kind === 'bytes' ? file.bytes.toString('utf8').split(/\r?\n/) : [];
        found.push(...lines.filter((line) => isAbsolute(line)));
      }
    }
  }
  return found.filter((path) => movedIntoCopy(path, { original: workspace, copy: workspace }) !== undefined);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(missingIsUndefined)) ?? [];
}
