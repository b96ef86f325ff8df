import { inBackground } from '../../core/background.ts';
import type { FileEntry, Workspace } from '../../core/ports.ts';
import { learnNames } from '../../core/survey/definedNames.ts';
import { placesIn } from '../../core/survey/placesIn.ts';
import type { CodeIndex } from '../codeIndex/codeIndex.ts';
import type { CodeReader } from './codeFacts.ts';

/**
 * Milliseconds: a process that is over sooner needs nothing of it, and Node may hang at its end where a thread is still
 * compiling (https://github.com/nodejs/node/issues/54918).
 */
const BEGIN = 5000;
const NEVER = new AbortController().signal;
/** Workspaces whose code is read ahead already, whatever opened them. */
const followed = new WeakSet<CodeIndex>();

/**
 * Has the code of a workspace read as soon as its files are known, and again what was changed, so that nobody waits for
 * it. Nothing waits for this, and nothing depends on it: what is not read by then is read when it is asked for.
 * @param where.root absolute, real path
 * @param where.index without one, the files' contents are not known, and nothing is read
 */
export function readAhead(
  code: CodeReader,
  workspace: Workspace,
  where: { root: string; index: CodeIndex | undefined },
): void {
  const { root, index } = where;
  if (!index || followed.has(index)) return;
  followed.add(index);
  let before: readonly FileEntry[] = [];
  const read = async (): Promise<void> => {
    const entries = await workspace.list();
    const placeBefore = placesIn(before);
    const news = entries.filter((entry) => placeBefore(entry) === undefined);
    before = entries;
    await code.readAhead(root, news, NEVER);
    await learnNames(entries, { workspace, code }, NEVER);
  };
  const reading = inBackground(() => read().catch(() => {}));
  const begin = async (): Promise<void> => {
    await index.ready();
    index.onChanged(reading.ask);
    reading.ask();
  };
  setTimeout(() => begin().catch(() => {}), BEGIN).unref();
}
