import { type StandingProposal, standingProposal } from '../../core/changes/hunks.ts';
import type { EventLog } from '../../core/ports.ts';
import type { RunEvent } from '../../shared/events.ts';

/** A run's proposal as it stands, and the workspace that the run belongs to. */
export interface Standing {
  workspace: string;
  proposal: StandingProposal;
}

/** What is known of a run: that is read once, and then only what came since. */
interface Known {
  /** The last event that was read. */
  seq: number;
  workspace: string | undefined;
  /** Those that a proposal is made of, in their order. */
  events: readonly RunEvent[];
  standing: Standing | undefined;
}

const NOTHING: Known = { seq: 0, workspace: undefined, events: [], standing: undefined };

/** So many runs are remembered; of others, all is read again. */
const REMEMBERED = 4;

/**
 * Reads proposals out of the log. An open document of a proposal asks at each pause in typing, and a log can be long.
 * @returns for a run's id, undefined where the run has none; a run that is gone is a StoreError `unknownRun`
 */
export function openStandingProposals(log: Pick<EventLog, 'read'>): (runId: string) => Promise<Standing | undefined> {
  const known = new Map<string, Promise<Known>>();
  return async (runId) => {
    const before = known.get(runId);
    const now = readOn(log, runId, before);
    // The one asked for last stands last.
    known.delete(runId);
    known.set(runId, now);
    for (const oldest of [...known.keys()].slice(0, -REMEMBERED)) known.delete(oldest);
    try {
      return (await now).standing;
    } catch (error) {
      if (known.get(runId) === now) known.delete(runId);
      throw error;
    }
  };
}

async function readOn(log: Pick<EventLog, 'read'>, runId: string, before: Promise<Known> | undefined): Promise<Known> {
  // What could not be read is read from its beginning.
  const known = (await before?.catch(() => undefined)) ?? NOTHING;
  const fresh: RunEvent[] = [];
  let { seq, workspace } = known;
  for await (const event of log.read(runId, seq)) {
    seq = event.seq;
    if (event.type === 'run.started') workspace = event.workspace;
    if (event.type === 'file.based' || event.type.startsWith('proposal.')) fresh.push(event);
  }
  if (fresh.length === 0) return { ...known, seq, workspace };
  const events = [...known.events, ...fresh];
  const proposal = standingProposal(events);
  const standing = proposal && workspace !== undefined ? { workspace, proposal } : undefined;
  return { seq, workspace, events, standing };
}
