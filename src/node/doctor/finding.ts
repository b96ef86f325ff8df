import type { Role } from '../../shared/events.ts';

/** One thing that was looked at. `missing` hinders a run, `limited` does not. */
export interface Finding {
  what: string;
  state: 'good' | 'limited' | 'missing';
  found: string;
  remedy?: string;
  /** Servers on this machine that a role without one could use. */
  offers?: Offer[];
}

/** A role, and a server that answers on this machine. */
export interface Offer {
  role: Role;
  /** For example "Ollama at http://localhost:11434/v1 serves qwen2.5-coder". */
  what: string;
  url: string;
  model: string;
}

/** Under which heading it is shown. */
export type Subject = 'project' | 'servers' | 'fleet';

export interface FiledFinding extends Finding {
  subject: Subject;
}

/** A role as it is shown. */
export function titleOf(role: Role): string {
  return `${role[0]?.toUpperCase()}${role.slice(1)}`;
}
