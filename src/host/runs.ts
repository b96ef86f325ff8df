import * as vscode from 'vscode';
import type { Finish } from '../core/orchestrator/finish.ts';
import { flowOf } from '../core/orchestrator/flows.ts';
import { type ForkRequest, forkRun } from '../core/orchestrator/forkRun.ts';
import type { Crew, RunContext } from '../core/orchestrator/runContext.ts';
import { RunStop } from '../core/orchestrator/runStop.ts';
import { type RunEnd, resumeRun, type Session, type Store, startRun } from '../core/orchestrator/session.ts';
import { eventStream } from '../core/store/liveEvents.ts';
import { StoreError } from '../core/store/storeError.ts';
import type { EventOf, RunEvent } from '../shared/events.ts';
import { foldEvent } from '../shared/fold.ts';
import type { Activity, ReplayPace } from '../shared/protocol.ts';
import { emptyRunState, type RunState } from '../shared/runState.ts';
import { openReplay, type Replay } from './replay.ts';

/** The run that the editor shows: its state is a fold over its events, whoever works on it. */
export interface Shown {
  runId: string;
  state: RunState;
  activity: Activity;
}

/** What a run is started with. */
export type What = Pick<EventOf<'run.started'>, 'kind' | 'task' | 'said' | 'base' | 'paths' | 'freshPlan'>;
/** The work of one session on a run that is there already. */
export type Work = (run: RunContext, started: EventOf<'run.started'>) => Promise<Finish>;

export interface Runs extends vscode.Disposable {
  /** Undefined before the first task. */
  readonly shown: Shown | undefined;
  /** The run this window works on, if any. */
  readonly working: { runId: string } | undefined;
  /** Another run is shown, or none. */
  readonly onShow: vscode.Event<Shown | undefined>;
  /** The shown run went on. Its state holds these events already. */
  readonly onEvents: vscode.Event<{ shown: Shown; events: readonly RunEvent[] }>;
  readonly onActivity: vscode.Event<Activity>;
  /** Events of a run from the first, and then what comes; for a view that is built anew. */
  events(runId: string, signal: AbortSignal): AsyncGenerator<RunEvent[]>;
  /**
   * Starts a run and shows it. Resolves when its log has begun.
   * @throws Error in words for the user, where it cannot be started
   */
  start(crew: Crew, what: What): Promise<string>;
  /**
   * Goes on with a run, from what is recorded, and shows it. A reload of the window goes on with it too.
   * @returns how that session ended
   */
  resume(crew: Crew, runId: string, how?: { flow?: Work; takeOver?: true }): Promise<RunEnd>;
  /** Does a piece of work on a run that is over, and shows it. What a reload cuts short is not gone on with. */
  workOn(crew: Crew, runId: string, work: Work): Promise<RunEnd>;
  /** Begins a new run after a step of another, and shows it. Resolves when its log has begun. */
  fork(crew: Crew, request: ForkRequest): Promise<string>;
  /** Shows a run without working on it. */
  show(runId: string, options?: { replay?: true }): Promise<void>;
  /** Plays the replay that is shown faster, slower, or not for now. */
  setPace(pace: ReplayPace): void;
  /** Shows none. */
  clear(): void;
  /** Stops the work of this window. Resolves when its state is saved and its processes are gone. */
  stop(): Promise<void>;
}

/**
 * @param appName as the editor calls itself; told to whoever wants the same run
 * @param onWork this window begins a run or goes on with one, or ends that
 */
export function openRuns(options: {
  store: Store;
  appName: string;
  onWork: (runId: string | undefined) => void;
  /** A run's log cannot be read: it was damaged, or deleted elsewhere. */
  onUnreadable: (runId: string, error: unknown) => void;
}): Runs {
  const { store } = options;
  const onShow = new vscode.EventEmitter<Shown | undefined>();
  const onEvents = new vscode.EventEmitter<{ shown: Shown; events: readonly RunEvent[] }>();
  const onActivity = new vscode.EventEmitter<Activity>();
  const liveListeners = new Set<(event: RunEvent) => void>();
  let shown: Shown | undefined;
  let showing = new AbortController();
  let shows = 0;
  /** What is shown is played from its record. */
  let replay: Replay | undefined;
  let work: { runId: string; abort: AbortController; ended: Promise<unknown>; goesOn: boolean } | undefined;

  const live = (listener: (event: RunEvent) => void): (() => void) => {
    liveListeners.add(listener);
    return () => liveListeners.delete(listener);
  };
  const events: Runs['events'] = (runId, signal) =>
    replay?.runId === runId ? replay.events(signal) : eventStream(store.log, live, runId, signal);

  function setActivity(activity: Activity): void {
    if (!shown || sameActivity(shown.activity, activity)) return;
    shown = { ...shown, activity };
    onActivity.fire(activity);
  }

  /** @param how `anew`: what was shown of it is not what its log says any more */
  async function show(runId: string, how: { replay?: true; anew?: boolean } = {}): Promise<void> {
    const mine = ++shows;
    const { elsewhere, lastSeq } = await stateInStore(store, runId);
    const activityNow: Activity = work?.runId === runId ? { kind: 'working' } : elsewhere;
    // The user has gone on to another one meanwhile.
    if (mine !== shows) return;
    const isShown = shown?.runId === runId && shown.activity.kind !== 'replaying';
    if (isShown && !how.replay && !how.anew) return setActivity(activityNow);
    showing.abort();
    const here = new AbortController();
    showing = here;
    replay = how.replay && openReplay(store.log, runId, here.signal, setActivity);
    const activity = replay?.activity ?? activityNow;
    shown = { runId, state: emptyRunState(), activity };
    onShow.fire(shown);
    void follow(runId, lastSeq, here.signal).catch((error: unknown) => {
      if (!here.signal.aborted) options.onUnreadable(runId, error);
    });
  }

  /** @param known the last event when it was first shown: what comes after it happens now */
  async function follow(runId: string, known: number, signal: AbortSignal): Promise<void> {
    for await (const batch of events(runId, signal)) {
      if (signal.aborted || shown?.runId !== runId) return;
      let { state } = shown;
      for (const event of batch) state = foldEvent(state, event);
      shown = { ...shown, state };
      const isNow = state.lastSeq >= known;
      if (isNow && shown.activity.kind === 'elsewhere' && isOver(state)) setActivity({ kind: 'idle' });
      const resumed = batch.some(({ type, seq }) => type === 'run.resumed' && seq > known);
      if (resumed && !work && shown.activity.kind === 'idle' && !isOver(state)) setActivity(ELSEWHERE);
      onEvents.fire({ shown, events: batch });
    }
  }

  /** One session of work. `begun` resolves with the run's id once its log is there. */
  function session(
    begin: (session: Session) => Promise<RunEnd>,
    flow: Work,
    goesOn: boolean,
  ): { begun: Promise<string>; ended: Promise<RunEnd> } {
    if (work) {
      throw new Error(
        work.goesOn
          ? vscode.l10n.t('The crew is at work already. Stop it first, or wait for it to end.')
          : vscode.l10n.t(
              'A proposal is being decided just now. If its refactor preview is open, apply or discard it first.',
            ),
      );
    }
    const abort = new AbortController();
    let hasBegun: (runId: string) => void = () => {};
    const begun = new Promise<string>((resolve) => {
      hasBegun = resolve;
    });
    // A log that was cut where it could not be written goes on with numbers that were shown already.
    let isCut = false;
    const ended = begin({
      holder: options.appName,
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === 'run.resumed' && shown?.runId === event.runId) isCut = shown.state.lastSeq >= event.seq;
        for (const listener of liveListeners) listener(event);
      },
      catchUp: () => {},
      work: async (run, started) => {
        if (work) work.runId = run.runId;
        if (goesOn) options.onWork(run.runId);
        await show(run.runId, { anew: isCut });
        hasBegun(run.runId);
        return flow(run, started);
      },
    });
    work = { runId: '', abort, ended, goesOn };
    const over = ended.finally(() => {
      const runId = work?.runId;
      work = undefined;
      options.onWork(undefined);
      if (shown?.runId === runId) setActivity({ kind: 'idle' });
    });
    const showWhereItGoesOn = async ({ runId, state }: RunEnd): Promise<void> => {
      // What was shown last may never have come into its log, which goes on elsewhere with the same numbers.
      if (state === 'takenOver' && shown?.runId === runId) await show(runId, { anew: true });
    };
    over.then(showWhereItGoesOn).catch(() => {}); // Whoever waits for `begun` or `ended` gets the failure.
    return { begun: Promise.race([begun, ended.then(({ runId }) => runId)]), ended: over };
  }

  return {
    get shown() {
      return shown;
    },
    get working() {
      return work;
    },
    onShow: onShow.event,
    onEvents: onEvents.event,
    onActivity: onActivity.event,
    events,
    show,
    setPace: (pace) => replay?.setPace(pace),
    async start(crew, what) {
      const flow: Work = (run, started) => flowOf(run, started, 'leave');
      const { begun, ended } = session((one) => startRun(crew, store, one, what), flow, true);
      // What goes wrong before the log has begun is the caller's to say; later, the log says it.
      ended.catch(() => {});
      return begun;
    },
    async fork(crew, request) {
      const flow: Work = (run, started) => flowOf(run, started, 'leave');
      const { begun, ended } = session((one) => forkRun(crew, store, one, request), flow, true);
      ended.catch(() => {});
      return begun;
    },
    async resume(crew, runId, { flow, takeOver } = {}) {
      const from = (one: Session): Promise<RunEnd> =>
        resumeRun(crew, store, takeOver ? { ...one, takeOver } : one, runId, () => true);
      return session(from, flow ?? ((run, started) => flowOf(run, started, 'leave')), true).ended;
    },
    async workOn(crew, runId, flow) {
      return session((one) => resumeRun(crew, store, one, runId, () => true), flow, false).ended;
    },
    clear() {
      shows += 1;
      showing.abort();
      replay = undefined;
      shown = undefined;
      onShow.fire(undefined);
    },
    async stop() {
      const stopping = work;
      stopping?.abort.abort(new Error('Stopped by the user.'));
      await stopping?.ended.catch(() => {});
    },
    dispose() {
      work?.abort.abort(new Error('The editor closes.'));
      showing.abort();
      for (const emitter of [onShow, onEvents, onActivity]) emitter.dispose();
    },
  };
}

/** What went wrong, in words for the user: what happened and what to do. */
export function inWords(error: unknown): { message: string; remedy?: string } {
  if (error instanceof RunStop) {
    const { message, remedy } = error.ending;
    return { message, ...(remedy === undefined ? {} : { remedy }) };
  }
  if (error instanceof StoreError) return { message: error.message, remedy: error.remedy };
  return { message: error instanceof Error ? error.message : String(error) };
}

const ELSEWHERE: Activity = { kind: 'elsewhere', holder: 'another window or terminal' };

async function stateInStore(store: Store, runId: string): Promise<{ elsewhere: Activity; lastSeq: number }> {
  const summary = (await store.log.list()).find((one) => one.runId === runId);
  return { elsewhere: summary?.state === 'running' ? ELSEWHERE : { kind: 'idle' }, lastSeq: summary?.lastSeq ?? 0 };
}

function isOver({ phase }: RunState): boolean {
  return phase.kind === 'finished' || phase.kind === 'paused' || phase.kind === 'aborted';
}

function sameActivity(one: Activity, other: Activity): boolean {
  if (one.kind === 'replaying' && other.kind === 'replaying') return one.pace === other.pace && one.over === other.over;
  return one.kind === other.kind;
}
