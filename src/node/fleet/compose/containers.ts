import { z } from 'zod';
import type { Seen } from '../../../core/fleet/driver.ts';

/** A container of the fleet, as `docker inspect` shows it. */
export interface Container {
  id: string;
  /** As compose names it. */
  service: string;
  /** "conclave-vllm-coder-1". */
  name: string;
  state: z.infer<typeof stateSchema>;
  restarts: number;
}

/** Docker's time for "never". */
const NEVER = '0001-01-01T00:00:00Z';

const stateSchema = z.object({
  Status: z.string(),
  OOMKilled: z.boolean().default(false),
  ExitCode: z.number().default(0),
  /** Why it could not be started. */
  Error: z.string().default(''),
  StartedAt: z.string().default(NEVER),
  Health: z.object({ Status: z.string() }).nullish(),
});

const inspectSchema = z.array(
  z.object({
    Id: z.string(),
    Name: z.string(),
    Created: z.string().default(''),
    RestartCount: z.number().default(0),
    State: stateSchema,
    Config: z.object({
      Labels: z.record(z.string(), z.string()).nullish(),
    }),
  }),
);

/** What Compose says of a container in its labels. They are read from `inspect`: in lists they are parted by commas, which values hold, too. */
/** Of Compose: the fleet's containers are known by it. */
export const FLEET_PROJECT = 'conclave';

export const LABEL = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  oneOff: 'com.docker.compose.oneoff',
} as const;

/**
 * Reads `docker inspect`. One-off containers are none of the fleet's services. Of several of one service, which an upgrade
 * may leave, the newest counts.
 */
export function readContainers(text: string): Container[] {
  const found = inspectSchema.parse(JSON.parse(text));
  const newest = new Map<string, Container>();
  for (const one of found.toSorted((a, b) => (a.Created < b.Created ? -1 : 1))) {
    const labels = one.Config.Labels ?? {};
    const service = labels[LABEL.service];
    if (service === undefined || labels[LABEL.oneOff]?.toLowerCase() === 'true') continue;
    newest.set(service, {
      id: one.Id,
      service,
      name: one.Name.replace(/^\//, ''),
      state: one.State,
      restarts: one.RestartCount,
    });
  }
  return [...newest.values()];
}

/** @param wasStopped we stopped this container, and nobody has started it since */
export function seenOf({ service, state, restarts }: Container, wasStopped: boolean): Seen {
  return { name: service, run: runOf(state, restarts, wasStopped) };
}

/** What programs return that were asked to end (0, or the signal's number over 128). */
const ASKED_TO_END: readonly number[] = [0, 130, 143];

function runOf(state: Container['state'], restarts: number, wasStopped: boolean): Seen['run'] {
  const { Status: status, ExitCode: code, OOMKilled: ranOut, Error: error } = state;
  switch (status) {
    case 'created':
      return error === ''
        ? { kind: 'created' }
        : { kind: 'ended', code, byUser: false, restarts, why: sentence(error) };
    case 'running':
    case 'paused':
      return { kind: 'running', health: healthOf(state), since: state.StartedAt, restarts };
    case 'removing':
      return { kind: 'absent' };
    default: {
      // "exited", "dead", and "restarting": it has ended, and waits until it is started anew.
      const why = ranOut
        ? 'The memory that it may have ran out, and the system ended it. Close other programs, or choose a smaller profile.'
        : error === ''
          ? undefined
          : sentence(error);
      const byUser = wasStopped || (status === 'exited' && !ranOut && error === '' && ASKED_TO_END.includes(code));
      return { kind: 'ended', code, byUser, restarts, ...(why === undefined ? {} : { why }) };
    }
  }
}

function healthOf({ Status, Health }: Container['state']): 'starting' | 'healthy' | 'unhealthy' | 'none' {
  if (Status === 'paused') return 'unhealthy';
  const health = Health?.Status;
  return health === 'starting' || health === 'healthy' || health === 'unhealthy' ? health : 'none';
}

function sentence(error: string): string {
  return `It could not be started: ${error.replace(/[.\s]+$/, '')}.`;
}

const eventSchema = z.object({ Action: z.string() });

/** Whether a line of `docker events --format '{{json .}}'` tells of a change; each health check makes three that do not. */
export function tellsOfChange(line: string): boolean {
  try {
    return !eventSchema.parse(JSON.parse(line)).Action.startsWith('exec_');
  } catch {
    // No event: a complaint of the client.
    return false;
  }
}
