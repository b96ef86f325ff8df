import { homedir } from 'node:os';
import type { User } from '../core/ports.ts';
import { loadSettings } from '../node/configuration.ts';
import { type Installation, openCrew, openStore } from '../node/openCrew.ts';
import { findRipgrep } from '../node/ripgrep.ts';
import type { Offer } from './offer.ts';

/** Nobody sits there; tools ask nothing. */
const NOBODY: User = {
  ask: async () => 'unanswered',
  approve: async () => 'unanswered',
};

/**
 * What a server offers of one workspace.
 * @param workspace absolute, real path
 */
export async function openOffer(
  installation: Installation,
  options: { workspace: string; maxChars: number; report: (error: unknown) => void },
): Promise<Offer & { close(): Promise<void> }> {
  const { workspace, maxChars, report } = options;
  const loaded = await loadSettings({ env: installation.env, workspace, trusted: true, flags: {} });
  const crew = await openCrew(installation, { workspace, user: NOBODY, loaded, ripgrep: findRipgrep() });
  const { log, memory, close } = await openStore(installation);
  return { crew, log, memory, maxChars, home: homedir(), report, close };
}
