import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../core/orchestrator/session.ts';
import { eventStream } from '../../core/store/liveEvents.ts';
import { openPlayback, type Pace } from '../../core/store/playback.ts';
import { type Installation, openStore } from '../../node/openCrew.ts';
import type { RunEvent } from '../../shared/events.ts';
import type { RunState } from '../../shared/runState.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { openOutput } from '../runOutput.ts';

export interface ReplayOptions {
  json?: boolean;
  speed?: string;
  follow?: boolean;
}

/** On a terminal, where nothing else is asked for. */
const USUAL_SPEED = 4;

/** `conclave replay RUN`: the run again, from its events alone; with --follow, and then what comes. */
export async function replayCommand(
  installation: Installation,
  runId: string,
  options: ReplayOptions,
  signal: AbortSignal,
): Promise<number> {
  const pace = paceOf(options);
  const store = await openStore(installation);
  try {
    const clock = openRunClock(pace);
    const output = openOutput({ json: options.json === true, interactive: false, now: clock.now });
    const events = options.follow ? followed(store, runId, signal) : store.log.read(runId);
    for await (const batch of openPlayback(pace).play(events, signal)) {
      for (const event of batch) {
        if (signal.aborted) break;
        clock.take(event);
        output.onEvent(event);
      }
    }
    if (signal.aborted || options.json) {
      output.close();
      return signal.aborted ? EXIT.aborted : EXIT.approved;
    }
    const state = output.state();
    if (state.proposal) output.printDiff(state.proposal.files);
    output.finish(
      { runId, ending: endingOf(state), state: 'finished' },
      state.proposal
        ? state.proposal.state === 'accepted'
          ? { kind: 'applied' }
          : { kind: 'printed' }
        : { kind: 'none' },
    );
    return EXIT.approved;
  } finally {
    await store.close();
  }
}

function endingOf({ phase, runId }: RunState) {
  if (phase.kind === 'finished' || phase.kind === 'paused' || phase.kind === 'aborted') return phase.ending;
  return {
    code: 'aborted' as const,
    message: 'The run has not ended: it is at work, or its process died.',
    remedy: `Go on with: conclave run --resume ${runId}`,
  };
}

function paceOf({ speed, json, follow }: ReplayOptions): Exclude<Pace, 'paused'> {
  if (speed === undefined) return process.stderr.isTTY === true && !json && !follow ? USUAL_SPEED : 'instant';
  if (speed === 'instant') return speed;
  const times = Number(speed.replace(/x$/, ''));
  if (speed.trim() !== '' && times > 0 && times <= 1000) return times;
  throw new UsageError(`--speed: expected a number, such as 4, or "instant"; got "${speed}".`);
}

/** What time it is in the run that is shown. */
function openRunClock(pace: Exclude<Pace, 'paused'>): { take(event: RunEvent): void; now(): number } {
  let at = Date.now();
  let taken = at;
  return {
    take(event) {
      at = Date.parse(event.at);
      taken = Date.now();
    },
    // What comes at once is over, or is happening now.
    now: () => (pace === 'instant' ? Date.now() : at + (Date.now() - taken) * pace),
  };
}

/** Milliseconds between two looks whether somebody still works on the run. */
const LOOK_EVERY = 5000;

/** The run's events from the first, and what comes, until it ends or nobody works on it any more. */
async function* followed({ log }: Pick<Store, 'log'>, runId: string, signal: AbortSignal): AsyncGenerator<RunEvent> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const summary = async () => (await log.list()).find((run) => run.runId === runId);
  const first = await summary();
  // Said by whoever cannot read it.
  if (first === undefined) yield* log.read(runId);
  let last = 0;
  const isAtItsEnd = (run: typeof first): boolean =>
    run?.state !== 'running' && run?.state !== 'waiting' && last >= (run?.lastSeq ?? 0);
  // A process that dies says nothing.
  const looking = (async () => {
    for (;;) {
      await sleep(LOOK_EVERY, undefined, { signal: until });
      if (isAtItsEnd(await summary())) over.abort();
    }
  })();
  looking.catch(() => over.abort());
  try {
    if (isAtItsEnd(first)) return;
    for await (const batch of eventStream(log, () => () => {}, runId, until)) {
      for (const event of batch) {
        yield event;
        last = event.seq;
        if (last < (first?.lastSeq ?? 0)) continue;
        if (ENDS.has(event.type) || isAtItsEnd(first)) return;
      }
    }
  } finally {
    over.abort();
  }
}

const ENDS: ReadonlySet<RunEvent['type']> = new Set(['run.finished', 'run.paused', 'run.aborted']);
