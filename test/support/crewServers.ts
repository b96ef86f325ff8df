import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ROLES, type Role } from '../../src/shared/events.ts';

const MODELS: Record<Role, { model: string; window: number }> = {
  preprocessor: { model: 'google/gemma-2-2b-it', window: 8192 },
  planner: { model: 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1', window: 32_768 },
  coder: { model: 'mistralai/Devstral-Small-2-24B-Instruct-2512', window: 65_536 },
  reviewer: { model: 'Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8', window: 65_536 },
};

/** What stands in for the model servers of a fleet: processes that start, work and fail as they are told (crewServer.mjs). */
export interface CrewServers {
  /** What the setting `fleet.vllm` is to be. */
  vllm: string[];
  /** A profile with a server for each role, on ports that were free. */
  profile: { name: string; title: string; yaml: string };
  ports: Record<Role, number>;
  /** Has the server of a role stay in the middle of its start, or run out of memory in it, from its next start on. */
  set(role: Role, what: 'hold' | 'memory'): void;
  /** Has it do so no longer; one that was held goes on. */
  unset(role: Role, what: 'hold' | 'memory'): void;
  /** How often it was asked for its metrics, since it was started. */
  asked(role: Role): number;
  remove(): void;
}

export async function openCrewServers(): Promise<CrewServers> {
  const control = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-crew-')));
  const free: number[] = await freePorts(ROLES.length);
  const ports = Object.fromEntries(ROLES.map((role, at) => [role, free[at] ?? 0])) as Record<Role, number>;
  const file = (role: Role, what: string): string => join(control, `${ports[role]}.${what}`);
  const title = 'One card with 96 GB';
  const yaml = stringify({
    name: 'crew',
    title,
    summary: 'A server for each role',
    rank: 100,
    driver: 'native',
    runsOn: 'cpu',
    machine: [],
    servers: Object.fromEntries(
      ROLES.map((role) => {
        const { model, window } = MODELS[role];
        const sizes = { weights: 0.01, kvPerToken: 0, overhead: 0.01, window: { wanted: window, least: window } };
        return [role, { roles: [role], model, ...sizes, port: ports[role] }];
      }),
    ),
  });
  return {
    vllm: [process.execPath, resolve('test/support/crewServer.mjs'), control],
    profile: { name: 'crew', title, yaml },
    ports,
    set: (role, what) => writeFileSync(file(role, what), ''),
    unset: (role, what) => rmSync(file(role, what), { force: true }),
    asked: (role) => (existsSync(file(role, 'asked')) ? Number(readFileSync(file(role, 'asked'), 'utf8')) : 0),
    remove: () => rmSync(control, { recursive: true, force: true }),
  };
}

/** Taken all at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
