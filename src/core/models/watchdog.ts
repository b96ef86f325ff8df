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

/** @param ms how long to wait for the first sign */
export function startWatchdog(caller: AbortSignal, ms: number): Watchdog {
  // Not AbortSignal.any: a run's signal lives long, and Node 20 keeps every dependent signal alive with it.
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(caller.reason);
  let expired: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const expect = (wait: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      expired = wait;
      controller.abort();
    }, wait);
  };
  if (caller.aborted) onAbort();
  else caller.addEventListener('abort', onAbort, { once: true });
  expect(ms);

  return {
    signal: controller.signal,
    expired: () => expired,
    expect,
    pause: () => clearTimeout(timer),
    stop: () => {
      clearTimeout(timer);
      caller.removeEventListener('abort', onAbort);
      controller.abort();
    },
  };
}
