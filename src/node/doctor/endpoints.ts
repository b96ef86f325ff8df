import { ModelError } from '../../core/models/modelError.ts';
import { NEEDED_ROLES, SMALLEST_WINDOW } from '../../core/settings.ts';
import { ROLES, type Role } from '../../shared/events.ts';
import type { LoadedSettings } from '../configuration.ts';
import { openConfiguredEndpoint } from '../configuredEndpoint.ts';
import type { LocalServer } from '../localServers.ts';
import { isLoopback } from '../loopback.ts';
import { START_OF_FLEET } from '../settingNames.ts';
import { type Finding, titleOf } from './finding.ts';

export interface EndpointFinding {
  role: Role;
  finding: Finding;
  answers: boolean;
}

/**
 * Asks the server of each role what it serves.
 * @param startable roles that a fleet of ours would have servers for; only asked for where a role's server is silent
 */
export async function endpointFindings(
  loaded: LoadedSettings,
  startable: () => Promise<ReadonlySet<Role>>,
  signal: AbortSignal,
): Promise<EndpointFinding[]> {
  let looking: ReturnType<typeof startable> | undefined;
  /** Where the user has not named a server of their own. */
  const isOurs = async (role: Role): Promise<boolean> => {
    if (!['default', 'fleet'].includes(loaded.sources[`endpoints.${role}.url`] ?? 'default')) return false;
    looking ??= startable();
    return (await looking).has(role);
  };
  return Promise.all(
    ROLES.map(async (role): Promise<EndpointFinding> => {
      const answered = (finding: Finding): EndpointFinding => ({ role, finding, answers: true });
      const { url } = loaded.settings.endpoints[role];
      const what = titleOf(role);
      const state = NEEDED_ROLES.includes(role) ? 'missing' : 'limited';
      try {
        const served = await openConfiguredEndpoint(loaded, role).served(signal);
        if (served.window >= SMALLEST_WINDOW)
          return answered({ what, state: 'good', found: `${served.model} at ${url}, window ${served.window} tokens` });
        return answered({
          what,
          state,
          found: `${served.model} at ${url} serves only ${served.window} tokens`,
          remedy: `Serve it with at least ${SMALLEST_WINDOW}.`,
        });
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        const needed = state === 'missing' ? '' : ' Runs on plain text work without it.';
        const begin = (await isOurs(role))
          ? `Start the fleet: ${loaded.nameOf(START_OF_FLEET)}`
          : 'Start a server there';
        const remedy = `${begin}, or set ${loaded.nameOf(`endpoints.${role}.url`)}.${needed}`;
        return { role, finding: { what, state, found: error.message, remedy }, answers: false };
      }
    }),
  );
}

/** The finding about a role without a server, with those that were found instead. */
export function withOffers(
  finding: Finding,
  role: Role,
  { servers, setting }: { servers: readonly LocalServer[]; setting: string },
): Finding {
  if (servers.length === 0) return finding;
  const offers = servers.flatMap(({ product, url, models }) =>
    models.slice(0, MOST_OFFERS).map((model) => ({
      role,
      what: `${product ?? 'A server'} at ${url} serves ${model}`,
      url,
      model,
    })),
  );
  const named = offers.slice(0, MOST_OFFERS).map(({ what }) => what);
  const more = offers.length - named.length;
  const found = `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  const remedy = `${finding.remedy ?? ''} Found on this machine: ${found}: set ${setting} to its address.`;
  return { ...finding, remedy: remedy.trim(), offers: offers.slice(0, MOST_OFFERS) };
}

/** More would be a list to read, not an offer. */
const MOST_OFFERS = 3;

/** What an API key does not do: vLLM asks for it under /v1 only, and answers whole chats at /invocations to everybody. */
export function keyFindings({ settings: { endpoints }, apiKey }: LoadedSettings): Finding[] {
  if (apiKey === undefined) return [];
  const far = ROLES.filter((role) => !isLoopback(new URL(endpoints[role].url).hostname));
  if (far.length === 0) return [];
  const servers = far.map((role) => `${titleOf(role)} at ${endpoints[role].url}`).join(', ');
  return [
    {
      what: 'API key',
      state: 'limited',
      found: `not on this machine, with a key that may guard no more than /v1: ${servers}`,
      remedy:
        'vLLM answers whole chats at /invocations without it: have servers listen on 127.0.0.1 and reach them through a tunnel, or put a proxy that guards every path before them.',
    },
  ];
}
