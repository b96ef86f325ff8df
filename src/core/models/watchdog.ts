/** Ends a request for its caller's signal or because nothing came for too long. */
export interface Watchdog {
  /** Aborted by the caller's signal, by a time-out, or by `stop`. */
  readonly signal: AbortSignal;
  /** Milliseconds that were waited in vain, once they were. */
  expired(): number | undefined;
  /** Something came: from now on, wait this many milliseconds for the next. */
  expect(ms: number): void;
  /** It is not the server's turn: wait for nothing until the next `expect`. */
  pause(): void;
  /** Aborts what is still under way and leaves no timer and no listener behind. */
  stop(): void;
}

export interface WatchdogOptions {
  /** Milliseconds that all of it may take. */
  total: number;
  /**
   * Asked when a wait has been in vain: the server may still be at work. Then it is waited as long again, but not for ever.
   * @param waited milliseconds since something came
   */
  isAtWork?: (waited: number) => Promise<boolean>;
}

/** Times that a wait is made before it is given up, for a server that is at work but sends nothing. */
const PATIENT_WAITS = 5;

/** @param ms how long to wait for the first sign */
export function startWatchdog(
  caller: AbortSignal,
  ms: number,
  { total, isAtWork = async () => false }: WatchdogOptions,
): Watchdog {
  // Not AbortSignal.any: a run's signal lives long, and Node 20 keeps every dependent signal alive with it.
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(caller.reason);
  let expired: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Which wait it is: what is found out about an earlier one comes too late. */
  let current = 0;

  const giveUp = (waited: number): void => {
    expired = waited;
    controller.abort();
  };
  const wait = (ms: number, times: number): void => {
    const own = current;
    timer = setTimeout(async () => {
      const waited = ms * times;
      // Not to know is no reason to wait on.
      const isWorthIt = times < PATIENT_WAITS && (await isAtWork(waited).catch(() => false));
      if (own !== current || controller.signal.aborted) return;
      if (isWorthIt) wait(ms, times + 1);
      else giveUp(waited);
    }, ms);
  };
  const pause = (): void => {
    current += 1;
    clearTimeout(timer);
  };
  const expect = (wanted: number): void => {
    pause();
    wait(wanted, 1);
  };
  const atLongest = setTimeout(() => giveUp(total), total);
  if (caller.aborted) onAbort();
  else caller.addEventListener('abort', onAbort, { once: true });
  expect(ms);

  return {
    signal: controller.signal,
    expired: () => expired,
    expect,
    pause,
    stop: () => {
      pause();
      clearTimeout(atLongest);
      caller.removeEventListener('abort', onAbort);
      controller.abort();
    },
  };
}
