import { type EventOf, type Fork, type ForkedRole, ROLES, type Role, type RunEvent } from '../../shared/events.ts';
import { runLeaseName } from '../store/runLease.ts';
import type { Crew } from './runContext.ts';
import { RunStop } from './runStop.ts';
import { newRunId, type RunEnd, resumeRun, type Session, type Store } from './session.ts';

/** A step of a run after which another run can begin: its event. */
export type ForkPoint = RunEvent;

/**
 * The steps of a run that one can fork from, in order; first its start. All that comes up to a step is taken over, and is
 * not asked again; what was decided about the proposal is a matter of the old run alone.
 */
export function forkPoints(events: readonly RunEvent[]): ForkPoint[] {
  return events.filter(
    (event) => event.type === 'run.started' || (event.step !== undefined && TELLING.has(event.type)),
  );
}

/** The step with a key, or the one with a number or the last before it. @throws RunStop where there is none */
export function forkPointAt(events: readonly RunEvent[], at: string): ForkPoint {
  const seq = /^\d+$/.test(at) ? Number(at) : undefined;
  const found =
    seq === undefined
      ? events.find(({ step }) => step === at)
      : forkPoints(events).findLast((event) => event.seq <= seq);
  if (found && !isOfProposal(found)) return found;
  const { runId = '' } = events[0] ?? {};
  throw new RunStop({
    code: 'configuration',
    message: `Run ${runId} has no step "${at}" that can be forked from.`,
    remedy: `See those that there are with: conclave fork ${runId}`,
  });
}

export interface ForkRequest {
  /** Every event of the run that it comes from. */
  events: readonly RunEvent[];
  point: ForkPoint;
  /** What is otherwise from there on. The crew's models are those already. */
  roles: readonly ForkedRole[];
}

/**
 * Begins a new run with what another has recorded up to a step, and goes on with it. A fork is a run like any other: it
 * can be resumed, and forked.
 */
export async function forkRun(
  crew: Crew,
  store: Store,
  session: Session,
  { events, point, roles }: ForkRequest,
): Promise<RunEnd> {
  const started = startOf(events);
  const runId = newRunId(crew.now());
  const manifest = manifestOf(events, started);
  const fork: Fork = {
    of: started.runId,
    seq: point.seq,
    ...(manifest === undefined ? {} : { manifest }),
    roles: [...(started.fork?.roles ?? []), ...roles],
  };
  const endpoints = ROLES.map((role) => {
    const { url, model } = crew.settings.endpoints[role];
    return { role, url, ...(model === undefined ? {} : { model }) };
  });
  const stamp = { runId, at: crew.now().toISOString() };
  // Where it plans, it is to be another plan than the one that is kept.
  const first: RunEvent = { ...started, fork, endpoints, version: crew.version, freshPlan: true, ...stamp };
  const others = new Set(roles.flatMap(({ role, model }) => (model === undefined ? [] : [role])));
  const taken = events.slice(1).filter((event) => event.seq <= point.seq && isTakenOver(event, others));
  await write(store, session, [first, ...taken.map((event) => ({ ...event, runId }))]);
  try {
    return await resumeRun(crew, store, session, runId, () => true);
  } catch (error) {
    // It could not even begin: there is nothing to resume that cannot be forked again.
    if (error instanceof RunStop) await store.log.delete(runId);
    throw error;
  }
}

/** The steps that tell something to people; those between them are taken over with the next. */
const TELLING: ReadonlySet<RunEvent['type']> = new Set([
  'input.preprocessed',
  'plan.proposed',
  'plan.answered',
  'turn.finished',
  'checks.finished',
  'review.finished',
  'subtask.started',
  'subtask.escalated',
  'subtask.finished',
  'checklist.finished',
]);

function isOfProposal({ step = '' }: RunEvent): boolean {
  return step === 'proposal' || step.startsWith('proposal/');
}

/** @param others roles that have another model from now on: what their old one's server did says nothing about it */
function isTakenOver(event: RunEvent, others: ReadonlySet<Role>): boolean {
  if (isOfProposal(event)) return false;
  switch (event.type) {
    case 'run.resumed':
    case 'run.paused':
    case 'run.aborted':
    case 'run.finished':
    case 'workspace.kept':
    case 'workspace.restored':
    case 'memory.lost':
    case 'server.busy':
    case 'server.lost':
    case 'server.recovered':
    case 'store.lost':
    case 'store.recovered':
    case 'proposal.ready':
    case 'proposal.decided':
    case 'proposal.accepted':
    case 'proposal.rejected':
    case 'proposal.undone':
      return false;
    case 'approval.requested':
    case 'approval.answered':
      return event.id !== 'proposal';
    case 'server.probed':
    case 'protocol.lowered':
    case 'window.learnt':
    case 'cache.missed':
      return !others.has(event.role);
    default:
      return true;
  }
}

function startOf(events: readonly RunEvent[]): RunEvent & EventOf<'run.started'> {
  const [first] = events;
  if (first?.type === 'run.started') return first;
  throw new Error('The log of a run does not begin with its start.');
}

function manifestOf(events: readonly RunEvent[], started: EventOf<'run.started'>): string | undefined {
  const kept = events.find((event) => event.type === 'workspace.kept');
  return started.fork?.manifest ?? kept?.manifest;
}

/** The log of a new run, whole before anybody works on it. */
async function write({ log, leases }: Store, { holder }: Session, events: readonly RunEvent[]): Promise<void> {
  const lease = await leases.acquire(runLeaseName(events[0]?.runId ?? ''), holder);
  if ('heldBy' in lease) throw new Error(`The new run is held by ${lease.heldBy} already.`);
  try {
    await log.append(lease, events, true);
  } finally {
    await leases.release(lease);
  }
}
