import { setTimeout as sleep } from 'node:timers/promises';
import type { Role } from '../../shared/events.ts';
import { ModelError, type ModelFailure } from '../models/modelError.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { RunStop } from '../orchestrator/runStop.ts';
import type { Model, ModelRequest } from '../ports.ts';
import { refuseProtocol } from './rungs.ts';
import { raiseFlag, type Transcript, WindowExceeded } from './turn.ts';

/** How one try is made. */
export interface Try {
  request: ModelRequest;
  /** Whether an answer that never ends counts as one that was cut off: the server is well, and the model is told. */
  cuts: boolean;
}

/** Answers that never end; what is flagged for each. */
const RUNAWAYS = { whitespaceLoop: 'whitespace', repetitionLoop: 'repetition' } as const;

/** Tries of an answer that never ends; the last one is cut. */
const RUNAWAY_TRIES = 2;
/** Tries of an answer that breaks off. One that does so every time may well be what kills the server. */
const BROKEN_TRIES = 4;
/** Tries of an answer that does not come. */
const SILENT_TRIES = 2;

/** Milliseconds. */
const LONGEST_PAUSE = 15_000;
const LONGEST_RETRY_AFTER = 60_000;
/** Milliseconds in which a server must have dropped a request that nobody waits for, before it is asked again. */
const UNTIL_QUIET = 10_000;

/**
 * Has a request answered, and asks again where the server fails in a way that can pass. A server that is busy or gone is
 * waited for (setting `limits.serverMinutes`): it may be starting anew. The run is told when things get worse and better.
 * A request on which the server may still be at work is not made a second time.
 * @throws RunStop where the server stays broken; the run can be resumed
 * @throws WindowExceeded
 * @throws ProtocolFailed where the server is well, and does not do what the transcript's rung needs
 */
export async function withRetries<R>(
  run: RunContext,
  transcript: Transcript,
  request: ModelRequest,
  answer: (how: Try) => Promise<R>,
): Promise<R> {
  const { role, model } = transcript;
  const failed = { runaway: 0, broken: 0, malformed: 0, silent: 0 };
  let away: Away | undefined;
  let isTold = false;
  for (;;) {
    try {
      const result = await answer({
        request: failed.runaway > 0 ? { ...request, temperature: otherTemperature(request.temperature) } : request,
        cuts: failed.runaway >= RUNAWAY_TRIES - 1,
      });
      if (isTold) run.journal.emit({ type: 'server.recovered', role, url: model.url });
      return result;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      const { failure } = error;
      if (failure.kind === 'malformed') failed.malformed += 1;
      refuseProtocol(request, error, failed.malformed);
      if (failure.kind === 'contextExceeded') throw new WindowExceeded(failure.window, error);
      if (isRunaway(failure)) {
        failed.runaway += 1;
        flagRunaway(run, transcript, failure, error.message);
        continue;
      }
      const type = failure.kind === 'overloaded' ? 'server.busy' : 'server.lost';
      const isAway = failure.kind === 'overloaded' || failure.kind === 'unreachable';
      // A server that starts anew is tried many times; the run is told once.
      if (!isAway || away?.told !== type) {
        const why = failure.kind === 'unreachable' || failure.kind === 'lost' ? await whyAway(run, role) : '';
        run.journal.emit({ type, role, url: model.url, message: `${error.message}${why}` });
      }
      isTold = true;
      switch (failure.kind) {
        case 'unreachable':
        case 'overloaded': {
          away = { told: type, since: away?.since ?? run.now().getTime(), tries: (away?.tries ?? 0) + 1 };
          await waitForServer(run, away, error);
          break;
        }
        case 'lost':
        case 'malformed':
          away = undefined;
          failed.broken += 1;
          if (failed.broken >= BROKEN_TRIES) throw serverUnavailable(error);
          await pause(run, 250 * 2 ** (failed.broken - 1));
          await untilQuiet(run, model);
          break;
        case 'timedOut':
          away = undefined;
          failed.silent += 1;
          if (failed.silent >= SILENT_TRIES) throw serverUnavailable(error);
          if ((await untilQuiet(run, model)) !== 'quiet') throw mayStillWork(error);
          break;
        case 'unauthorised':
        case 'wrongServer':
        case 'badRequest':
          throw serverUnavailable(error);
        default:
          failure satisfies never;
      }
    }
  }
}

/** For the further try of an answer that never ended: at the same temperature it would do so again. */
function otherTemperature(temperature: number): number {
  return temperature <= 0.7 ? temperature + 0.3 : temperature - 0.3;
}

/** Whether an answer was stopped because it would not have come to an end. */
export function isRunaway(failure: ModelFailure): failure is ModelFailure & { kind: keyof typeof RUNAWAYS } {
  return failure.kind in RUNAWAYS;
}

/** Tells the run of an answer that was cut off because it would not have come to an end. */
export function flagRunaway(
  run: RunContext,
  transcript: Transcript,
  { kind }: { kind: keyof typeof RUNAWAYS },
  message: string,
): void {
  raiseFlag(run, transcript, RUNAWAYS[kind], message);
}

/** What the fleet knows of a server that is gone, to be put after what we have seen ourselves. */
export async function whyAway({ whyAway, signal }: RunContext, role: Role): Promise<string> {
  const why = await whyAway?.(role, signal);
  return why === undefined ? '' : ` ${why}`;
}

/**
 * The stop for a server that stays broken.
 * @param why see whyAway
 */
export function serverUnavailable(error: ModelError, why = ''): RunStop {
  return new RunStop(
    {
      code: 'server_unavailable',
      message: `${error.message}${why}`,
      remedy: 'When the server answers again, resume the run: everything up to here is kept.',
    },
    { cause: error },
  );
}

/** A server that does not answer for a while. */
interface Away {
  told: 'server.busy' | 'server.lost';
  since: number;
  tries: number;
}

async function waitForServer(run: RunContext, { since, tries }: Away, error: ModelError): Promise<void> {
  const minutes = run.settings.limits.serverMinutes;
  const left = since + minutes * 60_000 - run.now().getTime();
  if (left <= 0) throw gone(error, minutes);
  const { failure } = error;
  const told = failure.kind === 'overloaded' ? failure.retryAfter : undefined;
  const wanted = Math.min(told ?? 500 * 2 ** (tries - 1), told === undefined ? LONGEST_PAUSE : LONGEST_RETRY_AFTER);
  await pause(run, Math.min(wanted, left));
}

function gone(error: ModelError, minutes: number): RunStop {
  const { ending } = serverUnavailable(error);
  const waited = minutes === 0 ? '' : ` It was waited for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
  return new RunStop(
    { ...ending, message: `${error.message}${waited}`, remedy: `${ending.remedy} (Setting limits.serverMinutes.)` },
    { cause: error },
  );
}

function mayStillWork(error: ModelError): RunStop {
  return new RunStop(
    {
      code: 'server_unavailable',
      message: `${error.message} It may still be at work on the request, so it is not asked a second time.`,
      remedy: 'See its log; when it is idle, or was started anew, resume the run: everything up to here is kept.',
    },
    { cause: error },
  );
}

/** Waits until a server that was hung up on works on nothing but what is still wanted of it. */
export async function untilQuiet(
  { signal, now }: Pick<RunContext, 'signal' | 'now'>,
  model: Model,
  atMost = UNTIL_QUIET,
): Promise<'quiet' | 'busy' | 'untold'> {
  const limit = now().getTime() + atMost;
  for (;;) {
    const load = await model.load(signal);
    if (load === undefined) return 'untold';
    if (load.running + load.waiting <= load.own) return 'quiet';
    if (now().getTime() >= limit) return 'busy';
    await sleep(100, undefined, { signal });
  }
}

async function pause({ signal }: RunContext, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal });
}
