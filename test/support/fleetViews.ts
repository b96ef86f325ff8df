/** Made-up fleets for tests of what front ends show. */
import type { Role } from '../../src/shared/events.ts';
import type { FleetState, Service, ServiceState, Vitals } from '../../src/shared/fleet.ts';
import type { FleetInUse } from '../../src/shared/fleetProtocol.ts';

const START = Date.parse('2026-11-26T06:00:00Z');

const SERVERS: Record<Role, Pick<Service, 'model' | 'window' | 'url'>> = {
  preprocessor: { model: 'google/gemma-2-2b-it', window: 8192, url: 'http://127.0.0.1:8000/v1' },
  planner: { model: 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1', window: 32_768, url: 'http://127.0.0.1:8001/v1' },
  coder: { model: 'mistralai/Devstral-Small-2-24B-Instruct-2512', window: 65_536, url: 'http://127.0.0.1:8002/v1' },
  reviewer: { model: 'Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8', window: 65_536, url: 'http://127.0.0.1:8003/v1' },
};

export const READY: ServiceState = { kind: 'ready', since: '2026-11-26T05:00:00Z' };

/** The server of one role. */
export function serverOf(role: Role, state: ServiceState, vitals?: Vitals): Service {
  const service: Service = { name: `vllm-${role}`, kind: 'model', roles: [role], ...SERVERS[role], state };
  return vitals === undefined ? service : { ...service, vitals };
}

/** Four servers, each for a role; those that are not named are ready. */
export function fourServers(states: Partial<Record<Role, ServiceState>> = {}): FleetState {
  const roles: Role[] = ['preprocessor', 'planner', 'coder', 'reviewer'];
  return { profile: 'blueprint', services: roles.map((role) => serverOf(role, states[role] ?? READY)) };
}

/** @param second since an arbitrary start */
export function inUse(state: FleetState, second = 0, more: Partial<FleetInUse> = {}): FleetInUse {
  return {
    kind: 'fleet',
    title: 'One card with 96 GB',
    state,
    at: new Date(START + second * 1000).toISOString(),
    ...more,
  };
}

/** What a server of this role does at that second of a run that goes on: the same each time. */
export function vitalsAt(role: Role, second: number): Vitals {
  const wave = (length: number, shift: number): number =>
    0.5 + 0.5 * Math.sin((2 * Math.PI * (second + shift)) / length);
  switch (role) {
    case 'coder':
      return {
        running: second % 30 < 20 ? 2 : 1,
        waiting: second % 40 > 30 ? 1 : 0,
        kvUse: 0.35 + 0.3 * wave(80, 0),
        reading: second % 20 < 6 ? 2400 * wave(9, 2) : 0,
        writing: 70 + 22 * wave(16, 5) + 6 * wave(5, 1),
        ...(second % 20 < 6 && { prefixHits: 0.82 + 0.14 * wave(30, 4), firstTokenMs: 240 + 160 * wave(22, 9) }),
      };
    case 'reviewer':
      return {
        running: second % 60 > 30 ? 1 : 0,
        waiting: 0,
        kvUse: 0.12 + 0.1 * wave(60, 40),
        reading: second % 60 > 30 && second % 60 < 40 ? 1800 * wave(7, 2) : 0,
        writing: second % 60 > 34 ? 50 + 10 * wave(11, 3) : 0,
        ...(second % 60 > 30 && second % 60 < 36 && { prefixHits: 0.74, firstTokenMs: 420 }),
      };
    default:
      return { running: 0, waiting: 0, kvUse: 0, reading: 0, writing: 0 };
  }
}

/** How four servers at work are seen over two minutes, a look every two seconds. */
export function twoMinutes(): FleetInUse[] {
  const roles: Role[] = ['preprocessor', 'planner', 'coder', 'reviewer'];
  return Array.from({ length: 61 }, (_, look) => 2 * look).map((second) =>
    inUse(
      { profile: 'blueprint', services: roles.map((role) => serverOf(role, READY, vitalsAt(role, second))) },
      second,
    ),
  );
}
