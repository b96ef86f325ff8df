import type { Workspace } from '../ports.ts';
import { type Block, malformed, type SettledBlock } from './block.ts';
import type { ChangeSet } from './changeSet.ts';
import { workspacePath } from './workspacePath.ts';

/**
 * The block with its path decided. A line of several words before a block is a path where it names a file that exists,
 * or where a new file is written into a folder that exists; else it was prose, and the block is for the file before.
 * @param workspace the base: the files without any changes
 */
export async function settleBlock(changes: ChangeSet, block: Block, workspace: Workspace): Promise<SettledBlock> {
  if (block.kind !== 'edit' && block.kind !== 'append' && block.kind !== 'whole') return block;
  const { guessed, ...plain } = block;
  if (guessed === undefined) return plain;
  const isNew = block.kind !== 'edit' || block.search.every((line) => line.trim() === '');
  if (await isMeant(changes, block.path, isNew, workspace)) return plain;
  if (guessed.otherwise !== undefined) return settleBlock(changes, { ...plain, ...guessed.otherwise }, workspace);
  const reason = `The block names no file: "${block.path}" does not exist. Write the file's path, alone, on the line before the marker; a new path that holds spaces in quotes.`;
  return malformed(reason, linesOf(block), block.path);
}

function linesOf(block: Extract<Block, { kind: 'edit' | 'append' | 'whole' }>): string[] {
  switch (block.kind) {
    case 'edit':
      return [...block.search, '=======', ...block.replace];
    case 'append':
      return block.lines;
    case 'whole':
      return block.text.split('\n');
    default:
      return block satisfies never;
  }
}

async function isMeant(changes: ChangeSet, written: string, isNew: boolean, workspace: Workspace): Promise<boolean> {
  const named = workspacePath(written);
  if (named.kind === 'refused') return false;
  const { path } = named;
  const changed = changes.files.get(path);
  if (changed !== undefined) return changed.text !== null || isNew;
  if ((await workspace.read(path)).kind !== 'missing') return true;
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (!isNew || folder === '') return false;
  const isCreated = [...changes.files.values()].some(
    (file) => file.text !== null && file.path.startsWith(`${folder}/`),
  );
  return isCreated || (await workspace.read(folder)).kind === 'directory';
}
