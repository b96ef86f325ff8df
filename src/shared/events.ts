/**
 * Everything that happens in a run, as one discriminated union. The core's only output is a stream of these;
 * every front end (terminal, chat, HTTP) is a fold over them, and so is resuming.
 *
 * This file imports types of its own folder and nothing else, so that a webview can use it.
 */

import type {
  Answer,
  ChecklistItem,
  CheckReport,
  CheckScope,
  Ending,
  FileAction,
  FileState,
  Fork,
  HunkDecision,
  Lane,
  ProposedFile,
  Question,
  RedFlag,
  Role,
  Rung,
  RunKind,
  RunOutcome,
  StopReason,
  SyntaxProblem,
  ToolServerFound,
  UncheckedFile,
  Usage,
  Verdict,
} from './eventParts.ts';
import type { Probe } from './probe.ts';
import type { Plan, PreprocessedInput, Review } from './wire.ts';

export * from './eventParts.ts';

type Body =
  // The run itself.
  | {
      type: 'run.started';
      /** Everything that the crew is told, attached texts included. */
      task: string;
      /** What the user typed, and the names of what was attached, where `task` holds more than that. */
      said?: { text: string; attachments: string[] };
      workspace: string;
      version: string;
      kind: RunKind;
      /** For a review: the commit, branch or tag that the changes are compared with. */
      base?: string;
      /** For a review: only these files and folders; all changes where absent. */
      paths?: string[];
      /** The user wants no plan from the plan cache: what is kept for this task is forgotten, and planned anew. */
      freshPlan?: true;
      /** The role endpoints at the start. */
      endpoints: { role: Role; url: string; model?: string }[];
      /** It begins with what another run had recorded up to a step; absent for a run of its own. */
      fork?: Fork;
    }
  /**
   * What the files of the workspace held when the run began is kept, by content. `manifest`: SHA-256 (hex) of the list.
   * `skipped`: files of which only the size is known, because they are too large or too many.
   */
  | { type: 'workspace.kept'; manifest: string; files: number; skipped: number }
  /**
   * A fork begins on the workspace as it was when the run that it comes from began: `files` are otherwise by now.
   * `asNow`: those that it sees as they are now, though they were otherwise, because their texts are not kept; the first
   * ones, and `more` of them. `lost`: nothing is kept, so it begins on all files as they are now.
   */
  | { type: 'workspace.restored'; files: number; asNow: string[]; more: number; lost?: true }
  | { type: 'run.resumed'; epoch: number }
  /** Stopped for a reason that can pass (a question, a server, the store): `--resume` goes on. */
  | { type: 'run.paused'; ending: Ending }
  | { type: 'run.aborted'; ending: Ending }
  | { type: 'run.finished'; outcome: RunOutcome; ending: Ending }
  | { type: 'input.preprocessed'; input: PreprocessedInput; by: 'local' | 'preprocessor' }
  // The plan.
  | { type: 'plan.started'; replanFor?: string }
  | { type: 'plan.delta'; delta: string }
  /** `files`: how the files that it names or was made from were then; absent where it cannot be taken again. */
  | {
      type: 'plan.proposed';
      plan: Plan;
      replanFor?: string;
      notes: string[];
      files?: { path: string; hash: string | null }[];
    }
  | { type: 'plan.question'; questions: Question[] }
  | { type: 'plan.answered'; answers: Answer[] }
  /**
   * The plan cache has the plan (`exact`), taken as it is once it was seen to fit the workspace, with the user's answers that
   * it was made with; or the outline of one that a task of the same kind was done by (`template`), for the Planner to adapt.
   * `run` planned it at `plannedAt` (ISO 8601). `key`: SHA-256 (hex) of what a plan of this task is made from.
   */
  | {
      type: 'plan.cached';
      key: string;
      run: string;
      plannedAt: string;
      hit: { kind: 'exact'; plan: Plan; answers: Answer[] } | { kind: 'template'; outline: string };
      /** What kind of task this is, where a model was asked. */
      intent?: string;
      /** What the user is told beside it. */
      notes: string[];
    }
  /** The plan cache was asked and has nothing: `because` is a clause without a full stop. */
  | { type: 'plan.uncached'; key: string; because: string; intent?: string; notes: string[] }
  // Subtasks and attempts. The merged change is checked, reviewed and mended as the last subtask, "merged".
  | { type: 'subtask.ready'; subtask: string }
  /**
   * `includes`: the finished subtasks whose changes it starts from. `answers`: how many of the user's answers so far it
   * knows of. `beside`: the subtasks that are at work then; absent where there are none.
   */
  | {
      type: 'subtask.started';
      subtask: string;
      start: number;
      includes: string[];
      answers: number;
      beside?: string[];
    }
  | {
      type: 'subtask.escalated';
      subtask: string;
      reason: string;
      decision: 'replan' | 'waive' | 'ask' | 'give_up';
      because: string;
      replacements: string[];
    }
  | {
      type: 'subtask.finished';
      subtask: string;
      /** Which start of the subtask it ends, from 1. */
      start: number;
      /** `restarted`: it begins again, on top of what others changed meanwhile or with an answer of the user. */
      outcome: 'approved' | 'waived' | 'failed' | 'replaced' | 'restarted';
      rounds: number;
      reason: string;
      /** The subtask's own change: what differs from what it started from. None, where nothing had to be changed. */
      files: FileState[];
    }
  | { type: 'attempt.started'; subtask: string; round: number; rounds: number }
  // Agents.
  | { type: 'agent.delta'; role: Role; lane: Lane; channel: 'text' | 'reasoning'; delta: string }
  | {
      type: 'turn.finished';
      role: Role;
      lane: Lane;
      turn: number;
      model: string;
      text: string;
      reasoning?: string;
      toolCalls?: { id: string; name: string; arguments: string }[];
      stopReason: StopReason;
      usage: Usage;
      /** Milliseconds from request to first token, and to the end. */
      firstTokenMs: number;
      ms: number;
      /** SHA-256 (hex) of the request's messages: two turns with the same one asked the same thing. */
      request: string;
      /** On the first turn of a transcript: characters that its first message might have. Resuming begins it just there. */
      openingChars?: number;
      /** On the first turn of a transcript: how it calls tools; `json` where absent. */
      rung?: Rung;
    }
  | { type: 'tool.called'; lane: Lane; role: Role; call: string; tool: string; args: Record<string, unknown> }
  | {
      type: 'tool.returned';
      lane: Lane;
      role: Role;
      call: string;
      tool: string;
      text: string;
      isError: boolean;
      ms: number;
    }
  | {
      type: 'code.chunk';
      lane: Lane;
      subtask: string;
      file: string;
      language: string;
      chunk: string;
      explanation: string;
    }
  | {
      type: 'edit.applied';
      lane: Lane;
      subtask: string;
      /** Names the edit within the run; a turn that is taken again after a crash names its edits the same. */
      edit: string;
      path: string;
      action: FileAction;
      from?: string;
      added: number;
      removed: number;
    }
  | { type: 'edit.rejected'; lane: Lane; subtask: string; edit: string; path: string; reason: string }
  /**
   * What the syntax of the files that a Coder's answer changed gave, before checks run; only where there is something to
   * tell. `sent_back`: the answer goes back with the problems, once a round. `let_through`: it had gone back, and the
   * checks decide now. `unchecked`: no problem was found, but some files could not be looked at.
   */
  | {
      type: 'syntax.checked';
      lane: Lane;
      subtask: string;
      outcome: 'sent_back' | 'let_through' | 'unchecked';
      problems: SyntaxProblem[];
      unchecked: UncheckedFile[];
    }
  /**
   * The workspace's rules files that the crew is told, in order, as they were then. `cut`: longer than what is told at
   * once; the rest is read with a tool. `formatted`: what a formatter made of files of the last accepted changes when they
   * were saved, as unified diffs, which the Coder is told too; absent where it did nothing. `remembered`: how many notes
   * of earlier runs can be recalled; absent where there are none, and then no role of the run is offered to.
   */
  | {
      type: 'rules.found';
      files: { path: string /** Characters. */; chars: number; cut: boolean }[];
      formatted?: { path: string; diff: string }[];
      remembered?: number;
    }
  /**
   * The user's own MCP servers that some role may use, as they were when the run first looked: what they offer is offered
   * for all of the run.
   */
  | { type: 'toolservers.found'; servers: ToolServerFound[] }
  /** What earlier runs have taught cannot be read or written: the run goes on without it. Told once a session. */
  | { type: 'memory.lost'; message: string }
  /** The text of a file when the run first touched it: what every later diff and merge is against. */
  | { type: 'file.based'; path: string; hash: string | null; text: string | null }
  // Checks and review. `subtask` is absent for the base, 'merged' for the whole.
  | { type: 'checks.started'; scope: CheckScope; subtask?: string; round?: number; runner: string; argv: string[] }
  | { type: 'checks.output'; scope: CheckScope; subtask?: string; delta: string }
  | { type: 'checks.finished'; scope: CheckScope; subtask?: string; round?: number; report: CheckReport }
  | { type: 'review.finished'; subtask: string; round: number; review: Review; verdict: Verdict }
  | { type: 'vote.cast'; lane: Lane; decision: string; choice: string }
  | { type: 'vote.decided'; lane: Lane; decision: string; choice: string; votes: Record<string, number> }
  | { type: 'redflag.raised'; lane: Lane; role: Role; flag: RedFlag; message: string }
  // The user.
  | { type: 'approval.requested'; id: string; kind: 'command' | 'proposal'; what: string }
  | { type: 'approval.answered'; id: string; approved: boolean; by: 'user' | 'policy' | 'remembered' }
  | { type: 'proposal.ready'; files: ProposedFile[] }
  /**
   * The user decided about some hunks of one file (0-based, in the order of the file's diff; a file that is created,
   * deleted or renamed is one hunk). Accepted ones are in the workspace by then.
   */
  | { type: 'proposal.decided'; path: string; hunks: number[]; decision: HunkDecision }
  /** All of it is decided, and something was accepted: `paths` were written. */
  | { type: 'proposal.accepted'; paths: string[]; by: 'apply' | 'user' }
  | { type: 'proposal.rejected'; reason: string }
  /** The files that an accepted proposal changed are as they were before. */
  | { type: 'proposal.undone'; paths: string[] }
  /** The crew's answer to a question, in Markdown. */
  | { type: 'answer.finished'; text: string }
  | { type: 'checklist.finished'; items: ChecklistItem[]; by: 'planner' | 'record'; notes: string[] }
  // Servers.
  | {
      type: 'usage.reported';
      role: Role;
      lane: Lane;
      model: string;
      window: number;
      usage: Usage;
      tokensPerSecond: number;
    }
  /** What a role's server was seen to do, at the run's first contact with it. */
  | { type: 'server.probed'; role: Role; probe: Probe }
  /**
   * A role's server did not do what its rung needs: from here on, all agents of that role use a lower one. `reason` is
   * what it did, a clause without a full stop.
   */
  | { type: 'protocol.lowered'; role: Role; from: Rung; to: Rung; reason: string }
  /**
   * Of a follow-up request, the server had only `cached` tokens in its prefix cache, though the request before it had
   * `expected`. Told once for each role.
   */
  | {
      type: 'cache.missed';
      role: Role;
      lane: Lane;
      expected: number;
      cached: number;
      /** First byte in which our request does not begin with the one before it, a defect of ours; absent where it does. */
      differsAt?: number;
    }
  /** A transcript had grown past its window and begins anew, with the state as it is: prompt tokens before and after. */
  | { type: 'transcript.compacted'; role: Role; lane: Lane; before: number; after: number }
  /** A server refused a prompt that fits what it says it serves (`served`): it takes `window` tokens. */
  | { type: 'window.learnt'; role: Role; model: string; served: number; window: number }
  | { type: 'server.busy'; role: Role; url: string; message: string }
  | { type: 'server.lost'; role: Role; url: string; message: string }
  | { type: 'server.recovered'; role: Role; url: string }
  /** The store of runs does not answer: events are kept on this machine until it does. */
  | { type: 'store.lost'; message: string }
  /** It answers again; `added` events had been kept, and are in it now. */
  | { type: 'store.recovered'; added: number };

/** What the writer of an event says; the journal adds the rest. */
export type EventBody = Body;
export type EventType = Body['type'];
export type EventOf<T extends EventType> = Extract<Body, { type: T }>;

/** An event as it is stored and shown. */
export type RunEvent = Body & {
  runId: string;
  /** From 1, strictly rising within a run; a persisted log may have gaps where deltas were coalesced. */
  seq: number;
  /** ISO 8601, UTC. */
  at: string;
  /** Where set, this event is the recorded outcome of the step with this key, which is never done again. */
  step?: string;
};
