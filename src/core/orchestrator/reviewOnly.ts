import type { PlannedSubtask } from '../../shared/wire.ts';
import { servedBy } from '../agents/agent.ts';
import { type ChangedFile, type ChangeSet, emptyChangeSet } from '../changes/changeSet.ts';
import { hashText } from '../changes/hash.ts';
import { proposeFiles } from '../changes/proposal.ts';
import { changedPaths, findBase, textAt } from '../tools/gitBase.ts';
import { checkChanges } from './checking.ts';
import { diffText } from './messages.ts';
import { openReviewer, reviewChange } from './reviewing.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';
import { type Finish, finish } from './runTask.ts';

/** The subtask under which a review of the user's own changes appears. */
const REVIEW = 'review';

/** Checks and reviews what the user has changed since `ref`, untracked files included. Changes nothing. */
export async function reviewOnly(run: RunContext, ref: string): Promise<Finish> {
  await servedBy(run, 'reviewer');
  const { changes, unseen } = await changesSince(run, ref);
  if (changes.files.size === 0 && unseen.length > 0) {
    const message = `Not approved: ${unseen.join(', ')} changed, and cannot be shown to a Reviewer as text.`;
    return finish('not_approved', { code: 'not_approved', message, remedy: 'Look at them yourself.' });
  }
  if (changes.files.size === 0)
    return finish('nothing_to_do', {
      code: 'nothing_to_do',
      message: `Nothing differs from ${ref}: there is nothing to review.`,
    });
  // The change is in the workspace already, so the checks run on it as it is.
  const checks = await checkChanges(run, {
    key: 'review/checks',
    scope: 'attempt',
    subtask: REVIEW,
    round: 1,
    changes: emptyChangeSet,
  });
  const subtask: PlannedSubtask = {
    id: REVIEW,
    description: `Review what was changed since ${ref}.${unseen.length === 0 ? '' : ` Changed too, but not text: ${unseen.join(', ')}.`}`,
    success_criteria: 'The change does what it sets out to do, without defects, and its tests show it.',
    depends_on: [],
    files: [],
  };
  const assignment = {
    subtask,
    facts: { task: subtask.description, answers: [] },
    key: REVIEW,
    baseChecks: undefined,
    knownFailures: [],
  };
  const state = { round: 1, diff: diffText(proposeFiles(changes)), checks, open: [], workspace: run.base.workspace };
  const reviewing = await openReviewer(run, { ...assignment, changes: () => emptyChangeSet }, state);
  const reviewed = await reviewChange(run, reviewing, assignment, state);
  const findings = reviewed.verdict.findings.length;
  const notSeen = unseen.length === 0 ? '' : ` Not reviewed, because they are not text: ${unseen.join(', ')}.`;
  if (reviewed.verdict.status === 'failed')
    return finish('not_approved', { code: 'not_approved', message: `Not approved: ${reviewed.reason}.` });
  return finish('approved', {
    code: 'approved',
    message: `Approved${findings === 0 ? '' : `, with ${findings} ${findings === 1 ? 'remark' : 'remarks'} that do not block`}.${notSeen}`,
  });
}

/** What differs between a commit and the workspace, as a change set on the commit. */
async function changesSince(run: RunContext, ref: string): Promise<{ changes: ChangeSet; unseen: string[] }> {
  const base = await findBase(ref, run);
  if (base.kind !== 'commit' || base.commit === undefined) {
    throw new RunStop({
      code: 'configuration',
      message: `The changes cannot be compared with "${ref}": ${base.kind === 'none' ? base.reason : 'git knows no such commit'}.`,
      remedy: 'Review inside a repository that has a commit, and name a commit, branch or tag with --base REF.',
    });
  }
  const files = new Map<string, ChangedFile>();
  const unseen: string[] = [];
  for (const path of await changedPaths(base.commit, '.', run)) {
    const now = await run.base.workspace.read(path);
    if (now.kind !== 'text' && now.kind !== 'missing') {
      unseen.push(path);
      continue;
    }
    const text = now.kind === 'text' ? now.text : null;
    const before = withLineEndsOf(text, (await textAt(base.commit, path, run)) ?? null);
    if (before === text) continue;
    files.set(path, { path, base: { text: before, hash: before === null ? null : hashText(before) }, text });
  }
  return { changes: { files }, unseen };
}

/** Git may keep files with other line ends than the disk has: that alone is no change. */
function withLineEndsOf(text: string | null, before: string | null): string | null {
  const isConverted = text?.includes('\r\n') === true && before?.includes('\r\n') === false;
  return isConverted ? (before?.replaceAll('\n', '\r\n') ?? null) : before;
}
