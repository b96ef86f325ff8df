import type { FileState, Fork } from '../../shared/events.ts';
import type { ChangedFile } from '../changes/changeSet.ts';
import { overlay } from '../changes/overlay.ts';
import type { FilesThen } from '../ports.ts';
import type { RunContext } from './runContext.ts';

/** Files that are named in the event, of those that are not as they were. */
const NAMED = 100;

/**
 * A fork's run on the workspace as it was when the run began that it comes from: its roles read and change the files of
 * then, and its checks run on them. What it proposes is merged into the files of now. What is not kept any more is as it
 * is now, and the run says so.
 */
export async function asItWasThen(run: RunContext, fork: Fork): Promise<RunContext> {
  const then = await filesThen(run, fork);
  if (then !== 'gone' && fork.manifest !== undefined) await run.contents.share(run.runId, fork.manifest);
  tell(run, then);
  if (then === 'gone' || then.files.length === 0) return { ...run, fork };
  const { files } = then;
  const changed = await changedFrom(run, files);
  return {
    ...run,
    fork,
    base: run.base.over(overlay(run.workspace, { files: changed })),
    copies: { make: (states, signal) => run.copies.make([...files, ...states], signal) },
  };
}

async function filesThen(run: RunContext, { manifest }: Fork): Promise<FilesThen | 'gone'> {
  if (manifest === undefined) return 'gone';
  return run.contents.since(manifest, run.workspace, run.signal);
}

/** Told again where it is otherwise than it was told before: a session may come much later. */
function tell(run: RunContext, then: FilesThen | 'gone'): void {
  const event =
    then === 'gone'
      ? { type: 'workspace.restored' as const, files: 0, asNow: [], more: 0, lost: true as const }
      : {
          type: 'workspace.restored' as const,
          files: then.files.length,
          asNow: then.unknown.slice(0, NAMED),
          more: Math.max(0, then.unknown.length - NAMED),
        };
  run.journal.emit(event);
}

async function changedFrom(run: RunContext, files: readonly FileState[]): Promise<Map<string, ChangedFile>> {
  const changed = new Map<string, ChangedFile>();
  for (const { path, text } of files) {
    const now = await run.workspace.read(path);
    // Kept before it was said that models shall not see it.
    if (now.kind === 'forbidden') continue;
    const base = now.kind === 'text' ? { text: now.text, hash: now.hash } : { text: null, hash: null };
    changed.set(path, { path, base, text });
  }
  return changed;
}
