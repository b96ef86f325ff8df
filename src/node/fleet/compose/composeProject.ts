import { z } from 'zod';
import type { Docker, DockerResult } from './docker.ts';
import { engineFailure } from './engineFailure.ts';
import type { ShippedService } from './overrideFile.ts';

/** As Compose has worked it out of the files. */
export interface ConfiguredService extends ShippedService {
  /** Name and tag; Compose makes one up for what is only built. */
  image: string;
  isBuilt: boolean;
}

const configSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string().optional(),
      build: z.unknown().optional(),
      ports: z
        .array(z.object({ target: z.number(), published: z.coerce.number().optional().catch(undefined) }))
        .nullish(),
    }),
  ),
});

/** Compose over one project of ours. */
export interface ComposeProject {
  name: string;
  /** Runs `docker compose`. @param over files that are laid over those of the installation */
  run(
    over: readonly string[],
    args: readonly string[],
    options: { signal: AbortSignal; onLine?: (line: string) => void },
  ): Promise<DockerResult>;
  /** What the files say of each service. @throws DriverError */
  configured(over: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ConfiguredService>>;
}

/** @param files absolute paths of the installation's Compose files, the later over the earlier */
export function composeProject(
  docker: Docker,
  name: string,
  files: readonly string[],
  secrets: readonly string[],
): ComposeProject {
  function lineOf(over: readonly string[], args: readonly string[]): string[] {
    const named = [...files, ...over].flatMap((file) => ['--file', file]);
    return ['compose', '--project-name', name, ...named, ...args];
  }
  return {
    name,
    run: (over, args, options) => docker.run(lineOf(over, args), options),
    async configured(over, signal) {
      const line = lineOf(over, ['--profile', '*', 'config', '--format', 'json']);
      const { code, stdout, stderr } = await docker.ask(line, signal);
      if (code !== 0) throw engineFailure(stderr, { what: 'read docker-compose.yml', secrets });
      const { services } = configSchema.parse(JSON.parse(stdout));
      return new Map(
        Object.entries(services).map(([service, { image, build, ports }]) => [
          service,
          {
            image: image ?? `${name}-${service}`,
            isBuilt: build !== undefined,
            ports: (ports ?? []).map(({ target, published }) => ({
              target,
              ...(published === undefined ? {} : { published }),
            })),
          },
        ]),
      );
    },
  };
}
