import type { ForkedRole } from '../shared/events.ts';
import type { LoadedSettings } from './configuration.ts';

/** The settings with the models that a fork was begun with. */
export function withForkedModels(loaded: LoadedSettings, roles: readonly ForkedRole[] = []): LoadedSettings {
  const endpoints = { ...loaded.settings.endpoints };
  for (const { role, model } of roles) if (model !== undefined) endpoints[role] = { ...endpoints[role], model };
  return { ...loaded, settings: { ...loaded.settings, endpoints } };
}
