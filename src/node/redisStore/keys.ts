/**
 * The names of all keys. What stands in braces is the hash tag of a cluster: all keys of one run are on one node, so that
 * a script can change them together.
 */
import { runLeaseName } from '../../core/store/runLease.ts';

export interface Keys {
  /** The folded state of a run as JSON, with its seq: as it was at the end of its last step. */
  task(runId: string): string;
  /** Stream of a run's events; the id of an entry is "SEQ-0". */
  events(runId: string): string;
  /** Hash from subtask to the latest that its Coder said, as JSON. */
  coder(runId: string): string;
  /** Hash {epoch, token, holder, until, batch}: who may write. */
  lease(name: string): string;
  /** Hash from id to a remembered entry as JSON. @param workspace its absolute path */
  memory(workspace: string): string;
  /** A kept plan as JSON. @param hash SHA-256, hex */
  plan(hash: string): string;
  /** Sorted set of the hashes of kept plans, by the time at which they were kept. */
  readonly plans: string;
  /** Patterns that match the streams, and the leases, of all runs. */
  readonly allEvents: string;
  readonly allLeases: string;
  /** The run that such a stream or lease is of. */
  runOf(key: string): string;
}

export function keysWith(prefix: string): Keys {
  const any = prefix.replace(/[\\*?[\]^]/g, '\\$&');
  return {
    task: (runId) => `${prefix}task:{${escaped(runId)}}`,
    events: (runId) => `${prefix}task:{${escaped(runId)}}:events`,
    coder: (runId) => `${prefix}coder:task_{${escaped(runId)}}`,
    lease(name) {
      const runId = runOfLease(name);
      return runId === undefined ? `${prefix}lease:${escaped(name)}` : `${prefix}lease:{${escaped(runId)}}`;
    },
    memory: (workspace) => `${prefix}memory:${escaped(workspace)}`,
    plan: (hash) => `${prefix}plan:${escaped(hash)}`,
    plans: `${prefix}plans`,
    allEvents: `${any}task:{*}:events`,
    allLeases: `${any}lease:{*}`,
    // The prefix has no braces, and the run none that is not escaped.
    runOf: (key) => decodeURIComponent(key.slice(key.indexOf('{') + 1, key.indexOf('}'))),
  };
}

function runOfLease(name: string): string | undefined {
  const before = runLeaseName('');
  return name.startsWith(before) ? name.slice(before.length) : undefined;
}

/** Braces are for the hash tag alone. */
function escaped(name: string): string {
  return name.replace(/[{}%]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
