/**
 * docker/vllm/<profile>/<service>.yaml: what the bare docker-compose.yml starts its servers with, made from profiles/ for
 * the machine that each profile names. `npm run profiles` writes them; a test compares.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { plannedServers } from './plannedServers.ts';

export const CONFIGS = 'docker/vllm';

/** Text by path. */
export async function vllmConfigs(): Promise<Map<string, string>> {
  const servers = (await plannedServers()).filter(({ driver }) => driver === 'compose');
  return new Map(
    servers.map(({ profile, service, config }) => [
      `${CONFIGS}/${profile}/${service}.yaml`,
      `# Made from profiles/${profile}.yaml by "npm run profiles".\n${stringify(config)}`,
    ]),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const configs = await vllmConfigs();
  rmSync(CONFIGS, { recursive: true, force: true });
  for (const [path, text] of configs) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
