import type { Role } from '../shared/events.ts';

/** The environment variable that sets one thing of an endpoint. */
export function endpointVariable(role: Role, key: 'url' | 'model'): string {
  return `CONCLAVE_${role.toUpperCase()}_${key.toUpperCase()}`;
}

/** What to set in the terminal: a variable for the endpoints, which are the user's own, and a key of the workspace's file for the rest. */
export function nameInTerminal(key: string): string {
  if (key === 'apiKey') return 'CONCLAVE_API_KEY';
  const [, role, leaf] = /^endpoints\.(\w+)\.(url|model)$/.exec(key) ?? [];
  return role === undefined
    ? `${key} in .conclave/config.json`
    : endpointVariable(role as Role, leaf as 'url' | 'model');
}
