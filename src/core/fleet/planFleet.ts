import type { PlannedService } from './driver.ts';
import { type Placed, placeServers, type ServerToPlace, takes, USABLE } from './placeServers.ts';
import type { Profile } from './profile.ts';

/** What a fleet is planned for. */
export interface Machine {
  /** Memory of each GPU by its number, in GiB. With unified memory: one, what the GPU may have of it. */
  gpus: readonly number[];
  /** Whose GPUs these are; NVIDIA's where absent. */
  kind?: 'cuda' | 'metal';
  /** Main memory in GiB, for servers without a GPU; not counted where absent. */
  memory?: number;
  /** Why its GPUs could not be seen, as a part of a sentence; absent where they were, or where it has none. */
  why?: string;
}

export type FleetPlan =
  | {
      kind: 'planned';
      /** In the order in which they start. Empty: the profile starts nothing. */
      services: PlannedService[];
      /** Services that the crew works without and that found no memory. */
      leftOut: string[];
    }
  | {
      kind: 'refused';
      /** What it takes with the smallest windows, in GiB, as far as that is why. */
      needs?: number;
      /** A sentence with the sum. */
      why: string;
      /** The best of the profiles that were given as `others` and fit. */
      instead?: string;
    };

type ServerKey = keyof Profile['servers'];

const PORTS: Record<ServerKey, number> = {
  preprocessor: 8000,
  planner: 8001,
  coder: 8002,
  reviewer: 8003,
  transcriber: 8004,
};

/** Programs that Conclave starts tell nobody about it. */
const QUIET = { VLLM_NO_USAGE_STATS: '1', DO_NOT_TRACK: '1', HF_HUB_DISABLE_TELEMETRY: '1' };

/** What every server is started with: that we look at it again and again is not written into its log. */
const QUIETLY = { 'disable-access-log-for-endpoints': '/health,/metrics,/v1/models' };

/** What every server that answers in text is started with. */
const COMMON = {
  'enable-prompt-tokens-details': true,
  'enable-per-request-metrics': true,
  // Without it, small models fill the white space that JSON allows until their token limit.
  'structured-outputs-config': { backend: 'xgrammar', disable_any_whitespace: true },
};

/**
 * Decides how the servers of a profile share a machine: GPU, share of its memory, window.
 * @param others profiles from which one is named where this one does not fit
 */
export function planFleet(profile: Profile, machine: Machine, others: readonly Profile[] = []): FleetPlan {
  const plan = planOne(profile, machine);
  if (plan.kind === 'planned') return plan;
  const instead = advisedProfile(others, machine)?.name;
  return instead === undefined ? plan : { ...plan, instead };
}

/** The best of the profiles that fit a machine. */
export function advisedProfile(profiles: readonly Profile[], machine: Machine): Profile | undefined {
  return profiles.toSorted((a, b) => b.rank - a.rank).find((profile) => planOne(profile, machine).kind === 'planned');
}

function planOne(profile: Profile, machine: Machine): FleetPlan {
  switch (profile.runsOn) {
    case 'none':
      return { kind: 'planned', services: [], leftOut: [] };
    case 'cpu':
      return planOnProcessor(profile, machine);
    case 'cuda':
    case 'metal':
      return planOnGpus(profile, profile.runsOn, machine);
    default:
      return profile.runsOn satisfies never;
  }
}

function planOnProcessor(profile: Profile, { memory }: Machine): FleetPlan {
  const servers = serversOf(profile);
  const needs = needOf(servers);
  if (memory !== undefined && needs > memory * USABLE) {
    const has = `this machine has ${inGib(memory)} GiB, of which ${inGib(memory * USABLE)} can be used`;
    return { kind: 'refused', needs, why: `${profile.name} needs ${sumOf(servers)} GiB of main memory; ${has}.` };
  }
  const services = servers.map((server) => {
    // vLLM takes whole GiB for it.
    const cache = Math.ceil(cacheOf(server, server.window.wanted));
    const env = { ...QUIET, VLLM_CPU_KVCACHE_SPACE: `${Math.max(cache, 1)}` };
    return serviceOf(server, { window: server.window.wanted, gpus: [], env, options: {} });
  });
  return { kind: 'planned', services, leftOut: [] };
}

function planOnGpus(profile: Profile, kind: 'cuda' | 'metal', machine: Machine): FleetPlan {
  const gpus = (machine.kind ?? 'cuda') === kind ? machine.gpus : [];
  const servers = serversOf(profile);
  for (const kept of withoutOptional(servers)) {
    // Other programs need what a unified memory has left; that of a card is of use to its servers alone.
    const placed = placeServers(kept, gpus, kind === 'cuda' ? 'all' : 'needed');
    if (placed === undefined) continue;
    const services = kept.map((server, index) => serviceOnGpus(server, placed[index] as Placed));
    const leftOut = servers.filter((server) => !kept.includes(server)).map(({ key }) => serviceName(key));
    return { kind: 'planned', services, leftOut };
  }
  return refusal(profile, kind, gpus, kind === 'cuda' ? machine.why : undefined);
}

interface KeyedServer extends ServerToPlace {
  key: ServerKey;
}

function serversOf(profile: Profile): KeyedServer[] {
  return Object.entries(profile.servers).map(([key, server]) => ({ ...server, key: key as ServerKey }));
}

/** All servers, then with one optional one fewer, the last first, and so on until only those stay that are needed. */
function withoutOptional(servers: readonly KeyedServer[]): KeyedServer[][] {
  const optional = servers.filter((server) => server.optional).toReversed();
  const subsets = Array.from({ length: 2 ** optional.length }, (_, mask) =>
    optional.filter((_, index) => (mask & (1 << index)) !== 0),
  );
  return subsets
    .toSorted((a, b) => a.length - b.length)
    .map((dropped) => servers.filter((server) => !dropped.includes(server)));
}

function serviceOnGpus(server: KeyedServer, { gpus, share, window }: Placed): PlannedService {
  const options = {
    'gpu-memory-utilization': share,
    ...(gpus.length > 1 && { 'tensor-parallel-size': gpus.length }),
  };
  return serviceOf(server, { window, gpus, env: QUIET, options });
}

function serviceOf(
  server: KeyedServer,
  { window, gpus, env, options }: Pick<PlannedService, 'gpus' | 'env'> & { window: number; options: object },
): PlannedService {
  const hearsOnly = server.roles.every((role) => role === 'transcriber');
  return {
    name: serviceName(server.key),
    kind: hearsOnly ? 'transcriber' : 'model',
    roles: server.roles,
    serves: {
      model: server.model,
      names: server.roles,
      window,
      options: { 'max-model-len': window, ...options, ...QUIETLY, ...(!hearsOnly && COMMON), ...server.options },
    },
    port: server.port ?? PORTS[server.key],
    gpus,
    env,
  };
}

function refusal(
  profile: Profile,
  kind: 'cuda' | 'metal',
  gpus: readonly number[],
  unseen: string | undefined,
): FleetPlan {
  const needed = serversOf(profile).filter((server) => !server.optional);
  const needs = needOf(needed);
  const wants = `${profile.name} needs ${sumOf(needed)} GiB of GPU memory`;
  if (gpus.length === 0) {
    const missing = kind === 'cuda' ? 'no NVIDIA GPU was found here' : 'this is no Mac with Apple silicon';
    return { kind: 'refused', needs, why: `${wants}; ${unseen ?? missing}.` };
  }
  const all = gpus.reduce((sum, gpu) => sum + gpu, 0);
  const has = gpus.length === 1 ? `the GPU has ${inGib(all)} GiB` : `the GPUs have ${gpus.map(inGib).join(' + ')} GiB`;
  const usable = `of which ${inGib(all * USABLE)} can be used`;
  if (needs > all * USABLE) return { kind: 'refused', needs, why: `${wants}; ${has}, ${usable}.` };
  const largest = needed.toSorted((a, b) => needOf([b]) - needOf([a]))[0] as KeyedServer;
  const apart = `its servers cannot be divided among them; the largest, ${largest.key}, takes ${inGib(needOf([largest]))} GiB`;
  return { kind: 'refused', needs, why: `${wants}; ${has}, ${usable}, and ${apart}.` };
}

/** "8.1 (preprocessor) + 20.5 (planner) = 28.6". */
function sumOf(servers: readonly KeyedServer[]): string {
  const parts = servers.map((server) => `${inGib(needOf([server]))} (${server.key})`);
  return parts.length === 1 ? inGib(needOf(servers)) : `${parts.join(' + ')} = ${inGib(needOf(servers))}`;
}

/** GiB, with the smallest windows. */
function needOf(servers: readonly KeyedServer[]): number {
  return servers.reduce((sum, server) => sum + takes(server, server.window.least), 0);
}

function cacheOf(server: KeyedServer, window: number): number {
  return takes(server, window) - server.weights - server.overhead;
}

const serviceName = (key: ServerKey): string => `vllm-${key}`;
const inGib = (gib: number): string => `${Math.round(gib * 10) / 10}`;
