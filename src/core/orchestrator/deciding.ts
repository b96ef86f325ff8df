import type { Ending, EventOf, HunkDecision, ProposedFile } from '../../shared/events.ts';
import {
  type FileProposal,
  fileProposal,
  hunksDecided,
  type StandingProposal,
  standingProposal,
  textsWith,
} from '../changes/hunks.ts';
import { type Finish, finish } from './finish.ts';
import { forgetPlan } from './planReuse.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';
import { type WantedChange, writeMerged } from './writing.ts';

/** What the user decides about some hunks of a file (see `proposal.decided`), or about all that still wait. */
export interface Decision {
  path: string;
  hunks: readonly number[] | 'undecided';
  decision: HunkDecision;
}

/**
 * Records what the user decided about a finished run's proposal, at any later time. What is accepted is in the workspace
 * before that is recorded, all of it in one write; doing it again after a crash in between changes nothing. Where it
 * cannot be written, nothing of the call is recorded: the ending says so (`conflict`, `workspace_failed`).
 */
export async function decideProposal(run: RunContext, decisions: readonly Decision[]): Promise<Finish> {
  const settled = settledDecisions(run, decisions);
  if (settled.kind === 'refused') return notDecided('configuration', settled.message, settled.remedy);
  const outcome = await writeMerged(run, acceptedChanges(settled.proposal, settled.decided), 'keepBefore');
  if (outcome.kind === 'refused') return notWritten(outcome.ending);
  return recordAndClose(run, settled);
}

/**
 * Records hunks as accepted that are in the workspace already because another hand has put them there: nothing is
 * written. Keeping what was there before is the business of that hand.
 * @param accepted may be none: then the ending says how the proposal stands
 */
export async function recordAccepted(
  run: RunContext,
  accepted: readonly Omit<Decision, 'decision'>[],
): Promise<Finish> {
  const decisions = accepted.map((one): Decision => ({ ...one, decision: 'accepted' }));
  const settled = settledDecisions(run, decisions);
  if (settled.kind === 'refused') return notDecided('configuration', settled.message, settled.remedy);
  return recordAndClose(run, settled);
}

/** An approved run whose proposal stays open, because what was to be accepted could not be written. */
export function notWritten({ code, message }: Pick<Ending, 'code' | 'message'>): Finish {
  return notDecided(
    code,
    message,
    code === 'conflict'
      ? 'The proposal stays open: undo your own edits of those lines and accept again, or reject those hunks and merge them by hand from the diff.'
      : 'The proposal stays open: mend that, then accept again.',
  );
}

/**
 * Accepts what still waits of a proposal that was decided in part.
 * @param decided what was decided, in its order
 * @returns the paths of all files of which something is accepted
 * @throws RunStop where it cannot be written; then nothing is
 */
export async function acceptUndecided(
  run: RunContext,
  files: readonly ProposedFile[],
  decided: readonly Decided[],
): Promise<string[]> {
  const all = files.map((file) => fileProposal(file, (path) => run.base.get(path)));
  const proposal = withDecisions({ files: all, state: 'open', decided: {} }, decided);
  const rest = all.flatMap(({ file: { path } }): Decided[] => {
    const hunks = [...hunksDecided(proposal, path, undefined)];
    return hunks.length === 0 ? [] : [{ path, hunks, decision: 'accepted' }];
  });
  const outcome = await writeMerged(run, acceptedChanges(proposal, rest), 'keepBefore');
  if (outcome.kind === 'refused') {
    throw new RunStop({
      ...outcome.ending,
      remedy: 'The change is kept: mend that and resume with --apply, or take it with --patch FILE.',
    });
  }
  await recordDecisions(run, decided.length, rest);
  return acceptedPaths(withDecisions(proposal, rest));
}

const CLOSED = {
  none: 'This run has no proposal to decide about.',
  accepted: 'This proposal is decided already, and its accepted changes are in the workspace.',
  rejected: 'This proposal was rejected; the workspace is as it was.',
  undone: 'This proposal was undone; it cannot be accepted again.',
};

type Decided = Omit<EventOf<'proposal.decided'>, 'type'>;

interface Settled {
  kind: 'settled';
  proposal: StandingProposal;
  decided: Decided[];
}

/** What of the decisions is new; one that was taken already is none. */
function settledDecisions(
  run: RunContext,
  decisions: readonly Decision[],
): Settled | { kind: 'refused'; message: string; remedy: string } {
  const proposal = standingProposal(run.journal.outcomes(), run.base.get);
  if (proposal?.state !== 'open') {
    const message = CLOSED[proposal?.state ?? 'none'];
    return { kind: 'refused', message, remedy: 'Give the task again to get a new proposal.' };
  }
  const decided: Decided[] = [];
  for (const { path, hunks, decision } of decisions) {
    const file = proposal.files.find((one) => one.file.path === path);
    const missing = hunks === 'undecided' ? undefined : hunks.find((hunk) => !file?.hunks[hunk]);
    if (!file || missing !== undefined) {
      const what = file ? `no hunk ${(missing ?? 0) + 1} of ${path}` : `no change of ${path}`;
      return { kind: 'refused', message: `The proposal has ${what}.`, remedy: 'Open the proposal again.' };
    }
    const accepted = hunksDecided(proposal, path, 'accepted');
    if (decision === 'rejected' && hunks !== 'undecided' && hunks.some((hunk) => accepted.has(hunk))) {
      return {
        kind: 'refused',
        message: `What you want to reject of ${path} is accepted already, and in the workspace.`,
        remedy: 'Undo the accepted proposal instead.',
      };
    }
    const waiting = hunksDecided(proposal, path, undefined);
    const same = hunksDecided(proposal, path, decision);
    const fresh = hunks === 'undecided' ? [...waiting] : hunks.filter((hunk) => !same.has(hunk));
    if (fresh.length > 0) decided.push({ path, hunks: [...new Set(fresh)], decision });
  }
  return { kind: 'settled', proposal, decided };
}

/** What newly accepted hunks change, on top of what was accepted before. */
function acceptedChanges(proposal: StandingProposal, decided: readonly Decided[]): WantedChange[] {
  return proposal.files.flatMap((file) => {
    const { path } = file.file;
    const before = hunksDecided(proposal, path, 'accepted');
    const fresh = decided
      .filter((one) => one.path === path && one.decision === 'accepted')
      .flatMap(({ hunks }) => hunks);
    return fresh.length === 0 ? [] : changesBetween(file, before, new Set([...before, ...fresh]));
  });
}

function changesBetween(file: FileProposal, before: Set<number>, after: Set<number>): WantedChange[] {
  const bases = new Map(textsWith(file, before).map(({ path, text }) => [path, text]));
  return textsWith(file, after).map((wanted) => ({ base: bases.get(wanted.path) ?? null, wanted }));
}

function withDecisions(proposal: StandingProposal, decided: readonly Decided[]): StandingProposal {
  const all = { ...proposal.decided };
  for (const { path, hunks, decision } of decided)
    all[path] = { ...all[path], ...Object.fromEntries(hunks.map((hunk) => [hunk, decision])) };
  return { ...proposal, decided: all };
}

function acceptedPaths(proposal: StandingProposal): string[] {
  return proposal.files
    .map(({ file }) => file.path)
    .filter((path) => hunksDecided(proposal, path, 'accepted').size > 0);
}

async function recordAndClose(run: RunContext, { proposal, decided }: Settled): Promise<Finish> {
  const before = run.journal.outcomes().filter(({ type }) => type === 'proposal.decided').length;
  await recordDecisions(run, before, decided);
  return closeWhereDecided(run, withDecisions(proposal, decided));
}

async function closeWhereDecided(run: RunContext, proposal: StandingProposal): Promise<Finish> {
  const hunks = (decision: HunkDecision | undefined): number =>
    proposal.files.reduce((sum, { file }) => sum + hunksDecided(proposal, file.path, decision).size, 0);
  const [accepted, rejected, waiting] = [hunks('accepted'), hunks('rejected'), hunks(undefined)];
  const paths = acceptedPaths(proposal);
  const all = accepted + rejected + waiting;
  const count = `${accepted} of ${all} ${all === 1 ? 'hunk' : 'hunks'}`;
  if (waiting > 0) {
    const message = `Accepted ${count} so far, rejected ${rejected}; ${waiting} still to decide.`;
    return finish('approved', { code: 'approved', message });
  }
  if (paths.length === 0) {
    const reason = 'The user kept the workspace as it is.';
    await run.journal.step('proposal/rejected', async () => ({ type: 'proposal.rejected', reason }));
    await forgetPlan(run);
    return finish('not_approved', {
      code: 'proposal_rejected',
      message: 'You rejected the proposal; the workspace is as it was.',
    });
  }
  await run.journal.step('proposal/accepted', async () => ({ type: 'proposal.accepted', paths, by: 'user' }));
  const files = `${paths.length} ${paths.length === 1 ? 'file' : 'files'}`;
  return finish('approved', { code: 'approved', message: `Accepted ${count}; written to ${files}.` });
}

/** @param before how many were recorded before these */
async function recordDecisions(run: RunContext, before: number, decided: readonly Decided[]): Promise<void> {
  for (const [i, { path, hunks, decision }] of decided.entries()) {
    await run.journal.step(`proposal/decided/${before + i}`, async () => {
      return { type: 'proposal.decided', path, hunks, decision };
    });
  }
}

/** The run was approved all the same. */
function notDecided(code: Finish['ending']['code'], message: string, remedy: string): Finish {
  return finish('approved', { code, message, remedy });
}
