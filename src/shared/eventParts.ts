/** What events are made of: what is told of tests, findings, proposals, files, and how runs end. Imports as events.ts does. */
import type { ReviewIssue } from './wire.ts';

export type Role = 'preprocessor' | 'planner' | 'coder' | 'reviewer';
export const ROLES: readonly Role[] = ['preprocessor', 'planner', 'coder', 'reviewer'];

/** Tokens of one request, as the server counted them (or as we estimated them, where it does not say). */
export interface Usage {
  promptTokens: number;
  completionTokens: number;
  /** Prompt tokens that the server took from its prefix cache; absent where it does not report them. */
  cachedTokens?: number;
  reasoningTokens?: number;
  /** True where the numbers are our estimate. */
  estimated?: boolean;
}

/**
 * How an agent calls tools and answers in a form, from the best to what every server can do: native tool calls, streamed
 * or in one piece; answers in JSON that the server holds to a schema; free text that is read for both.
 */
export type Rung = 'native_streamed' | 'native' | 'json' | 'text';

export type StopReason = 'stop' | 'length' | 'tool_calls';

/** One failing test (or, where a runner names none, the command itself). */
export interface FailedTest {
  /** Stable across runs of the same test; used to tell old failures from new ones. */
  name: string;
  message?: string;
  /** Relative to the workspace. */
  file?: string;
  /** 1-based. */
  line?: number;
}

/** What one run of the workspace's checks gave. The blueprint's `test_results` is `test_file`, `exit_code` and `output`. */
export interface CheckReport {
  type: 'test_results';
  /** `none`: the workspace has no checks that we could find; said openly, never counted as green. */
  status: 'passed' | 'failed' | 'timed_out' | 'could_not_run' | 'none';
  /** For example "npm", "pytest"; absent when none was found. */
  runner?: string;
  /** The command, as an argument vector. */
  argv?: string[];
  test_file?: string;
  /** Only the tests of this name were run. */
  test_name?: string;
  exit_code: number | null;
  /** Bounded; says how much was left out. */
  output: string;
  passed?: number;
  /** Left out by the tests themselves; absent where the runner does not say. */
  skipped?: number;
  failed: FailedTest[];
  /** Failed, then passed when run again; not among `failed`. Absent where none were, or nothing was run again. */
  flaky?: FailedTest[];
  /** Milliseconds. */
  ms: number;
  /** Why it could not run, or why there was nothing to run. */
  reason?: string;
}

/** A remark that survived the gate: it points at text that exists. */
export interface Finding extends ReviewIssue {
  /** Stable over rounds and line shifts: made of path, type and the quoted text (or the message). */
  fingerprint: string;
  path: string;
  /** 1-based; absent when the finding is about the whole file. */
  line?: number;
  blocking: boolean;
  /** Why it blocks, or why it does not. */
  because: string;
}

/** What code (never a prompt) decided about an attempt. */
export interface Verdict {
  status: 'approved' | 'failed';
  /** Checks that block: failing and not declared unrelated. */
  failingChecks: FailedTest[];
  findings: Finding[];
  /** Remarks that count for nothing (no such line, no such file), and other things worth saying. */
  notes: string[];
  /** Fingerprints of remarks that the user has waived for good; the notes say which. Absent where there are none. */
  waived?: string[];
}

/** One place of a changed file that does not parse, and did before. */
export interface SyntaxProblem {
  path: string;
  /** 1-based. */
  line: number;
  /** 1-based. */
  column: number;
  /** What is wrong there, a clause without a full stop. */
  message: string;
  /** The whole line, without its line end, cut at 500 characters. */
  text: string;
}

/** A changed file whose syntax could not be checked: `language` for the rest of the run, or only this file now. */
export interface UncheckedFile {
  path: string;
  language: string;
  for: 'language' | 'file';
  /** A clause without a full stop. */
  reason: string;
}

export type FileAction = 'create' | 'modify' | 'delete' | 'rename';

/** One file of a proposal. */
export interface ProposedFile {
  path: string;
  action: FileAction;
  /** For a rename: where it was. */
  from?: string;
  /** SHA-256 (hex) of the file's bytes the change was made on; null where there was no file. */
  baseHash: string | null;
  /** SHA-256 (hex) of the bytes as they shall be; null for a deletion. */
  resultHash: string | null;
  added: number;
  removed: number;
  /** Unified diff, git-appliable. */
  diff: string;
}

export interface Question {
  id: string;
  text: string;
  choices?: string[];
}

export interface Answer {
  /** Id of the question. */
  id: string;
  question: string;
  answer: string;
}

export interface ChecklistItem {
  subtask: string;
  criterion: string;
  state: 'met' | 'unmet' | 'unverified';
  evidence: string;
}

/** A condition the run ended or paused for. `message` says what happened, `remedy` what to do about it. */
export interface Ending {
  code:
    | 'approved'
    | 'nothing_to_do'
    | 'answered'
    | 'proposal_rejected'
    | 'not_approved'
    | 'limit_reached'
    | 'plan_unusable'
    | 'conflict'
    | 'question_unanswered'
    | 'approval_needed'
    | 'server_unavailable'
    | 'store_failed'
    /** Another process has taken the run over. */
    | 'taken_over'
    | 'workspace_failed'
    | 'configuration'
    | 'aborted'
    | 'internal_error';
  message: string;
  remedy?: string;
}

/** Where a fork comes from, and what is otherwise in it. */
export interface Fork {
  /** The run that it comes from. */
  of: string;
  /** The last of that run's events that is taken over. */
  seq: number;
  /** SHA-256 (hex) of the list of the files as they were when that run began; absent where they were not kept. */
  manifest?: string;
  /** What applies to what comes after. */
  roles: ForkedRole[];
}

/** Another model, or another temperature, for one role. */
export interface ForkedRole {
  role: Role;
  model?: string;
  temperature?: number;
}

/** What is asked of the crew: a change, a plan, a review of the user's own changes, or an answer to a question. */
export type RunKind = 'run' | 'plan' | 'review' | 'ask';

/** How a finished run came out. */
export type RunOutcome = 'approved' | 'not_approved' | 'nothing_to_do' | 'answered';

/** What the user decided about one part of a proposal. */
export type HunkDecision = 'accepted' | 'rejected';

/** Which part of a run an agent event belongs to: "planner", "coder:task_1", "reviewer:merged", … One lane a value. */
export type Lane = string;

export type CheckScope = 'base' | 'attempt' | 'merged' | 'tool';

/** The state of one file in a change set. `text` is null for a deleted file. */
export interface FileState {
  path: string;
  text: string | null;
  /** For a rename: the path it came from (that path has a FileState of its own, with text null). */
  from?: string;
}

/** Something in a model's answer that was not taken at its word. */
export type RedFlag =
  | 'empty'
  | 'truncated'
  | 'malformed'
  | 'whitespace'
  /** The same over and over. */
  | 'repetition'
  | 'code_without_edit'
  | 'foreign_tool_call'
  | 'edit_rejected'
  | 'repeated_call'
  | 'no_change'
  | 'unsupported_findings'
  /** A recorded answer was to another request than the one that a resumed run makes up again. */
  | 'transcript_differs';

/** One of the user's own MCP servers, as a run found it when it first looked. */
export type ToolServerFound =
  /** `leftOut`: tools that would have had to be offered, and why they are not. */
  | { kind: 'offered'; server: string; tools: OfferedTool[]; leftOut: { tool: string; reason: string }[] }
  /** `reason`: a sentence. */
  | { kind: 'unavailable'; server: string; reason: string };

/** A tool of somebody else's server as models are offered it, for all of a run. */
export interface OfferedTool {
  /** As models call it. */
  name: string;
  /** As its server calls it. */
  tool: string;
  description: string;
  /** JSON schema of its arguments, as its server gave it. */
  schema: Record<string, unknown>;
  roles: Role[];
  /** Arguments that models know by another name, because another tool has one of that name that is otherwise: from theirs to the server's. */
  renamed?: Record<string, string>;
}
