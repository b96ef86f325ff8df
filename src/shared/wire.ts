/**
 * The JSON shapes that the roles speak, with the field names of the blueprint's prompts.
 * Front ends may show them; the core validates every one before it believes a word (see core/agents/answers.ts).
 */

/** A file that a subtask says it will touch. Paths are relative to the workspace, with forward slashes. */
export interface DeclaredFile {
  path: string;
  action: 'create' | 'modify' | 'delete';
}

/** One subtask as the Planner proposes it. */
export interface PlannedSubtask {
  id: string;
  description: string;
  success_criteria: string;
  depends_on: string[];
  files: DeclaredFile[];
  /** Kept as information only: the Coder writes every change. */
  assigned_to?: string;
}

/** The Planner's answer. */
export interface Plan {
  task_understood: string;
  plan: PlannedSubtask[];
  clarifications_needed: string[];
  /** Names of checks that are red before the run and that the plan declares unrelated. */
  known_failures: string[];
  risks: string[];
}

export type Severity = 'critical' | 'high' | 'medium' | 'low';

/** One remark of the Reviewer, as it came. `location` is "path:line" or "path". */
export interface ReviewIssue {
  severity: Severity;
  type: string;
  location: string;
  message: string;
  /** The text of the line it is about. */
  quote?: string;
  suggested_fix?: { search: string; replace: string };
  evidence?: string;
}

/** The Reviewer's answer. */
export interface Review {
  status: 'approved' | 'failed';
  issues: ReviewIssue[];
  feedback: string;
}

/** What the Preprocessor hands to the Planner. */
export interface PreprocessedInput {
  type: 'preprocessed_input';
  original_type: 'text' | 'image' | 'audio' | 'video';
  preprocessed_text: string;
  /** 0 to 1. */
  confidence: number;
  metadata: Record<string, string | number>;
}
