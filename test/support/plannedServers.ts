import { planFleet } from '../../src/core/fleet/planFleet.ts';
import { vllmConfig } from '../../src/core/fleet/vllmConfig.ts';
import { readProfiles } from '../../src/node/fleet/profiles.ts';

/** A model server of a profile on the machine that the profile names, and its configuration. */
export interface PlannedServer {
  profile: string;
  driver: 'compose' | 'native' | 'none';
  service: string;
  config: Record<string, unknown>;
}

/** All model servers of all profiles. */
export async function plannedServers(): Promise<PlannedServer[]> {
  return (await readProfiles('.')).flatMap((profile) => {
    const plan = planFleet(profile, { gpus: profile.machine, kind: profile.runsOn === 'metal' ? 'metal' : 'cuda' });
    if (plan.kind === 'refused') throw new Error(`${profile.name} does not fit its own machine: ${plan.why}`);
    return plan.services.flatMap(({ name, serves }) => {
      if (serves === undefined) return [];
      return [{ profile: profile.name, driver: profile.driver, service: name, config: vllmConfig(serves) }];
    });
  });
}
