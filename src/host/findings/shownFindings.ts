import type { Finding, RunEvent } from '../../shared/events.ts';

/** The findings of one run, as far as its events tell. */
export interface FindingsState {
  runId: string;
  /** Absolute path of the run's folder; empty before its first event. */
  workspace: string;
  /** Of the latest verdict in each scope: a subtask, the merged change, or a review of the user's own work. */
  scopes: Readonly<Record<string, readonly Finding[]>>;
  /** Files that the run has edited: what is said about them may not be on disk. */
  edited: ReadonlySet<string>;
  proposal: 'none' | 'open' | 'written' | 'gone';
}

/** A finding, and what text it is about. */
export interface ShownFinding {
  finding: Finding;
  /** `disk`: the file as the user has it. `proposal`: the file as the run proposes it; `unseen`: nobody can look at that yet. */
  about: 'disk' | 'proposal' | 'unseen';
}

export function noFindings(runId: string): FindingsState {
  return { runId, workspace: '', scopes: {}, edited: new Set(), proposal: 'none' };
}

/** The state after one more event. */
export function foldFindings(state: FindingsState, event: RunEvent): FindingsState {
  switch (event.type) {
    case 'run.started':
      return { ...state, workspace: event.workspace };
    case 'review.finished':
      return { ...state, scopes: { ...state.scopes, [event.subtask]: event.verdict.findings } };
    case 'edit.applied': {
      const edited = new Set([...state.edited, event.path, ...(event.from === undefined ? [] : [event.from])]);
      return { ...state, edited };
    }
    case 'subtask.finished':
      // What it wrote is thrown away, and what was said about it with it.
      return event.outcome === 'replaced' || event.outcome === 'restarted' ? without(state, event.subtask) : state;
    case 'proposal.ready':
      return { ...state, proposal: 'open' };
    case 'proposal.accepted':
      return { ...state, proposal: 'written' };
    case 'proposal.rejected':
    case 'proposal.undone':
      return { ...state, proposal: 'gone' };
    default:
      return state;
  }
}

/** One entry a fingerprint; what was said last wins, as it is about the newest text. */
export function shownFindings({ scopes, edited, proposal }: FindingsState): ShownFinding[] {
  const found = new Map<string, Finding>();
  for (const finding of Object.values(scopes).flat()) found.set(finding.fingerprint, finding);
  return [...found.values()].flatMap((finding): ShownFinding[] => {
    if (proposal === 'written' || !edited.has(finding.path)) return [{ finding, about: 'disk' }];
    // It may be about a line that was there before, so it is looked for on disk too.
    return [{ finding, about: proposal === 'open' ? 'proposal' : 'unseen' }];
  });
}

function without(state: FindingsState, scope: string): FindingsState {
  const { [scope]: _gone, ...scopes } = state.scopes;
  return { ...state, scopes };
}
