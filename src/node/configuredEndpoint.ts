import { openEndpoint } from '../core/models/endpoint.ts';
import type { Model } from '../core/ports.ts';
import type { Role } from '../shared/events.ts';
import type { LoadedSettings } from './configuration.ts';

/** The model of a role, as the user has set it. */
export function openConfiguredEndpoint(
  { settings, apiKey, nameOf }: Pick<LoadedSettings, 'settings' | 'apiKey' | 'nameOf'>,
  role: Role,
): Model {
  const { url, model } = settings.endpoints[role];
  return openEndpoint({
    role,
    url,
    ...(model === undefined ? {} : { model }),
    ...(apiKey === undefined ? {} : { apiKey }),
    timeouts: { betweenTokens: settings.timeouts.betweenTokens * 1000 },
    nameOf,
  });
}
