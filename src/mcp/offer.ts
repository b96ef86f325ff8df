import type { Crew } from '../core/orchestrator/runContext.ts';
import type { EventLog, Memory } from '../core/ports.ts';

/** What the server offers to its clients: one workspace as its user sees it, and what runs have left of it. */
export interface Offer {
  crew: Crew;
  log: Pick<EventLog, 'list' | 'read' | 'follow'>;
  memory: Pick<Memory, 'recall'>;
  /** Upper bound for the text of a result, in characters. */
  maxChars: number;
  /** Absolute path of the user's folder: not shown in what runs have left. */
  home: string;
  /** Told of what nobody foresaw. */
  report(error: unknown): void;
}
