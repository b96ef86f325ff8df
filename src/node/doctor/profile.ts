import { advisedProfile, type FleetPlan, type Machine } from '../../core/fleet/planFleet.ts';
import type { Profile } from '../../core/fleet/profile.ts';
import { OWN_SERVERS } from '../../shared/fleet.ts';
import type { Finding } from './finding.ts';

/** Whether a profile fits this machine: how its servers share it, or the sum and what fits instead. */
export function profileFinding(profile: Profile, plan: FleetPlan, setting: string): Finding {
  const what = 'Profile';
  if (plan.kind === 'refused') {
    const { instead, why } = plan;
    const remedy =
      instead === undefined
        ? 'Start servers of your own, and set the endpoints to them.'
        : `Set ${setting} to ${instead}, which fits${instead === OWN_SERVERS ? ': the roles then use servers of your own' : ''}.`;
    return { what, state: 'missing', found: why.replace(/\.$/, ''), remedy };
  }
  const servers = plan.services.flatMap(({ name, kind, serves, gpus }) => {
    if (serves === undefined) return [];
    // Of what hears, the window tells nobody anything.
    const window = kind === 'model' ? ` with ${serves.window.toLocaleString('en-US')} tokens` : '';
    const where = profile.runsOn === 'cuda' && gpus.length > 0 ? ` on GPU ${gpus.join(' and ')}` : '';
    return [`${name}${window}${where}`];
  });
  const without =
    plan.leftOut.length === 0 ? '' : `; no memory for ${plan.leftOut.join(' and ')}, which can be done without`;
  return { what, state: 'good', found: `${profile.name} fits: ${servers.join(', ')}${without}` };
}

/** A name that no profile has. */
export function unknownProfileFinding(name: string, profiles: readonly Profile[], setting: string): Finding {
  return {
    what: 'Profile',
    state: 'missing',
    found: `there is no profile "${name}"`,
    remedy: `Set ${setting} to one of ${profiles.map((profile) => profile.name).join(', ')}.`,
  };
}

/** The user's own servers are as good as ours. */
export const OWN_ARE_USED: Finding = {
  what: 'Profile',
  state: 'good',
  found: `${OWN_SERVERS}: the roles use servers of your own`,
};

/** None was chosen, and the roles have their servers. */
export const NONE_NEEDED: Finding = {
  what: 'Profile',
  state: 'good',
  found: "none chosen: the roles' servers answer",
};

/** None was chosen, and there are no servers: what this machine could run. @param start what the user is to do for it */
export function adviceFinding(
  profiles: readonly Profile[],
  machine: Machine,
  start: string,
): { advised: Profile | undefined; finding: Finding } {
  const advised = advisedProfile(profiles, machine);
  const said = { what: 'Profile', state: 'good' } as const;
  if (advised === undefined || advised.driver === 'none') {
    const gpu = machine.gpus.length === 0 ? 'no GPU that they could use is here' : 'the GPU is too small for them';
    const found = `none chosen: ${gpu}, so Conclave starts no servers of its own; the roles use yours, such as Ollama's`;
    return { advised, finding: { ...said, found } };
  }
  const found = `none chosen; ${advised.name} fits this machine: ${advised.summary}`;
  return { advised, finding: { ...said, found, remedy: `${start} starts it.` } };
}
