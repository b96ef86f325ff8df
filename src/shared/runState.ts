/**
 * The state of a run, as its events tell it (fold.ts). Texts that only a run itself needs (file bodies, base texts, token
 * deltas) are left out, so that the state stays small.
 */
import type {
  ChecklistItem,
  CheckReport,
  Ending,
  FileAction,
  HunkDecision,
  Lane,
  ProposedFile,
  Question,
  Role,
  RunKind,
  RunOutcome,
  Verdict,
} from './events.ts';
import type { Probe } from './probe.ts';
import type { Plan, PlannedSubtask } from './wire.ts';

export type RunPhase =
  | { kind: 'starting' }
  | { kind: 'planning' }
  | { kind: 'working' }
  /** The merged change is being checked and reviewed, or the checklist written. */
  | { kind: 'merging' }
  /** The proposal waits for the user, or was answered. */
  | { kind: 'proposed' }
  | { kind: 'paused'; ending: Ending }
  | { kind: 'aborted'; ending: Ending }
  | { kind: 'finished'; outcome: RunOutcome; ending: Ending };

export type SubtaskPhase =
  | 'waiting'
  | 'ready'
  | 'coding'
  | 'checking'
  | 'reviewing'
  | 'escalated'
  | 'approved'
  | 'waived'
  | 'failed'
  | 'replaced';

export interface SubtaskState extends WorkState {
  plan: PlannedSubtask;
}

/** How far the work on one change is: a subtask's, or that on all of them merged. */
export interface WorkState {
  phase: SubtaskPhase;
  /** Rounds begun, and the most there may be. */
  round: number;
  rounds: number;
  /** Of the last round. */
  checks?: CheckReport;
  verdict?: Verdict;
  /** Why it ended as it did. */
  reason?: string;
  edits: { edit: string; path: string; action: FileAction; added: number; removed: number }[];
  rejectedEdits: string[];
}

export interface RoleUsage {
  requests: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Of the last request. */
  window: number;
  lastPromptTokens: number;
  tokensPerSecond: number;
  model: string;
}

export interface LaneState {
  role: Role;
  /** What it is doing now, in a few words. */
  doing: string;
}

export interface RunState {
  runId: string;
  lastSeq: number;
  startedAt: string;
  lastAt: string;
  kind: RunKind;
  task: string;
  /** What the user typed, and the names of what was attached. */
  said: { text: string; attachments: string[] };
  workspace: string;
  phase: RunPhase;
  plan?: Plan;
  planNotes: string[];
  /** Where the plan comes from, if from the plan cache: taken as it was, or adapted from the outline of one. */
  planCached?: { kind: 'exact' | 'template'; run: string; plannedAt: string };
  /** In the order of the plan; replacements follow the subtask they replace. */
  subtasks: SubtaskState[];
  baseChecks?: CheckReport;
  /** The merged change, which is worked on like one more subtask. */
  merged: WorkState;
  openQuestions: Question[];
  answers: { question: string; answer: string }[];
  openApprovals: { id: string; what: string }[];
  proposal?: ProposalState;
  /** The answer of a run that was asked a question. */
  answer?: string;
  checklist?: ChecklistItem[];
  lanes: Record<Lane, LaneState>;
  usage: Partial<Record<Role, RoleUsage>>;
  redFlags: number;
  servers: Partial<Record<Role, { state: 'busy' | 'lost'; message: string }>>;
  /** Why the store of runs is away; absent while it is there. */
  storeLost?: string;
  /** What the roles' servers were seen to do. */
  probes: Partial<Record<Role, Probe>>;
}

export interface ProposalState {
  files: ProposedFile[];
  /** `open`: something is still to be decided. */
  state: 'open' | 'accepted' | 'rejected' | 'undone';
  /** What the user decided so far: path → hunk (0-based) → decision. */
  decided: Record<string, Record<number, HunkDecision>>;
}

/** The subtask id under which the merged change is checked, reviewed and mended. */
export const MERGED = 'merged';

/** The state before the first event. */
export function emptyRunState(): RunState {
  return {
    runId: '',
    lastSeq: 0,
    startedAt: '',
    lastAt: '',
    kind: 'run',
    task: '',
    said: { text: '', attachments: [] },
    workspace: '',
    phase: { kind: 'starting' },
    planNotes: [],
    subtasks: [],
    merged: freshWork(),
    openQuestions: [],
    answers: [],
    openApprovals: [],
    lanes: {},
    usage: {},
    redFlags: 0,
    servers: {},
    probes: {},
  };
}

/** Work that has not begun. */
export function freshWork(): WorkState {
  return { phase: 'waiting', round: 0, rounds: 0, edits: [], rejectedEdits: [] };
}
