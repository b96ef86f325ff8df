/**
 * docker/vllm/<profile>/<service>.yaml: what the bare docker-compose.yml starts its servers with, made from profiles/ for
 * the machine that each profile names. `npm run profiles` writes them; a test compares.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { planFleet } from '../../src/core/fleet/planFleet.ts';
import { vllmConfig } from '../../src/core/fleet/vllmConfig.ts';
import { readProfiles } from '../../src/node/fleet/profiles.ts';

export const CONFIGS = 'docker/vllm';

/** Text by path. */
export async function vllmConfigs(): Promise<Map<string, string>> {
  const profiles = (await readProfiles('.')).filter(({ driver }) => driver === 'compose');
  return new Map(
    profiles.flatMap((profile) => {
      const plan = planFleet(profile, { gpus: profile.machine });
      if (plan.kind === 'refused') throw new Error(`${profile.name} does not fit its own machine: ${plan.why}`);
      return plan.services.flatMap(({ name, serves }): [string, string][] => {
        if (serves === undefined) return [];
        const head = `# Made from profiles/${profile.name}.yaml by "npm run profiles".\n`;
        return [[`${CONFIGS}/${profile.name}/${name}.yaml`, head + stringify(vllmConfig(serves))]];
      });
    }),
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
