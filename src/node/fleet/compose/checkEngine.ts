import { DriverError } from '../../../core/fleet/driver.ts';
import { isLoopback } from '../../loopback.ts';
import type { Docker } from './docker.ts';
import { engineFailure } from './engineFailure.ts';

/** The oldest Compose that knows everything the files ask of it: inline configurations, and lists that replace others. */
const OLDEST_COMPOSE = [2, 24, 4] as const;
const NEWER = 'Install Docker Engine with the Compose plugin, or Docker Desktop, in a newer version.';

/** Holds that there is a Docker engine that can be asked, and a Compose that knows enough. @throws DriverError */
export async function checkEngine(docker: Docker, signal: AbortSignal): Promise<void> {
  const client = await docker.ask(['--version'], signal);
  if (/podman/i.test(client.stdout + client.stderr)) throw podman();

  const compose = await docker.ask(['compose', 'version'], signal);
  if (/podman/i.test(compose.stdout + compose.stderr)) throw podman();
  if (compose.code !== 0) {
    throw new DriverError(
      'Docker has no Compose plugin here.',
      'Install it (on Linux the package docker-compose-plugin, or docker-compose-v2). The older docker-compose program (version 1) is not supported: it does not know GPU reservations, health checks while starting and profiles as they are used.',
    );
  }
  const plugin = versionIn(compose.stdout);
  if (plugin !== undefined && isOlder(plugin, OLDEST_COMPOSE)) {
    throw new DriverError(
      `Docker Compose ${plugin.join('.')} is too old; Conclave needs ${OLDEST_COMPOSE.join('.')} or newer.`,
      NEWER,
    );
  }

  const context = await docker.ask(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], signal);
  const host = context.code === 0 ? context.stdout.trim() : '';
  if (isElsewhere(host)) {
    throw new DriverError(
      `The Docker engine at ${host} is on another machine; Conclave starts its servers on this one only.`,
      'Choose the local engine ("docker context use default", DOCKER_HOST unset), or start servers there yourself and set the endpoints to them.',
    );
  }

  const engine = await docker.ask(['version', '--format', '{{json .Server}}'], signal);
  if (engine.code !== 0) throw engineFailure(engine.stderr, { what: 'be asked for its version', secrets: [] });
  if (/podman/i.test(engine.stdout)) throw podman();
}

/** @param host URL of an engine: "unix:///var/run/docker.sock", "tcp://192.168.1.20:2376", "ssh://user@box" */
function isElsewhere(host: string): boolean {
  if (!/^(tcp|https?|ssh):/i.test(host)) return false;
  // Behind a port of this machine there may be one of a virtual machine, or a tunnel: its ports are told by what answers.
  return !URL.canParse(host) || !isLoopback(new URL(host).hostname);
}

function podman(): DriverError {
  return new DriverError(
    'Podman is not supported: it answers otherwise than Docker to what Conclave asks for GPUs, health and events.',
    'Install Docker Engine with the Compose plugin, or choose a profile that needs no containers.',
  );
}

type Version = readonly [number, number, number];

function versionIn(text: string): Version | undefined {
  const [, major, minor, patch] = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch ?? 0)];
}

function isOlder(version: Version, oldest: Version): boolean {
  for (const [at, least] of oldest.entries()) {
    const part = version[at] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
