import { createHash, randomBytes } from 'node:crypto';
import { type Ending, type EventBody, type EventOf, ROLES, type RunEvent } from '../../shared/events.ts';
import { fold } from '../../shared/fold.ts';
import { untilQuiet } from '../agents/retries.ts';
import { openLearning } from '../memory/learning.ts';
import { openRunMemory } from '../memory/runMemory.ts';
import type { EventLog, Leases, Memory, StoreHealth } from '../ports.ts';
import { type Journal, openJournal } from '../store/journal.ts';
import { runLeaseName } from '../store/runLease.ts';
import { StoreError } from '../store/storeError.ts';
import { openBaseTexts } from './baseTexts.ts';
import type { Finish } from './finish.ts';
import { type HeldLeases, holdLeases } from './heldLeases.ts';
import { openPresence } from './presence.ts';
import type { Crew, RunContext } from './runContext.ts';
import { openLimits } from './runLimits.ts';
import { isPassing, RunStop } from './runStop.ts';
import { openTurns } from './turns.ts';

/** Where runs are kept, and what they have taught. */
export interface Store {
  log: EventLog;
  leases: Leases;
  memory: Memory;
}

/** What one process brings to a run, be it fresh or resumed. */
export interface Session {
  /** Says who we are to another process that wants the same run. */
  holder: string;
  /** Takes the run from whoever works on it. */
  takeOver?: true;
  signal: AbortSignal;
  onEvent: (event: RunEvent) => void;
  /** Gets the events so far of a run that goes on, before its first new one. */
  catchUp: (recorded: readonly RunEvent[]) => void;
  /** The flow itself. */
  work: (run: RunContext, started: EventOf<'run.started'>) => Promise<Finish>;
}

/** How a run ended, or why it stopped for now. */
export interface RunEnd {
  runId: string;
  ending: Ending;
  /** `takenOver`: another process works on it. */
  state: 'finished' | 'paused' | 'aborted' | 'takenOver';
}

/** Starts a run. */
export async function startRun(
  crew: Crew,
  store: Store,
  session: Session,
  what: Pick<EventOf<'run.started'>, 'kind' | 'task' | 'said' | 'base' | 'paths' | 'freshPlan'>,
): Promise<RunEnd> {
  const runId = newRunId(crew.now());
  const started: EventOf<'run.started'> = {
    type: 'run.started',
    task: what.task,
    ...(what.said === undefined ? {} : { said: what.said }),
    workspace: crew.workspace.root,
    version: crew.version,
    kind: what.kind,
    ...(what.base === undefined ? {} : { base: what.base }),
    ...(what.paths === undefined ? {} : { paths: what.paths }),
    ...(what.freshPlan === undefined ? {} : { freshPlan: what.freshPlan }),
    endpoints: ROLES.map((role) => {
      const { url, model } = crew.settings.endpoints[role];
      return { role, url, ...(model === undefined ? {} : { model }) };
    }),
  };
  return withLeases(crew, store, session, runId, (held) =>
    runWith(crew, store, session, { runId, held, recorded: [], started }),
  );
}

/** Goes on with a run that stopped. One that has finished already gives its ending again, unless there is more to do. */
export async function resumeRun(
  crew: Crew,
  store: Store,
  session: Session,
  runId: string,
  moreToDo: (events: readonly RunEvent[]) => boolean,
): Promise<RunEnd> {
  return withLeases(crew, store, session, runId, async (held) => {
    const recorded: RunEvent[] = [];
    for await (const event of store.log.read(runId)) recorded.push(event);
    session.catchUp(recorded);
    const started = recorded[0];
    if (started?.type !== 'run.started') {
      throw new StoreError(
        'corrupt',
        `The log of run ${runId} does not begin with its start.`,
        'Delete it with the folder of that run, and start the task again.',
      );
    }
    const { phase } = fold(recorded);
    if (phase.kind === 'finished' && !moreToDo(recorded)) return { runId, ending: phase.ending, state: 'finished' };
    return runWith(crew, store, session, { runId, held, recorded, started });
  });
}

/** The name under which a workspace is leased: one run at a time may work in it. */
export function workspaceLeaseName(root: string): string {
  return `workspace/${createHash('sha256').update(root).digest('hex').slice(0, 16)}`;
}

/** Works under the leases of the workspace and the run; a lost one stops the work. */
async function withLeases(
  crew: Crew,
  { leases }: Store,
  session: Session,
  runId: string,
  work: (held: HeldLeases) => Promise<RunEnd>,
): Promise<RunEnd> {
  const held = await holdLeases(leases, {
    run: { name: runLeaseName(runId), runId },
    workspace: { name: workspaceLeaseName(crew.workspace.root), root: crew.workspace.root },
    holder: session.holder,
    ...(session.takeOver ? { takeOver: true } : {}),
    patience: crew.settings.limits.serverMinutes * 60_000,
    signal: session.signal,
  });
  try {
    return await work(held);
  } finally {
    await held.end();
  }
}

interface Opened {
  runId: string;
  held: HeldLeases;
  recorded: RunEvent[];
  started: EventOf<'run.started'>;
}

async function runWith(
  crew: Crew,
  { log, memory: kept }: Store,
  session: Session,
  { runId, held, recorded, started }: Opened,
): Promise<RunEnd> {
  const stop = new AbortController();
  const signal = AbortSignal.any([session.signal, held.lost, stop.signal]);
  const limits = openLimits(crew, recorded);
  const learning = openLearning(recorded);
  const journal = openJournal({
    runId,
    log,
    lease: () => held.run,
    mayBegin: async () => {
      await presence.back();
      await held.sure();
    },
    recorded,
    now: crew.now,
    onEvent: (event) => {
      limits.count(event);
      learning.hear(event);
      session.onEvent(event);
    },
    onFailure: (error) => stop.abort(error),
  });
  const presence = openPresence({ journal, log, held, signal });
  const endWatch = log.watch?.((health) => {
    if (!signal.aborted) journal.emit(healthEvent(health));
  });
  const toolServers = crew.openToolServers();
  const memory = openRunMemory(kept, (message) => journal.emit({ type: 'memory.lost', message }));
  try {
    journal.emit(recorded.length === 0 ? started : { type: 'run.resumed', epoch: held.run.epoch });
    await journal.flush();
    const base = openBaseTexts(crew.workspace, recorded, journal.emit);
    const run: RunContext = {
      ...crew,
      memory,
      toolServers,
      runId,
      journal,
      base,
      signal,
      presence,
      inTurn: openTurns(),
      checkLimits: limits.check,
    };
    const finished = await session.work(run, started);
    await learning.keep(memory, crew.workspace.root);
    journal.emit(finished);
    // Where even this cannot be kept, the run has not finished: the failure is its ending.
    await journal.flush();
    return { runId, ending: finished.ending, state: 'finished' };
  } catch (error) {
    const { ending, state } = endingOf(error, signal);
    // The log is somebody else's by now, and tells what becomes of the run.
    if (state === 'takenOver') return { runId, ending, state };
    if (state === 'aborted') await tellWhatStillWorks(crew, journal);
    if (ending.code !== 'store_failed') await learning.keep(memory, crew.workspace.root);
    if (state === 'finished') journal.emit({ type: 'run.finished', outcome: 'not_approved', ending });
    else journal.emit({ type: state === 'aborted' ? 'run.aborted' : 'run.paused', ending });
    return { runId, ending, state };
  } finally {
    endWatch?.();
    await toolServers.close();
    await journal.close();
  }
}

function healthEvent(health: StoreHealth): EventBody {
  return health.kind === 'lost'
    ? { type: 'store.lost', message: health.message }
    : { type: 'store.recovered', added: health.added };
}

/** Milliseconds in which a server that was hung up on has to stop working. */
const UNTIL_IDLE = 2_000;

/** Stopped means stopped: where a server goes on all the same, the user is told. */
async function tellWhatStillWorks({ models, now }: Crew, journal: Journal): Promise<void> {
  const roles = ROLES.filter((role, index) => ROLES.findIndex((one) => models[one].url === models[role].url) === index);
  await Promise.all(
    roles.map(async (role) => {
      const model = models[role];
      const signal = AbortSignal.timeout(UNTIL_IDLE * 2);
      const state = await untilQuiet({ now, signal }, model, UNTIL_IDLE).catch(() => 'untold');
      if (state !== 'busy') return;
      const message = `The ${role} server at ${model.url} is still at work ${UNTIL_IDLE / 1000} s after Stop: for another program, or because it does not notice that nobody waits for its answer.`;
      journal.emit({ type: 'server.busy', role, url: model.url, message });
    }),
  );
}

function endingOf(error: unknown, signal: AbortSignal): { ending: Ending; state: RunEnd['state'] } {
  const cause = signal.aborted ? signal.reason : error;
  for (const one of [error, cause]) {
    if (one instanceof StoreError && one.failure === 'fenced')
      return { ending: { code: 'taken_over', message: one.message, remedy: one.remedy }, state: 'takenOver' };
    if (one instanceof StoreError)
      return { ending: { code: 'store_failed', message: one.message, remedy: one.remedy }, state: 'paused' };
    if (one instanceof RunStop) return { ending: one.ending, state: isPassing(one.ending) ? 'paused' : 'finished' };
  }
  if (signal.aborted) {
    return {
      ending: {
        code: 'aborted',
        message: 'Stopped. Everything up to here is kept.',
        remedy: 'Resume the run to go on.',
      },
      state: 'aborted',
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    ending: {
      code: 'internal_error',
      message: `A defect of Conclave stopped the run: ${message}`,
      remedy: 'The run is kept: report it, and try to resume it.',
    },
    state: 'paused',
  };
}

/** Short enough to type, sortable by time, unlikely to clash: "20261123-224501-k3f9". */
export function newRunId(now: Date): string {
  const [day = '', time = ''] = now.toISOString().split('T');
  const random = [...randomBytes(4)].map((byte) => 'abcdefghjkmnpqrstuvwxyz23456789'[byte % 31]).join('');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${random}`;
}
