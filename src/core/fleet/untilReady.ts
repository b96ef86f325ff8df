import type { FleetState, ServiceState } from '../../shared/fleet.ts';
import { DriverError } from './driver.ts';
import type { Clock } from './fleet.ts';

/** Milliseconds between two looks at what is starting. */
const LOOK_AGAIN = 1000;
/** Milliseconds that a service may be unhealthy before its start counts as failed. */
const PATIENCE = 30_000;

/**
 * Waits until a service that was started is ready.
 * @param parts.onState told of each look
 * @throws DriverError where it does not become ready
 */
export async function untilReady(
  name: string,
  parts: {
    look: (signal: AbortSignal) => Promise<FleetState>;
    clock: Clock;
    onState: (state: FleetState) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { look, clock, onState } = parts;
  let unhealthySince: number | undefined;
  for (;;) {
    const now = await look(signal);
    onState(now);
    const state = stateIn(now, name);
    switch (state.kind) {
      case 'ready':
        return;
      case 'failed':
        throw new DriverError(`${name} did not start. ${state.why}`, logHint(name));
      case 'crashing':
        throw new DriverError(
          `${name} ends again and again (${state.times} times so far). ${state.why}`,
          `Stop it with "conclave fleet stop ${name}". ${logHint(name)}`,
        );
      case 'absent':
      case 'stopped':
        throw new DriverError(`${name} was stopped while it was being started.`, 'Start it again when it is wanted.');
      case 'unhealthy':
        unhealthySince ??= clock.now().getTime();
        if (clock.now().getTime() - unhealthySince >= PATIENCE) {
          throw new DriverError(`${name} runs and is not ready. ${state.why}`, logHint(name));
        }
        break;
      default:
        unhealthySince = undefined;
    }
    await clock.sleep(LOOK_AGAIN, signal);
  }
}

export function stateIn(now: FleetState, name: string): ServiceState {
  return now.services.find((service) => service.name === name)?.state ?? { kind: 'absent' };
}

function logHint(name: string): string {
  return `Its log: conclave fleet logs ${name}`;
}
