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
  /** What flagsOf said when it was started; absent where others started it. */
  flags?: string;
}

/** Containers of a Compose project of the fleet's name. */
export interface ProjectContainers {
  /** The fleet's, one a service. */
  services: readonly Container[];
  /** Ids of all that are the fleet's, also of one-off containers, and of several of one service. */
  ids: readonly string[];
  /** What others have started under the same project name: any folder called "conclave" has it. It is left alone. */
  foreign: readonly { name: string; folder?: string }[];
}

/** By what the fleet's containers are known. */
export interface Owner {
  /** Value of the label LABEL.fleet. */
  fleet: string;
  /** The installation's Compose file, absolute: a bare `docker compose up` of it starts the fleet, too. */
  file: string | undefined;
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

/** The Compose project of the fleet. A name is no proof: others may use it. */
export const FLEET_PROJECT = 'conclave';

/**
 * Labels of a container: what Compose says of it, and what we do. They are read from `inspect`: in lists they are parted by
 * commas, which values hold, too.
 */
export const LABEL = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  oneOff: 'com.docker.compose.oneoff',
  /** Compose files that it was started with, parted by commas. */
  files: 'com.docker.compose.project.config_files',
  /** Folder that the project is in. */
  folder: 'com.docker.compose.project.working_dir',
  /** Whose fleet it belongs to: a hash of Conclave's own folder. Networks have it from docker-compose.yml. */
  fleet: 'dev.conclave.fleet',
  /** What flagsOf says of the service. */
  flags: 'dev.conclave.flags',
} as const;

/**
 * Reads `docker inspect`. One-off containers are none of the fleet's services. Of several of one service, which an upgrade
 * may leave, the newest counts.
 */
export function readContainers(text: string, owner: Owner): ProjectContainers {
  const ids: string[] = [];
  const foreign: { name: string; folder?: string }[] = [];
  const newest = new Map<string, Container>();
  for (const one of inspectSchema.parse(JSON.parse(text)).toSorted((a, b) => (a.Created < b.Created ? -1 : 1))) {
    const labels = one.Config.Labels ?? {};
    const name = one.Name.replace(/^\//, '');
    if (!isOurs(labels, owner)) {
      const folder = labels[LABEL.folder];
      foreign.push({ name, ...(folder ? { folder } : {}) });
      continue;
    }
    ids.push(one.Id);
    const { [LABEL.service]: service, [LABEL.flags]: flags } = labels;
    if (service === undefined || labels[LABEL.oneOff]?.toLowerCase() === 'true') continue;
    newest.set(service, {
      ...{ id: one.Id, service, name, state: one.State, restarts: one.RestartCount },
      ...(flags === undefined ? {} : { flags }),
    });
  }
  return { services: [...newest.values()], ids, foreign };
}

function isOurs(labels: Readonly<Record<string, string>>, { fleet, file }: Owner): boolean {
  if (labels[LABEL.fleet] !== undefined) return labels[LABEL.fleet] === fleet;
  const files = labels[LABEL.files];
  return file !== undefined && (files === file || files?.startsWith(`${file},`) === true);
}

/** @param wasStopped we stopped this container, or the machine was turned off, and nobody has started it since */
export function seenOf({ service, state, restarts, flags }: Container, wasStopped: boolean): Seen {
  return { name: service, ...(flags === undefined ? {} : { flags }), run: runOf(state, restarts, wasStopped) };
}

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
      // Its code tells nothing: vLLM ends with 0, too, when its engine has died.
      const since = state.StartedAt;
      return { kind: 'ended', code, byUser: wasStopped, since, restarts, ...(why === undefined ? {} : { why }) };
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
