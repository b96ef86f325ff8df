import type { PlannedSubtask } from '../../shared/wire.ts';
import { servedBy } from '../agents/agent.ts';
import { type ChangedFile, type ChangeSet, emptyChangeSet } from '../changes/changeSet.ts';
import { hashText } from '../changes/hash.ts';
import { proposeFiles } from '../changes/proposal.ts';
import type { FileContent } from '../ports.ts';
import { findTools } from '../toolServers/findTools.ts';
import { changedPaths, findBase, textAt } from '../tools/gitBase.ts';
import { givenPath, isUnder } from '../tools/givenPath.ts';
import { checkChanges } from './checking.ts';
import { type Finish, finish } from './finish.ts';
import { diffText } from './messages.ts';
import { openReviewer, reviewChange } from './reviewing.ts';
import { rulesOf } from './ruling.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';

/** The subtask under which a review of the user's own changes appears. */
const REVIEW = 'review';

/** What of the user's own work is to be reviewed. */
interface ReviewRequest {
  /** The changes since this commit, untracked files included. */
  ref: string;
  /** Only these files and folders. A file in which nothing has changed is reviewed as a whole. All changes where empty. */
  paths: readonly string[];
}

/** Checks and reviews what the user has changed, or single files. Changes nothing. */
export async function reviewOnly(run: RunContext, { ref, paths }: ReviewRequest): Promise<Finish> {
  await servedBy(run, 'reviewer');
  const wanted = paths.map((path) => givenPath(path, run.base.workspace));
  const { changes, unseen, whole } = await materialOf(run, ref, wanted);
  if (changes.files.size === 0 && unseen.length > 0) {
    const message = `Not approved: ${unseen.join(', ')} changed, and cannot be shown to a Reviewer as text.`;
    return finish('not_approved', { code: 'not_approved', message, remedy: 'Look at them yourself.' });
  }
  if (changes.files.size === 0)
    return finish('nothing_to_do', {
      code: 'nothing_to_do',
      message: `Nothing${wanted.length === 0 ? '' : ` in ${wanted.join(', ')}`} differs from ${ref}: there is nothing to review.`,
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
    description: `${whatToReview(ref, [...changes.files.keys()], whole)}${unseen.length === 0 ? '' : ` Changed too, but not text: ${unseen.join(', ')}.`}`,
    success_criteria: 'The change does what it sets out to do, without defects, and its tests show it.',
    depends_on: [],
    files: [],
  };
  await findTools(run);
  const assignment = {
    subtask,
    facts: {
      task: subtask.description,
      answers: [],
      rules: await rulesOf(run),
      paths: [...changes.files.keys()],
    },
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

function whatToReview(ref: string, paths: readonly string[], whole: readonly string[]): string {
  if (whole.length === 0) return `Review what was changed since ${ref}.`;
  const asIs = `Review ${whole.join(', ')} as a whole: it is shown as if it were new, and is there already.`;
  return whole.length === paths.length ? asIs : `Review what was changed since ${ref}. ${asIs}`;
}

/** What is to be reviewed, as a change set on the commit: what differs from it, and whole files that were asked for. */
async function materialOf(
  run: RunContext,
  ref: string,
  wanted: readonly string[],
): Promise<{ changes: ChangeSet; unseen: string[]; whole: string[] }> {
  const asked = await Promise.all(wanted.map(async (path) => ({ path, content: await run.base.workspace.read(path) })));
  const onlyFiles = asked.length > 0 && asked.every(({ content }) => content.kind === 'text');
  const { changes, unseen } = await changesSince(run, ref, { wanted, onlyFiles });
  const files = new Map(changes.files);
  const whole: string[] = [];
  for (const { path, content } of asked) {
    if (files.has(path) || unseen.includes(path) || content.kind === 'directory') continue;
    if (content.kind !== 'text') throw cannotReview(path, content);
    files.set(path, { path, base: { text: null, hash: null }, text: content.text });
    whole.push(path);
  }
  return { changes: { files }, unseen, whole };
}

function cannotReview(path: string, content: Exclude<FileContent, { kind: 'text' | 'directory' }>): RunStop {
  return new RunStop({
    code: 'configuration',
    message: `${path} cannot be reviewed: ${content.kind === 'forbidden' ? content.reason : WHY_NOT[content.kind]}.`,
    remedy: 'Name a text file or a folder of the workspace, relative to it.',
  });
}

const WHY_NOT = {
  missing: 'there is no such file or folder',
  binary: 'it is not text',
  tooLarge: 'it is too large',
};

/** What differs between a commit and the workspace. Files need no commit: without one, they are reviewed as a whole. */
async function changesSince(
  run: RunContext,
  ref: string,
  { wanted, onlyFiles }: { wanted: readonly string[]; onlyFiles: boolean },
): Promise<{ changes: ChangeSet; unseen: string[] }> {
  const base = await findBase(ref, run);
  const hasCommit = base.kind === 'commit' && base.commit !== undefined;
  if (!hasCommit && onlyFiles && (base.kind === 'none' || ref === 'HEAD')) {
    return { changes: emptyChangeSet, unseen: [] };
  }
  if (base.kind !== 'commit' || base.commit === undefined) {
    throw new RunStop({
      code: 'configuration',
      message: `The changes cannot be compared with "${ref}": ${base.kind === 'none' ? base.reason : 'git knows no such commit'}.`,
      remedy: 'Review inside a repository that has a commit, and name a commit, branch or tag with --base REF.',
    });
  }
  const files = new Map<string, ChangedFile>();
  const unseen: string[] = [];
  for (const path of await changedPaths(base.commit, '.', { ...run, workspace: run.base.workspace })) {
    if (!isUnder(path, wanted)) continue;
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
