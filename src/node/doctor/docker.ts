import { hostname } from 'node:os';
import { z } from 'zod';
import { DriverError } from '../../core/fleet/driver.ts';
import { parsedJson } from '../../core/models/parsedJson.ts';
import { checkEngine } from '../fleet/compose/checkEngine.ts';
import { type Docker, dockerClient } from '../fleet/compose/docker.ts';
import { isOnPath } from '../processes.ts';
import type { Finding } from './finding.ts';

/** The container engine, as far as it can be reached. */
export interface DockerHere {
  docker: Finding;
  /** Whether containers can have NVIDIA's GPUs; absent where the engine cannot be asked. */
  nvidia?: Finding;
  /** Where it keeps images and volumes, if that is on this machine. Absolute. */
  dataRoot?: string;
}

/** Asks the Docker engine what it is; starts and changes nothing. */
export async function dockerHere(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<DockerHere> {
  const docker = dockerClient(env);
  try {
    await checkEngine(docker, signal);
    return await reachedEngine(docker, env, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DriverError)) throw error;
    return { docker: { what: 'Docker', state: 'missing', found: error.message, remedy: error.remedy } };
  }
}

const infoSchema = z.object({
  ServerVersion: z.string(),
  OperatingSystem: z.string().optional(),
  Name: z.string().optional(),
  DockerRootDir: z.string().optional(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  /** From Engine 28.2 on. */
  DiscoveredDevices: z.array(z.object({ ID: z.string().optional() })).nullish(),
});

type EngineInfo = z.infer<typeof infoSchema>;

async function reachedEngine(docker: Docker, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<DockerHere> {
  const [info, compose] = await Promise.all([
    docker.ask(['info', '--format', '{{json .}}'], signal),
    docker.ask(['compose', 'version', '--short'], signal),
  ]);
  const { data } = infoSchema.safeParse(parsedJson(info.stdout));
  if (data === undefined) {
    return { docker: { what: 'Docker', state: 'good', found: 'answers, and tells little of itself' } };
  }
  const isHere = data.Name === hostname() && data.OperatingSystem !== DESKTOP;
  const on = data.OperatingSystem === undefined ? '' : ` on ${data.OperatingSystem}`;
  const found = `Engine ${data.ServerVersion}${on}, Compose ${compose.stdout.trim().replace(/^v/, '')}`;
  return {
    docker: { what: 'Docker', state: 'good', found },
    nvidia: nvidiaFinding(data, env, isHere),
    ...(isHere && data.DockerRootDir !== undefined ? { dataRoot: data.DockerRootDir } : {}),
  };
}

/** It keeps everything in a virtual machine. */
const DESKTOP = 'Docker Desktop';

function nvidiaFinding({ Runtimes, DiscoveredDevices }: EngineInfo, env: NodeJS.ProcessEnv, isHere: boolean): Finding {
  const what = 'GPU runtime';
  if (Object.hasOwn(Runtimes ?? {}, 'nvidia')) return { what, state: 'good', found: "NVIDIA's runtime for containers" };
  if (DiscoveredDevices?.some(({ ID }) => ID?.startsWith('nvidia.com/gpu'))) {
    return { what, state: 'good', found: "NVIDIA's GPUs as CDI devices" };
  }
  // The engine uses it without being told of it, and does not tell of it.
  if (isHere && isOnPath('nvidia-container-runtime-hook', env)) {
    return { what, state: 'good', found: "NVIDIA's hook for containers" };
  }
  return {
    what,
    state: 'missing',
    found: 'the Docker engine knows no NVIDIA runtime and no NVIDIA devices, so containers get no GPU',
    remedy:
      'Install the NVIDIA Container Toolkit, run "sudo nvidia-ctk runtime configure --runtime=docker" and restart Docker.',
  };
}
