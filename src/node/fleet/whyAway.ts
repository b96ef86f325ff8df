import type { Settings } from '../../core/settings.ts';
import type { Role } from '../../shared/events.ts';
import type { Service } from '../../shared/fleet.ts';
import type { Installation } from '../openCrew.ts';
import { readFleetRecord } from './fleetRecord.ts';
import { openFleet } from './openFleet.ts';

/**
 * Why the server of a role does not answer, as the running fleet tells: a sentence or two, the last of which says what to
 * do. Undefined where it tells nothing.
 */
export async function whyAway(
  installation: Installation,
  { settings, role, signal }: { settings: Settings; role: Role; signal: AbortSignal },
): Promise<string | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]);
  try {
    return await whyIn(installation, { settings, role, signal: limited });
  } catch {
    signal.throwIfAborted();
    // It is asked for better words only: what keeps it from answering must not be the end of a run.
    return undefined;
  }
}

/** Milliseconds: whoever waits for a run waits for this, too. */
const LIMIT = 10_000;

async function whyIn(
  installation: Installation,
  { settings, role, signal }: { settings: Settings; role: Role; signal: AbortSignal },
): Promise<string | undefined> {
  // Whoever has neither started nor chosen one uses servers of his own.
  if (settings.fleet.profile === undefined && (await readFleetRecord(installation.env)) === undefined) return undefined;
  const opened = await openFleet(installation, { settings, signal });
  if (opened.kind === 'problem') return undefined;
  const { services, problem } = await opened.fleet.state(signal);
  if (problem !== undefined) return `${problem.what} ${problem.remedy}`;
  const service = services.find(({ roles }) => roles.includes(role));
  return service === undefined ? undefined : reasonIn(service);
}

function reasonIn({ name, state }: Service): string | undefined {
  const start = `Start it with: conclave fleet up ${name}`;
  switch (state.kind) {
    case 'failed':
    case 'unhealthy':
      return `${name}: ${state.why}`;
    case 'crashing':
      return `${name} ended ${state.times} times. ${state.why}`;
    case 'stopped':
      return `${name} was stopped. ${start}`;
    case 'absent':
      return `${name} does not run. ${start}`;
    case 'starting':
      return `${name} is being started (${state.step}).`;
    case 'queued':
    case 'fetching':
    case 'ready':
      return undefined;
    default:
      return state satisfies never;
  }
}
