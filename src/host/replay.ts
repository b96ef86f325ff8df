import type { EventLog } from '../core/ports.ts';
import { openPlayback } from '../core/store/playback.ts';
import type { RunEvent } from '../shared/events.ts';
import type { Activity, ReplayPace } from '../shared/protocol.ts';

/** A recorded run that is played: one clock for everybody who looks at it. */
export interface Replay {
  readonly runId: string;
  readonly activity: Activity;
  setPace(pace: ReplayPace): void;
  /** What was played so far, at once, and then what comes in its rhythm. Ends with the record, or by the signal. */
  events(signal: AbortSignal): AsyncGenerator<RunEvent[]>;
}

/** As many times as fast as it was, to begin with: most of a run is waiting for models. */
const FIRST_PACE = 4;

/**
 * @param signal ends it
 * @param onActivity its pace has changed, or it has come to its end
 */
export function openReplay(
  log: Pick<EventLog, 'read'>,
  runId: string,
  signal: AbortSignal,
  onActivity: (activity: Activity) => void,
): Replay {
  const playback = openPlayback(FIRST_PACE);
  const played: RunEvent[] = [];
  let state: { kind: 'playing' | 'over' } | { kind: 'failed'; error: unknown } = { kind: 'playing' };
  const wake: (() => void)[] = [];

  const activity = (): Activity => ({
    kind: 'replaying',
    pace: playback.pace,
    ...(state.kind === 'playing' ? {} : { over: true as const }),
  });
  const wakeAll = (): void => {
    for (const one of wake.splice(0)) one();
  };
  const playing = async (): Promise<void> => {
    for await (const batch of playback.play(log.read(runId), signal)) {
      played.push(...batch);
      wakeAll();
    }
  };
  const end = (ended: typeof state): void => {
    state = ended;
    wakeAll();
    if (!signal.aborted) onActivity(activity());
  };
  playing().then(
    () => end({ kind: 'over' }),
    (error: unknown) => end({ kind: 'failed', error }),
  );
  signal.addEventListener('abort', wakeAll);

  return {
    runId,
    get activity() {
      return activity();
    },
    setPace(pace) {
      playback.set(pace);
      onActivity(activity());
    },
    async *events(until) {
      until.addEventListener('abort', wakeAll);
      for (let at = 0; !until.aborted && !signal.aborted; ) {
        if (at < played.length) {
          const batch = played.slice(at);
          at = played.length;
          yield batch;
        } else if (state.kind === 'failed') throw state.error;
        else if (state.kind === 'over') return;
        else await new Promise<void>((resolve) => wake.push(resolve));
      }
    },
  };
}
