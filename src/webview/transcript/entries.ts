/** What the transcript is made of: entries with stable keys, in the order in which they began. Plain data, nothing drawn. */
import type {
  Answer,
  ChecklistItem,
  CheckReport,
  CheckScope,
  Ending,
  EventOf,
  FileAction,
  Question,
  Role,
  RunKind,
  RunOutcome,
  Verdict,
} from '../../shared/events.ts';
import type { ProposalState, RunState, SubtaskState } from '../../shared/runState.ts';
import type { Plan } from '../../shared/wire.ts';

/** A text that may have been too long to keep: `text` is what is left, `dropped` counts the characters that are not. */
export interface Clip {
  text: string;
  dropped: number;
}

export interface Transcript {
  run: RunState;
  entries: readonly Entry[];
  /** Entries that were dropped because there were too many. */
  dropped: number;
  /** Milliseconds in which the run was worked on: pauses are left out. */
  activeMs: number;
}

export type Entry = (
  | { kind: 'user'; key: string; text: string; attachments: string[] }
  | Stretch
  | PlanEntry
  | { kind: 'question'; key: string; questions: Question[]; answers?: Answer[] }
  | {
      kind: 'approval';
      key: string;
      id: string;
      about: 'command' | 'proposal';
      what: string;
      answer?: { approved: boolean; by: 'user' | 'policy' | 'remembered' };
    }
  | ChecksEntry
  | ReviewEntry
  | { kind: 'note'; key: string; event: NotedEvent }
  | { kind: 'proposal'; key: string; proposal: ProposalState }
  | { kind: 'checklist'; key: string; items: ChecklistItem[]; by: 'planner' | 'record'; notes: string[] }
  | { kind: 'answer'; key: string; text: string }
  | EndingEntry
) & {
  /** Number of the last recorded step that it tells of: a fork can begin after it. */
  forkAt?: number;
};

export type EntryOf<K extends Entry['kind']> = Extract<Entry, { kind: K }>;

/** One agent's stretch of work in its lane, from the first sign of life to what came of it. */
export interface Stretch {
  kind: 'stretch';
  key: string;
  role: Role;
  lane: string;
  /** Of the Coder and the Reviewer: the subtask, "merged", … */
  subtask?: string;
  round?: { round: number; rounds: number };
  state: 'active' | 'done';
  /** ISO 8601. */
  startedAt: string;
  endedAt: string;
  steps: readonly Step[];
  /** Steps that were dropped because there were too many. */
  dropped: number;
  completionTokens: number;
  tokensPerSecond: number;
  /** What has come of the turn that is streaming, for a rate before the server says its own. */
  streaming?: { since: string; chars: number };
}

export type Step =
  | { kind: 'thinking'; key: string; text: Clip; open: boolean }
  /** Prose of a finished turn. */
  | { kind: 'text'; key: string; text: Clip }
  /** A turn's text while it streams. `answer` is JSON for the machine: counted, not shown. */
  | { kind: 'writing'; key: string; form: 'prose' | 'edits' | 'answer'; text: Clip; chars: number }
  | ToolStep
  | CodeStep
  | { kind: 'refused'; key: string; path: string; reason: string };

export interface ToolStep {
  kind: 'tool';
  key: string;
  call: string;
  tool: string;
  args: Record<string, unknown>;
  result?: { text: Clip; isError: boolean; ms: number };
}

export interface CodeStep {
  kind: 'code';
  key: string;
  file: string;
  language: string;
  chunk: Clip;
  explanation: string;
  edit?: { id: string; action: FileAction; from?: string; added: number; removed: number };
}

export interface PlanEntry {
  kind: 'plan';
  key: string;
  plan: Plan;
  subtasks: readonly SubtaskState[];
  notes: readonly string[];
  checklist?: ChecklistItem[];
  /** Where it comes from the plan cache. */
  cached?: NonNullable<RunState['planCached']>;
}

export interface ChecksEntry {
  kind: 'checks';
  key: string;
  scope: Exclude<CheckScope, 'tool'>;
  subtask?: string;
  round?: number;
  argv: string[];
  /** While it runs; the report brings its own. */
  output: Clip;
  report?: CheckReport;
}

export interface ReviewEntry {
  kind: 'review';
  key: string;
  subtask: string;
  round: number;
  feedback: string;
  verdict: Verdict;
  /** No later round has looked at the same thing again: what it found still stands. */
  stands: boolean;
}

export interface EndingEntry {
  kind: 'ending';
  key: string;
  stop: 'paused' | 'aborted' | 'finished';
  outcome?: RunOutcome;
  ending: Ending;
  /** What the run was asked for: a finished plan can be implemented, a review fixed. */
  run: RunKind;
  /** The run went on after it. */
  over: boolean;
}

/** Events that leave a quiet line. */
export type NotedType =
  | 'run.resumed'
  | 'input.preprocessed'
  | 'plan.proposed'
  | 'subtask.escalated'
  | 'subtask.finished'
  | 'redflag.raised'
  | 'syntax.checked'
  | 'vote.decided'
  | 'rules.found'
  | 'toolservers.found'
  | 'memory.lost'
  | 'workspace.restored'
  | 'protocol.lowered'
  | 'cache.missed'
  | 'transcript.compacted'
  | 'server.probed'
  | 'server.busy'
  | 'server.lost'
  | 'server.recovered'
  | 'store.lost'
  | 'store.recovered';
/** Without the texts of files that some of them carry. */
export type NotedEvent = EventOf<NotedType>;
