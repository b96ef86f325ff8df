import { hunksDecided, type StandingProposal, standingProposal, textsWith } from '../changes/hunks.ts';
import { mergeTexts } from '../changes/mergeTexts.ts';
import { differOnlyByCase } from '../changes/workspacePath.ts';
import type { KeptFile } from '../ports.ts';
import { type Finish, finish } from './finish.ts';
import type { RunContext } from './runContext.ts';
import { conflictPhrase, type WantedChange, writeMerged } from './writing.ts';

/**
 * Takes everything that a run wrote out of the workspace again: changed files are as before, created ones gone, deleted
 * ones back with their permissions. What the user changed in them since is kept (a three-way merge), or is a conflict by
 * name, and then nothing is written. Also "restore to before this run", at any later time. The proposal is closed by it.
 */
export async function undoProposal(run: RunContext): Promise<Finish> {
  const proposal = standingProposal(run.journal.outcomes(), run.base.get);
  if (proposal?.state === 'undone') return refused('configuration', 'This proposal is undone already.');
  const written = proposal?.state === 'accepted' || acceptedAnything(proposal);
  if (!proposal || !written) return refused('configuration', 'This run has written nothing to the workspace.');

  const kept = await run.snapshots.of(run.runId);
  const tooLarge = kept.flat().find((file) => file.tooLarge === true);
  if (tooLarge) return refused('conflict', `${tooLarge.path} was too large to be kept, so it cannot be brought back.`);
  const undone = await takenBack(run, kept.length > 0 ? kept : [fromEvents(proposal)]);
  if (undone.kind === 'conflict') return refused('conflict', `Nothing was undone: ${undone.what.join('; ')}.`);
  const outcome = await writeMerged(run, undone.changes, 'keepNothing');
  if (outcome.kind === 'refused') return refused(outcome.ending.code, outcome.ending.message);
  const paths = undone.changes.map(({ wanted }) => wanted.path);
  await run.journal.step('proposal/undone', async () => ({ type: 'proposal.undone', paths }));
  await run.snapshots.drop(run.runId);
  const files = `${paths.length} ${paths.length === 1 ? 'file is' : 'files are'}`;
  return finish('approved', {
    code: 'approved',
    message: `Undone: ${files} as before this run, with what you changed since. The proposal is closed; give the task again for a new one.`,
  });
}

/** True where something of the proposal is in the workspace, so that it can be undone. */
export function acceptedAnything(proposal: StandingProposal | undefined): boolean {
  if (!proposal || proposal.state === 'undone') return false;
  return proposal.files.some(({ file }) => hunksDecided(proposal, file.path, 'accepted').size > 0);
}

type TakenBack = { kind: 'changes'; changes: WantedChange[] } | { kind: 'conflict'; what: string[] };

/** Takes one write after the other back, the last one first: so edits between them are not taken for ours. */
async function takenBack(run: RunContext, kept: readonly (readonly KeptFile[])[]): Promise<TakenBack> {
  const files = new Map<string, Restored>();
  const conflicts: string[] = [];
  for (const write of kept.toReversed()) {
    for (const file of write) {
      const { path, before, after, mode } = file;
      const known = files.get(path) ?? (await asItIs(run, file, write));
      const merge = mergeTexts(after, known.restored, before);
      if (merge.kind === 'conflict') conflicts.push(`${path} ${conflictPhrase(merge)}`);
      else files.set(path, { ...known, restored: merge.text, ...(mode !== undefined && { mode }) });
    }
  }
  if (conflicts.length > 0) return { kind: 'conflict', what: conflicts };
  const changes = [...files].map(([path, { now, restored, from, mode }]): WantedChange => {
    const wanted = { path, text: restored, ...(from !== undefined && { from }) };
    return { base: now, wanted, ...(mode !== undefined && { mode }) };
  });
  return { kind: 'changes', changes };
}

interface Restored {
  now: string | null;
  restored: string | null;
  /** The name that the file has until then, where only upper and lower case differ. */
  from?: string;
  mode?: number;
}

/** @param write what was written together with the file */
async function asItIs(run: RunContext, { path, after }: KeptFile, write: readonly KeptFile[]): Promise<Restored> {
  const renamed = write.find((other) => other.after !== null && differOnlyByCase(other.path, path));
  // Many disks would show the file under its old name too.
  if (after === null && renamed) return { now: null, restored: null, from: renamed.path };
  const content = await run.workspace.read(path);
  const now = content.kind === 'text' ? content.text : null;
  return { now, restored: now };
}

/** Where no snapshot is kept any more: what the events say was there, and was made of it. */
function fromEvents(proposal: StandingProposal): KeptFile[] {
  return proposal.files.flatMap((file) => {
    const accepted = hunksDecided(proposal, file.file.path, 'accepted');
    const all = new Set(file.hunks.keys());
    // A proposal that was applied as a whole has no decisions about hunks.
    const chosen = Object.keys(proposal.decided).length === 0 ? all : accepted;
    const before = new Map(textsWith(file, new Set()).map(({ path, text }) => [path, text]));
    return textsWith(file, chosen).map(({ path, text }) => ({ path, before: before.get(path) ?? null, after: text }));
  });
}

function refused(code: Finish['ending']['code'], message: string): Finish {
  const remedy =
    code === 'conflict'
      ? 'Take the change out by hand: the diff of the run shows it.'
      : code === 'workspace_failed'
        ? 'Mend that, then undo again.'
        : 'Nothing is to be done.';
  return finish('approved', { code, message, remedy });
}
