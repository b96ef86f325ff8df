import type { Ending } from '../../shared/events.ts';

/**
 * Thrown where a run cannot go on, with the named reason. `passing` reasons (a question, a server, the store) pause the
 * run, so that resuming goes on from there; the others finish it.
 */
export class RunStop extends Error {
  override readonly name = 'RunStop';
  readonly ending: Ending;

  constructor(ending: Ending, options?: { cause?: unknown }) {
    super(ending.message, options);
    this.ending = ending;
  }
}

const PASSING: ReadonlySet<Ending['code']> = new Set([
  'question_unanswered',
  'approval_needed',
  'server_unavailable',
  'store_failed',
  'workspace_failed',
  'conflict',
  'configuration',
  'limit_reached',
  'internal_error',
]);

/** Whether a run that stopped for this reason can go on later. */
export function isPassing(ending: Ending): boolean {
  return PASSING.has(ending.code);
}
