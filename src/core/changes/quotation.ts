import type { Workspace } from '../ports.ts';
import type { Block } from './block.ts';
import type { ChangeSet } from './changeSet.ts';
import { overlay } from './overlay.ts';
import { linesOf } from './textLines.ts';
import { workspacePath } from './workspacePath.ts';

/**
 * Whether a block only shows what the file holds already: a fence with a part of the file as it is, or one whose only name
 * is an example's title; a diff of what was changed already, shown or sent again. It is neither applied nor a mistake.
 * @param block as the parser gave it
 * @param isChanged whether blocks of this answer, or of one before, changed the file
 */
export async function isQuotation(
  changes: ChangeSet,
  block: Block,
  workspace: Workspace,
  isChanged: (path: string) => boolean,
): Promise<boolean> {
  const mayBe = (block.kind === 'whole' && block.fence) || (block.kind === 'edit' && block.hunk);
  if (!mayBe) return false;
  const named = workspacePath(block.path);
  if (named.kind === 'refused') return false;
  const content = await overlay(workspace, changes).read(named.path);
  if (content.kind !== 'text') return false;
  const file = trimmed(linesOf(content.text));
  if (block.kind === 'whole') return holds(file, trimmed(linesOf(block.text)));
  return isChanged(named.path) && !holds(file, trimmed(block.search)) && holds(file, trimmed(block.replace));
}

function trimmed(lines: readonly string[]): string[] {
  return lines.map((line) => line.trimEnd());
}

function holds(file: readonly string[], lines: readonly string[]): boolean {
  if (lines.every((line) => line === '')) return false;
  return file.some((_, at) => lines.every((line, i) => line === file[at + i]));
}
