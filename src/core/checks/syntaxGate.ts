import type { SyntaxProblem } from '../../shared/events.ts';
import type { ParsedText, Syntax } from '../ports.ts';
import { newErrors } from './newErrors.ts';

/** One file of a change. */
export interface ChangedText {
  path: string;
  /** Null for a new file. */
  before: string | null;
  after: string;
}

export type GateOutcome =
  /** No problems, too, where there is no grammar for the file; `language` where there are any. */
  | { kind: 'checked'; problems: SyntaxProblem[]; language?: string }
  | Extract<ParsedText, { kind: 'slow' | 'large' | 'unavailable' }>;

const PASSED: GateOutcome = { kind: 'checked', problems: [] };

/** What a change of one file has broken. A file is not looked at twice where nothing is wrong with it. */
export async function syntaxGate(syntax: Syntax, { path, before, after }: ChangedText): Promise<GateOutcome> {
  const now = await syntax.errorsIn(path, after);
  if (now.kind === 'unknown') return PASSED;
  if (now.kind !== 'parsed') return now;
  if (now.errors.length === 0) return PASSED;
  const then = before === null ? null : await syntax.errorsIn(path, before);
  if (then?.kind === 'unknown') return PASSED;
  if (then !== null && then.kind !== 'parsed') return then;
  const beforeRead = before === null || then === null ? null : { text: before, parsed: then };
  const problems = newErrors(path, beforeRead, { text: after, parsed: now });
  return problems.length === 0 ? PASSED : { kind: 'checked', problems, language: now.language };
}
