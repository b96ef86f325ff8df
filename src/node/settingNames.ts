import type { Role } from '../shared/events.ts';

/** The environment variable that sets one thing of an endpoint. */
export function endpointVariable(role: Role, key: 'url' | 'model'): string {
  return `CONCLAVE_${role.toUpperCase()}_${key.toUpperCase()}`;
}

/** The environment variable that sets one thing of the fleet. */
export function fleetVariable(key: string): string {
  return `CONCLAVE_FLEET_${key.toUpperCase()}`;
}

/**
 * What stands for "the fleet is started" among the names of settings: it is called by a command of the terminal's, or of the
 * editor's.
 */
export const START_OF_FLEET = 'fleet.up';

/** What to set in the terminal: a variable for the endpoints and the fleet, which are the user's own, and a key of the workspace's file for the rest. */
export function nameInTerminal(key: string): string {
  if (key === 'apiKey') return 'CONCLAVE_API_KEY';
  if (key === START_OF_FLEET) return '"conclave fleet up"';
  const [, fleet] = /^fleet\.(\w+)$/.exec(key) ?? [];
  if (fleet !== undefined) return fleetVariable(fleet);
  const [, role, leaf] = /^endpoints\.(\w+)\.(url|model)$/.exec(key) ?? [];
  return role === undefined
    ? `${key} in .conclave/config.json`
    : endpointVariable(role as Role, leaf as 'url' | 'model');
}
