import type { Workspace } from '../../core/ports.ts';
import { learnNames } from '../../core/survey/definedNames.ts';
import type { CodeIndexes } from '../codeIndex/codeIndex.ts';
import type { CodeReader } from './codeFacts.ts';

/**
 * Has the code of a workspace read as soon as its files are known, so that nobody waits for it. Nothing waits for this, and
 * nothing depends on it: what is not read by then is read when it is asked for.
 * @param where.root absolute, real path
 * @param where.indexes without them, the files' contents are not known, and nothing is read
 */
export function readAhead(
  code: CodeReader,
  workspace: Workspace,
  where: { root: string; own: readonly string[]; indexes: CodeIndexes | undefined },
): void {
  const { root, own, indexes } = where;
  const read = async (): Promise<void> => {
    await indexes?.of(root, own).ready();
    await code.readAhead(root, await workspace.list(), NEVER);
    await learnNames({ workspace, code }, NEVER);
  };
  if (indexes) read().catch(() => {});
}

const NEVER = new AbortController().signal;
