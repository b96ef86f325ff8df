import type { HunkDecision, ProposedFile } from '../shared/events.ts';
import type { ProposalState } from '../shared/runState.ts';

/** How much of a file of a proposal is decided, and how. */
export interface FileDecision {
  hunks: number;
  accepted: number;
  rejected: number;
  state: 'open' | 'accepted' | 'rejected' | 'mixed';
}

/** A file that is created, deleted or renamed is one hunk; else each of its diff's is one. */
export function hunkCount({ action, diff }: ProposedFile): number {
  return action === 'modify' ? Math.max(1, diff.match(/^@@ /gm)?.length ?? 1) : 1;
}

export function decisionOf(file: ProposedFile, { decided, state }: ProposalState): FileDecision {
  const hunks = hunkCount(file);
  const own: Record<number, HunkDecision> = decided[file.path] ?? {};
  const all = Object.values(own);
  const count = (what: HunkDecision): number => all.filter((one) => one === what).length;
  if (all.length === 0 && (state === 'accepted' || state === 'rejected')) {
    return { hunks, accepted: state === 'accepted' ? hunks : 0, rejected: state === 'rejected' ? hunks : 0, state };
  }
  const accepted = count('accepted');
  const rejected = count('rejected');
  if (accepted + rejected < hunks) return { hunks, accepted, rejected, state: 'open' };
  return { hunks, accepted, rejected, state: rejected === 0 ? 'accepted' : accepted === 0 ? 'rejected' : 'mixed' };
}
