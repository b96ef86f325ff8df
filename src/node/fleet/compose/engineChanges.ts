import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL, tellsOfChange } from './containers.ts';
import type { Docker } from './docker.ts';

/** What may change how a service is shown. The engine leaves out the rest: each health check alone is three events. */
const EVENTS = [
  'create',
  'start',
  'restart',
  'die',
  'oom',
  'kill',
  'stop',
  'pause',
  'unpause',
  'destroy',
  'health_status',
];

/** Milliseconds until the engine's events are asked for again, at first and at most. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

/**
 * Says each time that a container of a project has changed. Where the events break off (the engine was restarted, the
 * connection was lost) they are asked for again, and each time it says that something may have changed: that is polling.
 * Changes that come faster than they are taken are told once. Ends with the signal.
 */
export async function* engineChanges(docker: Docker, project: string, signal: AbortSignal): AsyncIterable<void> {
  const own = new AbortController();
  const all = AbortSignal.any([signal, own.signal]);
  let hasNews = false;
  let failure: unknown;
  let wake = (): void => {};

  function tell(): void {
    hasNews = true;
    wake();
  }

  const listening = listen(docker, project, all, tell).catch((error: unknown) => {
    failure = error;
    wake();
  });
  const onAbort = (): void => wake();
  all.addEventListener('abort', onAbort);
  try {
    while (!all.aborted && failure === undefined) {
      if (hasNews) {
        hasNews = false;
        yield;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    if (failure !== undefined && !signal.aborted) throw failure;
  } finally {
    own.abort();
    await listening;
  }
}

/** Resolves with the signal. @throws DriverError where there is no client any more */
async function listen(docker: Docker, project: string, signal: AbortSignal, tell: () => void): Promise<void> {
  const filters = ['type=container', `label=${LABEL.project}=${project}`, ...EVENTS.map((event) => `event=${event}`)];
  const args = ['events', '--format', '{{json .}}', ...filters.flatMap((filter) => ['--filter', filter])];
  for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    for await (const line of docker.lines(args, signal)) {
      if (!tellsOfChange(line)) continue;
      pause = FIRST_PAUSE / 2;
      tell();
    }
    await sleep(pause, undefined, { signal }).catch(() => {});
    tell();
  }
}
